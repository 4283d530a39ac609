"""Values that lie far from all others of a dataset, such as the -9999 that stands for none in some tables."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

import numpy as np
from numpy.typing import NDArray

from bigdata.studies.materials.entries import Entries

# In interquartile ranges from the median: properties have long tails, which are no slips.
MOST = 100.0
# More than this share of all values is no slip, but a distribution with two parts.
_FEW = 0.05
N_NAMED = 3


def far(values: NDArray[np.float64]) -> NDArray[np.bool_]:
    """(n,) whether each value (NaN: none) is so far from the median that it may not be one; none where many are."""
    known = values[np.isfinite(values)]
    if known.size < 4:
        return np.zeros(values.shape, dtype=bool)
    low, middle, high = np.percentile(known, [25, 50, 75])
    away = np.isfinite(values) & (np.abs(values - middle) > MOST * (high - low)) & (high > low)
    return away if away.sum() <= _FEW * known.size else np.zeros(values.shape, dtype=bool)


def far_off(entries: Iterable[Entries]) -> Iterator[str]:
    """A sentence for each dataset that has such values, with the farthest."""
    for e in entries:
        places = np.flatnonzero(far(e.values)) if e.values.size else np.empty(0, np.int64)
        if not places.size:
            continue
        middle = float(np.nanmedian(e.values))
        ordered = places[np.argsort(-np.abs(e.values[places] - middle), kind="stable")]
        named = ", ".join(f"{e.ids[place]}: {e.values[place]:g}" for place in ordered[:N_NAMED])
        more = ", …" if len(ordered) > N_NAMED else ""
        noun = "value lies" if len(ordered) == 1 else "values lie"
        unit = f" {e.unit}" if e.unit else ""
        yield (
            f"{e.name}: {len(ordered):,} {noun} more than {MOST:g} times the spread of the others from their median "
            f"({named}{more}; median {middle:.4g}{unit}) and outside of histograms: `target: {{range: [from, to]}}` "
            "leaves out what stands for no value"
        )
