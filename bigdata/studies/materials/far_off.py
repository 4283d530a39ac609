"""What is said of values that lie far from all others of a dataset."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

import numpy as np

from bigdata.kind.far import far
from bigdata.studies.materials.entries import Entries

N_NAMED = 3


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
