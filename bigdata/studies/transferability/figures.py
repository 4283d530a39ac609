"""Figures of a transferability study from plain arrays: Fig. 1 of the paper, how trainings went, where errors are."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np
from matplotlib.cm import ScalarMappable
from matplotlib.colors import LogNorm, Normalize
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle
from matplotlib.patheffects import withStroke
from matplotlib.ticker import FuncFormatter, LogLocator, NullFormatter
from numpy.typing import NDArray

from bigdata.data.materials.elements import SYMBOLS
from bigdata.kind.drawing import COLOURS, MARKERS, WIDTH, drawing
from bigdata.studies.transferability.ladder import PowerLaw

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

# Panels that a page can hold, down and across.
MOST_DOWN, MOST_ACROSS = 6, 4
# Lines that can be told apart in one panel.
MOST_LINES = 12
# Characters of a name beside a panel.
LONGEST_NAME = 18
# Atomic numbers at which periods begin.
_FIRST = (1, 3, 11, 19, 37, 55, 87, 119)


class Points(NamedTuple):
    """Targets and predictions (n,) of one model on the test part of one dataset, NaN where there is none, and their
    MAE."""

    target: Floats
    prediction: Floats
    mae: float


def parity(
    points: Mapping[tuple[str, str], Points], trained_on: Sequence[str], tested_on: Sequence[str], label: str, unit: str
) -> Figure:
    """Fig. 1: predictions against targets, a row for each model and a column for each dataset; `label` names the target
    without, and `unit` the unit of it. Axes are common to all panels; predictions beyond them are counted there."""
    rows, columns = trained_on[:MOST_DOWN], tested_on[:MOST_ACROSS]
    side = min(2.2, (WIDTH - 1.0) / len(columns))
    figure = drawing(side * len(rows) + 0.6, side * len(columns) + 1.2)
    panels: Any = figure.subplots(len(rows), len(columns), sharex=True, sharey=True, squeeze=False)
    shown = {pair: found for pair, found in points.items() if pair[0] in rows and pair[1] in columns}
    ends = _ends(shown)
    norm = LogNorm(1, max(2, max((len(p.target) for p in shown.values()), default=2) / 50))
    image = None
    for (i, j), axes in np.ndenumerate(panels):
        image = _panel(axes, shown[rows[i], columns[j]], ends, norm) or image
        if i == 0:
            axes.set_title(f"tested on\n{_shortened(columns[j])}")
        if j == 0:
            axes.set_ylabel(f"trained on\n{_shortened(rows[i])}")
    if image is not None:
        bar = figure.colorbar(image, ax=panels, label="entries", shrink=0.6, extend="max")
        _plain_ticks(bar.ax.yaxis)
    size = panels[0, 0].xaxis.label.get_size()
    figure.supxlabel(_with_unit(label, unit), fontsize=size)
    figure.supylabel(f"predicted {_with_unit(label, unit)}", fontsize=size)
    return figure


def _ends(points: Mapping[tuple[str, str], Points]) -> tuple[float, float]:
    """Of the targets alone: one prediction far off would shrink all others."""
    targets = np.concatenate([_both(p)[0] for p in points.values()])
    low, high = (targets.min(), targets.max()) if targets.size else (0.0, 1.0)
    margin = 0.05 * (high - low) or 0.5
    return float(low - margin), float(high + margin)


def _both(points: Points) -> tuple[Floats, Floats]:
    known = np.isfinite(points.target) & np.isfinite(points.prediction)
    return points.target[known], points.prediction[known]


def _panel(axes: Any, points: Points, ends: tuple[float, float], norm: LogNorm) -> Any:
    target, prediction = _both(points)
    axes.set(xlim=ends, ylim=ends, aspect="equal")
    if not target.size:
        axes.text(0.5, 0.5, "no predictions", transform=axes.transAxes, ha="center", va="center")
        return None
    image = axes.hexbin(
        target, prediction, gridsize=45, extent=(*ends, *ends), mincnt=1, cmap="viridis", norm=norm, lw=0
    )
    axes.plot(ends, ends, color="0.3", lw=0.7)
    n_beyond = int(((prediction < ends[0]) | (prediction > ends[1])).sum())
    words = f"MAE {points.mae:.3g}\nn = {len(target):,}" + (f"\n{n_beyond:,} not shown" if n_beyond else "")
    axes.text(0.04, 0.96, words, transform=axes.transAxes, va="top", fontsize=7)
    return image


def _shortened(name: str) -> str:
    return name if len(name) <= LONGEST_NAME else f"{name[: LONGEST_NAME - 1]}…"


def curves(steps: Floats, mae: Mapping[str, Floats], unit: str) -> Figure:
    """Validation MAE of each training over its steps (k,), NaN after an early stop, where a ring marks the least."""
    figure = drawing(3.0, 5.2)
    axes = figure.subplots()
    shown = dict(list(mae.items())[:MOST_LINES])
    for i, (name, values) in enumerate(shown.items()):
        colour = COLOURS[i % len(COLOURS)]
        dashes = "-" if i < len(COLOURS) else "--"
        axes.plot(steps, values, color=colour, ls=dashes, label=name)
        if np.isfinite(values).any():
            best = int(np.nanargmin(values))
            axes.plot(steps[best], values[best], "o", color=colour, mfc="none", ms=5)
    axes.set(xlabel="training steps", ylabel=_with_unit("validation MAE", unit), yscale="log")
    _plain_ticks(axes.yaxis)
    axes.xaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:,.0f}"))
    axes.legend(ncols=2 if len(shown) > 6 else 1)
    if len(mae) > len(shown):
        axes.set_title(f"the first {len(shown)} of {len(mae)} trainings", loc="left")
    return figure


class Rungs(NamedTuple):
    """A model's ladder on one dataset: `n` (F,) training rows, `mae` (F,), the law through them, and whether the model
    was trained on that dataset."""

    n: Ints
    mae: Floats
    law: PowerLaw
    own: bool


def ladder(rungs: Mapping[str, Mapping[str, Rungs]], unit: str) -> Figure:
    """Errors over training rows, both logarithmic: a panel for each model (first key), a line for each dataset that it
    is tested on (second key), solid on its own; with the exponent b of MAE ∝ n^(−b) and its interval."""
    shown = dict(list(rungs.items())[:MOST_ACROSS])
    figure = drawing(2.9, min(WIDTH, 0.7 + 2.6 * len(shown)))
    panels: Any = figure.subplots(1, len(shown), sharey=True, squeeze=False)[0]
    for axes, (model, tested) in zip(panels, shown.items(), strict=True):
        for i, (dataset, rung) in enumerate(tested.items()):
            _line(axes, rung, f"on {_shortened(dataset)}{_exponent(rung.law)}", i)
        axes.set(xscale="log", yscale="log", xlabel="training rows")
        axes.set_title(f"trained on {_shortened(model)}", loc="left")
        _plain_ticks(axes.yaxis)
        _plain_ticks(axes.xaxis)
        # Below the panel: lines that fall leave no corner free on both sides.
        axes.legend(loc="upper center", bbox_to_anchor=(0.5, -0.2))
    panels[0].set_ylabel(_with_unit("test MAE", unit))
    return figure


def _line(axes: Any, rung: Rungs, label: str, i: int) -> None:
    looks: Any = {"color": COLOURS[i % len(COLOURS)], "ls": "-" if rung.own else "--", "ms": 4}
    marker = MARKERS[i % len(MARKERS)]
    axes.plot(rung.n, rung.mae, marker, **(looks | {"ls": ""}))
    known = rung.n[(rung.n > 0) & np.isfinite(rung.mae)].astype(np.float64)
    span = np.geomspace(known.min(), known.max(), 30) if known.size else known
    axes.plot(span, rung.law.at(span), **looks)
    axes.plot([], [], marker=marker, label=label, **looks)


def _exponent(law: PowerLaw) -> str:
    if not np.isfinite(law.exponent):
        return ""
    interval = f" ({law.low:z.2f} … {law.high:z.2f})" if np.isfinite(law.low) else ""
    return f": b = {law.exponent:z.2f}{interval}".replace("-", "−")


def periodic_table(mae: Floats, n: Ints, unit: str) -> Figure:
    """Each element in the colour of the `mae` (118,) over entries that contain it, with the value and the number of
    entries `n` (118,); grey where there are none."""
    figure = drawing(4.3)
    axes = figure.subplots()
    known = mae[np.isfinite(mae)]
    # Elements of few entries have the largest errors: the scale ends where one in twenty is beyond it.
    scale = ScalarMappable(Normalize(0, float(np.percentile(known, 95)) if known.any() else 1.0), "YlOrRd")
    for z in range(1, len(SYMBOLS)):
        _square(axes, z, float(mae[z - 1]), int(n[z - 1]), scale)
    axes.set(xlim=(0.4, 18.6), ylim=(9.9, 0.4), aspect="equal")
    axes.set_axis_off()
    label = _with_unit("MAE of entries that contain the element", unit)
    figure.colorbar(scale, ax=axes, label=label, extend="max", location="bottom", shrink=0.5, aspect=35, pad=0.02)
    return figure


def _square(axes: Any, z: int, mae: float, n: int, scale: ScalarMappable) -> None:
    column, row = place(z)
    colour: Any = scale.to_rgba(mae) if n else "0.93"  # type: ignore[arg-type]
    axes.add_patch(Rectangle((column - 0.48, row - 0.48), 0.96, 0.96, facecolor=colour, edgecolor="none"))
    ink = ("white" if _is_dark(colour) else "black") if n else "0.6"
    axes.text(column, row - 0.2, SYMBOLS[z], ha="center", va="center", fontsize=7, color=ink)
    if n:
        axes.text(column, row + 0.1, f"{mae:.2g}", ha="center", va="center", fontsize=4.5, color=ink)
        axes.text(column, row + 0.34, f"{n:,}", ha="center", va="center", fontsize=4, color=ink)


def _is_dark(colour: Sequence[float]) -> bool:
    red, green, blue = colour[:3]
    return 0.299 * red + 0.587 * green + 0.114 * blue < 0.5


def place(z: int) -> tuple[float, float]:
    """Column and row of element z in the periodic table of 18 columns, the lanthanides and actinides (15 each) below
    the others."""
    period = int(np.searchsorted(_FIRST, z, side="right"))
    nth, length = z - _FIRST[period - 1], _FIRST[period] - _FIRST[period - 1]
    if nth == 0 or (nth == 1 and length > 2):
        return nth + 1, period
    if length == 32 and nth < 17:
        return nth + 1, period + 2.4
    return nth + 19 - length, period


def loss_parts(
    pairs: Sequence[str], parts: Mapping[str, Floats], difference: Floats, difference_refit: Floats, unit: str
) -> Figure:
    """What a failed transfer is made of: for each of K pairs such as "mp → aflow", a bar (K,) for each of `parts` (as
    predicted, without offset, refitted, fine-tuned), NaN where it wasn't done; as lines, by how much the labels of the
    two databases differ (K,), as they are and after a fit by elements."""
    figure = drawing(3.1, min(WIDTH, 1.8 + 1.3 * len(pairs)))
    axes = figure.subplots()
    width = 0.8 / max(1, len(parts))
    for i, (name, values) in enumerate(parts.items()):
        x = np.arange(len(pairs)) + (i + 0.5) * width - 0.4
        bars = axes.bar(x, values, 0.94 * width, color=COLOURS[i % len(COLOURS)], label=name)
        words = [f"{value:.3g}" if np.isfinite(value) else "" for value in values]
        outline = [withStroke(linewidth=1.5, foreground="white")]
        axes.bar_label(bars, words, fontsize=6, padding=1, zorder=4, path_effects=outline)
    for values, dashes, label in ((difference, "-", "labels differ by"), (difference_refit, ":", "… after a refit")):
        places = np.arange(len(pairs))
        axes.hlines(values, places - 0.45, places + 0.45, color="black", ls=dashes, lw=1.2, label=label)
    axes.set_xticks(range(len(pairs)), pairs)
    axes.set_ylabel(_with_unit("test MAE", unit))
    axes.margins(y=0.1)
    axes.legend(loc="upper left", bbox_to_anchor=(1.0, 1.0))
    return figure


def _plain_ticks(axis: Any) -> None:
    """0.05 rather than 5 × 10⁻², also between decades, of which an error seldom spans one."""
    axis.set_major_locator(LogLocator(subs=(1.0, 2.0, 5.0)))
    axis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:,.9g}"))
    axis.set_minor_formatter(NullFormatter())


def _with_unit(label: str, unit: str) -> str:
    return f"{label} ({unit})" if unit else label
