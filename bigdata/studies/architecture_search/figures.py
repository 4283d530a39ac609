"""Figures of an architecture search from plain arrays: Fig. 7 of doi 10.1039/d4fd00102h, and how it went."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import matplotlib as mpl
import numpy as np
from matplotlib.axes import Axes
from matplotlib.cm import ScalarMappable
from matplotlib.colors import LogNorm, Normalize
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle
from matplotlib.ticker import MaxNLocator, NullFormatter
from numpy.typing import NDArray

from bigdata.kind.drawing import COLOURS, WIDTH, drawing
from bigdata.kind.legend import legend
from bigdata.kind.logarithmic import logarithmic
from bigdata.kind.names import cut, shortened

Floats = NDArray[np.float64]
# Beyond this ratio of the largest to the least value, the small ones can't be told apart on a linear scale.
MANY_TIMES = 8.0
BEST, OTHER, NEUTRAL = COLOURS[1], COLOURS[0], "0.55"
SHADES = "viridis"
MOST_LINES = 1_000
# Cells narrower than this have no room for a number.
LEAST_CELL = 0.42
# Letters of a value beside an axis or below a cell.
MOST_BESIDE = 14
MOST_OF_FIELD = 30


class Axis(NamedTuple):
    """A searched field: its name, and where ticks stand and what they say, by positions from 0 to 1 or by cells."""

    name: str
    places: Sequence[float]
    ticks: Sequence[str]


@dataclass(frozen=True)
class Surface:
    """`best` (rows, columns) of the trials in each cell, NaN where there is none; `is_short` where that one was trained
    less long than the best of all, which lies in the cell `framed`."""

    rows: Axis
    columns: Axis
    best: Floats
    is_short: NDArray[np.bool_]
    framed: tuple[int, int]


def surface(found: Surface, label: str) -> Figure:
    """Fig. 7: the best value over all other fields, in each cell of two."""
    n_rows, n_columns = found.best.shape
    side = min(0.75, (WIDTH - 2.6) / n_columns)
    figure = drawing(max(2.3, 0.9 + 0.55 * n_rows), max(3.2, 2.6 + side * n_columns))
    axes = figure.subplots()
    axes.set_facecolor("0.93")
    shades = _shades(found.best)
    axes.pcolormesh(np.ma.masked_invalid(found.best), cmap=SHADES, norm=shades, edgecolors="white", lw=0.7)
    if side >= LEAST_CELL:
        for place in np.argwhere(np.isfinite(found.best)).tolist():
            _number(axes, found, (place[0], place[1]), shades)
    row, column = found.framed
    axes.add_patch(Rectangle((column, row), 1, 1, fill=False, ec=BEST, lw=2.0, zorder=5))
    _value_ticks(axes, "x", found.columns, rotation=_rotation(found.columns.ticks, side))
    _value_ticks(axes, "y", found.rows)
    cut(axes.set_xlabel(""), found.columns.name, MOST_OF_FIELD)
    cut(axes.set_ylabel(""), found.rows.name, MOST_OF_FIELD)
    _bar(figure, axes, shades, label)
    return figure


def _value_ticks(axes: Axes, which: str, of: Axis, **style: Any) -> None:
    getattr(axes, f"set_{which}ticks")(of.places, [shortened(tick, MOST_BESIDE) for tick in of.ticks], **style)
    for text, tick in zip(getattr(axes, f"get_{which}ticklabels")(), of.ticks, strict=True):
        cut(text, tick, MOST_BESIDE)


def _shades(values: Floats) -> Normalize:
    low, high = float(np.nanmin(values)), float(np.nanmax(values))
    if low > 0 and high > MANY_TIMES * low:
        return LogNorm(low, high)
    return Normalize(low, high if high > low else low + abs(low) + 1e-12)


def _number(axes: Axes, found: Surface, place: tuple[int, int], shades: Normalize) -> None:
    value = float(found.best[place])
    # The middle of the scale is as light as can be read black.
    colour = "black" if float(shades(value)) > 0.55 else "white"
    text = f"{three(value)}{'*' if found.is_short[place] else ''}"
    axes.text(place[1] + 0.5, place[0] + 0.5, text, ha="center", va="center", color=colour, fontsize=6.5)


def three(value: float) -> str:
    """Three digits, without powers of ten."""
    return f"{value:,.0f}" if abs(value) >= 999.5 else f"{value:.3g}"


def _rotation(ticks: Sequence[str], side: float) -> float:
    # A letter of this size is about 0.055 inches wide.
    return 30.0 if max(map(len, ticks)) * 0.055 > side else 0.0


def _bar(figure: Figure, axes: Axes, shades: Normalize, label: str) -> None:
    bar = figure.colorbar(ScalarMappable(shades, SHADES), ax=axes, pad=0.02, aspect=25, label=label)
    if isinstance(shades, LogNorm):
        logarithmic_ticks(bar.ax)


def logarithmic_ticks(axes: Axes) -> None:
    """Plain numbers at readable places of a bar of colours whose scale is logarithmic already."""
    low, high = axes.get_ylim()
    logarithmic(axes, "y")
    axes.set_ylim(low, high)


def parallel(lines: Floats, values: Floats, fields: Sequence[Axis], label: str) -> Figure:
    """A line for each trial over the fields, by positions (trials, fields) from 0 to 1; `values` (trials,) colour it.

    The trials come in their order, the best first, which lies on top; of very many the first are drawn.
    """
    order = np.arange(min(len(values), MOST_LINES))[::-1]
    shades = _shades(values[order])
    figure = drawing(3.2)
    axes = figure.subplots()
    colours = mpl.colormaps[SHADES](shades(values[order]))
    for trial, colour in zip(order, colours, strict=True):
        is_best = trial == 0
        style: dict[str, Any] = {"color": BEST, "lw": 2.2} if is_best else {"color": colour, "lw": 0.8, "alpha": 0.8}
        axes.plot(range(len(fields)), lines[trial], zorder=3 if is_best else 2, **style)
    for place, field in enumerate(fields):
        axes.axvline(place, color="0.3", lw=0.8, zorder=1)
        for at, tick in zip(field.places, field.ticks, strict=True):
            said = axes.annotate(
                "", (place, at), (3, 0), textcoords="offset points", va="center", fontsize=6.5, zorder=6,
                bbox={"boxstyle": "round,pad=0.12", "fc": "white", "ec": "none", "alpha": 0.8},
            )  # fmt: skip
            cut(said, tick, MOST_BESIDE)
    # Beside each other, names of eight fields have room for so many letters.
    most = int(96 / len(fields))
    axes.set_xticks(range(len(fields)), [shortened(field.name, most) for field in fields])
    for text, field in zip(axes.get_xticklabels(), fields, strict=True):
        cut(text, field.name, most)
    axes.tick_params(axis="x", length=0)
    axes.set_yticks([])
    axes.set_xlim(-0.05, len(fields) - 1 + 0.35)
    axes.set_ylim(-0.03, 1.03)
    for side in ("left", "right", "top", "bottom"):
        axes.spines[side].set_visible(False)
    _bar(figure, axes, shades, label)
    return figure


@dataclass(frozen=True)
class Course:
    """By trial, in their order: time of training `spent` until its end, in `unit`; its own value, the best so far, and
    the median of the best in random orders; NaN where there is none."""

    spent: Floats
    unit: str
    own: Floats
    best: Floats
    in_random_order: Floats


def best_so_far(course: Course, label: str) -> Figure:
    """How the best fell."""
    figure = drawing(2.9)
    axes = figure.subplots()
    axes.scatter(course.spent, course.own, s=9, color=NEUTRAL, alpha=0.6, lw=0, label="a trial, at its last rung")
    axes.step(course.spent, course.in_random_order, where="post", color=OTHER, ls="--", label="median of random orders")
    axes.step(course.spent, course.best, where="post", color=BEST, lw=1.8, label="best so far")
    _scaled(axes, course.own, "y")
    axes.set_xlim(left=0)
    axes.set_xlabel(f"time of training spent ({course.unit})")
    axes.set_ylabel(label)
    legend(figure, *axes.get_legend_handles_labels())
    return figure


def _scaled(axes: Axes, values: Floats, which: str) -> None:
    """A logarithmic axis where values differ by much."""
    known = values[np.isfinite(values)]
    if known.size and known.min() > 0 and known.max() > MANY_TIMES * known.min():
        logarithmic(axes, which)


@dataclass(frozen=True)
class Again:
    """The best trained anew: the mean and the standard deviation (NaN of one) of the same metric."""

    mean: float
    spread: float


def trials(values: Floats, again: Again | None, label: str) -> Figure:
    """How many trials have which value, with mean, median and best, and the best trained anew."""
    figure = drawing(2.7)
    axes = figure.subplots()
    is_wide = bool(values.min() > 0 and values.max() > MANY_TIMES * values.min())
    n_bins = int(np.clip(2.0 * np.sqrt(len(values)), 5, 60))
    every = np.append(values, again.mean if again else values[0])
    low, high = every.min(), every.max() if every.max() > every.min() else every.min() + 1.0
    edges = np.geomspace(low, high, n_bins + 1) if is_wide else np.linspace(low, high, n_bins + 1)
    axes.hist(values, edges.tolist(), color="0.8", edgecolor="white", lw=0.5)
    for value, name, style, colour in (
        (float(values.mean()), "mean", "-", OTHER),
        (float(np.median(values)), "median", "--", COLOURS[2]),
        (float(values.min()), "best", "-", BEST),
    ):
        axes.axvline(value, color=colour, ls=style, lw=1.5, label=f"{name} {three(value)}")
    if again is not None:
        _again(axes, again)
    if is_wide:
        logarithmic(axes, "x")
    axes.yaxis.set_major_locator(MaxNLocator(integer=True))
    axes.set_xlabel(label)
    axes.set_ylabel("trials")
    legend(figure, *axes.get_legend_handles_labels())
    return figure


def _again(axes: Axes, again: Again) -> None:
    known = np.isfinite(again.spread)
    said = f"best trained anew {three(again.mean)}{f' ± {three(again.spread)}' if known else ''}"
    axes.axvline(again.mean, color=COLOURS[3], ls=":", lw=1.5, label=said)
    if known:
        axes.axvspan(again.mean - again.spread, again.mean + again.spread, color=COLOURS[3], alpha=0.2, lw=0)


class Objective(NamedTuple):
    """A metric of trials (trials,) and the name of its axis."""

    values: Floats
    label: str


def front(decides: Objective, beside: Sequence[Objective], on_front: NDArray[np.bool_]) -> Figure:
    """A panel for each further objective: the trials, and those that none beats in all objectives."""
    figure = drawing(2.8, min(WIDTH, 0.7 + 3.1 * len(beside)))
    panels: Any = figure.subplots(1, len(beside), squeeze=False, sharey=True)
    for axes, other in zip(panels[0], beside, strict=True):
        axes.scatter(other.values[~on_front], decides.values[~on_front], s=10, color=NEUTRAL, lw=0, label="trials")
        order = np.argsort(other.values[on_front], kind="stable")
        x, y = other.values[on_front][order], decides.values[on_front][order]
        if len(beside) == 1:
            axes.step(x, y, where="post", color=BEST, lw=0.9)
        axes.scatter(x, y, s=18, color=BEST, marker="D", lw=0, label="none beats them", zorder=3)
        _scaled(axes, other.values, "x")
        axes.set_xlabel(other.label)
    _scaled(panels[0, 0], decides.values, "y")
    panels[0, 0].set_ylabel(decides.label)
    legend(figure, *panels[0, 0].get_legend_handles_labels())
    return figure


class Ranks(NamedTuple):
    """Of trials that ran through: ranks (trials,) at an early rung and at the last, 1 the best."""

    early: Floats
    final: Floats
    title: str


def ranks(panels: Sequence[Ranks]) -> Figure:
    """Early against final ranks, a panel for each rung."""
    n_columns = min(3, len(panels))
    n_rows = -(-len(panels) // n_columns)
    figure = drawing(0.4 + 2.3 * n_rows, 0.5 + 2.1 * n_columns)
    grid: Any = figure.subplots(n_rows, n_columns, squeeze=False, sharex=True, sharey=True)
    for axes, panel in zip(grid.ravel(), panels, strict=False):
        _ranks(axes, panel)
    for axes in grid.ravel()[len(panels) :]:
        axes.set_axis_off()
    for axes in grid.ravel()[: len(panels)][-n_columns:]:
        # Below the last panel of a column there may be an empty place, whose labels nobody would see.
        axes.tick_params(labelbottom=True)
    figure.supxlabel("rank at the rung", fontsize=8)
    figure.supylabel("rank at the end", fontsize=8)
    return figure


def _ranks(axes: Axes, panel: Ranks) -> None:
    n = len(panel.early)
    axes.set_title(panel.title)
    axes.set_aspect("equal")
    if not n:
        axes.text(0.5, 0.5, "no trial ran through", ha="center", va="center", transform=axes.transAxes, color="0.4")
        return
    axes.plot([1, n], [1, n], color="0.6", lw=0.8)
    axes.scatter(panel.early, panel.final, s=14, color=OTHER, lw=0)
    best = int(np.argmin(panel.final))
    axes.scatter(panel.early[best], panel.final[best], s=30, color=BEST, marker="D", lw=0, zorder=3)
    for axis in (axes.xaxis, axes.yaxis):
        axis.set_major_locator(MaxNLocator(5, integer=True))
        axis.set_minor_formatter(NullFormatter())
