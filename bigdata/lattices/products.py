"""Sums of products of few rows of a matrix, many of which begin alike: what cluster correlations are."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bigdata.lattices.pairs import Ints

Rows = NDArray[Any]


@dataclass(frozen=True)
class _Sum:
    """A part of one sum of products: what each begins with (r,), and the row (r,) of its last factor."""

    number: int
    begun: Ints
    last: Ints


@dataclass(frozen=True)
class _Order:
    """The sums of products of k rows. What they begin with, k - 1 rows, is made once for all: the product of k - 2
    rows `before` (q,) times row `row` (q,)."""

    before: Ints
    row: Ints
    sums: tuple[_Sum, ...]


@dataclass(frozen=True)
class ProductSums:
    """p sums y_c = Σ Π_j rows[j] of products of few of the rows (u, n) of a matrix; `orders` by the number of factors,
    from one. Sums are of type `total`; parts of them are summed in the type of the rows."""

    n_sums: int
    total: type
    orders: tuple[_Order, ...]

    @classmethod
    def of(cls, factors: Ints, which: Ints, most: Ints, total: type) -> ProductSums:
        """`factors` (r, k) the rows of each product, padded with -1; `which` (r,) sum it adds to, ascending; `most`
        (p,) how many products of a sum the type of the rows can add. All products of one sum have as many factors."""
        n_rows = factors.max(initial=0) + 1
        length = np.count_nonzero(factors >= 0, axis=1)
        # The number of rows, greater than any of them, sorts the padding behind the factors.
        factors = np.sort(np.where(factors < 0, n_rows, factors), axis=1)
        begun = np.zeros(len(factors), dtype=np.int64)
        before, row = np.zeros((2, 0), dtype=np.int64)
        orders = []
        for k in range(1, factors.shape[1] + 1):
            own = np.flatnonzero(length == k)
            orders.append(_Order(before, row, _sums(which[own], begun[own], factors[own, k - 1], most)))
            longer = length > k
            key, begun[longer] = np.unique(begun[longer] * n_rows + factors[longer, k - 1], return_inverse=True)
            before, row = key // n_rows, key % n_rows
        return cls(len(most), total, tuple(orders))

    def __call__(self, rows: Rows) -> Rows:
        """(p, n) the sums for n columns of `rows` (u, n)."""
        total: Rows = np.zeros((self.n_sums, rows.shape[1]), dtype=self.total)
        begun = np.ones((1, rows.shape[1]), dtype=rows.dtype)
        for k, order in enumerate(self.orders, start=1):
            if k > 1:
                begun = rows[order.row] if k == 2 else _product(begun, order.before, rows, order.row)
            for one in order.sums:
                terms = rows[one.last] if k == 1 else _product(begun, one.begun, rows, one.last)
                # Without the type, NumPy would widen small integers before adding; `most` keeps their sums within it.
                total[one.number] += np.add.reduce(terms, axis=0, dtype=rows.dtype)
        return total


def _sums(which: Ints, begun: Ints, last: Ints, most: Ints) -> tuple[_Sum, ...]:
    numbers, starts = np.unique(which, return_index=True)
    ends = np.append(starts[1:], len(which))
    parts = [
        (number, slice(at, min(at + most[number], end)))
        for number, start, end in zip(numbers.tolist(), starts.tolist(), ends.tolist(), strict=False)
        for at in range(start, end, most[number])
    ]
    return tuple(_Sum(number, begun[part], last[part]) for number, part in parts)


def _product(begun: Rows, which: Ints, rows: Rows, last: Ints) -> Rows:
    product = begun.take(which, axis=0)
    product *= rows.take(last, axis=0)
    return product
