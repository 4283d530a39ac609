"""Ridge regression on standardised columns, or on all monomials of them up to a degree.

Minimises |y - y_0 - Z b|^2 / n + alpha |b|^2 (Hoerl & Kennard 1970, doi 10.1080/00401706.1970.10488634). Z holds the
monomials of the standardised columns, standardised once more; those that are constant are left out.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bigdata.errors import SpecError
from bigdata.models.monomials import Monomials, n_monomials
from bigdata.models.tabular.fitted import Effort, Floats, Samples
from bigdata.models.tabular.setting import Point
from bigdata.models.tabular.size import Size
from bigdata.models.tabular.soundness import finite
from bigdata.models.tabular.standard import Standard

LIMIT_BYTES = 2**31
# Numbers of the monomials of some rows that are held at once where they are predicted for.
AT_ONCE = 2**24
# Of one of two x86-64 cores, measured for LAPACK's factorisation with pivots.
MULTIPLICATIONS_A_SECOND = 5e9


@dataclass(frozen=True, eq=False)
class Linear:
    """A sum over monomials.

    `kept` (q,) int64 of the monomials up to `degree`, numbered as `Monomials` has them, with `means` (q,), `scales`
    (q,) and the standardised `coefficients` (q,).
    """

    standard: Standard
    degree: int
    kept: NDArray[np.int64]
    means: Floats
    scales: Floats
    coefficients: Floats

    @property
    def size(self) -> Size:
        """Linear: one coefficient for each monomial that isn't constant. Additive: the intercept."""
        return Size(additive=1, linear=len(self.coefficients), nonlinear=0)

    def predict(self, features: Floats, tasks: NDArray[np.int64]) -> Floats:
        columns = self.standard.columns(features)
        rows = max(1, AT_ONCE // max(1, len(self.kept)))
        parts = [self._sum(columns[start : start + rows]) for start in range(0, len(columns), rows)]
        return finite(self.standard.back(np.concatenate([np.empty(0), *parts])), "the polynomial")

    def _sum(self, columns: Floats) -> Floats:
        terms = Monomials(columns, self.degree).columns(self.kept)
        return np.asarray(((terms - self.means) / self.scales) @ self.coefficients)

    def arrays(self) -> Mapping[str, NDArray[Any]]:
        return {
            **self.standard.arrays(),
            "degree": np.array(self.degree),
            "kept": self.kept,
            "means": self.means,
            "scales": self.scales,
            "coefficients": self.coefficients,
        }

    def importance(self) -> Floats | None:
        """Sizes of the coefficients of standardised columns; None where monomials share the columns."""
        if self.degree > 1:
            return None
        sizes = np.zeros(len(self.standard.kept))
        sizes[self.kept] = np.abs(self.coefficients)
        return self.standard.spread(sizes)


def fit(point: Point, samples: Samples, effort: Effort) -> Linear:
    """For `ridge` or `polynomial:d`. SpecError where the monomials need more than LIMIT_BYTES."""
    standard, degree = Standard.of(samples), _degree(point)
    _check_memory(len(samples), len(standard.kept), degree)
    monomials = Monomials(standard.columns(samples.features), degree)
    kept = np.flatnonzero(monomials.varies)
    means, scales = monomials.means[kept], monomials.norms[kept] / np.sqrt(len(samples))
    z = (monomials.columns(kept) - means) / scales
    solution = ridge(z, standard.target(samples.target), point.options["alpha"])
    return Linear(standard, degree, kept, means, scales, solution)


def ridge(z: Floats, y: Floats, alpha: float) -> Floats:
    """(q,) the b that minimises |y - Z b|^2 / n + alpha |b|^2, for Z (n, q) and y (n,).

    As least squares with a row for each penalty, so that the condition isn't squared as it is in normal equations.
    """
    from scipy.linalg import lstsq

    n, q = z.shape
    if not q:
        return np.empty(0)
    stacked = np.vstack([z / np.sqrt(n), np.sqrt(alpha) * np.eye(q)])
    right = np.concatenate([y / np.sqrt(n), np.zeros(q)])
    # The rank matters where the penalty is smaller than rounding and columns depend on each other.
    rounding = (n + q) * np.finfo(np.float64).eps
    return np.asarray(lstsq(stacked, right, rounding, True, True, lapack_driver="gelsy")[0])


def _degree(point: Point) -> int:
    return int(point.place.get("degree", 1))


def _check_memory(n: int, p: int, degree: int) -> None:
    needed = _matrix_bytes(n, p, degree)
    if needed > LIMIT_BYTES:
        raise SpecError(
            f"{n_monomials(p, degree):,} monomials up to degree {degree} of {p} columns need {needed / 2**20:,.0f} MiB "
            f"for {n} samples, and {LIMIT_BYTES // 2**20:,} MiB are allowed; take a lower degree or fewer columns"
        )


def _matrix_bytes(n: int, p: int, degree: int) -> int:
    q = n_monomials(p, degree)
    return 8 * (n + q) * q


def restored(arrays: Mapping[str, NDArray[Any]]) -> Linear:
    parts = {name: np.asarray(arrays[name]) for name in ("kept", "means", "scales", "coefficients")}
    return Linear(Standard.restored(arrays), int(arrays["degree"]), **parts)


def seconds(point: Point, n: int, p: int) -> float:
    """Of the factorisation, which takes (n + q) q^2 multiplications and additions."""
    q = n_monomials(p, _degree(point))
    return 0.003 + (n + q) * q**2 / MULTIPLICATIONS_A_SECOND


def n_bytes(point: Point, n: int, p: int) -> int:
    """The matrix of monomials, and a copy of it while it is made."""
    return 2 * _matrix_bytes(n, p, _degree(point)) + 8 * n * p
