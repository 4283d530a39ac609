"""Figures of a complexity study from plain arrays."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.ticker import MaxNLocator
from numpy.typing import NDArray

from bigdata.kind.drawing import COLOURS, drawing
from bigdata.kind.far import near
from bigdata.kind.legend import legend, look
from bigdata.kind.logarithmic import logarithmic
from bigdata.kind.names import named_ticks

Floats = NDArray[np.float64]
# Beyond this many points, markers hide each other.
MANY_POINTS = 2_000
COLUMNS = 3
MOST_BARS = 12
# Letters beside the bars of one of several panels.
MOST_BESIDE = 22


@dataclass(frozen=True)
class Cloud:
    """A class's models: `parameters`, `error`, `low`, `high` (m,), and the place of the best; at the sizes of other
    classes, `matched` (parameters, error)."""

    name: str
    parameters: Floats
    error: Floats
    low: Floats
    high: Floats
    best: int | None
    matched: Sequence[tuple[float, float]] = ()


def errors(clouds: Sequence[Cloud], baseline: float, label: str, is_logarithmic: bool, baseline_is: str) -> Figure:
    """Error against the number of parameters, a colour for each class; the baseline of the training part as a line."""
    figure = drawing(3.6)
    axes = figure.subplots()
    for i, cloud in enumerate(clouds):
        axes.scatter(cloud.parameters, cloud.error, s=14, alpha=0.55, lw=0, **look(i))
        if cloud.best is not None:
            _best(axes, cloud, i)
        for n, error in cloud.matched:
            axes.scatter([n], [error], s=40, facecolors="none", edgecolors=look(i)["color"], marker=look(i)["marker"])
        axes.plot([], [], ls="", ms=5, label=cloud.name, **look(i))
    if any(cloud.matched for cloud in clouds):
        axes.scatter([], [], s=40, facecolors="none", edgecolors="0.3", label="at another class's size")
    if np.isfinite(baseline):
        axes.axhline(baseline, color="0.4", lw=0.8, ls="--", label=f"{baseline_is} of the training part")
    logarithmic(axes, "x")
    if is_logarithmic:
        logarithmic(axes, "y")
    axes.set_xlabel("parameters")
    axes.set_ylabel(label)
    legend(figure, *axes.get_legend_handles_labels())
    return figure


def _best(axes: Axes, cloud: Cloud, i: int) -> None:
    b = cloud.best
    ends = np.abs(np.array([[cloud.error[b] - cloud.low[b]], [cloud.high[b] - cloud.error[b]]]))
    axes.errorbar(
        cloud.parameters[b],
        cloud.error[b],
        yerr=ends,
        ms=7,
        mec="black",
        mew=0.7,
        capsize=2,
        ls="",
        zorder=5,
        **look(i),
    )


@dataclass(frozen=True)
class Parity:
    """A class's best model: predictions (n,) against targets (n,), and which samples are tested. `place` is that of the
    class among all, by which it has its colour."""

    name: str
    place: int
    target: Floats
    prediction: Floats
    tested: NDArray[np.bool_]
    said: str


def parity(panels: Sequence[Parity], label: str, is_logarithmic: bool) -> Figure:
    """A panel for each class, samples tested over those trained on, all on the same axes."""
    n_rows = -(-len(panels) // COLUMNS)
    figure = drawing(0.3 + 2.3 * n_rows)
    grid: Any = figure.subplots(n_rows, min(COLUMNS, len(panels)), squeeze=False, sharex=True, sharey=True)
    for axes, panel in zip(grid.ravel(), panels, strict=False):
        _parity(axes, panel, is_logarithmic)
    for axes in grid.ravel()[len(panels) :]:
        axes.set_axis_off()
    for axes in grid.ravel()[: len(panels)][-COLUMNS:]:
        # Below the last panel of a column there may be an empty place, whose labels nobody would see.
        axes.tick_params(labelbottom=True)
    # Those tested have another colour in each panel.
    dots = {"trained on": "0.75", "tested": "0.2"}
    legend(figure, [Line2D([], [], ls="", marker="o", ms=4, color=c, label=said) for said, c in dots.items()])
    figure.supxlabel(label, fontsize=8)
    figure.supylabel("predicted", fontsize=8)
    return figure


def _parity(axes: Axes, panel: Parity, is_logarithmic: bool) -> None:
    size = 9 if len(panel.target) <= MANY_POINTS else 3
    known = ~panel.tested & np.isfinite(panel.prediction)
    axes.scatter(panel.target[known], panel.prediction[known], s=size, color="0.75", lw=0)
    shown = panel.tested & np.isfinite(panel.prediction)
    axes.scatter(
        panel.target[shown],
        panel.prediction[shown],
        s=size,
        alpha=0.6,
        lw=0,
        color=look(panel.place)["color"],
    )
    # Targets far from all others would leave the rest in a corner.
    low, high = near(panel.target)
    axes.plot([low, high], [low, high], color="0.3", lw=0.7)
    if is_logarithmic:
        logarithmic(axes, "x")
        logarithmic(axes, "y")
        room = (high / low) ** 0.1 if high > low else 1.5
        axes.set_xlim(low / room, high * room)
        axes.set_ylim(low / room**2, high * room**2)
    else:
        room = 0.08 * (high - low or abs(low) or 1.0)
        axes.set_xlim(low - room, high + room)
        axes.set_ylim(low - 3 * room, high + 3 * room)
        axes.xaxis.set_major_locator(MaxNLocator(4))
    axes.set_title(panel.name, loc="left")
    inside = [
        (values >= low) & (values <= high)
        for values, (low, high) in ((panel.target, axes.get_xlim()), (panel.prediction, axes.get_ylim()))
    ]
    beyond = int((panel.tested & ~(inside[0] & inside[1])).sum())
    said = f"{panel.said}\n{beyond:,} tested lie beyond" if beyond else panel.said
    axes.annotate(said, (0.97, 0.03), xycoords="axes fraction", ha="right", va="bottom", fontsize=7)


def pareto(
    names: Sequence[str],
    complexity: Floats,
    errors_of: tuple[Floats, Floats],
    signs: tuple[int, int],
    simplest: int | None,
    labels: tuple[str, str],
) -> Figure:
    """Errors of formulas against how many operators and terms they have, inside the training part and tested; a sign
    is -1 where more is better."""
    figure = drawing(3.2)
    panels: Any = figure.subplots(1, 2, sharex=True)
    titles = ("left out inside the training part", "samples tested")
    for axes, values, sign, title, label in zip(panels, errors_of, signs, titles, labels, strict=True):
        lost = sign * values
        order = np.lexsort((lost, complexity))
        front = [i for place, i in enumerate(order) if lost[i] < min([np.inf, *lost[order[:place]]])]
        axes.step(complexity[front], values[front], where="post", color="0.6", lw=0.8)
        axes.plot(complexity, values, "o", ms=4, **{"color": COLOURS[0]})
        if simplest is not None:
            axes.plot(complexity[simplest], values[simplest], "o", ms=8, mfc="none", color="black")
        for i in front:
            axes.annotate(names[i], (complexity[i], values[i]), xytext=(4, 3), textcoords="offset points", fontsize=6.5)
        axes.set_title(title, loc="left")
        axes.set_xlabel("operators and terms")
        axes.set_ylabel(label)
        axes.margins(x=0.15, y=0.12)
    return figure


def bars(values: Mapping[str, float], label: str, colour: str = COLOURS[0]) -> Figure:
    """Horizontal bars, the largest on top."""
    shown = sorted(values.items(), key=lambda item: -item[1])[:MOST_BARS]
    figure = drawing(0.7 + 0.22 * max(2, len(shown)))
    axes = figure.subplots()
    axes.barh(range(len(shown)), [value for _, value in shown][::-1], color=colour, height=0.7)
    named_ticks(axes, "y", [name for name, _ in shown][::-1])
    axes.set_xlabel(label)
    axes.set_xlim(0, None)
    return figure


def importance(by_class: Mapping[str, Mapping[str, float]], places: Mapping[str, int]) -> Figure:
    """For each class that has such a measure, the features that matter most to its best model; `places` as in
    Parity."""
    n_bars = min(MOST_BARS, max(map(len, by_class.values()), default=1))
    figure = drawing(0.8 + 0.2 * n_bars)
    if not by_class:
        figure.text(0.5, 0.5, "no model of these classes was fitted", ha="center")
        return figure
    panels: Any = figure.subplots(1, len(by_class), squeeze=False)
    for axes, (name, values) in zip(panels.ravel(), by_class.items(), strict=True):
        shown = sorted(values.items(), key=lambda item: -item[1])[:MOST_BARS][::-1]
        heights = [value for _, value in shown]
        axes.barh(range(len(shown)), heights, color=look(places[name])["color"], height=0.7)
        named_ticks(axes, "y", [n for n, _ in shown], MOST_BESIDE)
        axes.set_title(name, loc="left")
    figure.supxlabel("share of the importance", fontsize=8)
    return figure


class Learned(NamedTuple):
    """A learning curve: samples trained on, the error of those tested, and its interval; all (m,)."""

    n: Floats
    error: Floats
    low: Floats
    high: Floats


def learning_curve(
    curves: Mapping[str, Learned], places: Mapping[str, int], label: str, is_logarithmic: bool
) -> Figure:
    """Error of samples tested against the number of samples trained on, a line for each class, with its interval;
    `places` as in Parity."""
    figure = drawing(3.2, width=4.8)
    axes = figure.subplots()
    for name, one in curves.items():
        axes.fill_between(one.n, one.low, one.high, color=look(places[name])["color"], alpha=0.13, lw=0)
        axes.plot(one.n, one.error, label=name, ms=4, **look(places[name]))
    logarithmic(axes, "x")
    if is_logarithmic:
        logarithmic(axes, "y")
    axes.set_xlabel("samples trained on")
    axes.set_ylabel(label)
    legend(figure, *axes.get_legend_handles_labels())
    return figure
