"""Figures of an overlap study from plain arrays: what is shared, how often groups occur, and how values agree."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from matplotlib.figure import Figure
from matplotlib.ticker import LogFormatter
from numpy.typing import NDArray

from bigdata.kind.drawing import COLOURS, drawing
from bigdata.studies.materials.drawn import colours

Counts = NDArray[np.int64]
# Beyond this many datasets, numbers in the squares can't be read.
MOST_NUMBERS = 12
# Panels of pairs that a page can hold.
MOST_PAIRS = 9


def overlap(names: Sequence[str], common: Counts, n_groups: Counts) -> Figure:
    """Common groups (n, n): the share of each row's groups that the column has too, with their number."""
    share = common / np.maximum(n_groups, 1)[:, None]
    side = min(6.0, 1.6 + 0.8 * len(names))
    figure = drawing(side, side + 0.9)
    axes = figure.subplots()
    image = axes.imshow(share, vmin=0, vmax=1, cmap="Blues")
    axes.set_xticks(range(len(names)), names, rotation=45, ha="right")
    axes.set_yticks(range(len(names)), names)
    axes.set_xlabel("are also in")
    axes.set_ylabel("groups of")
    if len(names) <= MOST_NUMBERS:
        for (i, j), n in np.ndenumerate(common):
            colour = "white" if share[i, j] > 0.55 else "black"
            axes.text(j, i, f"{n:,}\n{share[i, j]:.0%}", ha="center", va="center", color=colour, fontsize=7)
    figure.colorbar(image, ax=axes, label="share of the row's groups", shrink=0.8)
    return figure


def group_sizes(sizes: Mapping[str, Counts]) -> Figure:
    """How many groups have at least so many entries, for each dataset; both axes logarithmic."""
    figure = drawing(2.9, 4.6)
    axes = figure.subplots()
    for (name, counts), colour in zip(sizes.items(), colours(len(sizes)), strict=True):
        ordered = np.sort(counts[counts > 0])[::-1]
        axes.step(ordered, np.arange(1, len(ordered) + 1), where="post", color=colour, label=name)
    for scale, axis in ((axes.set_xscale, axes.xaxis), (axes.set_yscale, axes.yaxis)):
        scale("log")
        axis.set_major_formatter(LogFormatter())
        axis.set_minor_formatter(LogFormatter())
    axes.set_xlabel("entries in the group, at least")
    axes.set_ylabel("groups")
    axes.legend()
    return figure


def agreement(pairs: Mapping[tuple[str, str], tuple[NDArray[np.float64], NDArray[np.float64]]], label: str) -> Figure:
    """Mean targets (G,) of groups in two datasets against each other, NaN where one lacks the group; a panel a pair."""
    shown = dict(list(pairs.items())[:MOST_PAIRS])
    n_columns = max(1, min(3, len(shown)))
    n_rows = max(1, -(-len(shown) // n_columns))
    figure = drawing(2.6 * n_rows, 2.3 * n_columns + (0.4 if n_columns > 1 else 0.9))
    panels: Any = np.atleast_1d(figure.subplots(n_rows, n_columns)).ravel()
    for axes, ((a, b), (x, y)) in zip(panels, shown.items(), strict=False):
        both = np.isfinite(x) & np.isfinite(y)
        axes.scatter(x[both], y[both], s=5, color=COLOURS[0], alpha=0.5, lw=0)
        ends = [min(x[both].min(), y[both].min()), max(x[both].max(), y[both].max())]
        axes.plot(ends, ends, color="0.4", lw=0.7)
        axes.set_xlabel(f"{a}: {label}")
        axes.set_ylabel(f"{b}: {label}")
        axes.set_title(f"{int(both.sum()):,} groups, MAE {np.abs(x[both] - y[both]).mean():.3g}", loc="left")
    for axes in panels[len(shown) :]:
        axes.set_axis_off()
    if not shown:
        panels[0].text(0.5, 0.5, "no two datasets have a group in common", ha="center", va="center")
    return figure
