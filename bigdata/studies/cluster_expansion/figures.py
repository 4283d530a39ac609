"""Figures of a cluster expansion from plain arrays: Fig. 5 of the paper with cross-validation, and the interactions."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.ticker import MaxNLocator
from numpy.typing import NDArray

from bigdata.kind.drawing import drawing
from bigdata.kind.far import near
from bigdata.kind.legend import colour, legend, look

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
    legend(figure, _handles([c.degree for c in curves], bool(bound.any())))
    for letter, axes in zip("abcd", panels.ravel(), strict=True):
        axes.set_title(letter, loc="left", fontweight="bold")
    return figure


def _handles(degrees: Sequence[int], some_bound: bool) -> list[Line2D]:
    said = {1: "standard (degree 1)"}
    found = [Line2D([], [], ms=5, label=said.get(d, f"degree {d}"), **look(i)) for i, d in enumerate(degrees)]
    return [*found, *[Line2D([], [], ls="", marker="x", color="0.3", ms=4, label="at the bound")][:some_bound]]


def _sizes(
    axes: Axes, curves: Sequence[Curve], errors: Sequence[Floats], n_clusters: int, intervals: bool = False
) -> None:
    for i, (curve, values) in enumerate(zip(curves, errors, strict=True)):
        n = np.arange(1, len(values) + 1)
        axes.plot(n, values, color=colour(i))
        if intervals:
            axes.fill_between(n, curve.low, curve.high, color=colour(i), alpha=0.15, lw=0)
        axes.plot(curve.size, values[curve.size - 1], ms=5, **look(i))
    axes.axvline(n_clusters, color="0.4", lw=0.8, ls="--")
    axes.annotate(f"p = {n_clusters}", (n_clusters, 0.97), xycoords=("data", "axes fraction"), xytext=(3, 0),
                  textcoords="offset points", va="top", fontsize=7, color="0.3")  # fmt: skip
    axes.set_xlim(0, None)
    axes.xaxis.set_major_locator(MaxNLocator(integer=True))


def _against(axes: Axes, target: Floats, predictions: Mapping[int, Floats], bound: NDArray[np.bool_]) -> None:
    size = 8 if len(target) <= MANY_POINTS else 3
    for i, values in enumerate(predictions.values()):
        axes.scatter(target[~bound], values[~bound], s=size, alpha=0.45, lw=0, **look(i))
        axes.scatter(target[bound], values[bound], s=2.5 * size, marker="x", color=colour(i), lw=0.8, alpha=0.8)
    ends = near(target)
    axes.plot(ends, ends, color="0.3", lw=0.7)
    _limit(axes, target, ends)


def _limit(axes: Axes, target: Floats, ends: tuple[float, float]) -> None:
    """Targets far from all others would leave the rest in a corner: they are beyond the axes, and counted."""
    n_beyond = int(((target < ends[0]) | (target > ends[1])).sum())
    if n_beyond:
        room = 0.08 * (ends[1] - ends[0] or 1.0)
        axes.set(xlim=(ends[0] - room, ends[1] + room), ylim=(ends[0] - 2 * room, ends[1] + 2 * room))
        axes.annotate(
            f"{n_beyond:,} far off, not drawn", (0.97, 0.03), xycoords="axes fraction", ha="right", fontsize=7
        )


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
        x = diameter[here]
        known = np.isfinite(low[here]) & np.isfinite(high[here])
        down, up = np.where(known, values[here] - low[here], 0.0), np.where(known, high[here] - values[here], 0.0)
        # Clipped, since an interval of bootstrap draws need not hold the value itself.
        # Open, so that clusters of one distance are seen where they are, one through the other.
        axes.errorbar(x, values[here], np.clip([down, up], 0, None), ms=4.5, lw=0.8, ls="", mfc="none",
                      label=f"{ORDERS.get(int(k), f'{k} points')} ({int(here.sum())})", **look(i))  # fmt: skip
    axes.set_xlabel("greatest distance in the cluster (Å)")
    axes.set_ylabel(f"ECI ({unit})" if unit else "ECI")
    legend(figure, *axes.get_legend_handles_labels())
    return figure


ORDERS = {2: "pairs", 3: "triplets", 4: "quadruplets"}
