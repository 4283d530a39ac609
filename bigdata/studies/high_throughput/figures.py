"""Figures of a high-throughput study from plain numbers."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from numpy.typing import NDArray

from bigdata.kind.drawing import COLOURS, drawing
from bigdata.kind.legend import legend, stroke
from bigdata.kind.logarithmic import logarithmic
from bigdata.kind.names import cut, named_ticks

Floats = NDArray[np.float64]
# Points of more structures than these are one grey patch.
MOST_POINTS = 2_000
# Letters of a structure's name over its panel.
MOST_LETTERS = 100
# Inches between rows, as long as the page has room for all of them.
ROW, TALLEST = 0.22, 9.0


def by_setting(names: Sequence[str], away: Floats, gap: Floats, finest: Sequence[int]) -> Figure:
    """`away` (S, P) meV/atom and `gap` (S, P) eV over P settings; those that are their own `finest` have no `away`."""
    figure = drawing(_height(names))
    panels: Any = figure.subplots(1, 2, sharey=True)
    is_own = np.array([place == p for p, place in enumerate(finest)])
    _strips(panels[0], names, np.where(is_own | (away == 0), np.nan, away))
    logarithmic(panels[0], "x")
    panels[0].set_xlabel("|energy difference| (meV/atom)")
    _strips(panels[1], names, gap)
    panels[1].set_xlabel("band gap (eV)")
    return _lettered(figure, panels)


def efforts(names: Sequence[str], seconds: Floats, megabytes: Floats) -> Figure:
    """Seconds and MB (S, P) over P settings."""
    figure = drawing(_height(names))
    panels: Any = figure.subplots(1, 2, sharey=True)
    for axes, values, label in zip(panels, (seconds, megabytes), ("time (s)", "files on the node (MB)"), strict=True):
        _strips(axes, names, values)
        logarithmic(axes, "x")
        axes.set_xlabel(label)
    return _lettered(figure, panels)


def _height(names: Sequence[str]) -> float:
    return min(TALLEST, 1.0 + ROW * len(names))


def _lettered(figure: Figure, panels: Sequence[Axes]) -> Figure:
    for letter, axes in zip("ab", panels, strict=True):
        axes.set_title(letter, loc="left", fontweight="bold")
    return figure


def _strips(axes: Axes, names: Sequence[str], values: Floats) -> None:
    """A row of points for each setting, the first one on top, and a bar at their median."""
    tall = min(12.0, 72 * TALLEST / max(1, len(names)))
    for p, column in enumerate(values.T):
        known = column[np.isfinite(column)]
        # Evenly thinned, where there are many.
        some = np.sort(known)[:: max(1, len(known) // MOST_POINTS)]
        axes.plot(some, np.full(len(some), p), "o", ms=3, mew=0, alpha=0.6, color=COLOURS[0])
        if len(known):
            axes.plot([np.median(known)], [p], "|", ms=tall, mew=1.6, color=COLOURS[1])
    named_ticks(axes, "y", names)
    axes.set_ylim(len(names) - 0.5, -0.5)


def spectra(energies: Floats, of: Mapping[str, Floats], names: Sequence[str]) -> Figure:
    """The densities of states (P, n) of each structure at `energies` (n,) eV, a colour for each of P settings."""
    figure = drawing(0.6 + 1.4 * max(1, len(of)))
    panels: Any = figure.subplots(max(1, len(of)), 1, sharex=True, squeeze=False)[:, 0]
    for axes, (structure, curves) in zip(panels, of.items(), strict=False):
        for p, curve in enumerate(curves):
            axes.plot(energies, curve, lw=0.8, **stroke(p))
        axes.axvline(0, color="0.6", lw=0.6)
        cut(axes.set_title("", loc="left"), structure, MOST_LETTERS)
        axes.set_ylim(bottom=0)
    panels[-1].set_xlabel("energy from the Fermi energy (eV)")
    figure.supylabel("states/eV of the cell", fontsize=panels[0].xaxis.label.get_size())
    if of:
        legend(figure, panels[0].lines[: len(names)], names)
    return figure
