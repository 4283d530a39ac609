"""Figures of a high-throughput study from plain numbers."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from numpy.typing import NDArray

from bigdata.kind.drawing import COLOURS, drawing
from bigdata.kind.logarithmic import logarithmic

Floats = NDArray[np.float64]
# Points of more structures than these are one grey patch.
MOST_POINTS = 2_000
# Settings that a legend has room for.
MOST_NAMED, LEGEND_COLUMNS = 24, 4


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
    return min(9.0, 1.0 + 0.22 * len(names))


def _lettered(figure: Figure, panels: Sequence[Axes]) -> Figure:
    for letter, axes in zip("ab", panels, strict=True):
        axes.set_title(letter, loc="left", fontweight="bold")
    return figure


def _strips(axes: Axes, names: Sequence[str], values: Floats) -> None:
    """A row of points for each setting, the first one on top, and a bar at their median."""
    for p, column in enumerate(values.T):
        known = column[np.isfinite(column)]
        # Evenly thinned, where there are many.
        some = np.sort(known)[:: max(1, len(known) // MOST_POINTS)]
        axes.plot(some, np.full(len(some), p), "o", ms=3, mew=0, alpha=0.6, color=COLOURS[0])
        if len(known):
            axes.plot([np.median(known)], [p], "|", ms=12, mew=1.6, color=COLOURS[1])
    axes.set_yticks(range(len(names)), list(names))
    axes.set_ylim(len(names) - 0.5, -0.5)


def spectra(energies: Floats, of: Mapping[str, Floats], names: Sequence[str]) -> Figure:
    """The densities of states (P, n) of each structure at `energies` (n,) eV, a colour for each of P settings."""
    figure = drawing(0.6 + 1.4 * max(1, len(of)) + 0.15 * len(names) / LEGEND_COLUMNS)
    panels: Any = figure.subplots(max(1, len(of)), 1, sharex=True, squeeze=False)[:, 0]
    for axes, (structure, curves) in zip(panels, of.items(), strict=False):
        for p, curve in enumerate(curves):
            colour, style = COLOURS[p % len(COLOURS)], ("-", "--", ":", "-.")[p // len(COLOURS) % 4]
            axes.plot(energies, curve, style, color=colour, lw=0.8, label=names[p])
        axes.axvline(0, color="0.6", lw=0.6)
        axes.set_title(structure, loc="left")
        axes.set_ylim(bottom=0)
    panels[-1].set_xlabel("energy from the Fermi energy (eV)")
    figure.supylabel("states/eV of the cell", fontsize=panels[0].xaxis.label.get_size())
    if of and len(names) <= MOST_NAMED:
        lines, labels = panels[0].get_legend_handles_labels()
        figure.legend(lines, labels, loc="outside upper center", ncols=LEGEND_COLUMNS)
    return figure
