"""Least squares, ridge, LASSO, elastic net and relevance determination: as scikit-learn has them, one kind of path."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
from sklearn.linear_model import ElasticNet, Lasso, LinearRegression, Ridge

from bigdata.models.methods import METHODS, fit_path
from bigdata.models.monomials import Monomials
from bigdata.models.nested import CONSTANT_TARGET, NONE_LEFT
from bigdata.models.path import Path
from bigdata.models.shrinkage import matrix_bytes

Correlations = Callable[..., np.ndarray]
N = 90
HOLDING = ("lasso", "elastic-net", "ard")


@pytest.fixture(scope="module")
def x(correlations: Correlations) -> np.ndarray:
    return correlations(N, 8)


@pytest.fixture(scope="module")
def y(x: np.ndarray) -> np.ndarray:
    noise = np.random.default_rng(7).normal(size=N)
    return -4 + 2 * x[:, 0] - x[:, 3] + 3 * x[:, 1] * x[:, 2] + 0.2 * noise


def standardised(columns: np.ndarray) -> np.ndarray:
    return (columns - columns.mean(axis=0)) / columns.std(axis=0)


@pytest.mark.parametrize("method", METHODS)
def test_predictions_on_the_training_rows_have_the_error_that_is_said(
    method: str, x: np.ndarray, y: np.ndarray
) -> None:
    path = fit_path(method, x, 2, y, 10)
    assert 1 <= len(path) <= 10
    assert path.selected.dtype == np.int64
    predictions = path.predict(Monomials(x, 2).columns(path.selected))
    rmse = np.sqrt(((predictions - y[:, None]) ** 2).mean(axis=0))
    np.testing.assert_allclose(path.rmse, rmse, rtol=1e-8)


@pytest.mark.parametrize("method", METHODS)
def test_row_i_has_i_plus_one_features(method: str, x: np.ndarray, y: np.ndarray) -> None:
    path = fit_path(method, x, 2, y, 10)
    there = ~np.isnan(path.rmse)
    sizes = np.count_nonzero(path.coefficients, axis=1)
    assert there.any()
    assert sizes[there].tolist() == (np.flatnonzero(there) + 1).tolist()
    assert np.isnan(path.coefficients[~there]).all()


@pytest.mark.parametrize("method", METHODS)
def test_the_unit_of_the_columns_and_the_zero_of_the_target_do_not_matter(
    method: str, x: np.ndarray, y: np.ndarray
) -> None:
    scales = np.geomspace(0.1, 10, x.shape[1])
    path, scaled = fit_path(method, x, 1, y, 4), fit_path(method, x * scales, 1, y + 100, 4)
    assert scaled.selected.tolist() == path.selected.tolist()
    np.testing.assert_allclose(scaled.coefficients * scales[path.selected], path.coefficients, rtol=1e-4, atol=1e-6)
    np.testing.assert_allclose(scaled.intercepts, path.intercepts + 100, rtol=1e-5)


def test_least_squares_takes_features_in_their_order(x: np.ndarray, y: np.ndarray) -> None:
    path = fit_path("least-squares", x, 2, y, 30)
    assert path.selected.tolist() == list(range(30))
    columns = Monomials(x, 2).columns(path.selected)
    for k in (1, 8, 30):
        fit = LinearRegression().fit(columns[:, :k], y)
        np.testing.assert_allclose(path.coefficients[k - 1, :k], fit.coef_, rtol=1e-7)
        assert path.intercepts[k - 1] == pytest.approx(fit.intercept_, rel=1e-7)


def test_least_squares_passes_over_constant_and_dependent_features(x: np.ndarray, y: np.ndarray) -> None:
    columns = np.column_stack([x[:, 0], np.ones(N), 2 * x[:, 0] + 1, x[:, 1], x[:, 0] - x[:, 1], x[:, 2]])
    path = fit_path("least-squares", columns, 1, y, 5)
    assert path.selected.tolist() == [0, 3, 5]
    assert path.ended == NONE_LEFT


@pytest.mark.parametrize("alpha", [1e-3, 1.0, 50.0])
def test_ridge_is_scikit_learns_at_each_size(x: np.ndarray, y: np.ndarray, alpha: float) -> None:
    path = fit_path("ridge", x, 2, y, 30, alpha=alpha)
    columns = Monomials(x, 2).columns(path.selected)
    for k in (1, 8, 30):
        fit = Ridge(alpha=alpha).fit(standardised(columns[:, :k]), y)
        np.testing.assert_allclose(path.coefficients[k - 1, :k] * columns[:, :k].std(axis=0), fit.coef_, atol=1e-8)


def test_ridge_takes_dependent_features_too(x: np.ndarray, y: np.ndarray) -> None:
    path = fit_path("ridge", np.column_stack([x[:, 0], x[:, 0], np.ones(N)]), 1, y, 3)
    assert path.selected.tolist() == [0, 1]
    assert path.coefficients[1, 0] == pytest.approx(path.coefficients[1, 1])
    assert path.ended == NONE_LEFT


def test_lasso_models_are_minima(x: np.ndarray, y: np.ndarray) -> None:
    path = fit_path("lasso", x, 2, y, 12)
    assert path.ended == ""
    assert_minima(path, x, y, 1.0, 1e-9)


def test_elastic_net_models_are_minima(x: np.ndarray, y: np.ndarray) -> None:
    path = fit_path("elastic-net", x, 2, y, 12, l1_ratio=0.7)
    assert_minima(path, x, y, 0.7, 1e-2)


def assert_minima(path: Path, x: np.ndarray, y: np.ndarray, l1_ratio: float, tolerance: float) -> None:
    """The gradient is the same in size for all features of a model, and no greater for any other."""
    features = Monomials(x, 2)
    z = standardised(features.columns(np.arange(len(features))))
    scales = features.columns(path.selected).std(axis=0)
    for row in path.coefficients[~np.isnan(path.rmse)]:
        b = np.zeros(len(features))
        b[path.selected] = row * scales
        pull = z.T @ (y - y.mean() - z @ b) / N
        # alpha from the strongest feature, then the condition for all: pull = alpha (l1 sign(b) + (1 - l1) b).
        i = np.argmax(np.abs(b))
        alpha = abs(pull[i]) / (l1_ratio + (1 - l1_ratio) * abs(b[i]))
        active = b != 0
        expected = alpha * (l1_ratio * np.sign(b) + (1 - l1_ratio) * b)[active]
        np.testing.assert_allclose(pull[active], expected, rtol=tolerance, atol=1e-9)
        assert np.abs(pull[~active]).max() <= alpha * l1_ratio * (1 + tolerance)


def test_lasso_is_the_least_penalised_of_its_size(x: np.ndarray, y: np.ndarray) -> None:
    """A slightly weaker penalty than that of the knot gives more features, or fewer where one leaves."""
    path = fit_path("lasso", x, 1, y, 3)
    z = standardised(x)
    b = path.coefficients[2] * x[:, path.selected].std(axis=0)
    residual = y - y.mean() - z[:, path.selected] @ b
    alpha = np.abs(z.T @ residual).max() / N
    weaker = Lasso(alpha=alpha * 0.98, tol=1e-12, max_iter=100_000).fit(z, y).coef_
    assert np.count_nonzero(weaker) != 3


def test_elastic_net_with_only_the_1_norm_is_the_lasso(x: np.ndarray, y: np.ndarray) -> None:
    first = fit_path("lasso", x, 1, y, 4)
    second = fit_path("elastic-net", x, 1, y, 4, l1_ratio=1.0, n_penalties=2000)
    assert second.selected.tolist() == first.selected.tolist()
    np.testing.assert_allclose(second.coefficients[-1], first.coefficients[-1], atol=0.02)


def test_elastic_net_shrinks_as_scikit_learn_does(x: np.ndarray, y: np.ndarray) -> None:
    path = fit_path("elastic-net", x, 1, y, 8, n_penalties=5, least=0.01)
    z = standardised(x)
    strongest = np.abs(z.T @ (y - y.mean())).max() / N / 0.5
    fit = ElasticNet(alpha=0.01 * strongest, l1_ratio=0.5, tol=1e-10, max_iter=100_000).fit(z, y)
    size = np.count_nonzero(fit.coef_)
    np.testing.assert_allclose(path.coefficients[size - 1], (fit.coef_ / x.std(axis=0))[path.selected], atol=1e-3)


def test_features_come_in_the_order_in_which_they_first_enter() -> None:
    rng = np.random.default_rng(0)
    x = rng.normal(size=(400, 5))
    y = x @ np.array([0.5, 3.0, 0.0, 1.5, 6.0]) + 0.01 * rng.normal(size=400)
    for method in ("lasso", "elastic-net", "ard"):
        assert fit_path(method, x, 1, y, 4).selected[:4].tolist() == [4, 1, 3, 0], method


def test_relevance_finds_the_features_of_a_sparse_target() -> None:
    rng = np.random.default_rng(0)
    features = Monomials(rng.normal(size=(150, 6)), 2)
    truth = features.index_of([(0,), (1, 2), (3, 3)])
    y = features.columns(truth) @ np.array([3.0, 2.0, 1.0]) + 0.05 * rng.normal(size=150)
    path = fit_path("ard", features.x, 2, y, 3)
    assert set(path.selected) == set(truth)
    assert path.rmse[-1] < 0.06


@pytest.mark.parametrize("method", METHODS)
def test_a_constant_target_or_constant_columns_end_in_words(method: str, x: np.ndarray) -> None:
    path = fit_path(method, x, 1, np.full(N, 0.1), 3)
    assert len(path) == 0
    assert path.ended == CONSTANT_TARGET
    path = fit_path(method, np.ones((N, 2)), 2, x[:, 0], 3)
    assert len(path) == 0
    assert path.ended == NONE_LEFT


@pytest.mark.parametrize("method", HOLDING)
def test_more_memory_than_allowed_is_refused(method: str, x: np.ndarray, y: np.ndarray) -> None:
    needed = matrix_bytes(N, 44)
    assert needed == 8 * 90 * 44
    with pytest.raises(ValueError, match="matching pursuit"):
        fit_path(method, x, 2, y, 3, limit_bytes=needed - 1)
    assert len(fit_path(method, x, 2, y, 3, limit_bytes=needed))


@pytest.mark.parametrize("method", METHODS)
def test_a_target_that_is_not_finite_is_refused(method: str, x: np.ndarray) -> None:
    with pytest.raises(ValueError, match="finite"):
        fit_path(method, x, 1, np.full(N, np.nan), 3)


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ({"method": "laso"}, "Did you mean `lasso`"),
        ({"method": "lasso", "alpha": 3.0}, "no option alpha"),
        ({"method": "ridge", "alpha": 0.0}, "above 0"),
        ({"method": "elastic-net", "l1_ratio": 0.0}, "above 0 and up to 1"),
        ({"method": "lasso", "max_features": 0}, "at least 1"),
        ({"method": "lasso", "y": np.zeros(3)}, "one value for each row"),
        ({"method": "lasso", "degree": 0}, "at least 1"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_what_cannot_be_meant_is_refused_in_words(
    wrong: dict[str, object], said: str, x: np.ndarray, y: np.ndarray
) -> None:
    with pytest.raises(ValueError, match=said):
        fit_path(**({"x": x, "degree": 1, "y": y, "max_features": 3} | wrong))  # type: ignore[arg-type]


def test_the_budget_is_passed_on(x: np.ndarray, y: np.ndarray) -> None:
    path = fit_path("orthogonal-matching-pursuit", x, 3, y, 5, budget_bytes=1)
    assert path.selected.tolist() == fit_path("orthogonal-matching-pursuit", x, 3, y, 5).selected.tolist()


def test_the_unit_of_the_target_does_not_change_what_relevance_chooses() -> None:
    """Energies of some meV in eV: a prior with a scale of its own would leave all features out."""
    rng = np.random.default_rng(3)
    x = rng.normal(size=(80, 6))
    y = x @ [3.0, 0, -2.0, 0, 1.0, 0] + 0.01 * rng.normal(size=80)
    in_ev, in_mev = (fit_path("ard", x, 1, factor * y, 6) for factor in (1e-3, 1.0))
    assert in_ev.selected.tolist() == in_mev.selected.tolist()
    assert in_ev.selected[:3].tolist() == [0, 2, 4]
