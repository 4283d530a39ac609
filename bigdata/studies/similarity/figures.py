"""Figures of a similarity study from plain arrays: Fig. 3 and 4 of the paper, groups, convergence,
neighbours."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.collections import LineCollection
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.patches import Patch
from matplotlib.ticker import FixedLocator, MaxNLocator, NullLocator
from numpy.typing import NDArray

from bigdata.kind.drawing import COLOURS, MARKERS, WIDTH, drawing
from bigdata.kind.legend import colour, legend
from bigdata.kind.logarithmic import logarithmic
from bigdata.kind.names import cut

Floats = NDArray[np.float64]
MATRIX_COLOURS = "viridis"
# More letters or names than this can't be read side by side.
MOST_LETTERS = 40
LEAVES = 160
MOST_COLUMNS = 3
MOST_TITLE, MOST_BESIDE, MOST_BELOW = 70, 16, 24
# Inches; on the left, two lines and numbers of five digits.
MATRIX_SIDE, MATRIX_LEFT, MATRIX_WIDTH = 4.6, 0.85, 6.35
_FINGERPRINT_COLOURS = (COLOURS[0], COLOURS[1], COLOURS[2])


@dataclass(frozen=True)
class Columns:
    """A grid's columns: lower edges and widths in eV, and how many states fill each of them; all
    (n_columns,).
    """

    edge: Floats
    width: Floats
    full: Floats
    n_pix: int

    def density(self, height: NDArray[Any]) -> Floats:
        """Heights (n_columns,) as a density of states in states/eV: bits set, times a bit's states, over the
        width.
        """
        return np.asarray(height * self.full / self.n_pix / self.width, float)


@dataclass(frozen=True)
class Shown:
    """A spectrum for Fig. 3: its fingerprint, and where it is at hand the spectrum itself (eV, states/eV)."""

    name: str
    height: NDArray[np.uint8]
    energies: Floats = field(default_factory=lambda: np.empty(0))
    dos: Floats = field(default_factory=lambda: np.empty(0))
    covered: slice = field(default_factory=lambda: slice(0, None))


def fingerprints(
    columns: Columns, a: Shown, b: Shown, similarity: float, measure: str, x_label: str, scale: str = "cell"
) -> Figure:
    """Fig. 3: two spectra, each over its fingerprint, and below them what the fingerprints have in common.

    Columns that one of the two doesn't cover, and that aren't compared, are hatched. States are counted per `scale`.
    """
    figure = drawing(5.2, 4.8)
    axes = figure.subplots(3, 1, sharex=True, sharey=True)
    common = np.minimum(a.height, b.height)
    for axis, shown, own in zip(axes, (a, b), _FINGERPRINT_COLOURS, strict=False):
        _shade(axis, columns, shown.height, own, 0.35)
        axis.plot(shown.energies, shown.dos, color=own, lw=0.9)
        cut(axis.set_title("", loc="left"), shown.name, MOST_TITLE)
    _shade(axes[2], columns, np.maximum(a.height, b.height), "0.6", 0.35)
    _shade(axes[2], columns, common, _FINGERPRINT_COLOURS[2], 0.75)
    axes[2].set_title(f"overlap: {measure} similarity {similarity:.3f}", loc="left")
    axes[2].set_xlabel(x_label)
    axes[2].xaxis.set_major_locator(MaxNLocator(10, steps=[1, 2, 5, 10]))
    axes[1].set_ylabel(f"density of states (states/eV/{scale})")
    axes[0].set_xlim(columns.edge[0], columns.edge[-1] + columns.width[-1])
    axes[0].set_ylim(0, _top(columns, a, b))
    for axis in axes:
        axis.axvline(0, color="0.5", lw=0.6, ls=":")
        _hatch(axis, columns, a.covered, b.covered)
    _explain(figure, axes[2])
    return figure


def _explain(figure: Figure, below: Axes) -> None:
    """What lines, shades and hatches mean; hatches where there are some."""
    line, common = Line2D([], [], color="0.3", lw=0.9), Patch(fc=_FINGERPRINT_COLOURS[2], alpha=0.75)
    said = {"density of states": line, "in both fingerprints": common, "in one of them": Patch(fc="0.6", alpha=0.35)}
    hatched = [patch for patch in below.patches if patch.get_hatch()]
    legend(figure, [*said.values(), *hatched[:1]], [*said, *["not compared"][: len(hatched)]])


def _hatch(axis: Axes, columns: Columns, *covered: slice) -> None:
    """Hatch the columns that aren't compared."""
    edges = np.append(columns.edge, columns.edge[-1] + columns.width[-1])
    limits = [of.indices(len(columns.edge))[:2] for of in covered]
    begin, end = max(first for first, _ in limits), min(last for _, last in limits)
    for low, high in ((0, min(begin, len(edges) - 1)), (max(begin, end), len(edges) - 1)):
        if low < high:
            axis.axvspan(edges[low], edges[high], fc="none", ec="0.75", hatch="////", lw=0)


def _shade(axis: Axes, columns: Columns, height: NDArray[Any], fill: str, alpha: float) -> None:
    edges = np.append(columns.edge, columns.edge[-1] + columns.width[-1])
    axis.stairs(columns.density(height), edges, fill=True, color=fill, alpha=alpha, lw=0)


def _top(columns: Columns, *spectra: Shown) -> float:
    low, high = columns.edge[0], columns.edge[-1] + columns.width[-1]
    seen = [s.dos[(s.energies >= low) & (s.energies <= high)] for s in spectra]
    heights = [columns.density(s.height) for s in spectra]
    return 1.05 * max([1e-3, *(float(values.max()) for values in (*seen, *heights) if values.size)])


def matrix(
    similarity: Floats,
    n: int,
    block: Sequence[str],
    numbers: Mapping[str, tuple[Floats, str]],
    measure: str,
) -> Figure:
    """Fig. 4: similarities (m, m) of m of the n entries in order, lines where the letter of the `block` (m,)
    changes, and below them up to two settings as numbers, {label: (values (m,), unit)}.
    """
    below = 1.25 if numbers else 0.0
    height = 0.3 + MATRIX_SIDE + below + 0.45
    # Fixed places: matrix and settings below it must have one horizontal axis.
    figure = drawing(height, MATRIX_WIDTH, layout=None)

    def place(left: float, bottom: float, width: float, tall: float) -> Axes:
        """Axes at a place in inches."""
        return figure.add_axes((left / MATRIX_WIDTH, bottom / height, width / MATRIX_WIDTH, tall / height))

    axis = place(MATRIX_LEFT, 0.45 + below, MATRIX_SIDE, MATRIX_SIDE)
    image = axis.imshow(
        similarity,
        cmap=MATRIX_COLOURS,
        vmin=lowest_colour(similarity),
        vmax=1,
        extent=(0, n, n, 0),
        interpolation="nearest",
        rasterized=True,
    )
    axis.set_ylabel("entry")
    bar = figure.colorbar(image, cax=place(MATRIX_LEFT + MATRIX_SIDE + 0.12, 0.45 + below, 0.14, MATRIX_SIDE))
    bar.set_label(f"{measure} similarity")
    _block_lines(axis, block, n)
    if numbers:
        axis.tick_params(labelbottom=False)
        axis = place(MATRIX_LEFT, 0.45, MATRIX_SIDE, below - 0.15)
        _settings_below(axis, numbers, n)
    axis.set_xlabel("entry, in the order of the settings")
    return figure


def lowest_colour(similarity: Floats) -> float:
    """Where the colour scale begins: the least similarity, rounded down to a tenth."""
    least = float(np.nanmin(similarity)) if np.isfinite(similarity).any() else 0.0
    # A scale that begins at 1 would have no colours.
    return min(0.9, math.floor(least * 10) / 10)


def _block_lines(axis: Axes, block: Sequence[str], n: int) -> None:
    """Dotted lines between blocks, and the blocks' letters along the top."""
    starts = [i for i in range(len(block)) if i == 0 or block[i] != block[i - 1]]
    if not 1 < len(starts) <= 3 * MOST_LETTERS:
        return
    edges = np.array([*starts, len(block)]) * n / len(block)
    for edge in edges[1:-1]:
        axis.axvline(edge, color="white", lw=0.9, ls=":")
        axis.axhline(edge, color="white", lw=0.9, ls=":")
    if len(starts) <= MOST_LETTERS:
        top = axis.secondary_xaxis("top")
        top.set_xticks((edges[:-1] + edges[1:]) / 2, [block[i] for i in starts])
        top.tick_params(length=0, pad=1)


def _settings_below(axis: Axes, numbers: Mapping[str, tuple[Floats, str]], n: int) -> None:
    """One or two settings along the order, each on its own y axis in its own colour."""
    axis.set_xlim(0, n)
    for k, (label, (values, unit)) in enumerate(list(numbers.items())[:2]):
        own = axis if k == 0 else axis.twinx()
        edges = np.linspace(0, n, len(values) + 1)
        own.stairs(values, edges, baseline=None, color=colour(k), lw=1.1 if k else 1.8)
        cut(own.set_ylabel("", color=colour(k)), label, MOST_BESIDE, f"\n({unit})" if unit else "")
        own.tick_params(axis="y", colors=colour(k))
        _number_axis(own, values)


def _number_axis(axis: Axes, values: Floats, which: str = "y") -> None:
    """A logarithmic axis for values that span much; of few different ones, a tick at each."""
    one = axis.yaxis if which == "y" else axis.xaxis
    finite = values[np.isfinite(values)]
    if not finite.size or finite.min() <= 0 or finite.max() < 8 * finite.min():
        return
    logarithmic(axis, which)
    different = np.unique(finite)
    if len(different) <= 4:
        one.set_major_locator(FixedLocator(different.tolist()))
        one.set_minor_locator(NullLocator())


def groups(linkage: Floats, group: NDArray[np.int32], min_similarity: float, measure: str, method: str) -> Figure:
    """The dendrogram of all entries with the cut line; of many entries, only the last merges are shown."""
    from scipy.cluster.hierarchy import dendrogram

    figure = drawing(3.6)
    axis = figure.subplots()
    axis.set_ylabel(f"{measure} similarity of the groups joined")
    if not len(linkage):
        axis.text(0.5, 0.5, "one entry: nothing to join", ha="center", va="center", transform=axis.transAxes)
        return figure
    n = len(linkage) + 1
    shortened = n > LEAVES
    tree = dendrogram(linkage, p=LEAVES, truncate_mode="lastp" if shortened else None, no_plot=True)
    leaves = [_entry(leaf, linkage, n) for leaf in tree["leaves"] or ()]
    # scipy puts leaves 10 apart.
    x, height = np.array(tree["icoord"]) / 10, np.array(tree["dcoord"])
    joined = height.max(axis=1) <= 1 - min_similarity
    colours = [COLOURS[0] if inside else "0.35" for inside in joined]
    paths = [np.column_stack([xs, 1 - hs]) for xs, hs in zip(x, height, strict=True)]
    axis.add_collection(LineCollection(paths, colors=colours, linewidths=0.9))
    axis.axhline(min_similarity, color=COLOURS[1], ls="--", lw=0.9)
    n_leaves = len(leaves)
    axis.text(n_leaves, min_similarity, f" cut at {min_similarity:g}", color=COLOURS[1], va="center", fontsize=7)
    axis.set_xlim(0, n_leaves)
    axis.set_ylim(min(1 - height.max(), min_similarity) - 0.03, 1.0)
    axis.set_xticks([])
    said = f"{n:,} entries, {method} linkage" + f", the last {n_leaves} branches" * shortened
    n_groups = int(group.max()) + 1
    if n_groups <= n_leaves:
        _name_groups(axis, leaves, group)
        axis.set_xlabel(f"groups of several entries ({said})", labelpad=17)
    else:
        axis.set_xlabel(f"branches that hold several of the {n_groups:,} groups ({said})")
    return figure


def _entry(leaf: int, linkage: Floats, n: int) -> int:
    """An entry of a leaf; where a dendrogram is shortened, leaves are merges of several."""
    while leaf >= n:
        leaf = int(linkage[leaf - n, 0])
    return int(leaf)


def _name_groups(axis: Axes, entries: Sequence[int], group: NDArray[np.int32]) -> None:
    """A bar under the leaves of each group of several entries, and its number where there is room."""
    of = group[np.array(entries)]
    starts = np.flatnonzero(np.diff(of, prepend=-1))
    ends = np.append(starts[1:], len(of))
    room = 400 / len(of)  # points of a leaf's width
    right = -np.inf  # where the last number ends
    style: dict[str, Any] = {"transform": axis.get_xaxis_transform(), "clip_on": False}
    for start, end in zip(starts.tolist(), ends.tolist(), strict=True):
        if np.count_nonzero(group == of[start]) > 1:
            ends_at = [start + 0.2, end - 0.2]
            axis.plot(ends_at, [-0.015] * 2, lw=2.2, color=COLOURS[0], solid_capstyle="butt", **style)
            # A digit of this size is 3.5 points wide.
            middle, half = room * (start + end) / 2, 1.75 * len(str(of[start]))
            if middle - half > right + 2:
                axis.text((start + end) / 2, -0.03, str(of[start]), ha="center", va="top", fontsize=5.5, **style)
                right = middle + half


@dataclass(frozen=True)
class Series:
    """Entries of one kind: their numbers' values {field: (m,)}, their similarity to the reference, and which
    of them differ from it in one setting alone {field: (m,) bool}.
    """

    label: str
    colour: int
    marker: int
    values: Mapping[str, Floats]
    similarity: Floats
    alone: Mapping[str, NDArray[np.bool_]]


def convergence(series: Sequence[Series], units: Mapping[str, str], measure: str) -> Figure:
    """Similarity to the most accurate entry against each setting that is a number; lines join the entries
    that differ from it in this setting alone.
    """
    fields = list(units)
    n_rows = -(-len(fields) // MOST_COLUMNS)
    n_columns = -(-len(fields) // n_rows)
    figure = drawing(2.8 * n_rows, WIDTH if n_columns > 1 else 3.8)
    axes = figure.subplots(n_rows, n_columns, sharey=True, squeeze=False)
    for axis in axes[:, 0]:
        axis.set_ylabel(f"{measure} similarity to the\nmost accurate entry")
    for axis in axes.ravel()[len(fields) :]:
        axis.set_axis_off()
    for axis, name in zip(axes.ravel(), fields, strict=False):
        for one in series:
            _converge(axis, one, name)
        cut(axis.set_xlabel(""), name, MOST_BELOW, f" ({units[name]})" if units[name] else "")
        everything = np.concatenate([s.values[name] for s in series])
        _number_axis(axis, everything, "x")
        axis.axhline(1, color="0.6", lw=0.6, ls=":")
        axis.set_ylim(top=1.03)
    if len(series) > 1:
        legend(figure, map(_handle, series))
    return figure


def _converge(axis: Axes, one: Series, name: str) -> None:
    x, own = one.values[name], colour(one.colour)
    size = 14 if len(x) < 500 else 3
    axis.scatter(
        x,
        one.similarity,
        s=size,
        marker=MARKERS[one.marker % len(MARKERS)],
        facecolors="none" if one.marker else own,
        edgecolors=own,
        linewidths=0.7,
        alpha=0.55 if len(x) < 500 else 0.2,
        rasterized=len(x) > 2000,
    )
    alone = one.alone[name]
    if alone.sum() > 1:
        along = np.argsort(x[alone], kind="stable")
        axis.plot(x[alone][along], one.similarity[alone][along], color=own, lw=1.2)


def _handle(one: Series) -> Line2D:
    marker, inside = MARKERS[one.marker % len(MARKERS)], "none" if one.marker else colour(one.colour)
    return Line2D([], [], ls="", marker=marker, color=colour(one.colour), ms=4, label=one.label, mfc=inside)


def neighbors(nearest: Floats, furthest: Floats, n_ranks: int, measure: str) -> Figure:
    """How similar entries are to their nearest neighbour and to the last one kept: two histograms over all
    entries.
    """
    figure = drawing(2.8, 4.2)
    axis = figure.subplots()
    both = np.concatenate([nearest, furthest])
    both = both[np.isfinite(both)]
    bins = np.linspace(both.min() if both.size else 0, 1, 51).tolist()
    last = f"neighbour {n_ranks}, or the last kept"
    for values, own, label in ((furthest, COLOURS[1], last), (nearest, COLOURS[0], "nearest neighbour")):
        axis.hist(values[np.isfinite(values)], bins=bins, color=own, alpha=0.6, label=label)
    axis.set_xlabel(f"{measure} similarity")
    axis.set_ylabel("entries")
    axis.yaxis.set_major_locator(MaxNLocator(integer=True))
    legend(figure, *axis.get_legend_handles_labels())
    return figure
