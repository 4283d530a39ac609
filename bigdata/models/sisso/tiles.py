"""All pairs of two sets of expressions, with bounds of the gains of what operators make of them, from matrix products.

The gain of f is (Σ f r)² / (Σ f² − (Σ f)²/n), for a residual r that is centred and has the sum of squares 1. For
f = a b, all pairs' sums are Σ f = A Bᵀ, Σ f² = A² (B²)ᵀ, and Σ f r = (A∘r) Bᵀ; quotients have 1/b for b, and sums and
differences come from covariances alone. Only Σ f r has to be made for each residual: a tile can be used again.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterator
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from bigdata.models.sisso import kernel
from bigdata.models.sisso.bounding import Bounded, Pairs, Places
from bigdata.models.sisso.buffers import Reals
from bigdata.models.sisso.combining import may_join, unit_classes
from bigdata.models.sisso.moments import Residuals
from bigdata.models.sisso.operators import ADD, DIFFERENCE, DIVIDE, MULTIPLY, SUBTRACT
from bigdata.models.sisso.pieces import Piece, Precision, Rows, Sizes, sizes, squares_of
from bigdata.models.sisso.space import Space

# Rows of a product of which only half is needed.
BLOCK = 64
# Bytes that a tile takes for each pair and task: four forms, with what bounds are made of.
PAIR_BYTES = 5 * 16 + 2 * 12


class _Form(ABC):
    """An operator on the pairs of a tile that it `joins` (m_left, m_right), with what is summed for it over the
    samples: Σ f and Σ f², until the `pairs` are known, and the products Σ f r with residuals."""

    def __init__(self, tile: Tile, code: int, turned: bool, joins: NDArray[np.bool_]) -> None:
        self.tile, self.code, self.turned, self.joins = tile, code, turned, joins
        self.sums, self.squares = np.zeros(tile.shape, tile.precision), np.zeros(tile.shape, tile.precision)
        self.products = self.squares[:0]

    def begin(self, n_along: int) -> None:
        """Forget the products, for others with so many directions."""
        shape = (n_along, *self.tile.shape)
        self.products = self.tile.buffers.get(f"products {self.code} {self.turned}", shape, self.tile.precision)
        self.products[:] = 0

    @abstractmethod
    def add(self, a: Piece, b: Piece, along: Reals, anew: bool) -> None:
        """The next samples, with directions (R + K, n); `anew` where the sums are to be made, too."""

    @abstractmethod
    def bounds(self, residuals: Residuals) -> Iterator[Bounded]:
        """Of the pairs to which the operator can be applied."""


class _Bounding(_Form):
    """An operator whose gains follow from its own sums."""

    def bounds(self, residuals: Residuals) -> Iterator[Bounded]:
        products, self.products = self.products[..., self.pairs.i, self.pairs.j], self.products[:0]
        yield self.pairs.bounded(residuals, products)

    @cached_property
    def pairs(self) -> Pairs:
        """What was summed, of all samples, which is then needed no more."""
        i, j = _placed(self.joins & self.possible())
        variances = (self.squares - self.sums**2 / self.tile.counts)[:, i, j]
        found = Pairs(self.code, self.turned, i, j, variances, self.scales()[:, i, j])
        del self.sums, self.squares
        return found

    @abstractmethod
    def possible(self) -> NDArray[np.bool_]:
        """(m_left, m_right) which aren't known to be out of bounds."""

    @abstractmethod
    def scales(self) -> Reals:
        """(T, m_left, m_right) S, that errors of the sums are relative to."""


class _Product(_Bounding):
    """a b, or a quotient with 1/b for b or 1/a for a."""

    def add(self, a: Piece, b: Piece, along: Reals, anew: bool) -> None:
        x = a.inverse if self.by_left else a.scaled
        y = b.inverse if self.by_right else b.scaled
        if anew:
            x2 = a.inverse_squares if self.by_left else a.squares
            y2 = b.inverse_squares if self.by_right else b.squares
            self.tile.add_product(x, y, self.sums[a.task])
            self.tile.add_product(x2, y2, self.squares[a.task])
        weighted = a.buffer("weighted")
        for products, direction in zip(self.products, along, strict=True):
            np.multiply(x, direction, out=weighted)
            for rows, columns in self.blocks:
                self.tile.add_product(weighted[rows], y[columns], products[a.task, rows, columns])

    @cached_property
    def blocks(self) -> list[tuple[slice, slice]]:
        """Of rows and columns that have all that is joined: of the pairs of one set, half of the square."""
        m_left, m_right = self.joins.shape
        if not self.tile.is_square or self.code == DIVIDE:
            return [(slice(0, m_left), slice(0, m_right))]
        return [(slice(i, i + BLOCK), slice(i, m_right)) for i in range(0, m_left, BLOCK)]

    @property
    def by_left(self) -> bool:
        return self.code == DIVIDE and self.turned

    @property
    def by_right(self) -> bool:
        return self.code == DIVIDE and not self.turned

    def possible(self) -> NDArray[np.bool_]:
        left, right = self.tile.left_sizes, self.tile.right_sizes
        size = np.outer(
            left.inverse_size if self.by_left else left.size, right.inverse_size if self.by_right else right.size
        )
        with np.errstate(all="ignore"):
            mean = np.sqrt(self.squares.sum(axis=0) / self.tile.space.problem.n_samples) * size
            # Where the root mean square is above the limit, the greatest value is, too.
            return np.asarray((mean <= self.tile.space.setting.largest * (1 + 1e-4)) & np.isfinite(mean))

    def scales(self) -> Reals:
        return self.squares


class _Difference(_Bounding):
    """|a − b|, in units of the tile's greatest root mean square; `raw` sums a² + b²."""

    def __init__(self, tile: Tile, code: int, turned: bool, joins: NDArray[np.bool_]) -> None:
        super().__init__(tile, code, turned, joins)
        self.raw = np.zeros_like(self.sums)
        unit = max(tile.left_sizes.size.max(), tile.right_sizes.size.max())
        self.left, self.right = (
            (side.size / unit)[:, None].astype(tile.precision) for side in (tile.left_sizes, tile.right_sizes)
        )

    def add(self, a: Piece, b: Piece, along: Reals, anew: bool) -> None:
        x, y = a.scaled * self.left, b.scaled * self.right
        sums, squares, products = kernel.differences(x, y, along, self.joins)
        self.products[:, a.task] += products
        if anew:
            self.sums[a.task] += sums
            self.squares[a.task] += squares
            self.raw[a.task] += squares_of(x)[:, None] + squares_of(y)

    def possible(self) -> NDArray[np.bool_]:
        return np.ones_like(self.joins)

    def scales(self) -> Reals:
        raw = self.raw
        del self.raw
        return raw


class _Sum(_Form):
    """a + b and a − b, from covariances: `sums` has those of pairs, `own` (T, m) the squares of each side, and `with_r`
    (R + K, T, m) its products with the residuals."""

    def __init__(self, tile: Tile, code: int, turned: bool, joins: NDArray[np.bool_]) -> None:
        super().__init__(tile, code, turned, joins)
        self.own = [np.zeros((tile.n_tasks, m), tile.precision) for m in tile.shape[1:]]
        self.with_r = [own[None, :0] for own in self.own]

    def begin(self, n_along: int) -> None:
        self.with_r = [np.zeros((n_along, *own.shape), self.tile.precision) for own in self.own]

    def add(self, a: Piece, b: Piece, along: Reals, anew: bool) -> None:
        for own, with_r, piece in zip(self.own, self.with_r, (a, b), strict=True):
            with_r[:, a.task] += along @ piece.centred.T
            if anew:
                own[a.task] += squares_of(piece.centred)
        if anew:
            self.tile.add_product(a.centred, b.centred, self.sums[a.task])

    def bounds(self, residuals: Residuals) -> Iterator[Bounded]:
        for pairs, sign in self.both:
            left, right = self.weights
            products = left * self.with_r[0][..., pairs.i] + sign * right * self.with_r[1][..., pairs.j]
            yield pairs.bounded(residuals, products)

    @cached_property
    def weights(self) -> tuple[Reals, Reals]:
        """(q,) of either side, in units of √(σ_a² + σ_b²)."""
        i, j = _placed(self.joins)
        left, right = self.tile.left_sizes.spread[i], self.tile.right_sizes.spread[j]
        norm = np.hypot(left, right)
        return (left / norm).astype(self.tile.precision), (right / norm).astype(self.tile.precision)

    @cached_property
    def both(self) -> list[tuple[Pairs, int]]:
        """The pairs of + and −, where these are wanted, with the sign."""
        (i, j), (x, y) = _placed(self.joins), self.weights
        squares = x**2 * self.own[0][:, i] + y**2 * self.own[1][:, j]
        mixed = 2 * x * y * self.sums[:, i, j]
        del self.sums, self.squares
        found = [
            (Pairs(code, False, i, j, squares + sign * mixed, np.ones_like(squares)), sign) for code, sign in _SIGNS
        ]
        return [one for one in found if one[0].code in self.tile.space.setting.codes]


_SIGNS = ((ADD, 1), (SUBTRACT, -1))


def _placed(joins: NDArray[np.bool_]) -> tuple[Places, Places]:
    """(q,) rows and columns of what is true."""
    i, j = joins.nonzero()
    return i.astype(np.int32), j.astype(np.int32)


class Tile:
    """All pairs of two sets of rows of a table."""

    def __init__(self, space: Space, left: Rows, right: Rows, precision: Precision) -> None:
        self.space, self.precision, self.buffers = space, precision, space.buffers
        self.left, self.right = left, right
        self.is_square = np.array_equal(left, right)
        self.left_sizes = sizes(space, left)
        self.right_sizes = self.left_sizes if self.is_square else sizes(space, right)
        self.n_tasks = len(space.problem.starts) - 1
        self.shape = (self.n_tasks, len(left), len(right))
        self.counts = np.maximum(np.diff(space.problem.starts), 1).astype(precision)[:, None, None]

    def add_product(self, x: Reals, y: Reals, to: Reals) -> None:
        """x yᵀ."""
        to += np.matmul(x, y.T, out=self.buffers.get("product", (len(x), len(y)), self.precision))

    def pieces(self) -> Iterator[tuple[int, int, Piece, Piece]]:
        """(start, stop) of samples, with the values of either side."""
        for task, start, stop in self.space.chunks():
            a = b = self._piece("left", self.left, self.left_sizes, task, start, stop)
            if not self.is_square:
                b = self._piece("right", self.right, self.right_sizes, task, start, stop)
            yield start, stop, a, b

    def _piece(self, side: str, rows: Rows, of: Sizes, task: int, start: int, stop: int) -> Piece:
        return Piece(self.space.values(rows, start, stop), task, of, self.precision, self.buffers, side)


class Forms:
    """All operators on a tile. They know the tile and it doesn't know them: in a circle memory would stay for long."""

    def __init__(self, tile: Tile) -> None:
        self.tile = tile
        self.forms, self.is_summed = self._forms(), False

    def bounds(self, residuals: Residuals) -> list[Bounded]:
        """Of each operator: upper bounds of the gains."""
        along = residuals.directions
        for form in self.forms:
            form.begin(len(along))
        for start, stop, a, b in self.tile.pieces():
            for form in self.forms:
                form.add(a, b, along[:, start:stop].astype(self.tile.precision), not self.is_summed)
        self.is_summed = True
        return [bounded for form in self.forms for bounded in form.bounds(residuals)]

    def _forms(self) -> list[_Form]:
        codes, (every, alike) = self.tile.space.setting.codes, self._joins()
        found: list[_Form] = [_Product(self.tile, MULTIPLY, False, every)] if MULTIPLY in codes else []
        if DIVIDE in codes:
            # Of the pairs of one set with itself, a/b and b/a stand at two places.
            both = every | every.T if self.tile.is_square else every
            found.append(_Product(self.tile, DIVIDE, False, both & self.tile.right_sizes.divides))
        if DIVIDE in codes and not self.tile.is_square:
            found.append(_Product(self.tile, DIVIDE, True, every & self.tile.left_sizes.divides[:, None]))
        if DIFFERENCE in codes and alike.any():
            found.append(_Difference(self.tile, DIFFERENCE, False, alike))
        if (ADD in codes or SUBTRACT in codes) and alike.any():
            found.append(_Sum(self.tile, ADD, False, alike))
        return found

    def _joins(self) -> tuple[NDArray[np.bool_], NDArray[np.bool_]]:
        """Which pairs may be joined, and by operators that need equal units."""
        table, of = self.tile.space.table, unit_classes(self.tile.space.table)
        i, j = self.tile.left[:, None], self.tile.right
        every = (i < j) & may_join(table.operations[i], table.operations[j], self.tile.space.setting)
        return every, every & (of[i] == of[j])


def forms_of(space: Space, left: Rows, right: Rows, precision: Precision) -> Forms:
    """Those of a tile, as the space keeps them."""
    n_sums = len(left) * len(right) * (len(space.problem.starts) - 1)
    name = ("tile", left[0], right[0], precision)
    n_bytes = PAIR_BYTES * n_sums * precision().itemsize // 4
    return space.kept.get(name, n_bytes, lambda: Forms(Tile(space.keeping_nothing(), left, right, precision)))
