"""Figures of a cost study from plain numbers."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from bigdata.kind.drawing import COLOURS, MARKERS, drawing
from bigdata.kind.logarithmic import powers

# How far lines go below and above the plan's own number.
SPAN = np.geomspace(1e-2, 1e1, 50)
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
            _rising(axes, line.structures, value, line.name, COLOURS[i % len(COLOURS)], MARKERS[i % len(MARKERS)])
        if limit is not None:
            axes.axhline(limit, color="0.3", lw=0.9, ls="--")
            axes.annotate("limit", (0.02, limit), xycoords=("axes fraction", "data"), va="bottom", fontsize=7)
        _logarithmic(axes, "structures", label)
    panels[0].legend(loc="upper left")
    return figure


def _rising(axes: Axes, x: float, y: float, name: str, colour: str, marker: str | None) -> None:
    axes.plot(x * SPAN, y * SPAN, color=colour, label=name)
    if marker is not None:
        axes.plot([x], [y], marker, color=colour, ms=5)


def _logarithmic(axes: Axes, x: str, y: str) -> None:
    powers(axes, "x")
    powers(axes, "y")
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
    panels[0].legend(loc="upper left")
    for letter, axes in zip("abc", panels, strict=True):
        axes.set_title(letter, loc="left", fontweight="bold")
    return figure


def _each(axes: Axes, given: Sequence[Search], x: Callable[[Search], float], y: Callable[[Search], float]) -> None:
    planned = [s for s in given if s.is_planned]
    for i, search in enumerate(planned):
        _rising(axes, x(search), y(search), search.name, COLOURS[i % len(COLOURS)], MARKERS[i % len(MARKERS)])
    for shade, search in zip(GREY, [s for s in given if not s.is_planned], strict=False):
        axes.plot(x(search) * SPAN, y(search) * SPAN, color=shade, lw=0.8, ls="--", label=search.name)
