"""Figures of classes of samples from plain arrays: confusion matrices, and a map of descriptors with hulls."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from numpy.typing import NDArray
from scipy.spatial import ConvexHull, QhullError

from bigdata.kind.drawing import drawing
from bigdata.kind.legend import legend, look
from bigdata.kind.names import cut, named_ticks
from bigdata.studies.complexity.figures import COLUMNS

Floats = NDArray[np.float64]
# Larger matrices have no room for numbers.
MOST_NUMBERED = 8
# Letters of a class beside a matrix, which they leave no room else.
MOST_BESIDE = 16
# Inches.
LETTER = 0.06


@dataclass(frozen=True)
class Confusion:
    """A class's best model: `counts` (k, k) of the samples tested, rows by their class, columns by what is said."""

    name: str
    counts: NDArray[np.int64]
    said: str


def confusions(panels: Sequence[Confusion], labels: Sequence[str]) -> Figure:
    """A matrix for each class of models, shaded by the share of its row."""
    n_rows = -(-len(panels) // COLUMNS)
    # Names stand below the last panel of each column, which may be in any of the last two rows.
    below = LETTER * min(MOST_BESIDE, max(map(len, labels)))
    figure = drawing(0.4 + (2.7 + below) * n_rows)
    side = figure.get_figwidth() / COLUMNS
    grid: Any = figure.subplots(n_rows, min(COLUMNS, len(panels)), squeeze=False)
    for i, (axes, panel) in enumerate(zip(grid.ravel(), panels, strict=False)):
        _confusion(axes, panel)
        # Those beneath and beside have the same ticks.
        for which, angle, is_named in (("x", 90, i + COLUMNS >= len(panels)), ("y", 0, i % COLUMNS == 0)):
            said = labels if is_named else [""] * len(labels)
            named_ticks(axes, which, said, MOST_BESIDE, length=side, rotation=angle)
    for axes in grid.ravel()[len(panels) :]:
        axes.set_axis_off()
    figure.supxlabel("predicted", fontsize=8)
    figure.supylabel("class", fontsize=8)
    return figure


def _confusion(axes: Axes, panel: Confusion) -> None:
    share = panel.counts / np.maximum(1, panel.counts.sum(axis=1, keepdims=True))
    axes.imshow(share, cmap="Blues", vmin=0, vmax=1)
    for (row, column), n in np.ndenumerate(panel.counts) if len(share) <= MOST_NUMBERED else ():
        colour = "white" if share[row, column] > 0.5 else "black"
        axes.text(column, row, f"{n:,}", ha="center", va="center", fontsize=7, color=colour)
    axes.set_title(f"{panel.name}\n{panel.said}", loc="left")


def hulls(
    values: Floats, codes: NDArray[np.int64], tested: NDArray[np.bool_], labels: Sequence[str], terms: Sequence[str]
) -> Figure:
    """Samples by the values (2, n) of two terms, or of one (1, n) in a row for each class, coloured by their class;
    round the samples trained on, the hulls of the classes."""
    figure = drawing(3.6, width=5.4)
    axes = figure.subplots()
    y = values[1] if len(values) > 1 else codes.astype(np.float64)
    for code, label in enumerate(labels):
        own = codes == code
        axes.scatter(values[0][own & ~tested], y[own & ~tested], s=12, alpha=0.5, lw=0, label=label, **look(code))
        axes.scatter(
            values[0][own & tested], y[own & tested], s=16, facecolors="none", lw=0.7,
            edgecolors=look(code)["color"], marker=look(code)["marker"],
        )  # fmt: skip
        _outline(axes, np.stack([values[0], y], axis=1)[own & ~tested], look(code)["color"])
    cut(axes.set_xlabel(""), terms[0])
    if len(values) > 1:
        cut(axes.set_ylabel(""), terms[1])
    else:
        named_ticks(axes, "y", labels)
    legend(figure, *axes.get_legend_handles_labels())
    return figure


def nothing(why: str) -> Figure:
    """A sentence in place of a figure."""
    figure = drawing(0.8)
    figure.text(0.5, 0.5, why, ha="center")
    return figure


def _outline(axes: Axes, points: Floats, colour: str) -> None:
    """Samples in a line, or too few, have no outline but this line."""
    points = points[np.isfinite(points).all(axis=1)]
    try:
        corners = points[ConvexHull(points).vertices]
    except (QhullError, ValueError):
        corners = points[np.lexsort(points.T)[[0, -1]]] if len(points) else points
    axes.fill(*corners.T, facecolor=colour, alpha=0.12, edgecolor=colour, lw=0.8)
