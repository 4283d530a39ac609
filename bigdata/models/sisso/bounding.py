"""Upper bounds of the gains of pairs, from sums over the samples in float32.

With an error ε of each sum, relatively to what it sums,

    gain ≤ (|Σ f r| + ε √S)² / (V − 2 ε S),    V = Σ (f − mean)²,    S = Σ f²  (Σ a² + Σ b² where f = a ± b),

less Σ (|Σ f q| + ε √S)² below for the directions q that terms have already,
and where V isn't sure to be positive, the gain is bounded by 1 (with tasks, by the residual's share of each task).
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from bigdata.models.sisso.buffers import Reals
from bigdata.models.sisso.moments import TAKEN, Residuals

Places = NDArray[np.int32]
ERROR = {np.float32: 5e-6, np.float64: 1e-12}


@dataclass(frozen=True, eq=False)
class Bounded:
    """An operator on q pairs of a tile, rows `i` and `j` (q,) of its sides; `turned` where the right one stands first.
    `bounds` (q,) of the gains, -1 of what explains nothing beside terms."""

    code: int
    turned: bool
    i: Places
    j: Places
    bounds: Reals


@dataclass(frozen=True, eq=False)
class Pairs:
    """An operator on the q pairs of a tile to which it can be applied, rows `i` and `j` (q,) of its sides, with
    `variances` and `squares` (T, q): V and S."""

    code: int
    turned: bool
    i: Places
    j: Places
    variances: Reals
    squares: Reals

    def bounded(self, residuals: Residuals, products: Reals) -> Bounded:
        """By products (R + K, T, q): Σ f r and Σ f q."""
        products, taken = products[: len(residuals)], products[len(residuals) :]
        if not len(taken):
            return self._with(self._bounds(residuals, products, self._least))
        least, adds = self._beside(taken)
        return self._with(np.where(adds, self._bounds(residuals, products, least), -1))

    def _with(self, bounds: Reals) -> Bounded:
        return Bounded(self.code, self.turned, self.i, self.j, bounds)

    @property
    def _error(self) -> float:
        return ERROR[self.variances.dtype.type]

    @cached_property
    def _least(self) -> Reals:
        """(T, q) what the variance is at least."""
        return np.asarray(self.variances - 2 * self._error * self.squares)

    @cached_property
    def _allowance(self) -> Reals:
        """(T, q) by how much a product may be wrong."""
        return np.asarray(self._error * np.sqrt(self.squares))

    def _beside(self, taken: Reals) -> tuple[Reals, NDArray[np.bool_]]:
        """(T, q) what is left of the variance at least beside what terms have already, and which pairs (q,) add to
        these: what terms have already in every task explains nothing more."""
        least, nothing = self._least.copy(), self.variances * (1 - TAKEN) + 3 * self._error * self.squares
        for product in taken:
            least -= (np.abs(product) + self._allowance) ** 2
            nothing -= np.maximum(np.abs(product) - self._allowance, 0) ** 2
        return least, np.asarray((nothing >= 0).any(axis=0))

    def _bounds(self, residuals: Residuals, products: Reals, least: Reals) -> Reals:
        # A little more, for the rounding to this precision.
        shares = (residuals.shares * (1 + self._error)).astype(products.dtype)
        best = np.zeros(len(self.i), products.dtype)
        for product, share in zip(products, shares, strict=True):
            with np.errstate(all="ignore"):
                bound = (np.abs(product) + self._allowance) ** 2 / least
            # Whatever isn't a number is bounded by the share, too.
            bound = np.where((least > 0) & (bound < share[:, None]), bound, share[:, None])
            np.maximum(best, bound.sum(axis=0), out=best)
        return best
