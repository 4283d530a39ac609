"""Monomials of a few columns, such as cluster correlations, as features that are never held all at once.

Nonlinear cluster expansion after Speckhard et al. 2024, section 4: every product of 1 to d of the p columns, with
repetition, is a feature; there are C(p + d, d) - 1 of them. Sums over rows of all of them are matrix products,

    sum_i r_i x_ik m_ij = [(diag(r) X)^T M]_kj,

where M holds the monomials of one degree less.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import pairwise
from math import comb

import numpy as np
from numpy.typing import ArrayLike, NDArray

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

BUDGET_BYTES = 256 * 2**20
# Last factors that share one matrix product: the fewer, the less is computed in vain; but products of fewer
# multiplications than this cost more to start than to do.
N_TOGETHER = 16
N_MULTIPLICATIONS = 2_000_000
# Blocks of generated columns of this size stay in a core's cache.
CACHED_BYTES = 2**20
# A column whose centred part is smaller than this, relative to the whole, counts as constant.
CONSTANT = 1e-7


def n_monomials(n_columns: int, degree: int) -> int:
    """C(p + d, d) - 1: how many monomials of degree 1 to d of p columns there are, without the constant."""
    return comb(n_columns + degree, degree) - 1


@dataclass(frozen=True)
class _Part:
    """Features of one degree whose last factors are neighbours: one matrix product.

    `factors` the last factors; `n_rest` how many monomials of one degree less are multiplied with them; `features`
    where the results belong; `places` where in the product (factors x rest) they are.
    """

    degree: int
    factors: slice
    n_rest: int
    features: slice
    places: Ints


@dataclass(frozen=True, eq=False)
class Monomials:
    """All monomials of degree 1 to `degree` of the columns of `x` (n, p) float64.

    A feature is a tuple of column numbers from 0, not decreasing, at most `degree` of them. Features are ordered by
    degree, then colexicographically (by the last factor, then by the last but one, …), so that those of one degree
    whose greatest factor is k are contiguous, and are the first monomials of one degree less, each times column k.
    `budget_bytes` bounds what is made on the way, see `held_bytes`. ValueError where `x` isn't a finite matrix with
    at least one row and column, or the degree is below 1.
    """

    x: Floats
    degree: int
    budget_bytes: int = BUDGET_BYTES

    def __post_init__(self) -> None:
        if self.x.ndim != 2 or 0 in self.x.shape or not np.isfinite(self.x).all():
            raise ValueError(f"monomials need a finite matrix with rows and columns; this one is {self.x.shape}")
        if self.degree < 1:
            raise ValueError(f"the degree of monomials is {self.degree}; at least 1 is needed")

    def __len__(self) -> int:
        return n_monomials(self.n_columns, self.degree)

    @property
    def n_rows(self) -> int:
        return int(self.x.shape[0])

    @property
    def n_columns(self) -> int:
        return int(self.x.shape[1])

    def factors(self, indices: ArrayLike) -> NDArray[np.int32]:
        """(m, degree) int32, the column numbers of m features, with -1 after the last; IndexError for no feature."""
        rows = [self._factors_of(index) for index in self._checked(indices)]
        padded = [row + [-1] * (self.degree - len(row)) for row in rows]
        return np.array(padded, dtype=np.int32).reshape(-1, self.degree)

    def _factors_of(self, index: int) -> list[int]:
        """The greatest factor is the last column that so many features come before, and so on with what remains."""
        degree = bisect_right(self._first, index)
        rank, found = index - int(self._first[degree - 1]), []
        for j in range(degree, 0, -1):
            found.append(bisect_right(self._below[j], rank) - 1)
            rank -= int(self._below[j][found[-1]])
        return found[::-1]

    def index_of(self, factors: Sequence[Sequence[int]] | NDArray[np.integer]) -> Ints:
        """(m,) int64, the features with these factors, in any order; -1 stands for none.

        IndexError where a factor is no column, or where there are none or too many.
        """
        rows = [sorted(int(f) for f in row if f != -1) for row in factors]
        for row in rows:
            if not 1 <= len(row) <= self.degree or row[0] < 0 or row[-1] >= self.n_columns:
                raise IndexError(f"{row} isn't 1 to {self.degree} columns out of {self.n_columns}, counted from 0")
        return np.array([self._index(row) for row in rows], dtype=np.int64)

    def _index(self, row: list[int]) -> int:
        return int(self._first[len(row) - 1] + sum(self._below[j + 1][factor] for j, factor in enumerate(row)))

    def names(self, indices: ArrayLike, symbols: Sequence[str] | None = None) -> list[str]:
        """Features in words, `X_3^2 X_7`; `symbols` name the p columns, otherwise X_1 to X_p."""
        words = symbols or [f"X_{k + 1}" for k in range(self.n_columns)]
        return [" ".join(_powers(row, words)) for row in self.factors(indices)]

    def columns(self, indices: ArrayLike) -> Floats:
        """(n, m) float64, the columns of m features."""
        factors = self.factors(indices)
        # Indexing by an array copies, so that the products made in place leave x as it is.
        made = self._x[factors[:, 0]]
        for later in factors.T[1:]:
            # -1, for no factor, would index the last column.
            has = np.flatnonzero(later >= 0)
            if len(has):
                made[has] *= self._x[later[has]]
        return made.T

    def column(self, index: int) -> Floats:
        """(n,) float64, the column of one feature."""
        return np.asarray(self._x[self._factors_of(*self._checked(index))].prod(axis=0))

    def scores(self, r: Floats, out: Floats | None = None) -> Floats:
        """(n_features,) float64, the inner product of every feature's column with r (n,); written to `out`."""
        out = np.empty(len(self)) if out is None else out
        for rows, bases in self._row_blocks():
            # The weights r go to the p columns, not to the many monomials of one degree less.
            weighted = self._x[:, rows] * r[rows]
            for part in self._parts:
                product = weighted[part.factors] @ bases[part.degree - 1][: part.n_rest].T
                if rows.start == 0:
                    # With this mode numpy writes to `out` at once; no place is out of bounds.
                    product.take(part.places, out=out[part.features], mode="clip")
                else:
                    out[part.features] += product.take(part.places)
        return out

    @cached_property
    def means(self) -> Floats:
        """(n_features,) float64, the mean of each column."""
        return self.scores(np.ones(self.n_rows)) / self.n_rows

    @cached_property
    def norms(self) -> Floats:
        """(n_features,) float64, the norm of each centred column: the means first, then the deviations from them."""
        squares = np.zeros(len(self))
        for rows, bases in self._row_blocks():
            for features, block in self._generated(rows, bases):
                # Not as a difference of two sums of squares: that cancels for columns that hardly vary.
                block -= self.means[features, None]
                squares[features] += np.einsum("ij,ij->i", block, block)
        return np.sqrt(squares)

    @cached_property
    def varies(self) -> NDArray[np.bool_]:
        """(n_features,) whether the column isn't constant, but for rounding."""
        # Deviations and mean are perpendicular: together they are the norm of the column as it is.
        return np.asarray(self.norms > CONSTANT * np.hypot(self.norms, np.sqrt(self.n_rows) * self.means))

    @property
    def held_bytes(self) -> int:
        """Bytes that are held at most while scores, means and norms are made, these and a copy of `x` included.

        The columns of one degree less are held where they fit into half the budget, and are made anew by blocks of
        rows where they don't. Of what belongs to each feature, there are the places in the products, the scores, the
        means, the norms, and what is made of these in passing.
        """
        rows = self._n_rows_at_once
        bases = (self.n_rows if self._is_held else rows) * self._row_bytes
        product = max(8 * _length(part.factors) * part.n_rest + 8 * len(part.places) for part in self._parts)
        passing = 8 * rows * self.n_columns + 2 * product + 4 * CACHED_BYTES
        return 8 * self.n_rows * (self.n_columns + 2) + bases + passing + 6 * 8 * len(self)

    @cached_property
    def _x(self) -> Floats:
        """(p, n), so that each column is contiguous."""
        return np.array(self.x.T, dtype=np.float64, order="C")

    @cached_property
    def _below(self) -> list[Ints]:
        """For each degree j, (p + 1,): how many monomials of exactly this degree the first k columns have."""
        p = self.n_columns
        # One product without factors, of no columns too, where the formula below would ask for C(-1, 0).
        constant = np.ones(p + 1, dtype=np.int64)
        return [constant] + [
            np.array([comb(k + j - 1, j) for k in range(p + 1)], dtype=np.int64) for j in range(1, self.degree + 1)
        ]

    @cached_property
    def _first(self) -> Ints:
        """(degree + 1,) the first feature of each degree, and how many features there are."""
        return np.cumsum([0, *(below[-1] for below in self._below[1:])])

    @cached_property
    def _parts(self) -> list[_Part]:
        return [part for j in range(1, self.degree + 1) for part in self._parts_of(j)]

    def _parts_of(self, j: int) -> Iterator[_Part]:
        p, n_rest = self.n_columns, self._below[j - 1]
        worthwhile = max(N_TOGETHER, N_MULTIPLICATIONS // (self.n_rows * int(n_rest[-1])))
        together = max(1, min(worthwhile, self.budget_bytes // (64 * int(n_rest[-1]))))
        # Counted from the last factor down: the part that isn't full is that of the smallest products.
        edges = [*range(p, 0, -together), 0][::-1]
        for start, stop in pairwise(edges):
            wide = int(n_rest[stop])
            places = [np.arange(n_rest[k + 1]) + (k - start) * wide for k in range(start, stop)]
            features = slice(*(int(self._first[j - 1] + self._below[j][k]) for k in (start, stop)))
            yield _Part(j, slice(start, stop), wide, features, np.concatenate(places))

    @cached_property
    def _row_bytes(self) -> int:
        """Bytes that one row of the monomials of degree 2 to d - 1 takes."""
        return 8 * sum(int(below[-1]) for below in self._below[2:-1])

    @cached_property
    def _is_held(self) -> bool:
        return 2 * self.n_rows * self._row_bytes <= self.budget_bytes

    @cached_property
    def _n_rows_at_once(self) -> int:
        a_row = 8 * self.n_columns + (0 if self._is_held else self._row_bytes)
        return min(self.n_rows, max(1, self.budget_bytes // (4 * a_row)))

    @cached_property
    def _held(self) -> list[Floats]:
        return self._bases(self._x)

    def _bases(self, x: Floats) -> list[Floats]:
        """The monomials of degree 0 to d - 1 of these rows (p, b), each (monomials of this degree, b)."""
        bases = [np.ones((1, x.shape[1])), x][: self.degree]
        for j in range(2, self.degree):
            made = np.empty((int(self._below[j][-1]), x.shape[1]))
            for k, (start, stop) in enumerate(pairwise(self._below[j])):
                np.multiply(bases[-1][: stop - start], x[k], out=made[start:stop])
            bases.append(made)
        return bases

    def _row_blocks(self) -> Iterator[tuple[slice, list[Floats]]]:
        for start in range(0, self.n_rows, self._n_rows_at_once):
            rows = slice(start, min(start + self._n_rows_at_once, self.n_rows))
            if self._is_held:
                yield rows, [base[:, rows] for base in self._held]
            else:
                yield rows, self._bases(self._x[:, rows])

    def _generated(self, rows: slice, bases: list[Floats]) -> Iterator[tuple[slice, Floats]]:
        """Every feature's column, a few at a time, (features, rows)."""
        at_once = max(1, CACHED_BYTES // (8 * _length(rows)))
        for j in range(1, self.degree + 1):
            for k, (start, stop) in enumerate(pairwise((self._first[j - 1] + self._below[j]).tolist())):
                for i in range(start, stop, at_once):
                    features = slice(i, min(i + at_once, stop))
                    rest = bases[j - 1][i - start : features.stop - start]
                    yield features, rest * self._x[k, rows]

    def _checked(self, indices: ArrayLike) -> list[int]:
        asked: list[int] = np.atleast_1d(np.asarray(indices, dtype=np.int64)).tolist()
        if asked and not (min(asked) >= 0 and max(asked) < len(self)):
            raise IndexError(f"features are counted from 0 to {len(self) - 1}; {min(asked)} to {max(asked)} were asked")
        return asked


def _length(part: slice) -> int:
    return int(part.stop - part.start)


def _powers(factors: NDArray[np.int32], words: Sequence[str]) -> Iterator[str]:
    columns, exponents = np.unique(factors[factors >= 0], return_counts=True)
    for column, exponent in zip(columns, exponents, strict=True):
        yield words[column] if exponent == 1 else f"{words[column]}^{exponent}"
