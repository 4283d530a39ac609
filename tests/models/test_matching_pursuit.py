"""Orthogonal matching pursuit: scikit-learn's supports and coefficients at every size; ties, dependence, exact fits."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.linear_model import orthogonal_mp

from bigdata.models.matching_pursuit import NO_CORRELATION, matching_pursuit
from bigdata.models.monomials import Monomials
from bigdata.models.nested import CONSTANT_TARGET, EXACT_FIT, NONE_LEFT
from bigdata.models.path import Path

Correlations = Callable[..., np.ndarray]


def reference(features: Monomials, y: np.ndarray, size: int) -> np.ndarray:
    """(size, n_features) coefficients of the raw features at every size, by scikit-learn on standardised columns."""
    columns = features.columns(np.arange(len(features)))
    centred = columns - columns.mean(axis=0)
    norms = np.linalg.norm(centred, axis=0)
    path = orthogonal_mp(centred / norms, y - y.mean(), n_nonzero_coefs=size, return_path=True)
    return path.reshape(len(norms), -1).T / norms


def assert_equal(path: Path, expected: np.ndarray) -> None:
    assert len(path) == len(expected)
    for i, model in enumerate(expected):
        assert sorted(path.selected[: i + 1]) == np.flatnonzero(model).tolist()
    found = path.coefficients
    assert np.abs(found - expected[:, path.selected]).max() <= 1e-10 * np.abs(found).max()


@pytest.mark.parametrize(("degree", "size"), [(1, 20), (2, 150), (3, 100)])
def test_equals_scikit_learn_on_correlations(correlations: Correlations, degree: int, size: int) -> None:
    x = correlations(235, 27)
    rng = np.random.default_rng(1)
    y = 5 + x[:, :9] @ rng.normal(size=9) + 2 * x[:, 3] * x[:, 5] + 0.3 * rng.normal(size=235)
    features = Monomials(x, degree)
    path = matching_pursuit(features, y, size)
    assert path.ended == ""
    assert_equal(path, reference(features, y, size))


@given(n=st.integers(10, 60), p=st.integers(2, 12), degree=st.integers(1, 3), seed=st.integers(0, 2**32))
def test_equals_scikit_learn_on_noise(n: int, p: int, degree: int, seed: int) -> None:
    rng = np.random.default_rng(seed)
    features, y = Monomials(rng.normal(size=(n, p)), degree), rng.normal(size=n)
    size = min(p, n // 2)
    assert_equal(matching_pursuit(features, y, size), reference(features, y, size))


@pytest.mark.parametrize("budget", [1, 30_000])
def test_the_budget_changes_nothing(correlations: Correlations, budget: int) -> None:
    x, y = correlations(60, 10), np.random.default_rng(0).normal(size=60)
    path = matching_pursuit(Monomials(x, 3), y, 20)
    tight = matching_pursuit(Monomials(x, 3, budget), y, 20)
    assert tight.selected.tolist() == path.selected.tolist()
    np.testing.assert_allclose(tight.coefficients, path.coefficients, rtol=0, atol=1e-10)


def test_every_model_is_the_least_squares_fit_of_its_features(correlations: Correlations) -> None:
    x, y = correlations(100, 12), 1000 + np.random.default_rng(0).normal(size=100)
    features = Monomials(x, 2)
    path = matching_pursuit(features, y, 30)
    columns = features.columns(path.selected)
    predictions = path.predict(columns)
    assert predictions.shape == (100, 30)
    for k in (1, 2, 17, 30):
        design = np.column_stack([columns[:, :k], np.ones(100)])
        fit = design @ np.linalg.lstsq(design, y, rcond=None)[0]
        np.testing.assert_allclose(predictions[:, k - 1], fit, rtol=0, atol=1e-9)
        assert path.rmse[k - 1] == pytest.approx(np.sqrt(np.mean((y - fit) ** 2)), rel=1e-9)
    assert not np.triu(path.coefficients, 1).any()


def test_of_equal_columns_the_first_is_chosen() -> None:
    rng = np.random.default_rng(3)
    x = rng.normal(size=(40, 4))
    y = x[:, 2] + 0.1 * rng.normal(size=40)
    doubled = np.column_stack([x[:, 0], 3 * x[:, 2], -x[:, 2], x[:, 2] + 7])
    path = matching_pursuit(Monomials(doubled, 1), y, 1)
    assert path.selected.tolist() == [1]


@given(seed=st.integers(0, 2**32), factors=st.lists(st.floats(-5, 5).filter(lambda v: abs(v) > 0.01), min_size=3))
def test_scaled_copies_never_win_over_the_first(seed: int, factors: list[float]) -> None:
    rng = np.random.default_rng(seed)
    column = rng.normal(size=30)
    x = np.column_stack([column * f for f in factors])
    path = matching_pursuit(Monomials(x, 1), column + 0.1 * rng.normal(size=30), 3)
    assert path.selected.tolist() == [0]
    assert path.ended in (NONE_LEFT, NO_CORRELATION)


@pytest.mark.parametrize("seed", range(10))
def test_copies_far_from_zero_do_not_win_by_rounding(seed: int) -> None:
    """Whole numbers, so that the copies are equal to the last digit once they are centred."""
    rng = np.random.default_rng(seed)
    column = rng.integers(-3, 4, 32).astype(float)
    x = column[:, None] + np.array([300.0, 0.0, -500.0, 100.0, 900.0])
    path = matching_pursuit(Monomials(x, 1), column + 0.1 * rng.normal(size=32), 1)
    assert path.selected.tolist() == [0]


def test_constant_columns_are_never_chosen() -> None:
    x = np.random.default_rng(0).choice([-1.0, 1.0], (50, 3))
    y = x[:, 0] + 0.5 * x[:, 1] * x[:, 2] + 0.1 * np.random.default_rng(1).normal(size=50)
    features = Monomials(x, 2)
    path = matching_pursuit(features, y, 20)
    assert not {"X_1^2", "X_2^2", "X_3^2"} & set(features.names(path.selected))
    assert len(path) == 6
    assert path.ended == NONE_LEFT


@pytest.mark.parametrize("offset", [3.0, 1e6])
def test_a_target_of_few_features_is_fitted_exactly_and_the_path_ends(offset: float) -> None:
    rng = np.random.default_rng(0)
    features = Monomials(rng.normal(size=(200, 8)), 3)
    truth = features.index_of([(0,), (1, 4), (2, 2, 7)])
    y = offset + features.columns(truth) @ np.array([5.0, -2.0, 1.0])
    path = matching_pursuit(features, y, 20)
    assert path.ended == EXACT_FIT
    assert sorted(path.selected) == sorted(truth)
    found = dict(zip(path.selected.tolist(), path.coefficients[-1], strict=True))
    assert [found[i] for i in truth.tolist()] == pytest.approx([5, -2, 1], rel=1e-8)
    assert path.intercepts[-1] == pytest.approx(offset, rel=1e-12)


def test_no_more_features_than_rows_allow() -> None:
    rng = np.random.default_rng(0)
    path = matching_pursuit(Monomials(rng.normal(size=(10, 6)), 2), rng.normal(size=10), 50)
    assert len(path) == 9
    assert path.ended


def test_a_target_that_nothing_correlates_with_is_left_alone() -> None:
    x = np.array([[1.0], [1.0], [-1.0], [-1.0]])
    path = matching_pursuit(Monomials(x, 1), np.array([1.0, -1.0, 1.0, -1.0]), 1)
    assert len(path) == 0
    assert path.ended == NO_CORRELATION


@pytest.mark.parametrize("value", [0.0, 0.1, -1e9])
def test_a_constant_target_has_no_model(value: float) -> None:
    path = matching_pursuit(Monomials(np.random.default_rng(0).normal(size=(30, 3)), 2), np.full(30, value), 4)
    assert len(path) == 0
    assert path.ended == CONSTANT_TARGET
    assert path.predict(np.empty((5, 0))).shape == (5, 0)


def test_a_target_that_is_not_finite_is_refused() -> None:
    with pytest.raises(ValueError, match="finite"):
        matching_pursuit(Monomials(np.ones((2, 1)), 1), np.array([1.0, np.nan]), 1)
