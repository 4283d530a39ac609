"""What an overlap study shows: section 2 of doi 10.1039/d4fd00102h with its Fig. 2, on the study's own datasets."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from functools import cached_property, partial
from itertools import combinations

import numpy as np
from matplotlib.figure import Figure as Drawing
from numpy.typing import NDArray

from bigdata.data.symmetry import SPGLIB
from bigdata.errors import SiteError
from bigdata.report.parts import Figure, ReportParts, Table, whole
from bigdata.store.reading import View
from bigdata.studies.entries import Entries
from bigdata.studies.overlap import figures
from bigdata.studies.overlap.entries import open_entries
from bigdata.studies.overlap.groups import labelled
from bigdata.studies.overlap.model import Overlap

MOST_ROWS = 30
GONE = (
    "The datasets aren't in the cache any more: the tables that name groups and entries are left out. Submitting the "
    "study again brings them back."
)
MOST_LEFT_OUT = 200
FOLDS = ("train", "validation", "test")
SOURCES = (
    "D. Speckhard et al., How big is big data?, Faraday Discuss. 2024, doi 10.1039/d4fd00102h: section 2, Fig. 2.",
    "K. Shinohara et al., moyo: crystal symmetry finder, https://github.com/spglib/moyo.",
)


def report(view: View) -> ReportParts:
    """Summary, tables and figures. Of an unfinished run, what there is."""
    results = Results(view)
    return ReportParts(
        summary=tuple(s for s in whole(view.run, _sentences(results)) if s),
        tables=tuple(whole(view.run, _tables(results))),
        figures=tuple(_figures(results)),
        sources=SOURCES,
        headline=dict(next(whole(view.run, [partial(_headline, results)]), {})),
    )


class Results:
    """Reads a view's arrays when asked for. Raises DamagedData where they aren't there or aren't whole."""

    def __init__(self, view: View) -> None:
        assert isinstance(view.model, Overlap)
        self.view, self.model = view, view.model
        self.names = list(view.model.datasets)

    @cached_property
    def common(self) -> NDArray[np.int64]:
        """(D, D) groups that two datasets have in common."""
        return self.view["overlap"][...]

    @cached_property
    def n_groups(self) -> NDArray[np.int64]:
        """(D,) groups of each dataset."""
        return self.view["n_groups"][...]

    @cached_property
    def groups(self) -> dict[str, NDArray[np.int64]]:
        """Each entry's group, by dataset."""
        return {name: self.view[f"group_{name}"][...] for name in self.names}

    @cached_property
    def counts(self) -> NDArray[np.int64]:
        """(G, D) entries of each group in each dataset."""
        n = 1 + max(int(g.max()) for g in self.groups.values())
        return np.stack([np.bincount(self.groups[name], minlength=n) for name in self.names], axis=1)

    @property
    def has_targets(self) -> bool:
        return "histogram" in self.view

    @cached_property
    def entries(self) -> dict[str, Entries]:
        """The entries, opened anew from the import."""
        return open_entries(self.model, self.view.inputs)

    @cached_property
    def means(self) -> dict[str, NDArray[np.float64]]:
        """(G,) the mean target of each group in each dataset that has a target; NaN where it has no such group."""
        found = {}
        for name in self.names:
            if f"target_{name}" in self.view:
                n = self.counts[:, self.names.index(name)]
                sums = np.bincount(self.groups[name], self.view[f"target_{name}"][...], minlength=len(n))
                found[name] = np.divide(sums, n, out=np.full(len(n), np.nan), where=n > 0)
        return found

    @property
    def pairs(self) -> list[tuple[str, str]]:
        """The pairs of datasets that have targets and groups in common."""
        both = combinations(self.means, 2)
        return [(a, b) for a, b in both if np.isfinite(self.means[a] - self.means[b]).any()]

    @property
    def quantity(self) -> str:
        """The target's name and unit, for axes."""
        unit = self.view["bin"].units
        return (self.model.target.quantity or "target") + ("" if unit == "1" else f" ({unit})")

    @cached_property
    def has_imports(self) -> bool:
        """Whether the datasets are still in the cache, which groups and entries take their names from."""
        try:
            return bool(self.entries)
        except SiteError:
            return False

    def labels(self, groups: Sequence[int]) -> list[str]:
        """The groups' names, each from its first entry."""
        return [self._label(group) for group in groups]

    def _label(self, group: int) -> str:
        name = next(n for n in self.names if (self.groups[n] == group).any())
        entry = int(np.argmax(self.groups[name] == group))
        return labelled(self.model, self.entries[name].only([entry])).labels[0]


def _headline(results: Results) -> dict[str, int]:
    if len(results.names) < 2:
        return {"groups": int(results.n_groups[0])}
    return {"groups that all datasets have": int((results.counts > 0).all(axis=1).sum())}


def _sentences(results: Results) -> Iterator[Callable[[], str]]:
    yield lambda: _said_of_groups(results)
    if results.model.identity.needs_symmetry:
        yield lambda: _said_of_symmetry(results)
    if len(results.names) > 1:
        yield lambda: _said_of_common(results)
    if results.model.split is not None:
        yield lambda: _said_of_split(results)
    if not results.has_imports:
        yield lambda: GONE


def _said_of_groups(results: Results) -> str:
    by = " and ".join(w.replace("_", " ") for w in results.model.identity.by)
    found = ", ".join(
        f"{name} has {len(results.groups[name]):,} entries in {n:,} groups"
        for name, n in zip(results.names, results.n_groups.tolist(), strict=True)
    )
    tolerance = (
        f" (symmetry within {results.model.identity.symprec:g} Å)" if results.model.identity.needs_symmetry else ""
    )
    return f"Entries that agree in {by}{tolerance} make a group: {found}."


def _said_of_symmetry(results: Results) -> str:
    """Nothing where moyopy judged all."""
    program = np.concatenate([results.view[f"symmetry_program_{name}"][...] for name in results.names])
    n_spglib, n_none = int((program == SPGLIB).sum()), int((program == 0).sum())
    said = (
        f"{n_spglib:,} structures that moyopy can't judge within the tolerance were judged by spglib."
        if n_spglib
        else ""
    )
    if n_none:
        said += f" For {n_none:,} no symmetry was found: they have spacegroup 0 and the formula of their cell as given."
    return said.strip()


def _said_of_common(results: Results) -> str:
    counts = results.counts
    shared = (counts > 0).all(axis=1)
    several = counts[shared].max(axis=1) > 1
    return (
        f"{int(shared.sum()):,} of {len(counts):,} groups are in all datasets; in {int(several.sum()):,} of them a "
        "dataset has more than one entry, so that an entry of one has no single counterpart in the other."
    )


def _said_of_split(results: Results) -> str:
    sizes = {
        f: sum(int((results.view[f"split_{n}"][...] == i).sum()) for n in results.names) for i, f in enumerate(FOLDS)
    }
    total = max(1, sum(sizes.values()))
    said = ", ".join(f"{fold} {n:,} ({n / total:.1%})" for fold, n in sizes.items())
    return f"The groups of all datasets are split together, so that none is in two parts: {said}."


def _tables(results: Results) -> Iterator[Callable[[], Table]]:
    yield lambda: _datasets(results)
    if len(results.names) > 1:
        yield lambda: _pairs(results)
        if results.has_imports:
            yield lambda: _uneven(results)
        if results.has_targets and results.pairs:
            yield lambda: _differences(results)
    if results.model.split is not None:
        yield lambda: _split(results)
    if results.has_imports and any(e.left_out for e in results.entries.values()):
        yield lambda: _left_out(results)


def _datasets(results: Results) -> Table:
    rows = [
        (name, len(results.groups[name]), int(n), len(results.groups[name]) / max(1, int(n)), int(count.max()))
        for name, n, count in zip(results.names, results.n_groups, results.counts.T, strict=True)
    ]
    columns = ("dataset", "entries", "groups", "entries in a group", "in the largest")
    return Table("Datasets", columns, rows)


def _pairs(results: Results) -> Table:
    entries = results.view["shared_entries"][...]
    rows = [
        (a, b, int(results.common[i, j]), results.common[i, j] / max(1, results.n_groups[i]), int(entries[i, j]))
        for i, a in enumerate(results.names)
        for j, b in enumerate(results.names)
        if i != j
    ]
    columns = ("dataset", "shares with", "groups", "share of its groups", "its entries in them")
    return Table("What is shared", columns, rows)


def _differences(results: Results) -> Table:
    """How the mean targets of common groups differ, for each pair of datasets."""
    rows = []
    for a, b in results.pairs:
        difference = results.means[a] - results.means[b]
        difference = difference[np.isfinite(difference)]
        far = np.quantile(np.abs(difference), 0.9)
        size = np.abs(difference)
        rows.append((f"{a} - {b}", len(difference), difference.mean(), size.mean(), np.median(size), float(far)))
    columns = ("difference", "groups", "mean", "mean absolute", "median absolute", "90 % are below")
    unit = results.view["bin"].units
    caption = "Of each common group, the mean target of its entries in one dataset minus that in the other."
    title = "How targets differ in common groups"
    return Table(title, columns, rows, {} if unit == "1" else dict.fromkeys(columns[2:], unit), caption)


def _uneven(results: Results) -> Table:
    """The groups that all have, the most unequally represented first."""
    counts = results.counts
    shared = np.flatnonzero((counts > 0).all(axis=1))
    spread = counts[shared].max(axis=1) - counts[shared].min(axis=1)
    first = shared[np.lexsort((shared, -spread))][:MOST_ROWS].tolist()
    rows = [(label, *map(int, counts[group])) for label, group in zip(results.labels(first), first, strict=True)]
    caption = (
        "Common groups with the most unequal numbers of entries: many polymorphs, or settings, of one in the other."
    )
    return Table("Groups that are met unequally often", ("group", *results.names), rows, caption=caption)


def _split(results: Results) -> Table:
    rows = []
    for name in results.names:
        fold, group = results.view[f"split_{name}"][...], results.groups[name]
        rows += [
            (name, f, int((fold == i).sum()), (fold == i).mean(), len(np.unique(group[fold == i])))
            for i, f in enumerate(FOLDS)
        ]
    return Table("Split", ("dataset", "part", "entries", "share", "groups"), rows)


def _left_out(results: Results) -> Table:
    left_out = [(name, bad) for name, e in results.entries.items() for bad in e.left_out]
    rows = [(name, bad.name, bad.where, bad.what) for name, bad in left_out[:MOST_LEFT_OUT]]
    caption = f"The first {MOST_LEFT_OUT} of {len(left_out):,}." if len(left_out) > MOST_LEFT_OUT else ""
    return Table("Entries left out", ("dataset", "entry", "where", "why"), rows, caption=caption)


def _figures(results: Results) -> Iterator[Figure]:
    if len(results.names) > 1:
        yield Figure(
            "overlap",
            "Common groups",
            "For each row, how many of its groups the column's dataset has too, and their share.",
            "A square of numbers: groups that two datasets have in common.",
            lambda: figures.overlap(results.names, results.common, results.n_groups),
        )
    yield Figure(
        "group_sizes",
        "Entries in a group",
        "How many groups have at least so many entries.",
        "Falling lines, one for each dataset, on logarithmic axes.",
        lambda: figures.group_sizes(dict(zip(results.names, results.counts.T, strict=True))),
    )
    if results.has_targets:
        yield Figure(
            "histograms",
            "Targets in all and in common groups",
            "Fig. 2 of the paper: the values of each dataset, of all its entries and of those whose group all have.",
            "Two histograms side by side, one colour for each dataset.",
            lambda: _histograms(results),
        )
    if results.has_targets and len(results.names) > 1:
        yield Figure(
            "agreement",
            "Targets of common groups",
            "Each point is a group: the mean target of its entries in one dataset against that in the other.",
            "Points about a diagonal, one panel for each pair of datasets.",
            lambda: figures.agreement(
                {pair: (results.means[pair[0]], results.means[pair[1]]) for pair in results.pairs}, results.quantity
            ),
        )


def _histograms(results: Results) -> Drawing:
    edges = results.view["bin"][...]
    step = edges[1] - edges[0]
    names = [name for name in results.names if name in results.means]
    every, shared = (
        {name: results.view[array][results.names.index(name)] for name in names}
        for array in ("histogram", "histogram_shared")
    )
    return figures.histograms(np.append(edges, edges[-1] + step), every, shared, results.quantity)
