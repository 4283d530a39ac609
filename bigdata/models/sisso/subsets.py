"""The best few terms of a pool, exhaustively: least squares of all subsets, from the pool's Gram matrix alone.

With features centred and scaled to length 1 in each task, G = Zᵀ Z and b = Zᵀ y / |y|, a pair explains the share

    (b₁² G₂₂ + b₂² G₁₁ − 2 G₁₂ b₁ b₂) / (G₁₁ G₂₂ − G₁₂²)

of y's sum of squares; of three and four, the first are projected out of G and b, and the pair is one of what is left.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from bigdata.models.sisso import kernel
from bigdata.models.sisso.operators import Floats

Rows = NDArray[np.int64]

# Pairs that are looked at together, so that their shares stay in the processor's caches.
PAIRS = 2**14


@dataclass(frozen=True, eq=False)
class Gram:
    """`products` (T, m, m), `targets` (T, m) and `weights` (T,): the share of each task in the target's sum of squares.

    The weights are in the targets: those of task t are b √weight.
    """

    products: Floats
    targets: Floats

    @property
    def size(self) -> int:
        return int(self.products.shape[1])

    def without(self, row: int) -> Gram:
        """What is left when one feature is projected out of all, but for the diagonal's relative size."""
        columns = self.products[:, row]
        own = columns[:, row]
        share = np.divide(1.0, own, out=np.zeros_like(own), where=own > kernel.DEPENDENT)
        products = self.products - columns[:, :, None] * columns[:, None, :] * share[:, None, None]
        targets = self.targets - columns * (self.targets[:, row] * share)[:, None]
        return Gram(products, targets)

    @cached_property
    def explained(self) -> Floats:
        """(m,) by each feature alone."""
        own = np.diagonal(self.products, axis1=1, axis2=2)
        shares = np.divide(self.targets**2, own, out=np.zeros_like(own), where=own > kernel.DEPENDENT)
        return np.asarray(shares.sum(axis=0))


class Leading:
    """The subsets that explain most, so many of them."""

    def __init__(self, dimension: int, keep: int) -> None:
        self.keep = keep
        self.rows: Rows = np.empty((0, dimension), np.int64)
        self.shares: Floats = np.empty(0)

    @property
    def least(self) -> float:
        """What a subset has to explain to come in."""
        return float(self.shares[-1]) if len(self.shares) == self.keep else -1.0

    def add(self, rows: Rows, shares: Floats) -> None:
        joined, all_shares = np.concatenate((self.rows, rows)), np.concatenate((self.shares, shares))
        # Of equals the first in the pool's order.
        order = np.lexsort((*joined.T[::-1], -all_shares))[: self.keep]
        self.rows, self.shares = joined[order], all_shares[order]


def leading(gram: Gram, dimension: int, keep: int, check: Callable[[], None] = lambda: None) -> Rows:
    """(q, dimension) the subsets of a pool that explain most of the target, the best first; `check` is called now and
    then. Subsets whose features depend on each other (see `kernel.DEPENDENT`) are left out."""
    best = Leading(dimension, keep)
    if dimension == 1:
        best.add(np.arange(gram.size)[:, None], gram.explained)
    elif dimension == 2:
        _pairs(best, gram, check)
    else:
        _extend(best, gram, (), 0.0, dimension, check)
    return best.rows


def _extend(
    best: Leading, gram: Gram, chosen: tuple[int, ...], share: float, dimension: int, check: Callable[[], None]
) -> None:
    """Look at all subsets that begin with the `chosen`, which have been projected out and explain a share."""
    first = chosen[-1] + 1 if chosen else 0
    if len(chosen) == dimension - 3:
        check()
        _complete(best, gram, chosen, share, first)
        return
    for row in range(first, gram.size):
        _extend(best, gram.without(row), (*chosen, row), share + float(gram.explained[row]), dimension, check)


def _complete(best: Leading, gram: Gram, chosen: tuple[int, ...], share: float, first: int) -> None:
    """Add the last three."""
    for row in range(first, gram.size - 1):
        rows, shares = kernel.triples(gram.products, gram.targets, row, best.least - share, best.keep)
        if len(shares):
            best.add(np.column_stack((np.tile(chosen, (len(rows), 1)).astype(np.int64), rows)), shares + share)


def _pairs(best: Leading, gram: Gram, check: Callable[[], None]) -> None:
    """Add all pairs, some first members at a time."""
    step = max(1, PAIRS // gram.products[:, 0].size) if gram.size else 1
    for row in range(0, gram.size - 1, step):
        check()
        rows = range(row, min(row + step, gram.size - 1))
        best.add(*kernel.pairs(gram.products, gram.targets, rows, best.least, best.keep))
