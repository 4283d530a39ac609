"""The figures of an overlap study's report: what each shows of a run, under its caption."""

from __future__ import annotations

from bigdata.kind import Figure, View
from bigdata.studies.materials.drawn import histograms_of
from bigdata.studies.overlap import figures
from bigdata.studies.overlap.results import Results


def overlap(view: View) -> Figure:
    results = view.once(Results)
    return Figure(
        "Common groups",
        "For each row, how many of its groups the column's dataset has too, and their share.",
        "A square of numbers: groups that two datasets have in common.",
        lambda: figures.overlap(results.names, results.common, results.n_groups),
    )


def group_sizes(view: View) -> Figure:
    results = view.once(Results)
    return Figure(
        "Entries in a group",
        "How many groups have how many entries.",
        "Histograms over whole numbers, an outline for each dataset.",
        lambda: figures.group_sizes(dict(zip(results.names, results.counts.T, strict=True))),
    )


def histograms(view: View) -> Figure:
    results = view.once(Results)
    return Figure(
        "Targets in all and in common groups",
        "Fig. 2 of the paper: the values of each dataset, of all its entries and of those whose group all have.",
        "Two histograms side by side, one colour for each dataset.",
        lambda: histograms_of(view, {name: results.names.index(name) for name in results.means}, results.quantity),
    )


def agreement(view: View) -> Figure:
    results = view.once(Results)
    n = len(results.pairs)
    more = f" Of {n} pairs the first {figures.MOST_PAIRS} are shown." if n > figures.MOST_PAIRS else ""
    return Figure(
        "Targets of common groups",
        f"Each point is a group: the mean target of its entries in one dataset against that in the other.{more}",
        "Points about a diagonal, one panel for each pair of datasets.",
        lambda: figures.agreement(
            {pair: (results.means[pair[0]], results.means[pair[1]]) for pair in results.pairs}, results.quantity
        ),
    )
