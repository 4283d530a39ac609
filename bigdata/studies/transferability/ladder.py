"""How an error falls with the number of training rows: a power law through the rungs of a ladder."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy.special import stdtrit

Floats = NDArray[np.float64]

CONFIDENCE = 0.95


class PowerLaw(NamedTuple):
    """MAE = `amplitude` n^(−`exponent`), the amplitude in the unit of the MAE; `low` and `high` are the ends of the
    exponent's 95 % interval. NaN for what can't be told."""

    exponent: float
    low: float
    high: float
    amplitude: float

    def at(self, n: Floats) -> Floats:
        """The MAE that the law gives for n training rows."""
        return np.asarray(self.amplitude * n**-self.exponent)


_NOTHING = PowerLaw(*[np.nan] * 4)


def power_law(n: NDArray[np.int64] | Floats, mae: Floats) -> PowerLaw:
    """Least squares of ln MAE over ln n, for `n` (k,) training rows and `mae` (k,); points that are NaN or not positive
    have no logarithm and are left out.

    The interval is that of Student's t with k − 2 degrees of freedom: ladders have three to six rungs, too few to draw
    from, and with three of them t is 12.7, which says how little is known. It takes the scatter about the line for
    independent from rung to rung. Two points give a line without interval; fewer, or all of one n, give NaN.
    """
    counts = np.asarray(n, dtype=np.float64)
    known = (counts > 0) & (mae > 0) & np.isfinite(counts) & np.isfinite(mae)
    x, y = np.log(counts[known]), np.log(mae[known])
    if len(np.unique(x)) < 2:
        return _NOTHING
    from_mean = x - x.mean()
    squares = from_mean @ from_mean
    slope = float(from_mean @ y / squares)
    half = _half_width(y - y.mean() - slope * from_mean, squares)
    return PowerLaw(-slope, -slope - half, -slope + half, float(np.exp(y.mean() - slope * x.mean())))


def _half_width(residual: Floats, squares: float) -> float:
    """Of the slope's interval: t √(Σ residual² / (k − 2) / Σ (x − mean x)²)."""
    freedom = len(residual) - 2
    if freedom < 1:
        return np.nan
    t = stdtrit(freedom, (1 + CONFIDENCE) / 2)
    return float(t * np.sqrt(residual @ residual / freedom / squares))
