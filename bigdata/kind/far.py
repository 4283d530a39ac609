"""Values that lie far from all others, such as the -9999 that stands for none in some tables."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

# In interquartile ranges from the median: properties have long tails, which are no slips.
MOST = 100.0
# More than this share of all values is no slip, but a distribution with two parts; a single value always may be one.
_FEW = 0.05
# Numbers that tables write for "none", in any share of their rows, where all other values are far from them.
STAND_INS = (-99999.0, -9999.0, -999.0, 999.0, 9999.0, 99999.0)
# In ranges of the other values (their middle nine tenths) from the median.
_MOST_STAND_IN = 10.0


def far(values: NDArray[np.float64]) -> NDArray[np.bool_]:
    """(n,) whether each value (NaN: none) is so far from the others that it may not be one; none where many are,
    unless these are numbers such as -9999."""
    stand_ins = _stand_ins(values)
    return stand_ins | _slips(np.where(stand_ins, np.nan, values))


def _stand_ins(values: NDArray[np.float64]) -> NDArray[np.bool_]:
    written = np.isin(values, STAND_INS)
    others = values[np.isfinite(values) & ~written]
    if not written.any() or others.size < 2:
        return np.zeros(values.shape, dtype=bool)
    low, middle, high = np.percentile(others, [5, 50, 95])
    # Where nearly all are equal, as band gaps of metals are, the rest of them says how far values go.
    reach = high - low if high > low else np.ptp(others)
    away = np.abs(np.where(written, values, middle) - middle)
    told: NDArray[np.bool_] = away > _MOST_STAND_IN * float(reach)
    return told


def _slips(values: NDArray[np.float64]) -> NDArray[np.bool_]:
    known = values[np.isfinite(values)]
    if known.size < 4:
        return np.zeros(values.shape, dtype=bool)
    low, middle, high = np.percentile(known, [25, 50, 75])
    away = np.isfinite(values) & (np.abs(values - middle) > MOST * (high - low)) & (high > low)
    return away if away.sum() <= max(1.0, _FEW * known.size) else np.zeros(values.shape, dtype=bool)


def near(*values: NDArray[np.float64]) -> tuple[float, float]:
    """The least and the greatest of all values that are finite and not far from the others; 0 and 1 where none is."""
    every = np.concatenate([given.ravel() for given in values])
    kept = every[np.isfinite(every) & ~far(every)]
    return (float(kept.min()), float(kept.max())) if kept.size else (0.0, 1.0)
