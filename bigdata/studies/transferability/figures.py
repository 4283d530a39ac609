"""Figures of a transferability study from plain arrays: predictions against targets (Fig. 1 of the paper, doi
10.1039/d4fd00102h), where losses come from, how training went, what more data bring, and errors by element."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
from matplotlib.axes import Axes
from matplotlib.cm import ScalarMappable
from matplotlib.colors import LogNorm
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.ticker import FuncFormatter, MaxNLocator, NullFormatter
from matplotlib.transforms import ScaledTranslation
from numpy.typing import NDArray

from bigdata.kind.drawing import COLOURS, WIDTH, drawing
from bigdata.kind.far import near
from bigdata.kind.legend import colour, legend
from bigdata.kind.logarithmic import logarithmic, plain
from bigdata.kind.names import cut, shortened
from bigdata.studies.materials.error_units import ErrorUnit, error_unit
from bigdata.studies.transferability.periodic_table import N_COLUMNS, N_ROWS, periodic_table

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

OWN = "#eef4fb"
"""Behind panels of a model on the dataset that it was trained on."""
# Predictions further from all targets than this share of the targets' range would squeeze the rest into a corner.
MOST_BEYOND = 0.5
# Inches of all rows of squares together.
TALLEST = 6.6
# Letters of a title, which are cut rather than smaller than SMALLEST points.
MOST_TITLE, MOST_DATASET, SMALLEST = 60, 18, 5.0
PARITY_COLOURS, ERROR_COLOURS = "viridis", "YlOrRd"


class Pair(NamedTuple):
    """Targets and predictions (n,) of a test part, NaN where there is none."""

    target: Floats
    prediction: Floats

    @property
    def known(self) -> Pair:
        """Those that have both."""
        both = np.isfinite(self.target) & np.isfinite(self.prediction)
        return Pair(self.target[both], self.prediction[both])


class Estimate(NamedTuple):
    """A value with its 95 % interval, all NaN where there is none."""

    value: float
    low: float
    high: float


@dataclass(frozen=True)
class Loss:
    """Errors of a model on a dataset that it wasn't trained on, by what was taken away, and what they compare with.

    `own` is the MAE on the test part of what it was trained on; `label_difference` and `label_difference_refit` say how
    far the two datasets' own targets differ. NaN where there is none.
    """

    title: str
    errors: Mapping[str, Estimate]
    own: float = np.nan
    label_difference: float = np.nan
    label_difference_refit: float = np.nan

    @property
    def lines(self) -> tuple[float, float, float]:
        return self.own, self.label_difference, self.label_difference_refit


LINES = (
    ("MAE on the test part of what it was trained on", "-", COLOURS[2]),
    ("difference of the labels", "--", COLOURS[1]),
    ("the same, references refitted", ":", COLOURS[1]),
)


@dataclass(frozen=True)
class Curve:
    """One training of a model: validation MAE and training loss (E,) at each look, NaN once it had stopped."""

    model: str
    mae: Floats
    loss: Floats


@dataclass(frozen=True)
class Rungs:
    """MAE (F,) of a model on a dataset, and MAE = amplitude · n^−exponent fitted to it, NaN where nothing was."""

    dataset: str
    is_own: bool
    mae: Floats
    exponent: Estimate
    amplitude: float


@dataclass(frozen=True)
class ByElement:
    """MAE (118,) of the `n` (118,) test entries that contain an element, hydrogen first; NaN where none does."""

    title: str
    mae: Floats
    n: Ints


def parity(pairs: Mapping[tuple[str, str], Pair], own: Collection[tuple[str, str]], quantity: str, unit: str) -> Figure:
    """Fig. 1: how many test entries have which target and prediction; a row for each model, a column for each dataset.

    `pairs` by the labels of row and column, row by row; those in `own` are set off. All values are in `unit`.
    """
    rows, columns = (list(dict.fromkeys(labels)) for labels in zip(*pairs, strict=True))
    side = min(2.6, (WIDTH - 1.7) / len(columns) - 0.12, TALLEST / len(rows))
    figure = drawing(0.9 + (side + 0.25) * len(rows), 1.7 + (side + 0.12) * len(columns))
    # Squares leave room on both sides, which this layout takes away.
    figure.set_layout_engine("compressed")
    panels = figure.subplots(len(rows), len(columns), sharex=True, sharey=True, squeeze=False)
    heads: Any = {"weight": "bold", "size": _fitting([*rows, *columns], side, 8)}
    limits = _limits([pair.known for pair in pairs.values()])
    for (row, column), pair in pairs.items():
        axes = panels[rows.index(row), columns.index(column)]
        axes.set_facecolor(OWN if (row, column) in own else "white")
        _against(axes, pair.known, limits, unit, n_hexagons=int(18 * side))
    for axes, column in zip(panels[0], columns, strict=True):
        cut(axes.annotate("", (0.5, 1), (0, 17), "axes fraction", "offset points", ha="center", **heads), column)
    for axes, row in zip(panels[:, 0], rows, strict=True):
        cut(axes.set_ylabel("", **heads), row)
    _colour_counts(figure, panels)
    named = _with_unit(quantity, unit)
    figure.supxlabel(f"target: {named}", fontsize=8)
    figure.supylabel(f"prediction: {named}", fontsize=8)
    return figure


def _limits(pairs: Sequence[Pair]) -> tuple[float, float]:
    """The same for all panels and both axes: all targets, and predictions that aren't far beyond them."""
    targets, predictions = (np.concatenate(values) for values in zip(*pairs, strict=True))
    if not targets.size:
        return 0.0, 1.0
    low, high = near(targets)
    beyond = MOST_BEYOND * (high - low or 1.0)
    low, high = min(low, max(predictions.min(), low - beyond)), max(high, min(predictions.max(), high + beyond))
    margin = 0.03 * (high - low or 1.0)
    return low - margin, high + margin


def _against(axes: Axes, pair: Pair, limits: tuple[float, float], unit: str, n_hexagons: int) -> None:
    axes.set(xlim=limits, ylim=limits, aspect="equal")
    if not pair.target.size:
        axes.text(0.5, 0.5, "no predictions", transform=axes.transAxes, ha="center", va="center", color="0.4")
        return
    axes.axline((limits[0], limits[0]), slope=1, color="0.35", lw=0.6, zorder=3)
    # Hexbin widens its hexagons for points beyond the extent: these are left out, and counted.
    inside = np.all([(limits[0] <= values) & (values <= limits[1]) for values in pair], axis=0)
    axes.hexbin(
        pair.target[inside],
        pair.prediction[inside],
        gridsize=(n_hexagons, int(n_hexagons / 3**0.5)),
        extent=(*limits, *limits),
        mincnt=1,
        linewidths=0.1,
        cmap=PARITY_COLOURS,
    )
    mae = float(np.abs(pair.prediction - pair.target).mean())
    axes.set_title(f"MAE {error_unit(unit, mae).said(mae)}", loc="left", fontsize=7.5)
    n_beyond = int((~inside).sum())
    said = f"{len(inside):,} entries" + (f",\n{n_beyond:,} beyond" if n_beyond else "")
    axes.text(0.97, 0.03, said, transform=axes.transAxes, ha="right", fontsize=6, color="0.35")


def _colour_counts(figure: Figure, panels: Any) -> None:
    """One logarithmic scale of colours for the hexagons of all panels."""
    hexagons = [collection for axes in panels.flat for collection in axes.collections]
    most = max((float(one.get_array().max()) for one in hexagons if one.get_array().size), default=1.0)
    norm = LogNorm(1, max(10.0, most))
    for one in hexagons:
        one.set_norm(norm)
    bar = figure.colorbar(ScalarMappable(norm, PARITY_COLOURS), ax=panels, shrink=0.6, aspect=30, label="test entries")
    bar.ax.yaxis.set_major_formatter(FuncFormatter(plain))
    bar.ax.yaxis.set_minor_formatter(NullFormatter())


def loss_parts(losses: Sequence[Loss], unit: str) -> Figure:
    """For each model elsewhere: bars of its MAE, raw and with causes taken away, with their intervals as whiskers."""
    names = list(dict.fromkeys(name for loss in losses for name in loss.errors))
    scale = error_unit(unit, [e.value for loss in losses for e in loss.errors.values()])
    n_columns = min(2, len(losses))
    n_rows = -(-len(losses) // n_columns)
    n_lines = 1 if n_columns > 1 else len(LINES)
    figure = drawing(0.3 + 0.2 * n_lines + n_rows * (0.55 + 0.2 * len(names)), WIDTH if n_columns > 1 else 4.6)
    panels = figure.subplots(n_rows, n_columns, sharey=True, squeeze=False).ravel()
    size = _fitting([loss.title for loss in losses], 2.75, 8.5)
    for axes, loss in zip(panels, losses, strict=False):
        _bars(axes, loss, names, scale)
        cut(axes.set_title("", loc="left", size=size), loss.title, MOST_TITLE)
    for axes in panels[len(losses) :]:
        axes.set_axis_off()
    for axes in panels[max(0, len(losses) - n_columns) : len(losses)]:
        axes.set_xlabel(scale.label)
    panels[0].set_yticks(range(len(names)), names)
    panels[0].set_ylim(len(names) - 0.45, -0.55)
    _explain_lines(figure, losses, n_lines)
    return figure


def _bars(axes: Axes, loss: Loss, names: Sequence[str], scale: ErrorUnit) -> None:
    for i, name in enumerate(names):
        value, low, high = loss.errors.get(name, Estimate(np.nan, np.nan, np.nan))
        if np.isfinite(value):
            axes.barh(i, value * scale.factor, height=0.66, color=COLOURS[0], alpha=0.75 if i else 1.0)
        # Not as a bar's own error bar: an interval of draws need not hold the value, and those refuse it.
        if np.isfinite(low) and np.isfinite(high):
            axes.plot([low * scale.factor, high * scale.factor], [i, i], color="0.15", lw=0.9, marker="|", ms=4)
        said = scale.number(value) if np.isfinite(value) else "–"
        axes.annotate(said, (1, i), (4, 0), ("axes fraction", "data"), "offset points", va="center", fontsize=7)
    for value, (_, style, own) in zip(loss.lines, LINES, strict=True):
        if np.isfinite(value):
            axes.axvline(value * scale.factor, ls=style, color=own, lw=1.3)
    axes.set_xlim(0, None)


def _explain_lines(figure: Figure, losses: Sequence[Loss], n_lines: int) -> None:
    """A legend below all panels, in so many lines of text, of the lines that any of them has."""
    handles = [
        Line2D([], [], ls=style, color=own, lw=1.3, label=label)
        for i, (label, style, own) in enumerate(LINES)
        if any(np.isfinite(loss.lines[i]) for loss in losses)
    ]
    if handles:
        figure.legend(handles=handles, loc="outside lower center", ncols=len(handles) if n_lines == 1 else 1)


def curves(steps: Ints, trainings: Sequence[Curve], unit: str) -> Figure:
    """Validation MAE and training loss against gradient `steps` (E,), a line for each training, coloured by model."""
    names = list(dict.fromkeys(one.model for one in trainings))
    colour_of = {name: colour(place) for place, name in enumerate(names)}
    scale = error_unit(unit, *(one.mae for one in trainings))
    figure = drawing(2.9)
    left, right = figure.subplots(1, 2)
    for one in trainings:
        own = colour_of[one.model]
        _descent(left, steps, one.mae * scale.factor, own)
        _descent(right, steps, one.loss, own)
        if np.isfinite(one.mae).any():
            best = int(np.nanargmin(one.mae))
            left.plot(steps[best], one.mae[best] * scale.factor, "o", color=own, ms=3.5)
    for axes, label in ((left, f"validation {scale.label}"), (right, "training loss, standardised")):
        axes.set_ylabel(label)
        axes.set_xlabel("gradient steps")
        axes.xaxis.set_major_locator(MaxNLocator(5, integer=True))
        axes.xaxis.set_major_formatter(FuncFormatter(plain))
        logarithmic(axes, "y")
    legend(figure, [Line2D([], [], color=own, label=name) for name, own in colour_of.items()], title="trained on")
    return figure


def _descent(axes: Axes, steps: Ints, values: Floats, own: str) -> None:
    known = np.isfinite(values) & (values > 0)
    # A single look is no line.
    axes.plot(steps[known], values[known], color=own, lw=0.8, marker="." if known.sum() == 1 else "")


def ladder(models: Mapping[str, tuple[Floats, Sequence[Rungs]]], unit: str) -> Figure:
    """MAE of each dataset's test part against the number of training entries (F,); a panel for each model."""
    every = [rungs for _, lines in models.values() for rungs in lines]
    names = list(dict.fromkeys(rungs.dataset for rungs in every))
    colour_of = {name: colour(place) for place, name in enumerate(names)}
    scale = error_unit(unit, *(rungs.mae for rungs in every))
    n_columns = min(3, len(models))
    n_rows = -(-len(models) // n_columns)
    figure = drawing(n_rows * (2.5 + 0.15 * (len(names) + 1)), min(WIDTH, 0.6 + 2.9 * n_columns))
    panels = figure.subplots(n_rows, n_columns, sharey=True, squeeze=False).ravel()
    size, size_of_labels = _fitting(models, 2.0, 8.5), _fitting(map(_said, every), 1.9, 7)
    for axes, (model, (n, lines)) in zip(panels, models.items(), strict=False):
        for rungs in lines:
            _climb(axes, n, rungs, scale, colour_of[rungs.dataset])
        cut(axes.set_title("", loc="left", size=size), model)
        logarithmic(axes, "x")
        axes.set_xlabel("training entries")
        _legend_below(figure, axes, lines, size_of_labels)
    for axes in panels[len(models) :]:
        axes.set_axis_off()
    for axes in panels[::n_columns]:
        axes.set_ylabel(scale.label)
    # Common to all panels, so once all of them have their points.
    logarithmic(panels[0], "y")
    return figure


def _climb(axes: Axes, n: Floats, rungs: Rungs, scale: ErrorUnit, own: str) -> None:
    known = np.isfinite(rungs.mae) & (rungs.mae > 0) & (n > 0)
    face = own if rungs.is_own else "white"
    points: Any = {"color": own, "marker": "o", "ms": 4, "mfc": face, "ls": "none", "label": _said(rungs)}
    axes.plot(n[known], rungs.mae[known] * scale.factor, **points)
    if known.any() and np.isfinite([rungs.exponent.value, rungs.amplitude]).all():
        ends = np.array([n[known].min(), n[known].max()])
        fitted = rungs.amplitude * ends**-rungs.exponent.value
        axes.plot(ends, fitted * scale.factor, color=own, ls="-" if rungs.is_own else "--", lw=0.9, zorder=1)


def _legend_below(figure: Figure, axes: Axes, lines: Sequence[Rungs], size: float) -> None:
    """Points may be anywhere in a panel, so what they are stands below the name of its axis."""
    below = axes.transAxes + ScaledTranslation(0, -0.38, figure.dpi_scale_trans)
    placed: Any = {"loc": "upper center", "bbox_to_anchor": (0.5, 0), "bbox_transform": below, "borderaxespad": 0}
    is_fitted = any(np.isfinite(rungs.exponent.value) for rungs in lines)
    title = "tested on: exponent" if is_fitted else "tested on"
    below_it = axes.legend(title=title, title_fontsize=size, fontsize=size, handletextpad=0.2, **placed)
    for text, rungs in zip(below_it.get_texts(), lines, strict=True):
        cut(text, rungs.dataset, MOST_DATASET, _exponent(rungs))


def _said(rungs: Rungs) -> str:
    """`mp: 0.31 (0.28 to 0.34)`; the dataset alone where nothing was fitted."""
    return shortened(rungs.dataset, MOST_DATASET) + _exponent(rungs)


def _exponent(rungs: Rungs) -> str:
    value, low, high = rungs.exponent
    if not np.isfinite(value):
        return ""
    interval = f" ({low:.2f} to {high:.2f})" if np.isfinite(low) and np.isfinite(high) else ""
    return f": {value:.2f}{interval}".replace("-", "−")


def elements(panels: Sequence[ByElement], unit: str) -> Figure:
    """Periodic tables of the MAE of test entries that contain an element, on one scale of colours."""
    scale = error_unit(unit, *(panel.mae for panel in panels))
    known = np.concatenate([panel.mae[np.isfinite(panel.mae) & (panel.mae > 0)] for panel in panels]) * scale.factor
    # Errors of exactly zero get the colour of the least of the others.
    norm = LogNorm(*_span(known), clip=True)
    n_columns = 1 if len(panels) <= 2 else 2
    n_rows = -(-len(panels) // n_columns)
    tall = N_ROWS * (WIDTH - 0.9) / n_columns / N_COLUMNS
    figure = drawing(n_rows * (tall + 0.25))
    figure.set_layout_engine("compressed")
    drawn = figure.subplots(n_rows, n_columns, squeeze=False).ravel()
    size = _fitting([panel.title for panel in panels], (WIDTH - 1.0) / n_columns, 8.5)
    for axes, panel in zip(drawn, panels, strict=False):
        periodic_table(axes, panel.mae * scale.factor, panel.n, norm, ERROR_COLOURS, texts=n_columns == 1)
        cut(axes.set_title("", loc="left", size=size), panel.title, MOST_TITLE)
    for axes in drawn[len(panels) :]:
        axes.set_axis_off()
    bar = figure.colorbar(ScalarMappable(norm, ERROR_COLOURS), ax=list(drawn), shrink=0.7, aspect=30, label=scale.label)
    logarithmic(bar.ax, "y")
    return figure


def _span(values: Floats) -> tuple[float, float]:
    """From the least to the greatest, for logarithmic scales of colours; about them where they are the same."""
    low, high = (float(values.min()), float(values.max())) if values.size else (1.0, 1.0)
    return (low, high) if high > 2 * low else (low / 1.5, high * 1.5)


def _fitting(texts: Iterable[str], width: float, most: float) -> float:
    """The size of letters, `most` at most, in which the longest line of all texts is about `width` inches wide."""
    n = max((len(line) for text in texts for line in text.splitlines()), default=1)
    # A letter of DejaVu Sans, of the bold kind even, is less than 0.6 of its size wide on average.
    return max(SMALLEST, min(most, 72 * width / (0.6 * n)))


def _with_unit(name: str, unit: str) -> str:
    return name if unit in ("", "1") else f"{name} ({unit})"
