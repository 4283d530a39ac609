"""What is told of a search before there is data holds for it."""

from __future__ import annotations

import numpy as np
import pytest

from bigdata.models.sisso.combining import candidates
from bigdata.models.sisso.costs import expected
from bigdata.models.sisso.growing import grow
from bigdata.models.sisso.setting import Problem, Setting

OPERATORS = ("+", "-", "|-|", "*", "/", "exp", "log", "sqrt", "^-1", "^2")


@pytest.mark.parametrize("most", [None, 1, 2, 3])
@pytest.mark.parametrize("rung", [0, 1, 2])
def test_all_candidates_are_counted(rung: int, most: int | None) -> None:
    units, setting = ["eV", "eV", "angstrom", "1"], Setting(OPERATORS, max_operations=most)
    columns = np.random.default_rng(1).uniform(0.5, 5.0, (4, 30))
    table = grow(Problem(columns, units, columns[0], np.array([0, 30])), setting, rung).table
    last = sum(map(len, candidates(table, setting, rung))) if rung else 0
    assert expected(setting, units, 30, rung, 2).candidates == len(table) + last


def test_a_space_beyond_all_limits_is_counted_without_being_formed() -> None:
    costs = expected(Setting(OPERATORS), ["1"] * 100, 1000, 3, 3)
    assert costs.candidates > 1e18
    assert costs.bytes > 2**40
    assert costs.seconds > 1e9


def test_a_limit_of_operators_bounds_spaces_that_are_not_formed() -> None:
    limited, free = (expected(Setting(OPERATORS, max_operations=most), ["1"] * 60, 1000, 3, 1) for most in (2, None))
    assert limited.candidates < 1e-6 * free.candidates
    formed = expected(Setting(OPERATORS, max_operations=2), ["1"] * 60, 1000, 2, 1)
    assert formed.candidates <= limited.candidates <= 3 * formed.candidates


def test_more_samples_and_dimensions_take_longer() -> None:
    few, many, deep = (
        expected(Setting(OPERATORS), ["1"] * 5, n, 2, dimensions) for n, dimensions in ((100, 1), (10_000, 1), (100, 3))
    )
    assert few.seconds < min(many.seconds, deep.seconds)
    assert few.bytes < many.bytes
