"""Validation: balanced folds, whole groups, the one-standard-error rule by hand, intervals that cover, errors."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from bigdata.models.validation import bootstrap_coefficients, bootstrap_rmse, errors, folds, recommended

NAN = float("nan")


@given(n=st.integers(2, 200), data=st.data())
def test_folds_differ_by_one_row_at_most(n: int, data: st.DataObject) -> None:
    k = data.draw(st.integers(2, n))
    counts = np.bincount(folds(n, k, data.draw(st.integers(0, 2**32))), minlength=k)
    assert len(counts) == k
    assert counts.max() - counts.min() <= 1


def test_as_many_folds_as_rows_leave_one_out() -> None:
    assert sorted(folds(20, 20, 5)) == list(range(20))


@given(groups=st.lists(st.sampled_from("abcdefgh"), min_size=3, max_size=60), seed=st.integers(0, 2**32))
def test_a_group_is_in_one_fold_and_no_fold_is_empty(groups: list[str], seed: int) -> None:
    k = len(set(groups))
    if k < 2:
        return
    for n_folds in range(2, k + 1):
        fold = folds(len(groups), n_folds, seed, groups)
        assert len(set(zip(groups, fold.tolist(), strict=True))) == k
        sizes = np.bincount(fold, minlength=n_folds)
        assert sizes.min() > 0
        assert sizes.max() - sizes.min() <= max(groups.count(g) for g in groups)


@pytest.mark.parametrize("seed", range(5))
def test_groups_are_balanced_by_their_sizes(seed: int) -> None:
    fold = folds(12, 2, seed, list("aaaaaabcdefg"))
    assert np.bincount(fold).tolist() == [6, 6]


def test_folds_are_random_and_repeatable() -> None:
    first = folds(50, 5, 1)
    assert first.tolist() == folds(50, 5, 1).tolist()
    assert first.tolist() != folds(50, 5, 2).tolist()
    assert first.tolist() != sorted(first)
    groups = np.arange(50) // 2
    assert folds(50, 5, 1, groups).tolist() != folds(50, 5, 2, groups).tolist()


@pytest.mark.parametrize(("n", "k", "groups"), [(3, 4, None), (6, 3, list("aabbaa")), (5, 1, None), (0, 2, None)])
def test_more_folds_than_can_be_made_are_refused(n: int, k: int, groups: list[str] | None) -> None:
    with pytest.raises(ValueError, match="folds were asked for"):
        folds(n, k, 0, groups)


def test_labels_of_groups_are_one_for_each_row() -> None:
    with pytest.raises(ValueError, match="one label for each row"):
        folds(3, 2, 0, ["a", "b"])


def test_the_smallest_size_within_one_standard_error_by_hand() -> None:
    # Mean squared errors of the two folds: size 1: 9, 9; size 2: 3, 1; size 3: 1, 3; size 4: 2, 3.
    squared = np.array([[9, 3, 0, 2], [9, 3, 2, 2], [9, 1, 3, 3.0]])
    found = recommended(squared, np.array([0, 0, 1]))
    np.testing.assert_allclose(found.rmse**2, [9, 7 / 3, 5 / 3, 7 / 3])
    # s of (a, b) is |a - b| / sqrt(2), and so its standard error |a - b| / 2.
    np.testing.assert_allclose(found.standard_error, [0, 1, 1, 0.5])
    # The least plus its error is 2.67, which sizes 2 and 4 are below.
    assert (found.size_of_least, found.size) == (3, 2)


def test_leave_one_out_takes_the_error_over_rows() -> None:
    squared = np.random.default_rng(0).random((30, 3))
    found = recommended(squared, np.arange(30))
    np.testing.assert_allclose(found.standard_error, squared.std(axis=0, ddof=1) / np.sqrt(30))


def test_sizes_that_a_fold_has_no_model_for_are_left_out() -> None:
    squared = np.array([[4, 4, 0.1, 0], [4, 3, 0.1, NAN], [4, 4, NAN, 0], [4, 3, 0.2, 0]])
    found = recommended(squared, np.array([0, 0, 1, 1]))
    assert found.size_of_least == 2
    assert np.isnan(found.rmse).tolist() == [False, False, True, True]


def test_errors_without_any_size_are_refused() -> None:
    with pytest.raises(ValueError, match="no size"):
        recommended(np.full((4, 2), NAN), np.array([0, 0, 1, 1]))
    with pytest.raises(ValueError, match="at least 2 folds"):
        recommended(np.ones((4, 2)), np.zeros(4, dtype=np.int64))


def test_the_interval_of_the_rmse_covers_the_truth_about_as_often_as_said() -> None:
    rng = np.random.default_rng(0)
    hits = 0
    for seed in range(200):
        low, high = bootstrap_rmse(rng.normal(size=(100, 1)) ** 2, 300, seed, level=0.9)
        hits += bool(low[0] <= 1 <= high[0])
    assert 160 <= hits <= 195


def test_the_interval_of_the_rmse_is_repeatable_and_keeps_nan() -> None:
    squared = np.column_stack([np.arange(10.0), np.full(10, 4.0), np.r_[NAN, np.ones(9)]])
    low, high = bootstrap_rmse(squared, 50, 3)
    again = bootstrap_rmse(squared, 50, 3)
    np.testing.assert_array_equal([low, high], again)
    assert low[0] < np.sqrt(4.5) < high[0]
    assert (low[1], high[1]) == pytest.approx((2, 2))
    assert np.isnan([low[2], high[2]]).all()


def test_the_interval_of_coefficients_covers_the_truth_about_as_often_as_said() -> None:
    rng = np.random.default_rng(0)
    truth = np.array([2.0, -1000.0, 0.0])
    hits = np.zeros(3)
    for seed in range(60):
        columns = rng.normal(size=(120, 3)) * [1.0, 1e-3, 1.0] + 5
        y = 7 + columns @ truth + rng.normal(size=120)
        low, high = bootstrap_coefficients(columns, y, 200, seed)
        hits += (low <= truth) & (truth <= high)
    assert (hits >= 50).all()


def test_coefficients_of_an_exact_law_have_no_spread() -> None:
    columns = np.random.default_rng(0).normal(size=(30, 2))
    low, high = bootstrap_coefficients(columns, 1 + columns @ [2.0, 3.0], 20, 0)
    np.testing.assert_allclose([low, high], [[2, 3], [2, 3]])


@pytest.mark.parametrize("level", [0, 1, 95])
def test_a_level_that_is_no_share_is_refused(level: float) -> None:
    with pytest.raises(ValueError, match="between 0 and 1"):
        bootstrap_rmse(np.ones((4, 1)), 5, 0, level)


def test_errors_of_all_of_those_at_the_bound_and_of_the_rest() -> None:
    found = errors(np.zeros(4), np.array([3.0, -4.0, 0.0, 1.0]), np.array([True, True, False, False]))
    assert (found.all.n, found.all.rmse, found.all.mae, found.all.greatest) == pytest.approx((4, np.sqrt(6.5), 2, 4))
    assert (found.at_bound.rmse, found.at_bound.mae, found.at_bound.greatest) == pytest.approx((np.sqrt(12.5), 3.5, 4))
    assert (found.rest.n, found.rest.mae, found.rest.greatest) == pytest.approx((2, 0.5, 1))


def test_errors_of_none_are_not_a_number() -> None:
    found = errors(np.zeros(2), np.ones(2), np.zeros(2, dtype=bool))
    assert found.at_bound.n == 0
    assert np.isnan([found.at_bound.rmse, found.at_bound.mae, found.at_bound.greatest]).all()


def test_an_interval_does_not_depend_on_how_many_draws_are_held_together(monkeypatch: pytest.MonkeyPatch) -> None:
    squares = np.random.default_rng(0).random((50, 3))
    at_once = bootstrap_rmse(squares, 40, 7)
    monkeypatch.setattr("bigdata.models.validation.AT_ONCE_BYTES", 8 * 50 * 3)
    np.testing.assert_allclose(bootstrap_rmse(squares, 40, 7), at_once, rtol=1e-12)
