"""Upper bounds of the gains of all that pairs of two sets of expressions make, from matrix products.

The gain of f is (Σ f r)² / (Σ f² − (Σ f)²/n), for a residual r that is centred and has the sum of squares 1. For
f = a b, all pairs' sums are Σ f = A Bᵀ, Σ f² = A² (B²)ᵀ, and Σ f r = (A∘r) Bᵀ; quotients have 1/b for b, and sums and
differences come from covariances alone. Sums are made in float32: with an error ε of each, relatively to what it sums,

    gain ≤ (|Σ f r| + ε √S)² / (V − 2 ε S),    V = Σ (f − mean)²,    S = Σ f²  (Σ a² + Σ b² where f = a ± b),

and where V isn't sure to be positive, the gain is bounded by 1 (with tasks, by the residual's share of each task).
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bigdata.models.sisso import kernel
from bigdata.models.sisso.combining import may_join, unit_classes
from bigdata.models.sisso.moments import Residuals
from bigdata.models.sisso.operators import ADD, DIFFERENCE, DIVIDE, MULTIPLY, SUBTRACT, Floats
from bigdata.models.sisso.space import Space

Reals = NDArray[Any]
ERROR = {np.float32: 5e-6, np.float64: 1e-12}
Precision = type[Any]


@dataclass(frozen=True, eq=False)
class Side:
    """One side of a tile: rows of the table, in a precision. Lists have an item for each chunk of the samples.

    `scaled` (m, n_chunk) are values divided by their root mean square `size` (m,); `inverse` likewise of 1/f, `divides`
    where there is one; `centred` have the mean over the task subtracted, divided by `spread` (m,), which makes the sum
    of their squares over all samples 1.
    """

    rows: NDArray[np.int64]
    scaled: list[Reals]
    inverse: list[Reals]
    centred: list[Reals]
    size: Floats
    inverse_size: Floats
    divides: NDArray[np.bool_]
    spread: Floats


def side(space: Space, rows: NDArray[np.int64], precision: Precision) -> Side:
    """The rows, ready to be multiplied."""
    chunks = list(space.chunks())
    values = [space.values(rows, start, stop) for _, start, stop in chunks]
    size = _size(values)
    with np.errstate(all="ignore"):
        inverse = [1 / part for part in values]
        inverse_size = _size(inverse)
    divides = np.isfinite(inverse_size)
    inverse_size = np.where(divides, inverse_size, 1.0)
    centred = _centred(space, chunks, values)
    spread = np.sqrt(sum(np.einsum("ij,ij->i", part, part) for part in centred))
    return Side(
        rows,
        [(part / size[:, None]).astype(precision) for part in values],
        [np.where(divides[:, None], part / inverse_size[:, None], 0.0).astype(precision) for part in inverse],
        [(part / spread[:, None]).astype(precision) for part in centred],
        size,
        inverse_size,
        divides,
        spread,
    )


def _size(parts: list[Floats]) -> Floats:
    """(m,) root mean squares; those of values whose squares overflow are infinite."""
    n = sum(part.shape[1] for part in parts)
    return np.asarray(np.sqrt(sum(np.einsum("ij,ij->i", part, part) for part in parts) / n))


def _centred(space: Space, chunks: list[tuple[int, int, int]], values: list[Floats]) -> list[Floats]:
    sums = np.zeros((len(values[0]), len(space.problem.starts) - 1))
    for (task, _, _), part in zip(chunks, values, strict=True):
        sums[:, task] += part.sum(axis=1)
    means = sums / np.maximum(np.diff(space.problem.starts), 1)
    return [part - means[:, task, None] for (task, _, _), part in zip(chunks, values, strict=True)]


@dataclass(frozen=True, eq=False)
class Tile:
    """All pairs of two sides, for some residuals."""

    space: Space
    residuals: Residuals
    left: Side
    right: Side
    precision: Precision

    def bounds(self) -> Iterator[tuple[int, bool, Reals]]:
        """(code, turned, (m_left, m_right)) of each operator: upper bounds of the gains, −1 where it can't be applied;
        `turned` where the right operand stands first."""
        every, alike = self._joins()
        codes = self.space.setting.codes
        left, right = self.left, self.right
        if MULTIPLY in codes:
            size = np.outer(left.size, right.size)
            yield MULTIPLY, False, np.where(every, self._products(left.scaled, right.scaled, size), -1)
        if DIVIDE in codes:
            size = np.outer(left.size, right.inverse_size)
            quotients = self._products(left.scaled, right.inverse, size)
            yield DIVIDE, False, np.where(every & right.divides, quotients, -1)
            size = np.outer(left.inverse_size, right.size)
            quotients = self._products(left.inverse, right.scaled, size)
            yield DIVIDE, True, np.where(every & left.divides[:, None], quotients, -1)
        if alike.any():
            yield from self._of_equal_units(alike)

    def _joins(self) -> tuple[NDArray[np.bool_], NDArray[np.bool_]]:
        """Which pairs may be joined, and by operators that need equal units."""
        table, of = self.space.table, unit_classes(self.space.table)
        i, j = self.left.rows[:, None], self.right.rows
        every = (i < j) & may_join(table.operations[i], table.operations[j], self.space.setting)
        return every, every & (of[i] == of[j])

    def _of_equal_units(self, alike: NDArray[np.bool_]) -> Iterator[tuple[int, bool, Reals]]:
        codes = self.space.setting.codes
        if ADD in codes or SUBTRACT in codes:
            products, covariances = self._covariances()
            for code, sign in ((ADD, 1), (SUBTRACT, -1)):
                if code in codes:
                    yield code, False, np.where(alike, self._sums(sign, products, covariances), -1)
        if DIFFERENCE in codes:
            yield DIFFERENCE, False, np.where(alike, self._differences(alike), -1)

    def _products(self, a: list[Reals], b: list[Reals], size: Floats) -> Reals:
        """Bounds for f = a b, whose size is the root mean square of the scaled product times `size`."""
        shape = (self._n_tasks, len(self.left.rows), len(self.right.rows))
        sums, squares = np.zeros(shape, self.precision), np.zeros(shape, self.precision)
        products = np.zeros((len(self.residuals), *shape), self.precision)
        with np.errstate(all="ignore"):
            for (task, start, stop), x, y in zip(self.space.chunks(), a, b, strict=True):
                transposed = y.T
                sums[task] += x @ transposed
                squares[task] += (x * x) @ (transposed * transposed)
                for r, residual in enumerate(self.residuals.values[:, start:stop].astype(self.precision)):
                    products[r, task] += (x * residual) @ transposed
            mean = np.sqrt(squares.sum(axis=0) / self.space.problem.n_samples) * size
            # A root mean square above the bound has values above it.
            possible = (mean <= self.space.setting.largest * (1 + 1e-4)) & np.isfinite(mean)
            return np.where(possible, self._bound(squares - sums**2 / self._counts, squares, products), -1)

    def _covariances(self) -> tuple[Reals, list[Reals]]:
        """Of the centred values: (T, m_left, m_right) products of pairs, and for each side (R, T, m) with residuals."""
        shape = (self._n_tasks, len(self.left.rows), len(self.right.rows))
        pairs = np.zeros(shape, self.precision)
        with_residuals = [np.zeros((len(self.residuals), self._n_tasks, n)) for n in shape[1:]]
        for (task, start, stop), x, y in zip(self.space.chunks(), self.left.centred, self.right.centred, strict=True):
            pairs[task] += x @ y.T
            residuals = self.residuals.values[:, start:stop].astype(self.precision)
            with_residuals[0][:, task] += residuals @ x.T
            with_residuals[1][:, task] += residuals @ y.T
        return pairs, [part.astype(self.precision) for part in with_residuals]

    def _sums(self, sign: int, pairs: Reals, with_residuals: list[Reals]) -> Reals:
        """Bounds for a + b or a − b, in units of √(σ_a² + σ_b²)."""
        norm = np.hypot(self.left.spread[:, None], self.right.spread)
        x = (self.left.spread[:, None] / norm).astype(self.precision)
        y = (self.right.spread / norm).astype(self.precision)
        own = [self._own(part.centred) for part in (self.left, self.right)]
        squares = x**2 * own[0][:, :, None] + y**2 * own[1][:, None, :]
        variances = squares + sign * 2 * x * y * pairs
        products = x * with_residuals[0][..., :, None] + sign * y * with_residuals[1][..., None, :]
        return self._bound(variances, np.ones_like(squares), products)

    def _own(self, centred: list[Reals]) -> Reals:
        """(T, m) sums of squares in each task."""
        found = np.zeros((self._n_tasks, len(centred[0])), self.precision)
        for (task, _, _), part in zip(self.space.chunks(), centred, strict=True):
            found[task] += np.einsum("ij,ij->i", part, part)
        return found

    def _differences(self, alike: NDArray[np.bool_]) -> Reals:
        """Bounds for |a − b|, in units of the greatest root mean square of the tile."""
        unit = max(self.left.size.max(), self.right.size.max())
        x = (self.left.size / unit).astype(self.precision)[:, None]
        y = (self.right.size / unit).astype(self.precision)[:, None]
        shape = (self._n_tasks, len(x), len(y))
        sums, squares, raw = (np.zeros(shape, self.precision) for _ in range(3))
        products = np.zeros((len(self.residuals), *shape), self.precision)
        for (task, start, stop), a, b in zip(self.space.chunks(), self.left.scaled, self.right.scaled, strict=True):
            a, b = a * x, b * y
            residuals = self.residuals.values[:, start:stop].astype(self.precision)
            parts = kernel.differences(a, b, residuals, alike)
            sums[task] += parts[0]
            squares[task] += parts[1]
            products[:, task] += parts[2]
            raw[task] += np.einsum("ij,ij->i", a, a)[:, None] + np.einsum("ij,ij->i", b, b)
        return self._bound(squares - sums**2 / self._counts, raw, products)

    def _bound(self, variances: Reals, squares: Reals, products: Reals) -> Reals:
        """(m_left, m_right) of (T, m_left, m_right) V and S, and (R, T, m_left, m_right) Σ f r."""
        error = ERROR[self.precision]
        least = variances - 2 * error * squares
        allowance = error * np.sqrt(squares)
        # A little more, for the rounding to this precision.
        shares = (self.residuals.shares * (1 + error)).astype(self.precision)
        best = np.zeros(variances.shape[1:], self.precision)
        for product, share in zip(products, shares, strict=True):
            with np.errstate(all="ignore"):
                bound = (np.abs(product) + allowance) ** 2 / least
            # Whatever isn't a number is bounded by the share, too.
            bound = np.where((least > 0) & (bound < share[:, None, None]), bound, share[:, None, None])
            np.maximum(best, bound.sum(axis=0), out=best)
        return best

    @property
    def _n_tasks(self) -> int:
        return len(self.space.problem.starts) - 1

    @property
    def _counts(self) -> Reals:
        return np.maximum(np.diff(self.space.problem.starts), 1).astype(self.precision)[:, None, None]
