"""Fig. 2 of the paper (doi 10.1039/d4fd00102h), which all kinds of study draw that group crystals by material."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator
from numpy.typing import NDArray

from bigdata.kind import View
from bigdata.kind.drawing import COLOURS, drawing

Counts = NDArray[np.int64]


def colours(n: int) -> list[str]:
    """A colour for each of n datasets or models, from the start again where there are more than colours."""
    return [COLOURS[i % len(COLOURS)] for i in range(n)]


def histograms(
    edges: NDArray[np.float64], every: Mapping[str, Counts], shared: Mapping[str, Counts], label: str
) -> Figure:
    """Fig. 2: each dataset's target values, of all entries and of those whose group all datasets have.

    `edges` (B + 1,) of the bins; `every` and `shared` (B,) entries in each, by dataset; `label` names the target.
    """
    titles = ("all groups", "groups that all datasets have") if len(every) > 1 else ("all groups",)
    figure = drawing(2.8, 6.9 if len(titles) > 1 else 3.6)
    panels: Any = np.atleast_1d(figure.subplots(1, len(titles), sharex=True))
    for axes, title, counts in zip(panels, titles, (every, shared), strict=False):
        for (name, n), colour in zip(counts.items(), colours(len(counts)), strict=True):
            axes.stairs(n, edges, color=colour, fill=True, alpha=0.25, lw=0)
            axes.stairs(n, edges, color=colour, lw=1.0, label=f"{name} ({int(n.sum()):,})")
        axes.set_title(title, loc="left")
        axes.yaxis.set_major_locator(MaxNLocator(integer=True))
        axes.legend()
    # Once for all panels: the names of two fields, with their unit, are wider than one of them.
    figure.supxlabel(label, fontsize=panels[0].xaxis.label.get_size())
    panels[0].set_ylabel("entries")
    return figure


def histograms_of(view: View, rows: Mapping[str, int], label: str) -> Figure:
    """Fig. 2 of a run, of the datasets in `rows`, each with its place along `dataset`."""
    # The store has each bin's lower edge; bins are equally wide.
    edges = view["bin"][...]
    step = edges[1] - edges[0]
    every, shared = (
        {name: view[array][row] for name, row in rows.items()} for array in ("histogram", "histogram_shared")
    )
    return histograms(np.append(edges, edges[-1] + step), every, shared, label)
