"""Tables of a similarity study: how converged each setting is, the entries in order, blocks, groups,
fingerprint quality."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bigdata.data.problem import first
from bigdata.kind import Table
from bigdata.studies.similarity.ordering import accuracy
from bigdata.studies.similarity.results import Results, Rows, letters, plain

# Numbers this close are the same setting: a plane-wave basis grows a little with the k-mesh at the same
# cutoff.
SAME = 0.01
# Blocks that a table of blocks against blocks still shows, and members of a group that are compared pair by
# pair.
MOST_BLOCKS = 40
MOST_MEMBERS = 2000


def settings_convergence(results: Results) -> Table:
    """For each setting, the entry that differs from the most accurate one in this setting alone, value by
    value.
    """
    rows = [row for reference in results.references for row in _converged(results, reference)]
    return Table(
        "How converged is each setting",
        [*results.within, "setting", "value", "similarity", "entry", "also differs in"],
        rows,
        caption=(
            "Similarity to the most accurate entry of the same "
            f"{', '.join(results.within)} (the last in the order of {', '.join(results.model.order_fields)}, of those "
            "where these are known), "
            f"when one setting is "
            "changed and the others are kept. 1 means: the same fingerprint. Numbers within 1 % of each "
            "other count as kept. "
            "Where a setting never changes alone, the entries are shown that differ in the fewest others, "
            "named in the last column."
        ),
    )


def _converged(results: Results, reference: int) -> Iterator[list[Any]]:
    within = [plain(results.settings[f][reference]) for f in results.within]
    for name in changing(results):
        for entry, others in one_at_a_time(results, reference, name):
            value = plain(results.settings[name][entry])
            similarity = float(results.reference_similarity[entry])
            yield [*within, name, value, similarity, results.names[entry], ", ".join(others)]


def changing(results: Results) -> list[str]:
    """The settings of the order that may differ from a reference's."""
    return [f for f in results.model.order_fields if f not in results.within]


def one_at_a_time(results: Results, reference: int, name: str) -> list[tuple[int, list[str]]]:
    """For each value of a setting, the entry that differs least from the reference otherwise, and in what it
    also differs.

    Of several, the last in the order. Where some differ from the reference in this setting alone, only those
    are given.
    """
    own = results.order[results.reference[results.order] == reference]
    others = [f for f in changing(results) if f != name]
    differs = np.array([_differs(results.settings[f], own, reference) for f in others]).reshape(len(others), len(own))
    values, count = results.settings[name][own], differs.sum(axis=0)
    if ((count == 0) & _differs(results.settings[name], own, reference)).any():
        own, values, differs, count = (
            own[count == 0],
            values[count == 0],
            differs[:, count == 0],
            count[count == 0],
        )
    best: dict[Any, int] = {}
    for i, value in enumerate(values.tolist()):
        # NaN, a number that is missing, isn't equal to itself.
        is_there = value == value and value != ""
        if is_there and (value not in best or count[i] <= count[best[value]]):
            best[value] = i
    return [
        (int(own[i]), [f for f, d in zip(others, differs[:, i], strict=True) if d])
        for _, i in sorted(best.items(), key=lambda item: accuracy(item[0]))
    ]


def _differs(values: NDArray[Any], entries: Rows, reference: int) -> NDArray[np.bool_]:
    """Which entries have another value than the reference; a value that both miss is the same."""
    of, own = values[entries], values[reference]
    if not np.issubdtype(values.dtype, np.number):
        return np.asarray(of != own, bool)
    same: NDArray[np.bool_] = np.isclose(of.astype(float), float(own), rtol=SAME, atol=0, equal_nan=True)
    return ~same


def in_order(results: Results) -> Table:
    """Every entry with its settings, its reference and its similarity to it."""
    fields = list(results.model.order_fields)
    rows = []
    for entry in results.order.tolist():
        settings = [plain(results.settings[f][entry]) for f in fields]
        reference = results.names[results.reference[entry]]
        rows.append([results.names[entry], *settings, float(results.reference_similarity[entry]), reference])
    return Table(
        "Similarity to the most accurate entry",
        ["entry", *fields, "similarity", "most accurate entry"],
        rows,
        {f: results.unit(f) for f in fields},
        "All entries in the order of their settings, each compared with the most accurate one of its own kind.",
    )


def blocks(results: Results) -> Table:
    """Each block of settings: how many entries, and how alike they are among themselves."""
    mean, least, most = (np.diagonal(results.view[f"block_{word}"][...]) for word in ("mean", "min", "max"))
    count = np.bincount(results.block, minlength=len(results.block_labels))
    rows = [
        [letters(i), label, int(count[i]), plain(mean[i]), plain(least[i]), plain(most[i])]
        for i, label in enumerate(results.block_labels)
    ]
    by = results.model.blocks.by if results.model.blocks else []
    return Table(
        "Blocks of settings",
        ["block", "settings", "entries", "mean", "least", "greatest"],
        rows,
        caption=f"Entries that agree in {', '.join(by)} form a block. Mean, least and greatest similarity "
        f"are over the pairs of "
        "different entries inside the block.",
    )


def between_blocks(results: Results) -> Table:
    """Mean similarity of the pairs of every two blocks."""
    mean = results.view["block_mean"][...]
    shown = range(min(len(mean), MOST_BLOCKS))
    more = (
        f" The first {MOST_BLOCKS} of {len(mean)} blocks; all are in the array block_mean."
        if len(mean) > MOST_BLOCKS
        else ""
    )
    return Table(
        "Mean similarity between blocks",
        ["block", *(letters(j) for j in shown)],
        [[letters(i), *(plain(mean[i, j]) for j in shown)] for i in shown],
        caption="Over all pairs with one entry from each of the two blocks; an entry is not compared with "
        "itself." + more,
    )


def groups(results: Results) -> Table:
    """Each homogeneous group: its size, its least and mean similarity, and the settings that it spans."""
    assert results.model.groups is not None
    group, fields = results.view["group"][...], list(results.model.order_fields)
    rows = []
    for number, size in enumerate(np.bincount(group).tolist()):
        members = np.flatnonzero(group == number)
        mean, least = _inside(results, members)
        spans = [_span(results.settings[f][members]) for f in fields]
        rows.append([number, size, least, mean, *spans])
    wanted = results.model.groups
    return Table(
        "Homogeneous groups",
        ["group", "entries", "least", "mean", *fields],
        rows,
        {f: results.unit(f) for f in fields},
        f"Entries are joined by {wanted.linkage} linkage as long as the groups are at least "
        f"{wanted.min_similarity:g} similar. "
        "Least and mean similarity are over the pairs inside a group"
        + (
            f" (of groups larger than {MOST_MEMBERS:,}, over evenly chosen members)."
            if np.bincount(group).max() > MOST_MEMBERS
            else "."
        )
        + " The last columns say which settings a group spans.",
    )


def _inside(results: Results, members: Rows) -> tuple[float | None, float | None]:
    """Mean and least similarity of the pairs inside a group; None for a single entry."""
    if len(members) < 2:
        return None, None
    chosen = members[:: -(-len(members) // MOST_MEMBERS)]
    pairs = results.similarities(chosen, chosen)
    upper = pairs[np.triu_indices(len(chosen), 1)]
    return float(upper.mean()), float(upper.min())


def _span(values: NDArray[Any], most: int = 3) -> str:
    """The values of a setting: `LDA, PBE`, or `32 … 576` where there are many."""
    if np.issubdtype(values.dtype, np.number):
        values = values[~np.isnan(values.astype(float))]
    different = [plain(v) for v in np.unique(values)]
    if len(different) <= most:
        return ", ".join(map(str, different))
    if isinstance(different[0], str):
        return f"{', '.join(different[:most])} and {len(different) - most} more"
    return f"{different[0]:g} … {different[-1]:g}"


QUALITY = {
    "coverage": (np.nanargmin, "share of the columns that a spectrum covers"),
    "filling": (np.nanargmax, "share of the bits set in the columns that a spectrum covers"),
    "overflow": (np.nanargmax, "states per {scale} above the top of their columns, which the fingerprint doesn't see"),
    "undersampling": (np.nanargmax, "share of the states that lies between two bits, lost by rounding down"),
}


def quality(results: Results) -> Table:
    """How well the fingerprints represent the spectra."""
    rows: list[list[Any]] = []
    for name, (worst, about) in QUALITY.items():
        values = results.coverage if name == "coverage" else results.view[name][...]
        if np.isfinite(values).any():
            numbers = [float(f(values)) for f in (np.nanmean, np.nanmin, np.nanmax)]
            rows.append([name, *numbers, results.names[int(worst(values))], about.format(scale=results.scale)])
    if empty := results.empty:
        about = f"{len(empty):,} of {len(results):,} fingerprints have no bit set: no states in the columns compared"
        rows.append(["empty", None, None, None, first(empty, 3), about])
    return Table(
        "Quality of the fingerprints",
        ["quantity", "mean", "least", "greatest", "worst in", "meaning"],
        rows,
        caption="The worst coverage is the least, the worst of the others the greatest. Much overflow or "
        "undersampling says that the grid's columns are too low, or its bits too coarse, for these spectra.",
    )


def nearest(results: Results) -> Table:
    """Every entry's most similar other entry."""
    neighbor, similarity = results.view["neighbor"][...], results.view["neighbor_similarity"][...]
    n_above = [[int(n)] for n in results.view["n_above"][...]] if "n_above" in results.view else [[]] * len(results)
    rows = []
    for entry in results.order.tolist():
        found = neighbor[entry] >= 0
        best = results.names[neighbor[entry, 0]] if found[0] else None
        values = [plain(similarity[entry, 0]), plain(similarity[entry, found.sum() - 1])] if found[0] else [None, None]
        rows.append([results.names[entry], best, *values, *n_above[entry]])
    return Table(
        "Nearest neighbours",
        [
            "entry",
            "most similar entry",
            "similarity",
            "similarity of the last kept",
            *(["entries as similar as asked for"] if "n_above" in results.view else []),
        ],
        rows,
        caption=f"Of each entry at most {neighbor.shape[1]} neighbours are kept; all of them are in the "
        f"arrays neighbor and "
        "neighbor_similarity.",
    )


def makers(results: Results) -> Sequence[Any]:
    """The tables that this study has, as functions of its results."""
    model = results.model
    wanted = [
        (settings_convergence, model.convergence is not None and bool(changing(results))),
        (blocks, results.has_blocks),
        (between_blocks, results.has_blocks),
        (groups, model.groups is not None),
        (nearest, model.similarity.keep != "matrix"),
        (in_order, model.convergence is not None),
        (quality, True),
    ]
    return [make for make, is_wanted in wanted if is_wanted]
