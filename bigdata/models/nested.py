"""Least squares and ridge regression for a growing list of columns: one factorisation gives the fits of all sizes."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
from scipy.linalg import cholesky, solve_triangular

from bigdata.models.monomials import CONSTANT, Floats, Monomials
from bigdata.models.path import Path

# A column whose part outside the span of the others is smaller than this, relative to the whole, depends on them.
DEPENDENT = 1e-7
# A residual this small, relative to the centred target, is rounding; so is a centred target, relative to the target.
EXACT = 1e-12
ROUNDING = 1e-14

EXACT_FIT = "the fit is exact"
NONE_LEFT = "every feature that is left is constant or depends on those chosen"
CONSTANT_TARGET = "the target is constant"


def centred(y: Floats) -> tuple[float, Floats]:
    """The mean of a target (n,) and the deviations, all 0 where they are rounding; ValueError for NaN or infinity."""
    if not np.isfinite(y).all():
        raise ValueError("the target has values that aren't finite numbers; leave their rows out")
    mean = float(y.mean())
    deviations = y - mean
    is_constant = np.linalg.norm(deviations) <= ROUNDING * np.linalg.norm(y)
    return mean, np.zeros_like(deviations) if is_constant else deviations


class NestedFit:
    """Least squares with intercept on 1, 2, … columns, by Gram–Schmidt, each column made perpendicular twice.

    The centred columns, scaled to unit norm, are Z = Q R. `residual` (n,) is that of the greatest model. ValueError
    where `y` (n,) isn't finite.
    """

    def __init__(self, y: Floats, max_size: int) -> None:
        self.y_mean, self.residual = centred(y)
        self.size = 0
        # n rows have no more than n - 1 independent centred columns.
        self.max_size = min(max_size, len(y) - 1)
        self.is_constant = not self.residual.any()
        self._exact = max(EXACT * float(np.linalg.norm(self.residual)), ROUNDING * float(np.linalg.norm(y)))
        self._q = np.empty((self.max_size, len(y)))
        self._r = np.zeros((self.max_size, self.max_size))
        self._projections = np.empty(self.max_size)
        self._means = np.empty(self.max_size)
        self._norms = np.empty(self.max_size)
        self._residual_norms = np.empty(self.max_size)

    @property
    def is_exact(self) -> bool:
        return self.is_constant or (self.size > 0 and bool(self._residual_norms[self.size - 1] <= self._exact))

    def add(self, column: Floats) -> bool:
        """Take one more column (n,); False, and nothing changes, where it is constant or depends on the others."""
        i, mean = self.size, float(column.mean())
        z = column - mean
        norm = float(np.sqrt(z @ z))
        if norm <= CONSTANT * np.hypot(norm, np.sqrt(len(z)) * mean):
            return False
        z /= norm
        q = self._q[:i]
        along = q @ z
        z -= along @ q
        # Twice is enough (W. Kahan in B. N. Parlett, The Symmetric Eigenvalue Problem, section 6.9).
        again = q @ z
        z -= again @ q
        rest = float(np.sqrt(z @ z))
        if rest <= DEPENDENT:
            return False
        z /= rest
        self._q[i] = z
        self._r[:i, i] = along + again
        self._r[i, i] = rest
        self._means[i], self._norms[i] = mean, norm
        self._project(z)
        return True

    def _project(self, direction: Floats) -> None:
        # Onto the residual, not the target: so rounding errors don't add up from size to size.
        projection = float(direction @ self.residual)
        self.residual -= projection * direction
        self._projections[self.size] = projection
        self._residual_norms[self.size] = np.sqrt(self.residual @ self.residual)
        self.size += 1

    def path(self, selected: Iterable[int], ended: str) -> Path:
        """The path of these features, whose columns were taken in this order."""
        k = self.size
        scaled = nested_solutions(self._r[:k, :k], self._projections[:k])
        coefficients = scaled / self._norms[:k]
        return Path(
            np.fromiter(selected, dtype=np.int64, count=k),
            coefficients,
            self.y_mean - coefficients @ self._means[:k],
            self._residual_norms[:k] / np.sqrt(len(self.residual)),
            ended,
        )


def nested_solutions(r: Floats, projections: Floats) -> Floats:
    """(k, k), row i solves the leading (i + 1, i + 1) block of R b = c, for R (k, k) upper triangular and c (k,).

    The inverse of a leading block of R is that block of the inverse, so that every solution is a partial sum of
    columns of R^-1, each times its c.
    """
    inverse = solve_triangular(r, np.eye(len(r)))
    return np.cumsum(inverse * projections, axis=1).T


def fitted(features: Monomials, y: Floats, order: Iterable[int], max_features: int) -> Path:
    """Least squares on features in this order; those that are constant or depend on earlier ones are passed over."""
    fit = NestedFit(y, max_features)
    selected = []
    for at in order:
        if fit.is_exact or fit.size == fit.max_size:
            break
        if fit.add(features.column(at)):
            selected.append(at)
    return fit.path(selected, why_ended(fit, max_features))


def why_ended(fit: NestedFit, max_features: int) -> str:
    """Why a fit has fewer features than were asked for, empty where it has not."""
    if fit.size >= max_features:
        return ""
    if fit.is_constant:
        return CONSTANT_TARGET
    return EXACT_FIT if fit.is_exact else NONE_LEFT


def least_squares(features: Monomials, y: Floats, max_features: int) -> Path:
    """Ordinary least squares on the first 1, 2, … `max_features` features, in their order.

    `y` (n,) float64. Features that are constant or depend on earlier ones are passed over.
    """
    return fitted(features, y, range(len(features)), max_features)


def ridge(features: Monomials, y: Floats, max_features: int, alpha: float = 1.0) -> Path:
    """Ridge regression on the first 1, 2, … `max_features` features, in their order; constant ones are passed over.

    Minimises |y - y_0 - Z b|^2 + alpha |b|^2 for each size, where Z (n, k) are the columns with mean 0 and variance 1
    (A. E. Hoerl and R. W. Kennard, doi:10.1080/00401706.1970.10488634, equation 2.1). ValueError unless alpha > 0.
    """
    if not alpha > 0:
        raise ValueError(f"the penalty of ridge regression is {alpha}; a number above 0 is needed")
    y_mean, deviations = centred(y)
    is_constant = not deviations.any()
    selected = np.flatnonzero(features.varies)[: 0 if is_constant else max_features]
    columns, means = features.columns(selected), features.means[selected]
    scales = features.norms[selected] / np.sqrt(len(y))
    z = (columns - means) / scales
    # The penalty makes this positive definite, so that columns that depend on others needn't be passed over.
    r = cholesky(z.T @ z + alpha * np.eye(len(selected)))
    projections = solve_triangular(r, z.T @ deviations, trans="T")
    coefficients = nested_solutions(r, projections) / scales
    intercepts = y_mean - coefficients @ means
    residuals = columns @ coefficients.T + intercepts - y[:, None]
    ended = CONSTANT_TARGET if is_constant else NONE_LEFT if len(selected) < max_features else ""
    return Path(selected, coefficients, intercepts, np.sqrt((residuals**2).mean(axis=0)), ended)
