"""Figures of a cluster expansion from plain arrays: Fig. 5 of the paper with cross-validation, and the interactions."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator
from numpy.typing import NDArray

from bigdata.kind.drawing import COLOURS, MARKERS, drawing

Floats = NDArray[np.float64]
# Beyond this many points, markers hide each other.
MANY_POINTS = 2_000


@dataclass(frozen=True)
class Curve:
    """Errors of one degree at 1, 2, … features: of the fit, and of structures left out with their interval."""

    degree: int
    fit: Floats
    cv: Floats
    low: Floats
    high: Floats
    size: int


def errors(
    curves: Sequence[Curve],
    n_clusters: int,
    target: Floats,
    fits: Mapping[int, Floats],
    left_out: Mapping[int, Floats],
    bound: NDArray[np.bool_],
    label: str,
    unit: str,
) -> Figure:
    """Fig. 5: errors against the number of features, and predictions against targets; above of the fit, below of
    structures left out."""
    figure = drawing(5.6)
    panels: Any = figure.subplots(2, 2, sharex="col")
    _sizes(panels[0, 0], curves, [c.fit for c in curves], n_clusters)
    _sizes(panels[1, 0], curves, [c.cv for c in curves], n_clusters, intervals=True)
    most = max([float(np.nanmax(c.fit)) for c in curves])
    panels[0, 0].set_ylim(0, 1.05 * most)
    # Sizes that overfit may be wrong without bounds, and would leave the rest at the bottom.
    panels[1, 0].set_ylim(0, 1.25 * max(most, *(float(np.nanmin(c.cv)) for c in curves)))
    panels[0, 0].set_ylabel(f"RMSE of the fit ({unit})")
    panels[1, 0].set_ylabel(f"RMSE, structures left out ({unit})")
    panels[1, 0].set_xlabel("features")
    for axes, predictions, what in ((panels[0, 1], fits, "fitted"), (panels[1, 1], left_out, "predicted, left out")):
        _against(axes, target, predictions, bound)
        axes.set_ylabel(f"{what} ({unit})")
    panels[1, 1].set_xlabel(label)
    panels[0, 0].legend(loc="upper right")
    for letter, axes in zip("abcd", panels.ravel(), strict=True):
        axes.set_title(letter, loc="left", fontweight="bold")
    return figure


def _sizes(
    axes: Axes, curves: Sequence[Curve], errors: Sequence[Floats], n_clusters: int, intervals: bool = False
) -> None:
    for i, (curve, values) in enumerate(zip(curves, errors, strict=True)):
        n, colour = np.arange(1, len(values) + 1), COLOURS[i % len(COLOURS)]
        name = "standard (degree 1)" if curve.degree == 1 else f"degree {curve.degree}"
        axes.plot(n, values, color=colour, label=name)
        if intervals:
            axes.fill_between(n, curve.low, curve.high, color=colour, alpha=0.15, lw=0)
        axes.plot(curve.size, values[curve.size - 1], MARKERS[i % len(MARKERS)], color=colour, ms=5)
    axes.axvline(n_clusters, color="0.4", lw=0.8, ls="--")
    axes.annotate(f"p = {n_clusters}", (n_clusters, 0.97), xycoords=("data", "axes fraction"), xytext=(3, 0),
                  textcoords="offset points", va="top", fontsize=7, color="0.3")  # fmt: skip
    axes.set_xlim(0, None)
    axes.xaxis.set_major_locator(MaxNLocator(integer=True))


def _against(axes: Axes, target: Floats, predictions: Mapping[int, Floats], bound: NDArray[np.bool_]) -> None:
    size = 8 if len(target) <= MANY_POINTS else 3
    for i, (degree, values) in enumerate(predictions.items()):
        colour, marker = COLOURS[i % len(COLOURS)], MARKERS[i % len(MARKERS)]
        axes.scatter(target[~bound], values[~bound], s=size, color=colour, marker=marker, alpha=0.45, lw=0)
        axes.scatter(target[bound], values[bound], s=2.5 * size, marker="x", color=colour, lw=0.8, alpha=0.8)
        axes.plot([], [], marker, color=colour, ms=4, label=f"degree {degree}")
    if bound.any():
        axes.plot([], [], "x", color="0.3", ms=4, label="at the bound")
    ends = [float(target.min()), float(target.max())]
    axes.plot(ends, ends, color="0.3", lw=0.7)
    axes.legend(loc="upper left")


def interactions(
    order: NDArray[np.int64], diameter: Floats, values: Floats, low: Floats, high: Floats, unit: str
) -> Figure:
    """Effective cluster interactions (p,) of two points and more by greatest distance, with their intervals; NaN: not
    chosen."""
    figure = drawing(2.9)
    axes = figure.subplots()
    axes.axhline(0, color="0.6", lw=0.7)
    for i, k in enumerate(k for k in np.unique(order) if k > 1):
        here = (order == k) & np.isfinite(values)
        if not here.any():
            continue
        colour, marker = COLOURS[i % len(COLOURS)], MARKERS[i % len(MARKERS)]
        # Clusters of one distance stand beside each other.
        x = diameter[here] + 0.06 * i
        known = np.isfinite(low[here]) & np.isfinite(high[here])
        down, up = np.where(known, values[here] - low[here], 0.0), np.where(known, high[here] - values[here], 0.0)
        # Clipped, since an interval of bootstrap draws need not hold the value itself.
        axes.errorbar(x, values[here], np.clip([down, up], 0, None), fmt=marker, ms=3.5, lw=0.8, color=colour,
                      label=f"{ORDERS.get(int(k), f'{k} points')} ({int(here.sum())})")  # fmt: skip
    axes.set_xlabel("greatest distance in the cluster (Å)")
    axes.set_ylabel(f"ECI ({unit})" if unit else "ECI")
    if np.isfinite(values[order > 1]).any():
        axes.legend(ncols=2)
    return figure


ORDERS = {2: "pairs", 3: "triplets", 4: "quadruplets"}
