"""Upper bounds of the gains of all that pairs of two sets of expressions make, from matrix products.

The gain of f is (Σ f r)² / (Σ f² − (Σ f)²/n), for a residual r that is centred and has the sum of squares 1. For
f = a b, all pairs' sums are Σ f = A Bᵀ, Σ f² = A² (B²)ᵀ, and Σ f r = (A∘r) Bᵀ; quotients have 1/b for b, and sums and
differences come from covariances alone. Sums are made in float32: with an error ε of each, relatively to what it sums,

    gain ≤ (|Σ f r| + ε √S)² / (V − 2 ε S),    V = Σ (f − mean)²,    S = Σ f²  (Σ a² + Σ b² where f = a ± b),

less Σ (|Σ f q| + ε √S)² below for the directions q that terms have already,
and where V isn't sure to be positive, the gain is bounded by 1 (with tasks, by the residual's share of each task).
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bigdata.models.sisso import kernel
from bigdata.models.sisso.combining import may_join, unit_classes
from bigdata.models.sisso.moments import TAKEN, Residuals
from bigdata.models.sisso.operators import ADD, DIFFERENCE, DIVIDE, MULTIPLY, SUBTRACT, Floats
from bigdata.models.sisso.space import Space

Reals = NDArray[Any]
ERROR = {np.float32: 5e-6, np.float64: 1e-12}
Precision = type[Any]
Rows = NDArray[np.int64]


@dataclass(frozen=True, eq=False)
class Sizes:
    """Of some rows of a table: the root mean square `size` (m,) and that of 1/f, where `divides` says that it has one;
    `means` (m, T) in each task, and `spread` (m,), the root of the sum of squares of what differs from these."""

    size: Floats
    inverse_size: Floats
    divides: NDArray[np.bool_]
    means: Floats
    spread: Floats


def sizes(space: Space, rows: Rows) -> Sizes:
    """In two passes over the samples: differences from the mean don't cancel."""
    n, counts = space.problem.n_samples, np.maximum(np.diff(space.problem.starts), 1)
    squares, inverse, spread = np.zeros((3, len(rows)))
    means = np.zeros((len(rows), len(counts)))
    with np.errstate(all="ignore"):
        for task, start, stop in space.chunks():
            values = space.values(rows, start, stop)
            squares += _squares(values)
            inverse += _squares(1 / values)
            means[:, task] += values.sum(axis=1) / counts[task]
    for task, start, stop in space.chunks():
        spread += _squares(space.values(rows, start, stop) - means[:, task, None])
    # What is constant in each task has no spread, and stays 0 when it is divided by 1.
    spread = np.where(spread > 0, spread, 1.0)
    divides = np.isfinite(inverse)
    return Sizes(np.sqrt(squares / n), np.sqrt(np.where(divides, inverse, n) / n), divides, means, np.sqrt(spread))


def _squares(values: Reals) -> Reals:
    return np.asarray(np.einsum("ij,ij->i", values, values))


@dataclass(frozen=True, eq=False)
class Piece:
    """Values of one side of a tile at some samples of a task, in a precision and of a size near 1: `scaled` by the root
    mean square, `inverse` likewise of 1/f (0 where there is none), and `centred` with the sum of squares 1 over all."""

    values: Floats
    task: int
    sizes: Sizes
    precision: Precision

    @cached_property
    def scaled(self) -> Reals:
        return (self.values / self.sizes.size[:, None]).astype(self.precision)

    @cached_property
    def inverse(self) -> Reals:
        with np.errstate(all="ignore"):
            inverse = 1 / self.values / self.sizes.inverse_size[:, None]
        return np.where(self.sizes.divides[:, None], inverse, 0.0).astype(self.precision)

    @cached_property
    def centred(self) -> Reals:
        means = self.sizes.means[:, self.task, None]
        return ((self.values - means) / self.sizes.spread[:, None]).astype(self.precision)


class _Form(ABC):
    """One operator on all pairs of a tile, with what is summed for it over the samples."""

    def __init__(self, tile: Tile, code: int, turned: bool, joins: NDArray[np.bool_]) -> None:
        self.tile, self.code, self.turned, self.joins = tile, code, turned, joins
        shape = (tile.n_tasks, len(tile.left), len(tile.right))
        self.sums, self.squares = np.zeros(shape, tile.precision), np.zeros(shape, tile.precision)
        self.products = np.zeros((len(tile.along), *shape), tile.precision)

    @abstractmethod
    def add(self, a: Piece, b: Piece, residuals: Reals) -> None:
        """The next samples; residuals (R, n)."""


class _Bounded(_Form):
    """An operator whose gains follow from its own sums."""

    def bounds(self) -> Reals:
        """(m_left, m_right) of the gains, −1 where the operator can't be applied."""
        return np.where(self.joins, self.bound(), -1)

    @abstractmethod
    def bound(self) -> Reals:
        """(m_left, m_right) of the gains, where it can be applied."""

    @property
    def variances(self) -> Reals:
        return np.asarray(self.squares - self.sums**2 / self.tile.counts)


class _Product(_Bounded):
    """a b, or a quotient with 1/b for b or 1/a for a."""

    def add(self, a: Piece, b: Piece, residuals: Reals) -> None:
        by = self.code == DIVIDE
        x, y = a.inverse if by and self.turned else a.scaled, (b.inverse if by and not self.turned else b.scaled).T
        self.sums[a.task] += x @ y
        self.squares[a.task] += (x * x) @ (y * y)
        for products, residual in zip(self.products, residuals, strict=True):
            products[a.task] += (x * residual) @ y

    def bound(self) -> Reals:
        left, right, by = self.tile.left_sizes, self.tile.right_sizes, self.code == DIVIDE
        size = np.outer(
            left.inverse_size if by and self.turned else left.size,
            right.inverse_size if by and not self.turned else right.size,
        )
        with np.errstate(all="ignore"):
            mean = np.sqrt(self.squares.sum(axis=0) / self.tile.space.problem.n_samples) * size
            # Where the root mean square is above the limit, the greatest value is, too.
            possible = (mean <= self.tile.space.setting.largest * (1 + 1e-4)) & np.isfinite(mean)
            return np.where(possible, self.tile.bound(self.variances, self.squares, self.products), -1)


class _Sum(_Form):
    """a + b and a − b, from covariances: `sums` has those of pairs, `own` (T, m) the squares of each side, and `with_r`
    (R, T, m) its products with the residuals."""

    def __init__(self, tile: Tile, code: int, turned: bool, joins: NDArray[np.bool_]) -> None:
        super().__init__(tile, code, turned, joins)
        lengths = (len(tile.left), len(tile.right))
        self.own = [np.zeros((tile.n_tasks, m), tile.precision) for m in lengths]
        self.with_r = [np.zeros((len(tile.along), tile.n_tasks, m), tile.precision) for m in lengths]

    def add(self, a: Piece, b: Piece, residuals: Reals) -> None:
        self.sums[a.task] += a.centred @ b.centred.T
        for own, with_r, piece in zip(self.own, self.with_r, (a, b), strict=True):
            own[a.task] += _squares(piece.centred)
            with_r[:, a.task] += residuals @ piece.centred.T

    def of(self, sign: int) -> Reals:
        """For a + b or a − b, in units of √(σ_a² + σ_b²)."""
        left, right = self.tile.left_sizes.spread[:, None], self.tile.right_sizes.spread
        norm = np.hypot(left, right)
        x, y = (left / norm).astype(self.tile.precision), (right / norm).astype(self.tile.precision)
        squares = x**2 * self.own[0][:, :, None] + y**2 * self.own[1][:, None, :]
        products = x * self.with_r[0][..., :, None] + sign * y * self.with_r[1][..., None, :]
        variances = squares + sign * 2 * x * y * self.sums
        return np.where(self.joins, self.tile.bound(variances, np.ones_like(squares), products), -1)


class _Difference(_Bounded):
    """|a − b|, in units of the tile's greatest root mean square; `raw` sums a² + b²."""

    def __init__(self, tile: Tile, code: int, turned: bool, joins: NDArray[np.bool_]) -> None:
        super().__init__(tile, code, turned, joins)
        self.raw = np.zeros_like(self.sums)
        unit = max(tile.left_sizes.size.max(), tile.right_sizes.size.max())
        self.left, self.right = ((side.size / unit)[:, None].astype(tile.precision) for side in tile.both_sizes)

    def add(self, a: Piece, b: Piece, residuals: Reals) -> None:
        x, y = a.scaled * self.left, b.scaled * self.right
        sums, squares, products = kernel.differences(x, y, residuals, self.joins)
        self.sums[a.task] += sums
        self.squares[a.task] += squares
        self.products[:, a.task] += products
        self.raw[a.task] += _squares(x)[:, None] + _squares(y)

    def bound(self) -> Reals:
        return self.tile.bound(self.variances, self.raw, self.products)


class Tile:
    """All pairs of two sets of rows of a table, for some residuals."""

    def __init__(self, space: Space, residuals: Residuals, left: Rows, right: Rows, precision: Precision) -> None:
        self.space, self.residuals, self.precision = space, residuals, precision
        self.along = residuals.directions
        self.left, self.right = left, right
        self.both_sizes = sizes(space, left), sizes(space, right)
        self.left_sizes, self.right_sizes = self.both_sizes
        self.n_tasks = len(space.problem.starts) - 1
        self.counts = np.maximum(np.diff(space.problem.starts), 1).astype(precision)[:, None, None]

    def bounds(self) -> Iterator[tuple[int, bool, Reals]]:
        """(code, turned, (m_left, m_right)) of each operator: upper bounds of the gains, −1 where it can't be applied;
        `turned` where the right operand stands first."""
        forms, sums = self._forms()
        self._fill([*forms, *([sums] if sums else [])])
        for form in forms:
            yield form.code, form.turned, form.bounds()
        for code, sign in ((ADD, 1), (SUBTRACT, -1)):
            if sums and code in self.space.setting.codes:
                yield code, False, sums.of(sign)

    def _forms(self) -> tuple[list[_Bounded], _Sum | None]:
        codes, (every, alike) = self.space.setting.codes, self._joins()
        found: list[_Bounded] = [_Product(self, MULTIPLY, False, every)] if MULTIPLY in codes else []
        if DIVIDE in codes:
            found.append(_Product(self, DIVIDE, False, every & self.right_sizes.divides))
            found.append(_Product(self, DIVIDE, True, every & self.left_sizes.divides[:, None]))
        if DIFFERENCE in codes and alike.any():
            found.append(_Difference(self, DIFFERENCE, False, alike))
        adds = (ADD in codes or SUBTRACT in codes) and alike.any()
        return found, _Sum(self, ADD, False, alike) if adds else None

    def _joins(self) -> tuple[NDArray[np.bool_], NDArray[np.bool_]]:
        """Which pairs may be joined, and by operators that need equal units."""
        table, of = self.space.table, unit_classes(self.space.table)
        i, j = self.left[:, None], self.right
        every = (i < j) & may_join(table.operations[i], table.operations[j], self.space.setting)
        return every, every & (of[i] == of[j])

    def _fill(self, forms: Sequence[_Form]) -> None:
        for task, start, stop in self.space.chunks():
            a, b = (
                Piece(self.space.values(rows, start, stop), task, of, self.precision)
                for rows, of in zip((self.left, self.right), self.both_sizes, strict=True)
            )
            residuals = self.along[:, start:stop].astype(self.precision)
            for form in forms:
                form.add(a, b, residuals)

    def bound(self, variances: Reals, squares: Reals, products: Reals) -> Reals:
        """(m_left, m_right) of (T, m_left, m_right) V and S, and (R + K, T, m_left, m_right) Σ f r and Σ f q."""
        error = ERROR[self.precision]
        least = variances - 2 * error * squares
        allowance = error * np.sqrt(squares)
        products, taken = products[: len(self.residuals)], products[len(self.residuals) :]
        nothing = variances * (1 - TAKEN) + 3 * error * squares
        for product in taken:
            least -= (np.abs(product) + allowance) ** 2
            nothing -= np.maximum(np.abs(product) - allowance, 0) ** 2
        # What terms have already in every task explains nothing more.
        adds = (nothing >= 0).any(axis=0) | (len(taken) == 0)
        # A little more, for the rounding to this precision.
        shares = (self.residuals.shares * (1 + error)).astype(self.precision)
        best = np.zeros(variances.shape[1:], self.precision)
        for product, share in zip(products, shares, strict=True):
            with np.errstate(all="ignore"):
                bound = (np.abs(product) + allowance) ** 2 / least
            # Whatever isn't a number is bounded by the share, too.
            bound = np.where((least > 0) & (bound < share[:, None, None]), bound, share[:, None, None])
            np.maximum(best, bound.sum(axis=0), out=best)
        return np.where(adds, best, -1)
