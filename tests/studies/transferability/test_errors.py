"""Measures of error and their intervals, against scikit-learn, plain resampling of rows, and what is known exactly."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn import metrics

from bigdata.studies.transferability import errors as module
from bigdata.studies.transferability.errors import MEASURES, Errors, errors

RNG = np.random.default_rng(7)
GROUPS = RNG.integers(0, 40, 150)
TARGET = RNG.normal(-1, 0.8, 150)
PREDICTION = TARGET + 0.1 + 0.3 * RNG.normal(size=150)


def values(found: Errors) -> list[float]:
    return [getattr(found, name).value for name in MEASURES]


def by_sklearn(prediction: np.ndarray, target: np.ndarray) -> list[float]:
    return [
        metrics.mean_absolute_error(target, prediction),
        metrics.root_mean_squared_error(target, prediction),
        metrics.r2_score(target, prediction),
        float(np.mean(prediction) - np.mean(target)),
    ]


@given(st.integers(0, 2**32 - 1), st.integers(3, 60), st.sampled_from([0.0, 1e6, -3.0]))
def test_values_are_those_of_scikit_learn(seed: int, n: int, zero: float) -> None:
    rng = np.random.default_rng(seed)
    target = zero + rng.normal(size=n)
    prediction = target + rng.normal(size=n)
    found = errors(prediction, target, rng.integers(0, 5, n), 0, 0)
    np.testing.assert_allclose(values(found), by_sklearn(prediction, target), rtol=1e-7, atol=1e-9)
    assert found.n == n
    assert all(np.isnan([getattr(found, name).low, getattr(found, name).high]).all() for name in MEASURES)


def test_intervals_are_those_of_rows_drawn_group_by_group() -> None:
    """The same draws, each written out as rows, and scikit-learn for their measures."""
    found = errors(PREDICTION, TARGET, GROUPS, 300, seed=3)
    present = np.unique(GROUPS)
    rows_of = [np.flatnonzero(group == GROUPS) for group in present]
    rng, drawn = np.random.default_rng(3), []
    for _ in range(300):
        rows = np.concatenate([rows_of[i] for i in rng.integers(len(present), size=len(present))])
        drawn.append(by_sklearn(PREDICTION[rows], TARGET[rows]))
    low, high = np.percentile(drawn, [2.5, 97.5], axis=0)
    np.testing.assert_allclose([getattr(found, name).low for name in MEASURES], low, rtol=1e-10)
    np.testing.assert_allclose([getattr(found, name).high for name in MEASURES], high, rtol=1e-10)


def test_an_interval_is_as_wide_as_the_theory_of_the_mean_says() -> None:
    """Of the bias of independent entries: mean ± 1.96 s/√n."""
    rng = np.random.default_rng(0)
    d = rng.normal(0.2, 0.5, 2000)
    found = errors(d, np.zeros(2000), np.arange(2000), 2000, 1).bias
    half = 1.96 * d.std() / np.sqrt(2000)
    assert (found.low, found.high) == pytest.approx((d.mean() - half, d.mean() + half), abs=0.1 * half)


def test_entries_of_one_group_are_one_piece_of_evidence() -> None:
    """Each entry ten times over, in its group: the intervals don't shrink."""
    once = errors(PREDICTION, TARGET, GROUPS, 200, 5)
    often = errors(*(np.repeat(a, 10) for a in (PREDICTION, TARGET, GROUPS)), 200, 5)
    for name in MEASURES:
        assert getattr(often, name) == pytest.approx(getattr(once, name))


def test_blocks_of_draws_don_t_change_them(monkeypatch: pytest.MonkeyPatch) -> None:
    whole = errors(PREDICTION, TARGET, GROUPS, 50, 9)
    monkeypatch.setattr(module, "BLOCK_WEIGHTS", 130)
    parts = errors(PREDICTION, TARGET, GROUPS, 50, 9)
    for name in MEASURES:
        assert getattr(parts, name) == pytest.approx(getattr(whole, name), rel=1e-12)


def test_entries_without_prediction_or_target_are_counted_and_left_out() -> None:
    prediction, target = PREDICTION.copy(), TARGET.copy()
    prediction[:3], target[3] = np.nan, np.nan
    found, rest = (
        errors(prediction, target, GROUPS, 100, 2),
        errors(*(a[4:] for a in (PREDICTION, TARGET, GROUPS)), 100, 2),
    )
    assert (found.n, found.n_without, rest.n_without) == (146, 4, 0)
    assert [getattr(found, name) for name in MEASURES] == [getattr(rest, name) for name in MEASURES]


@pytest.mark.parametrize("n", [0, 4])
def test_without_any_prediction_nothing_is_told(n: int) -> None:
    found = errors(np.full(n, np.nan), np.zeros(n), np.arange(n), 100, 0)
    assert (found.n, found.n_without) == (0, n)
    assert np.isnan([getattr(found, name) for name in MEASURES]).all()


def test_one_group_has_values_and_no_interval() -> None:
    found = errors(PREDICTION, TARGET, np.zeros(150, np.int64), 100, 0)
    assert np.isfinite(values(found)).all()
    assert np.isnan([found.mae.low, found.mae.high]).all()


def test_equal_targets_leave_r2_untold() -> None:
    found = errors(np.array([0.1, 0.3, 0.2]), np.full(3, 0.1), np.arange(3), 50, 0)
    assert np.isnan(found.r2).all()
    assert found.mae.value == pytest.approx(0.1)


def test_r2_has_an_interval_where_some_draws_have_equal_targets() -> None:
    """Of two groups with one entry each, half of the draws hold one target only."""
    found = errors(np.array([0.1, 0.9]), np.array([0.0, 1.0]), np.arange(2), 100, 0)
    assert found.r2 == pytest.approx((0.96, 0.96, 0.96))


def test_other_lengths_are_refused() -> None:
    with pytest.raises(ValueError, match="2 predictions, 2 targets and 3 groups"):
        errors(np.zeros(2), np.zeros(2), np.zeros(3, np.int64), 0, 0)
