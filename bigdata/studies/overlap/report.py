"""What an overlap study shows: section 2 of doi 10.1039/d4fd00102h with its Fig. 2, on the study's own datasets."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator
from functools import partial

import numpy as np

from bigdata.kind import Headline, ReportParts, Table, View
from bigdata.studies.materials.symmetry import SPGLIB
from bigdata.studies.materials.twins import said_of_matches, said_of_twins
from bigdata.studies.overlap import answer
from bigdata.studies.overlap.results import Results

MOST_ROWS = 30
GONE = (
    "The datasets aren't in the cache any more: the tables that name groups and entries are left out. Submitting the "
    "study again brings them back."
)
MOST_LEFT_OUT = 200
SOURCES = (
    "D. Speckhard et al., How big is big data?, Faraday Discuss. 2024, doi 10.1039/d4fd00102h: section 2, Fig. 2.",
    "K. Shinohara et al., moyo: crystal symmetry finder, https://github.com/spglib/moyo.",
)


def report(view: View) -> ReportParts:
    """Summary, tables and what tells variants apart."""
    results = view.once(Results)
    return ReportParts(
        summary=_sentences(results),
        tables=_tables(results),
        sources=SOURCES,
        headline=[partial(_headline, results)],
    )


def _headline(results: Results) -> Headline:
    if len(results.names) < 2:
        return {"groups": int(results.n_groups[0])}
    found: dict[str, float | int] = {"groups that all datasets have": int((results.counts > 0).all(axis=1).sum())}
    if results.has_targets and (pairs := answer.agreements(results)):
        unit = results.view["bin"].units
        found[f"median difference, worst pair{'' if unit == '1' else f' ({unit})'}"] = pairs[0].median
    return found


def _sentences(results: Results) -> Iterator[Callable[[], str]]:
    if len(results.names) > 1:
        yield lambda: answer.of_shared(results)
        if results.has_targets:
            yield lambda: answer.of_values(results)
    yield lambda: _said_of_groups(results)
    if results.model.identity.needs_symmetry:
        yield lambda: _said_of_symmetry(results)
    if results.model.identity.needs_matches:
        yield lambda: said_of_matches(results.view)
    if len(results.names) > 1:
        yield lambda: _said_of_common(results)
    if (split := results.model.split) is not None:
        yield lambda: _said_of_split(results)
        if results.model.identity.cross_check:
            yield lambda: said_of_twins(results.view, split, results.model.identity, results.names)
    if not results.has_imports:
        yield lambda: GONE


def _said_of_groups(results: Results) -> str:
    found = ", ".join(
        f"{name} has {len(results.groups[name]):,} entries in {n:,} groups"
        for name, n in zip(results.names, results.n_groups.tolist(), strict=True)
    )
    tolerance = (
        f" (symmetry within {results.model.identity.symprec:g} Å)" if results.model.identity.needs_symmetry else ""
    )
    return f"Entries that agree in {results.model.identity.said}{tolerance} make a group: {found}."


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
        said += f" For {n_none:,} no symmetry was found: each is a group of its own, shared with none."
    return said.strip()


def _said_of_common(results: Results) -> str:
    counts = results.counts
    shared = (counts > 0).all(axis=1)
    several = counts[shared].max(axis=1) > 1
    return (
        f"{int(shared.sum()):,} of all {len(counts):,} groups are in all datasets; in {int(several.sum()):,} of them a "
        "dataset has more than one entry, so that an entry of one has no single counterpart in the other."
    )


def _said_of_split(results: Results) -> str:
    sizes: Counter[str] = Counter()
    for _, part, n, *_ in results.part_sizes:
        sizes[part] += n
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
        yield lambda: Table("Split", ("dataset", "part", "entries", "share", "groups"), results.part_sizes)
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


def _left_out(results: Results) -> Table:
    left_out = [(name, bad) for name, e in results.entries.items() for bad in e.left_out]
    rows = [(name, bad.name, bad.where, bad.what) for name, bad in left_out[:MOST_LEFT_OUT]]
    caption = f"The first {MOST_LEFT_OUT} of {len(left_out):,}." if len(left_out) > MOST_LEFT_OUT else ""
    return Table("Entries left out", ("dataset", "entry", "where", "why"), rows, caption=caption)
