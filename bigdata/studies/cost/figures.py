"""Figures of a cost study from plain numbers."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from bigdata.kind.drawing import drawing
from bigdata.kind.legend import legend, look
from bigdata.kind.logarithmic import logarithmic

# How far lines go below and above the plan's own number.
SPAN = 10.0 ** np.linspace(-2, 1, 49)
# The place of 1 among them.
OWN = 32
GREY = ("0.35", "0.65")


@dataclass(frozen=True)
class Line:
    """A stage of calculations: its structures, files and bytes."""

    name: str
    structures: int
    files: float
    n_bytes: float


def against_structures(lines: Sequence[Line], files: int | None, n_bytes: int | None) -> Figure:
    """Files and bytes against the number of structures, with their limits."""
    figure = drawing(3.0)
    panels: Any = figure.subplots(1, 2, sharex=True)
    heights = [line.files for line in lines], [line.n_bytes for line in lines]
    for axes, label, values, limit in zip(panels, ("files", "bytes"), heights, (files, n_bytes), strict=True):
        for i, (line, value) in enumerate(zip(lines, values, strict=True)):
            _rising(axes, line.structures, value, line.name, i)
        if limit is not None:
            axes.axhline(limit, color="0.3", lw=0.9, ls="--")
            axes.annotate("limit", (0.02, limit), xycoords=("axes fraction", "data"), va="bottom", fontsize=7)
        _logarithmic(axes, "structures", label)
    legend(figure, *panels[0].get_legend_handles_labels())
    return figure


def _rising(axes: Axes, x: float, y: float, name: str, place: int) -> None:
    """A line through the plan's own numbers, with a marker there."""
    axes.plot(x * SPAN, y * SPAN, ms=5, markevery=[OWN], label=name, **look(place))


def _logarithmic(axes: Axes, x: str, y: str) -> None:
    logarithmic(axes, "x")
    logarithmic(axes, "y")
    axes.set_xlabel(x)
    axes.set_ylabel(y)


@dataclass(frozen=True)
class Search:
    """Trainings: how many, of how many steps of how many seconds, and the price of an hour; `is_planned`: of the study,
    else of the paper."""

    name: str
    trials: int
    steps: int
    seconds: float
    price: float
    is_planned: bool

    @property
    def hours(self) -> float:
        return self.trials * self.steps * self.seconds / 3600


def searches(given: Sequence[Search]) -> Figure:
    """Hours against trainings and steps, dollars against the price of an hour."""
    figure = drawing(3.0)
    panels: Any = figure.subplots(1, 3)
    of: tuple[tuple[str, Callable[[Search], float]], ...] = (
        ("trainings", lambda s: s.trials),
        ("gradient steps of a training", lambda s: s.steps),
    )
    for axes, (label, x) in zip(panels, of, strict=False):
        _each(axes, given, x, lambda s: s.hours)
        _logarithmic(axes, label, "hours")
    # Where nothing has a price, three dollars an hour stand for it, as in the paper.
    priced = [
        Search(s.name, s.trials, s.steps, s.seconds, s.price if s.price > 0 else 3.0, s.is_planned) for s in given
    ]
    _each(panels[2], priced, lambda s: s.price, lambda s: s.hours * s.price)
    _logarithmic(panels[2], "price of an hour (USD)", "USD")
    legend(figure, *panels[0].get_legend_handles_labels())
    for letter, axes in zip("abc", panels, strict=True):
        axes.set_title(letter, loc="left", fontweight="bold")
    return figure


def _each(axes: Axes, given: Sequence[Search], x: Callable[[Search], float], y: Callable[[Search], float]) -> None:
    planned = [s for s in given if s.is_planned]
    for i, search in enumerate(planned):
        _rising(axes, x(search), y(search), search.name, i)
    for shade, search in zip(GREY, [s for s in given if not s.is_planned], strict=False):
        # On top: the plan's own line may be the same.
        axes.plot(x(search) * SPAN, y(search) * SPAN, color=shade, lw=0.8, ls="--", label=search.name, zorder=3)
