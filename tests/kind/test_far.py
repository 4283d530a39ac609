"""Values that may stand for none: which are told, and which tails and mixtures aren't."""

from __future__ import annotations

import numpy as np
import pytest

from bigdata.kind.far import STAND_INS, far

SPREAD = np.random.default_rng(0).normal(-1.0, 0.5, 300)
GAPS = np.r_[np.zeros(260), np.linspace(0.1, 5.0, 40)]


def _with(values: np.ndarray, n: int, bad: float) -> np.ndarray:
    return np.r_[np.full(n, bad), values]


@pytest.mark.parametrize("bad", STAND_INS)
@pytest.mark.parametrize("n", [1, 30, 600])
def test_numbers_written_for_none_are_told_in_any_share(bad: float, n: int) -> None:
    np.testing.assert_array_equal(far(_with(SPREAD, n, bad)), np.arange(300 + n) < n)


@pytest.mark.parametrize("n_others", [2, 3, 9, 18])
def test_one_is_told_in_tables_of_a_few_rows(n_others: int) -> None:
    assert far(_with(SPREAD[:n_others], 1, -9999.0)).tolist() == [True] + [False] * n_others


def test_one_is_told_where_most_values_are_equal() -> None:
    assert far(_with(GAPS, 2, -9999.0)).nonzero()[0].tolist() == [0, 1]


def test_a_slip_of_any_size_is_told_in_a_small_table() -> None:
    assert far(_with(SPREAD[:9], 1, 1234.5)).nonzero()[0].tolist() == [0]


@pytest.mark.parametrize(
    "values",
    [
        pytest.param(SPREAD, id="one spread"),
        pytest.param(GAPS, id="most are zero"),
        pytest.param(np.r_[SPREAD, SPREAD[:60] + 500.0], id="two parts"),
        pytest.param(np.array([300.0, 999.0, 1500.0, 2800.0]), id="temperatures with 999 among them"),
        pytest.param(np.random.default_rng(0).lognormal(0, 1, 300), id="a long tail"),
        pytest.param(np.full(5, 999.0), id="nothing but 999"),
        pytest.param(np.full(5, np.nan), id="no value"),
        pytest.param(np.empty(0), id="no entry"),
    ],
)
def test_values_of_a_distribution_are_not_told(values: np.ndarray) -> None:
    assert not far(values).any()


def test_missing_values_stay_missing() -> None:
    assert far(np.array([np.nan, -1.0, -2.0, -9999.0])).tolist() == [False, False, False, True]
