"""Values that lie far from all others of a dataset, such as the -9999 that stands for none in some tables."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

import numpy as np
from numpy.typing import NDArray

from bigdata.studies.materials.entries import Entries

# In interquartile ranges from the median: properties have long tails, which are no slips.
MOST = 100.0
# More than this share of all values is no slip, but a distribution with two parts; a single value always may be one.
_FEW = 0.05
# Numbers that tables write for "none", in any share of their rows, where all other values are far from them.
STAND_INS = (-99999.0, -9999.0, -999.0, 999.0, 9999.0, 99999.0)
# In ranges of the other values (their middle nine tenths) from the median.
_MOST_STAND_IN = 10.0
N_NAMED = 3


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


def far_off(entries: Iterable[Entries]) -> Iterator[str]:
    """A sentence for each dataset that has such values, with the farthest."""
    for e in entries:
        away = far(e.values)
        places = np.flatnonzero(away)
        if not places.size:
            continue
        middle = float(np.nanmedian(e.values[~away]))
        ordered = places[np.argsort(-np.abs(e.values[places] - middle), kind="stable")]
        named = ", ".join(f"{e.ids[place]}: {e.values[place]:g}" for place in ordered[:N_NAMED])
        more = ", …" if len(ordered) > N_NAMED else ""
        noun = "value lies" if len(ordered) == 1 else "values lie"
        unit = f" {e.unit}" if e.unit else ""
        yield (
            f"{e.name}: {len(ordered):,} {noun} far from all others and may stand for none "
            f"({named}{more}; median {middle:.4g}{unit}) and outside of histograms: `target: {{range: [from, to]}}` "
            "leaves out what stands for no value"
        )
