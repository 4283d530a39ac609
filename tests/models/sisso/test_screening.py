"""Screening without forming the last rung gives what forming all of it gives, in any blocks, compiled or not."""

from __future__ import annotations

import itertools
from dataclasses import replace
from typing import Any
from unittest import mock

import numpy as np
import pytest

from bigdata.models.sisso import kernel, screening
from bigdata.models.sisso import space as spaces
from bigdata.models.sisso.growing import grow
from bigdata.models.sisso.moments import TAKEN, Residuals
from bigdata.models.sisso.screening import Candidates, merged, n_blocks, screen
from bigdata.models.sisso.setting import Problem, Setting
from bigdata.models.sisso.space import Space
from tests.models.sisso import brute

EVERY = ("+", "-", "|-|", "*", "/", "exp", "exp-", "log", "sqrt", "cbrt", "^-1", "^2", "^3", "^6", "abs", "sin", "cos")
FEW = ("+", "-", "|-|", "*", "/", "sqrt")
UNITS = {"eV": (1.0, 0.0), "angstrom": (0.0, 1.0), "1": (0.0, 0.0)}


def problem(units: list[str], n: int = 60, low: float = 0.5, starts: list[int] | None = None) -> Problem:
    rng = np.random.default_rng(len(units))
    columns = rng.uniform(low, low + 4.5, (len(units), n))
    target = columns[0] / (columns[1] + columns[-1]) + 0.3 * rng.standard_normal(n)
    return Problem(columns, units, target, np.array(starts or [0, n]))


def screened(space: Space, targets: Any, keep: int) -> Candidates:
    residuals = Residuals.of(space.problem, np.atleast_2d(targets))
    return merged([screen(space, residuals, block, keep) for block in range(n_blocks(space))], keep)


@pytest.mark.parametrize(
    ("units", "operators", "rung", "low"),
    [
        pytest.param(["eV", "eV", "angstrom", "1"], EVERY, 1, 0.5, id="rung 1"),
        pytest.param(["eV", "eV", "angstrom"], FEW, 2, 0.5, id="rung 2 with units"),
        pytest.param(["1", "1", "1"], FEW, 2, 0.5, id="rung 2 without units"),
        pytest.param(["1", "1", "1"], ("+", "-", "*", "/"), 2, -2.0, id="columns of both signs"),
        pytest.param(["eV", "eV", "eV"], ("+", "*", "|-|"), 2, 300.0, id="columns that vary little"),
        pytest.param(["eV", "angstrom"], ("-", "/", "^2"), 3, 0.5, id="rung 3"),
    ],
)
def test_the_best_of_a_space_are_those_of_all_expressions(units: Any, operators: Any, rung: int, low: float) -> None:
    given, keep = problem(units, low=low), 30
    every = brute.space(given.columns, [UNITS[unit] for unit in units], operators, rung, (1e-3, 1e5))
    expected = brute.gains(every, given.target)
    # Functions that are equal up to a line have one gain; two others have one by chance alone.
    expected = np.unique(np.round(expected, 9))[::-1][:keep]
    found = screened(grow(given, Setting(operators), rung), given.target, keep)
    np.testing.assert_allclose(found.gains[: len(expected)], expected, atol=2e-9)


@pytest.mark.parametrize(
    "units", [pytest.param(["eV", "eV", "1"], id="with units"), pytest.param(["1"] * 3, id="without")]
)
def test_of_two_equal_columns_one_is_used(units: list[str]) -> None:
    given = problem(units)
    given.columns[1] = given.columns[0]
    one = Problem(given.columns[[0, 2]], [units[0], units[2]], given.target, given.starts)
    expected = screened(grow(one, Setting(FEW), 2), given.target, 30)
    found = screened(grow(given, Setting(FEW), 2), given.target, 30)
    np.testing.assert_allclose(found.gains, expected.gains)


@pytest.mark.parametrize("starts", [[0, 60], [0, 25, 60]], ids=["one task", "two tasks"])
def test_beside_terms_what_they_do_not_explain_counts(starts: list[int]) -> None:
    given = problem(["eV", "eV", "angstrom"], starts=starts)
    every = brute.space(given.columns, [UNITS[unit] for unit in given.units], FEW, 2, (1e-3, 1e5))
    terms, parts = given.columns[[0, 2]], [slice(a, b) for a, b in itertools.pairwise(starts)]

    def left(values: Any, part: slice) -> Any:
        design = np.column_stack((np.ones(part.stop - part.start), *terms[:, part]))
        return values[part] - design @ np.linalg.lstsq(design, values[part], rcond=None)[0]

    missing = np.concatenate([left(given.target, part) for part in parts])
    expected = np.zeros(len(every))
    for i, e in enumerate(every):
        for part in parts:
            own, whole = left(e.values, part), e.values[part] - e.values[part].mean()
            if own @ own > TAKEN * (whole @ whole):
                expected[i] += (own @ missing[part]) ** 2 / (own @ own) / (missing @ missing)
    residuals, space = Residuals.of(given, missing[None], terms), grow(given, Setting(FEW), 2)
    found = merged([screen(space, residuals, block, 20) for block in range(n_blocks(space))], 20)
    # f and f plus a term explain the same.
    gains = np.unique(np.round(found.gains, 9))[::-1]
    np.testing.assert_allclose(gains, np.unique(np.round(expected, 9))[::-1][: len(gains)], atol=2e-9)


def test_several_residuals_are_screened_for_the_best_of_them() -> None:
    given = problem(["eV", "eV", "angstrom"])
    targets = np.stack((given.target, given.columns[2] ** 2 + given.target))
    every = brute.space(given.columns, [UNITS[unit] for unit in given.units], FEW, 2, (1e-3, 1e5))
    expected = np.maximum(*(brute.gains(every, target) for target in targets))
    found = screened(grow(given, Setting(FEW), 2), targets, 20)
    np.testing.assert_allclose(found.gains, np.unique(np.round(expected, 9))[::-1][:20], atol=2e-9)


def test_tasks_have_lines_of_their_own() -> None:
    given = problem(["eV", "eV", "angstrom"], starts=[0, 25, 60])
    every = brute.space(given.columns, [UNITS[unit] for unit in given.units], FEW, 2, (1e-3, 1e5))
    centred = [given.target[part] - given.target[part].mean() for part in (slice(0, 25), slice(25, 60))]
    weights = np.array([part @ part for part in centred]) / sum(part @ part for part in centred)
    parts = [[replace(e, values=e.values[part]) for e in every] for part in (slice(0, 25), slice(25, 60))]
    expected = weights @ [brute.gains(part, target) for part, target in zip(parts, centred, strict=True)]
    found = screened(grow(given, Setting(FEW), 2), given.target, 20)
    np.testing.assert_allclose(found.gains, np.unique(np.round(expected, 9))[::-1][:20], atol=2e-9)


CHANGES = {
    "smaller tiles": (screening, "TILE", 16),
    "chunks of samples": (spaces, "CHUNK", 7),
    "values computed again": (spaces, "HELD_BYTES", 0),
    "NumPy alone": (kernel, "_compiled", False),
    "tiles in float64": (screening, "UNSURE", -1),
}


@pytest.mark.parametrize("change", CHANGES.values(), ids=CHANGES)
def test_the_answer_is_the_same_with(change: tuple[Any, str, Any]) -> None:
    given = problem(["eV", "eV", "angstrom", "1"], n=50)
    expected = screened(grow(given, Setting(EVERY), 2), given.target, 40)
    with mock.patch.object(*change):
        found = screened(grow(given, Setting(EVERY), 2), given.target, 40)
    np.testing.assert_array_equal(found.table.nodes, expected.table.nodes)
    np.testing.assert_allclose(found.gains, expected.gains, rtol=1e-12)


def test_what_is_known_is_left_out() -> None:
    space = grow(problem(["eV", "eV", "angstrom"]), Setting(FEW), 2)
    residuals = Residuals.of(space.problem, space.problem.target[None])
    first = screened(space, space.problem.target, 10)
    parts = [screen(space, residuals, block, 10, first.signatures) for block in range(n_blocks(space))]
    np.testing.assert_allclose(merged(parts, 10).gains, screened(space, space.problem.target, 20).gains[10:])


def test_expressions_have_at_most_so_many_operators() -> None:
    found = screened(grow(problem(["eV", "eV", "angstrom"]), Setting(FEW, max_operations=2), 3), np.arange(60.0), 500)
    assert found.table.operations.max() == 2
