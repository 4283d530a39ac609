"""Classes are separated by the expressions that they were made with; hulls hold what is in them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from scipy.optimize import linprog

from bigdata.models.sisso import separating
from bigdata.models.sisso.separating import inside, overlapping, separate
from bigdata.models.sisso.setting import Problem, Setting

OPERATORS = ("+", "-", "*", "/", "^2")


def problem(labels: Callable[[Any], Any], n: int = 80) -> Problem:
    x = np.random.default_rng(0).uniform(0.5, 5.0, (4, n))
    return Problem(x, ("1",) * 4, np.asarray(labels(x), float), np.array([0, n]))


@pytest.mark.parametrize(
    ("labels", "rung"),
    [
        pytest.param(lambda x: x[0] / x[1] > 1.3, 1, id="a quotient"),
        pytest.param(lambda x: np.digitize(x[2] * x[3], [4, 9]), 1, id="three classes"),
        pytest.param(lambda x: x[0] * x[1] / x[2] > 2.0, 2, id="rung 2"),
    ],
)
def test_classes_are_separated_by_what_they_were_made_with(labels: Callable[[Any], Any], rung: int) -> None:
    given = problem(labels)
    found = separate(given, Setting(OPERATORS, keep=10), rung, 2)
    assert len(found) == 1
    assert found[0][0].n_overlapping == 0
    x = found[0][0].descriptors(given.columns)[0]
    assert overlapping(x[None], given.target.astype(int)).sum() == 0


def test_two_terms_separate_what_one_cannot() -> None:
    given = problem(lambda x: (x[0] + x[1] > 5.5) & (x[2] > 2.0))
    one, two = separate(given, Setting(("+",), keep=10), 1, 2)
    assert one[0].n_overlapping > two[0].n_overlapping
    counts = [separation.n_mixed for separation in two]
    assert counts == sorted(counts)


def test_a_parabola_separates_nothing_though_no_sample_on_it_lies_in_a_hull_of_others() -> None:
    rng = np.random.default_rng(3)
    x = rng.uniform(1.0, 2.0, (1, 60))
    given = Problem(x, ("1",), rng.integers(0, 2, 60).astype(float), np.array([0, 60]))
    assert overlapping(np.vstack((x, x**2)), given.target.astype(int)).sum() == 0
    best = separate(given, Setting(("^2",), keep=5), 1, 2)[1][0]
    assert best.n_overlapping == 0
    assert best.n_mixed == best.n_wrong > 15


def test_a_separation_counts_what_overlaps_and_what_its_rule_gets_wrong() -> None:
    given = problem(lambda x: x[0] / x[1] + 0.3 * np.sin(50 * x[2]) > 1.3)
    for found in separate(given, Setting(OPERATORS, keep=6), 1, 2):
        for one in found:
            values, labels = one.descriptors(given.columns), given.target.astype(int)
            assert one.n_overlapping == overlapping(values, labels).sum()
            assert one.n_wrong == (one.rule.predict(values) != labels).sum()


def test_of_many_expressions_the_first_of_each_dimension_are_combined(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(separating, "MOST_SUBSETS", 10)
    assert separating._first_ones(np.array([0, 1, 2, 3, 0, 1, 2]), 2) == [0, 1, 2, 4, 5]
    assert separating._first_ones(np.array([0, 1, 2]), 2) == [0, 1, 2]


@pytest.mark.parametrize("dimension", [1, 2, 3])
def test_a_hull_holds_the_means_of_its_corners_with_weights(dimension: int) -> None:
    rng = np.random.default_rng(dimension)
    corners, points = rng.standard_normal((12, dimension)), 1.5 * rng.standard_normal((40, dimension))
    conditions = np.vstack((corners.T, np.ones(12)))
    expected = [linprog(np.zeros(12), A_eq=conditions, b_eq=[*point, 1.0]).success for point in points]
    assert inside(corners, points).tolist() == expected


def test_corners_in_a_plane_hold_their_box() -> None:
    corners = np.array([[0.0, 0.0], [1.0, 1.0], [2.0, 2.0]])
    assert inside(corners, np.array([[1.5, 0.5], [3.0, 0.5]])).tolist() == [True, False]
