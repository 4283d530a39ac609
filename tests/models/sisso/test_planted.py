"""Formulas that data with 1 % noise was made of are found again, exactly."""

from __future__ import annotations

import numpy as np
import pytest

from bigdata.models.sisso.fitting import fit
from bigdata.models.sisso.setting import Setting
from tests.models.sisso.planted import ANGSTROM, EV, PURE, Planted

OPERATORS = ("+", "-", "|-|", "*", "/", "exp", "exp-", "log", "sqrt", "cbrt", "^-1", "^2", "^3")
TWO_OF_EACH = (EV, EV, ANGSTROM, ANGSTROM, PURE)
CASES = {
    "a product": Planted(1, [lambda x: x[0] * x[2]], [1, 2], TWO_OF_EACH),
    "a quotient": Planted(1, [lambda x: x[0] / x[3]], [-3, 0.7], TWO_OF_EACH),
    "a root": Planted(1, [lambda x: np.sqrt(x[2])], [0, 5], TWO_OF_EACH),
    "an exponential": Planted(1, [lambda x: np.exp(-x[4])], [2, 9], TWO_OF_EACH),
    "a column": Planted(1, [lambda x: x[1]], [2, -1], TWO_OF_EACH),
    "a distance": Planted(1, [lambda x: np.abs(x[0] - x[1])], [1, 1], TWO_OF_EACH),
    "two products": Planted(1, [lambda x: x[0] * x[2], lambda x: x[1] * x[3]], [1, 2, -1], TWO_OF_EACH),
    "a cube and a quotient": Planted(1, [lambda x: x[3] ** 3, lambda x: x[0] / x[1]], [1, 0.1, 3], TWO_OF_EACH),
    "a logarithm and a sum": Planted(1, [lambda x: np.log(x[4]), lambda x: x[0] + x[1]], [0, 2, 1], TWO_OF_EACH),
    "three of one operator": Planted(
        1, [lambda x: x[0] * x[1], lambda x: x[2] / x[3], lambda x: x[4] ** 2], [4, 1, 3, -0.5], TWO_OF_EACH
    ),
    "a quotient of a sum": Planted(2, [lambda x: x[2] / (x[0] + x[1])], [0.1, 3], TWO_OF_EACH),
    "a product of three": Planted(2, [lambda x: x[0] * x[2] * x[4]], [10, -1], TWO_OF_EACH),
    "a difference of squares": Planted(2, [lambda x: x[0] ** 2 - x[1] ** 2], [1, 1], TWO_OF_EACH),
    "a root of a sum": Planted(2, [lambda x: np.sqrt(x[0] + x[1])], [-1, 2], TWO_OF_EACH),
    "an exponential of a quotient": Planted(2, [lambda x: np.exp(-x[0] / x[1])], [0, 4], TWO_OF_EACH),
    "a Gaussian": Planted(2, [lambda x: np.exp(-(x[4] ** 2))], [1, 5], TWO_OF_EACH),
    "a quotient of a difference, and a product": Planted(
        2, [lambda x: np.abs(x[0] - x[1]) / x[2], lambda x: x[3] * x[4]], [1, 2, 0.5], TWO_OF_EACH
    ),
    "a quotient of products, and a root": Planted(
        2, [lambda x: x[0] * x[2] / x[3], lambda x: np.sqrt(x[4])], [0, 1, 4], TWO_OF_EACH
    ),
    "a square of a sum, and a column": Planted(
        2, [lambda x: (x[2] + x[3]) ** 2, lambda x: x[0]], [1, 0.1, 1], TWO_OF_EACH
    ),
    "a sum with a product, beside a column": Planted(
        2, [lambda x: x[0] * x[4] + x[1], lambda x: x[4]], [1, 1, -4], TWO_OF_EACH
    ),
    "a logarithm of a sum, beside a column": Planted(
        2, [lambda x: np.log(x[0] + x[1]), lambda x: x[2]], [0, 5, -1.1], (PURE,) * 4, n_samples=260
    ),
    "two products that share a column, and a column": Planted(
        2,
        [lambda x: x[0] * (x[1] + x[2]), lambda x: 1 / x[3] / (x[0] + x[4]), lambda x: x[4]],
        [1, -0.2, 30, 3],
        (PURE,) * 6,
        n_samples=300,
    ),
    "three, without units": Planted(
        2,
        [lambda x: x[0] * x[1] / x[2], lambda x: x[3] ** 2, lambda x: x[4] / (x[0] + x[2])],
        [1, 1, -0.3, 4],
        (PURE,) * 5,
        n_samples=400,
    ),
}


@pytest.mark.parametrize("case", CASES.values(), ids=CASES)
def test_a_planted_formula_is_found(case: Planted) -> None:
    dimension = len(case.terms)
    found = fit(case.problem(1), Setting(OPERATORS), case.rung, dimension)[-1][0]
    assert case.is_same(found)
    # Of n samples, d + 1 coefficients take a share (d + 1) / n of the noise, squared; three times that is surely more.
    assert case.deviation(found, 7) < 3 * case.noise * np.sqrt((dimension + 1) / case.n_samples)


def test_a_quotient_of_a_sum_of_a_sum_is_reached_at_rung_3() -> None:
    units = (EV, ANGSTROM, ANGSTROM, ANGSTROM)
    case = Planted(3, [lambda x: x[0] / (x[1] + (x[2] + x[3]))], [1, 2], units, n_samples=100)
    found = fit(case.problem(1), Setting(("+", "-", "*", "/")), 3, 1)[-1][0]
    assert case.is_same(found)


def test_a_search_gives_the_same_formulas_again() -> None:
    case = CASES["three, without units"]
    first, second = (fit(case.problem(2), Setting(OPERATORS), 2, 2) for _ in range(2))
    for one, other in zip(first[1], second[1], strict=True):
        np.testing.assert_array_equal(one.nodes, other.nodes)
        np.testing.assert_array_equal(one.coefficients, other.coefficients)
