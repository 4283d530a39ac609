"""Fig. 2 of the paper (doi 10.1039/d4fd00102h), which all kinds of study draw that group crystals by material."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator
from numpy.typing import NDArray

from bigdata.kind import View
from bigdata.kind.drawing import drawing
from bigdata.kind.legend import colour, legend, stroke

Counts = NDArray[np.int64]
# Areas of more datasets hide each other.
MOST_FILLED = 3


def histograms(
    edges: NDArray[np.float64], every: Mapping[str, Counts], shared: Mapping[str, Counts], label: str, n_far: int = 0
) -> Figure:
    """Fig. 2: each dataset's target values, of all entries and of those whose group all datasets have.

    `edges` (B + 1,) of the bins; `every` and `shared` (B,) entries in each, by dataset; `label` names the target;
    `n_far` values lie outside of all bins.
    """
    titles = ("all groups", "groups that all datasets have") if len(every) > 1 else ("all groups",)
    figure = drawing(2.8, 6.9 if len(titles) > 1 else 3.6)
    panels: Any = np.atleast_1d(figure.subplots(1, len(titles), sharex=True))
    for axes, title, counts in zip(panels, titles, (every, shared), strict=False):
        for place, n in enumerate(counts.values()):
            if len(counts) <= MOST_FILLED:
                axes.stairs(n, edges, color=colour(place), fill=True, alpha=0.25, lw=0)
            axes.stairs(n, edges, lw=1.0, **stroke(place))
        axes.set_title(title, loc="left")
        axes.yaxis.set_major_locator(MaxNLocator(integer=True))
    # Once for all panels: the names of two fields, with their unit, are wider than one of them.
    figure.supxlabel(label, fontsize=panels[0].xaxis.label.get_size())
    panels[0].set_ylabel("entries")
    if n_far:
        noun = "value lies" if n_far == 1 else "values lie"
        panels[0].set_title(f"all groups ({n_far:,} {noun} far off, not drawn)", loc="left")
    lines = [patch for patch in panels[0].patches if not patch.get_fill()]
    legend(figure, lines, [_said(name, n, shared.get(name)) for name, n in every.items()])
    return figure


def _said(name: str, n: Counts, shared: Counts | None) -> str:
    common = f"; {int(shared.sum()):,} in common groups" if shared is not None else ""
    return f"{name} ({int(n.sum()):,}{common})"


def histograms_of(view: View, rows: Mapping[str, int], label: str) -> Figure:
    """Fig. 2 of a run, of the datasets in `rows`, each with its place along `dataset`."""
    # The store has each bin's lower edge; bins are equally wide.
    edges = view["bin"][...]
    step = edges[1] - edges[0]
    every, shared = (
        {name: view[array][row] for name, row in rows.items()} for array in ("histogram", "histogram_shared")
    )
    n_known = sum(int(np.isfinite(view[f"target_{name}"][...]).sum()) for name in rows)
    n_far = n_known - sum(int(n.sum()) for n in every.values())
    return histograms(np.append(edges, edges[-1] + step), every, shared, label, n_far)
