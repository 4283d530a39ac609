"""How the best error fell while the search went on, against the time of training that was spent."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
N_ORDERS = 200
# Sums of the same times in another order differ in their last bits.
ROUNDED = 1.0 + 1e-9


def best_so_far(values: Floats) -> Floats:
    """(trials,) the least of `values` (trials,) up to each of them; NaN as long as none is known."""
    return np.asarray(np.fmin.accumulate(values)) if len(values) else values


def in_random_order(values: Floats, seconds: Floats, seed: int = 0) -> Floats:
    """(trials,) the median, over random orders of the trials, of the best that is known when as much was spent as by
    this and the earlier trials; NaN where in half of the orders none is.

    A method that learns falls below it; random search falls along it, but for luck.
    """
    spent = np.cumsum(seconds) * ROUNDED
    rng = np.random.default_rng(seed)
    found = np.array([_after(spent, values, seconds, rng.permutation(len(values))) for _ in range(N_ORDERS)])
    with np.errstate(invalid="ignore"):  # between one that is known and none, which is infinite
        median = np.median(found, axis=0)
    return np.where(np.isfinite(median), median, np.nan)


def _after(spent: Floats, values: Floats, seconds: Floats, order: NDArray[np.int64]) -> Floats:
    """The best of the trials that have ended after so many seconds, where they come in this order; else infinite."""
    best = np.concatenate(([np.inf], np.fmin.accumulate(np.concatenate(([np.inf], values[order])))[1:]))
    return np.asarray(best[np.searchsorted(np.cumsum(seconds[order]), spent, side="right")])
