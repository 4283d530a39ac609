"""Figures of an overlap study from plain arrays: what is shared, how large groups are, and how values agree."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator
from numpy.typing import NDArray

from bigdata.kind.drawing import COLOURS, drawing
from bigdata.kind.far import far, near
from bigdata.kind.legend import legend, stroke
from bigdata.kind.logarithmic import logarithmic
from bigdata.kind.names import cut, named_ticks

Counts = NDArray[np.int64]
Floats = NDArray[np.float64]
# Beyond this many datasets, numbers in the squares can't be read.
MOST_NUMBERS = 9
# Inches: beside the squares stand names.
LETTER = 0.04
# Panels of pairs that a page can hold.
MOST_PAIRS = 9
# Groups up to so large have a bin for each number of entries; larger ones share bins that widen.
MOST_BINS = 40
MOST_LETTERS, MOST_OF_QUANTITY = 24, 36


def overlap(names: Sequence[str], common: Counts, n_groups: Counts) -> Figure:
    """Common groups (n, n): the share of each row's groups that the column has too, with their number."""
    share = common / np.maximum(n_groups, 1)[:, None]
    side = min(6.0, 1.8 + 0.8 * len(names) + LETTER * min(MOST_LETTERS, max(map(len, names))))
    figure = drawing(side, side + 0.9)
    axes = figure.subplots()
    image = axes.imshow(share, vmin=0, vmax=1, cmap="Blues")
    named_ticks(axes, "x", names, MOST_LETTERS, rotation=45, ha="right", rotation_mode="anchor")
    named_ticks(axes, "y", names, MOST_LETTERS)
    axes.set_xlabel("are also in")
    axes.set_ylabel("groups of")
    if len(names) <= MOST_NUMBERS:
        for (i, j), n in np.ndenumerate(common):
            colour = "white" if share[i, j] > 0.55 else "black"
            axes.text(j, i, f"{n:,}\n{share[i, j]:.0%}", ha="center", va="center", color=colour, fontsize=7)
    figure.colorbar(image, ax=axes, label="share of the row's groups", shrink=0.8)
    return figure


def group_sizes(sizes: Mapping[str, Counts]) -> Figure:
    """How many groups have how many entries, an outline for each dataset: `sizes` (G,), 0 where it lacks the group."""
    figure = drawing(2.9, 4.6)
    axes = figure.subplots()
    edges = size_edges(max((int(n.max()) for n in sizes.values() if n.size), default=1))
    for place, counts in enumerate(sizes.values()):
        n, _ = np.histogram(counts[counts > 0], edges)
        axes.stairs(n, edges, lw=1.2, **stroke(place))
    logarithmic(axes, "y")
    # Half a group is no group: bins with a single one are seen.
    axes.set_ylim(bottom=0.5)
    if len(edges) - 1 < edges[-1] - edges[0]:
        logarithmic(axes, "x")
        axes.set_xlabel("entries in the group (bins that widen, each of whole numbers)")
    else:
        axes.xaxis.set_major_locator(MaxNLocator(integer=True))
        axes.set_xlabel("entries in the group")
    axes.set_ylabel("groups")
    legend(figure, list(axes.patches), sizes)
    return figure


def size_edges(largest: int) -> Floats:
    """Edges of bins of whole numbers from 1 to the largest, each half between two: a bin for each number, or, of large
    ones, bins that widen by the same factor."""
    if largest <= MOST_BINS:
        return np.arange(0.5, largest + 1, dtype=np.float64)
    # Among the first numbers this factor is less than one step: they have a bin each.
    firsts = np.unique(np.ceil(np.geomspace(1, largest + 1, MOST_BINS)))
    return np.asarray(firsts - 0.5, dtype=np.float64)


def agreement(pairs: Mapping[tuple[str, str], tuple[Floats, Floats]], label: str) -> Figure:
    """Mean targets (G,) of groups in two datasets against each other, NaN where one lacks the group; a panel a pair."""
    shown = dict(list(pairs.items())[:MOST_PAIRS])
    n_columns = max(1, min(3, len(shown)))
    n_rows = max(1, -(-len(shown) // n_columns))
    figure = drawing(2.6 * n_rows, 2.3 * n_columns + (0.4 if n_columns > 1 else 0.9))
    panels: Any = np.atleast_1d(figure.subplots(n_rows, n_columns)).ravel()
    for axes, ((a, b), (x, y)) in zip(panels, shown.items(), strict=False):
        both = np.isfinite(x) & np.isfinite(y)
        _against(axes, x[both], y[both])
        cut(axes.set_xlabel(""), a, MOST_LETTERS)
        cut(axes.set_ylabel(""), b, MOST_LETTERS)
    for axes in panels[len(shown) :]:
        axes.set_axis_off()
    # Once for all panels: with its unit it is wider than one of them.
    cut(figure.supxlabel("", fontsize=8), label, MOST_OF_QUANTITY)
    cut(figure.supylabel("", fontsize=8), label, MOST_OF_QUANTITY)
    if not shown:
        panels[0].text(0.5, 0.5, "no two datasets have a group in common", ha="center", va="center")
    return figure


def _against(axes: Axes, x: Floats, y: Floats) -> None:
    """Points about the diagonal; those far from all others would leave the rest in a corner, and are counted."""
    off = far(x) | far(y) | far(x - y)
    axes.scatter(x[~off], y[~off], s=5, color=COLOURS[0], alpha=0.5, lw=0)
    ends = near(x[~off], y[~off])
    axes.plot(ends, ends, color="0.4", lw=0.7)
    beyond = f"\n{int(off.sum()):,} far off, not drawn" if off.any() else ""
    mae = f", MAE {np.abs(x - y).mean():.3g}" if len(x) else ""
    axes.set_title(f"{len(x):,} groups{mae}{beyond}", loc="left")
    for axis in (axes.xaxis, axes.yaxis):
        axis.set_major_locator(MaxNLocator(4))
