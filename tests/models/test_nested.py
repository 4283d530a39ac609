"""Growing least-squares fits keep their digits where columns nearly depend on each other."""

from __future__ import annotations

import numpy as np

from bigdata.models.monomials import Monomials
from bigdata.models.nested import EXACT_FIT, NestedFit, least_squares


def nearly_dependent(n: int, k: int, part: float, seed: int = 0) -> np.ndarray:
    """(n, k) columns that differ by a small part of them."""
    rng = np.random.default_rng(seed)
    return rng.normal(size=(n, 1)) + part * rng.normal(size=(n, k))


def test_the_residual_is_perpendicular_to_every_column() -> None:
    columns = nearly_dependent(60, 8, 1e-6)
    y = 1e3 * columns[:, 0] + np.random.default_rng(1).normal(size=60)
    fit = NestedFit(y, 8)
    assert all(fit.add(column) for column in columns.T)
    centred = columns - columns.mean(axis=0)
    cosines = fit.residual @ centred / np.linalg.norm(centred, axis=0) / np.linalg.norm(y)
    assert np.abs(cosines).max() < 1e-14


def test_coefficients_reproduce_the_fit() -> None:
    columns = nearly_dependent(60, 8, 1e-4)
    y = np.random.default_rng(1).normal(size=60)
    fit = NestedFit(y, 8)
    assert all(fit.add(column) for column in columns.T)
    path = fit.path(range(8), "")
    np.testing.assert_allclose(path.predict(columns)[:, -1], y - fit.residual, rtol=0, atol=1e-10)


def test_a_column_that_is_refused_changes_nothing() -> None:
    rng = np.random.default_rng(0)
    columns, y = rng.normal(size=(20, 2)), rng.normal(size=20)
    fit = NestedFit(y, 5)
    fit.add(columns[:, 0])
    residual = fit.residual.copy()
    assert not fit.add(3 - 2 * columns[:, 0])
    assert not fit.add(np.full(20, 0.1))
    assert fit.size == 1
    assert fit.residual.tolist() == residual.tolist()
    assert fit.add(columns[:, 1])


def test_a_fit_is_exact_though_its_columns_nearly_depend() -> None:
    rng = np.random.default_rng(0)
    first, rest, other = rng.normal(size=(3, 50))
    x = np.column_stack([first, first + 1e-3 * rest, other])
    path = least_squares(Monomials(x, 1), rest - rest.mean(), 3)
    assert len(path) == 2
    assert path.ended == EXACT_FIT
