"""The figures of a similarity study's report: what each shows of a run, under its caption."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial

import numpy as np
from matplotlib.figure import Figure as Drawing

from bigdata.data.spectra.dataset import open_import
from bigdata.kind import Figure, SiteError, View
from bigdata.studies.similarity import figures, tables
from bigdata.studies.similarity.grid import Grid
from bigdata.studies.similarity.results import Results, letters
from bigdata.studies.similarity.stages import kept_columns

ZERO = {
    "valence-band-maximum": "energy from the valence-band maximum (eV)",
    "fermi": "energy from the Fermi energy (eV)",
    "none": "energy (eV)",
}


def matrix(view: View) -> Figure:
    results = view.once(Results)
    return Figure(
        "Similarity matrix",
        " ".join(_said_of_matrix(results)),
        f"Square colour map of the {results.measure} similarities of {len(results):,} entries.",
        partial(_matrix, results),
    )


def _said_of_matrix(results: Results) -> Iterator[str]:
    model = results.model
    ordered = ", ".join(model.order_fields) or "the dataset"
    yield f"{results.measure} similarity of all pairs of entries, in the order of {ordered}."
    if model.blocks and results.has_blocks:
        by = ", ".join(model.blocks.by)
        yield f"Dotted lines separate the blocks of equal {by}, named by letters (see the table)."
    if model.order_fields:
        yield "Below: settings of the entries along the same axis."
    if results.step > 1:
        yield f"Of {len(results):,} entries every {results.step}th is drawn."


def neighbors(view: View) -> Figure:
    results = view.once(Results)
    return Figure(
        "Similarity of neighbours",
        "How many entries are how similar to their nearest neighbour, and to the last neighbour kept "
        f"({results.measure} similarity).",
        "Two histograms of similarities.",
        partial(_neighbors, results),
    )


def convergence(view: View) -> Figure:
    results = view.once(Results)
    return Figure(
        "Convergence of the settings",
        f"{results.measure} similarity of every entry to the most accurate one of the same "
        f"{', '.join(results.within)}. Lines join the entries that differ from it in the setting of the horizontal "
        "axis alone.",
        "Similarities to the most accurate entry against each numeric setting.",
        partial(_convergence, results),
    )


def groups(view: View) -> Figure:
    results = view.once(Results)
    wanted = results.model.groups
    assert wanted is not None
    return Figure(
        "Homogeneous groups",
        f"Which entries are joined at which similarity ({wanted.linkage} linkage). Merges above the dashed line "
        f"({wanted.min_similarity:g}) form the homogeneous groups, numbered below as in the table.",
        "Dendrogram of the entries with the line at which it is cut.",
        partial(_groups, results),
    )


def fingerprints(view: View) -> Figure:
    return Figure(
        "Two spectra and their fingerprints",
        "An accurate entry and the one least similar to it of the same kind. Lines: density of states. "
        "Shaded: the fingerprint, a column's set bits drawn as the density of states that they stand for. Below: what "
        "both have in common (dark) and what only one of them has (light). Hatched: columns that one of them doesn't "
        "cover, and that aren't compared.",
        "Two densities of states over their fingerprints, and the overlap of the two fingerprints.",
        partial(_fingerprints, view.once(Results)),
    )


def _matrix(results: Results) -> Drawing:
    shown = results.order[:: results.step]
    block = results.block[shown] if results.has_blocks else np.zeros(len(shown), np.intp)
    numbers = {f: (results.settings[f][shown].astype(float), results.unit(f)) for f in results.numeric[:2]}
    return figures.matrix(
        results.similarities(shown, shown),
        len(results),
        [letters(b) for b in block],
        numbers,
        results.measure,
    )


def _neighbors(results: Results) -> Drawing:
    similarity = results.view["neighbor_similarity"][...]
    last = np.isfinite(similarity).sum(axis=1)
    furthest = similarity[np.arange(len(similarity)), np.maximum(last - 1, 0)]
    return figures.neighbors(similarity[:, 0], furthest, similarity.shape[1], results.measure)


def _groups(results: Results) -> Drawing:
    wanted = results.model.groups
    assert wanted is not None
    linkage = results.view["linkage"][...] if len(results) > 1 else np.empty((0, 4))
    return figures.groups(linkage, results.view["group"][...], wanted.min_similarity, results.measure, wanted.linkage)


def _fingerprints(results: Results) -> Drawing:
    """The first kind's most accurate entry, and the entry least similar to it of this kind."""
    a = results.references[0] if results.model.convergence else int(results.order[-1])
    own = np.flatnonzero(results.reference == a) if results.model.convergence else results.order
    similarity = results.similarities(own, np.array([a]))[:, 0]
    b = int(own[np.argmin(similarity)])
    x_label = ZERO[results.model.spectrum.zero]
    return figures.fingerprints(
        _columns(results),
        _shown(results, a),
        _shown(results, b),
        float(similarity.min()),
        results.measure,
        x_label,
        results.scale,
    )


def _columns(results: Results) -> figures.Columns:
    grid = Grid.from_id(results.model.fingerprint.grid)
    full = grid.thresholds[kept_columns(results.model, grid), -1]
    return figures.Columns(results.view["column"][...], results.view["column_width"][...], full, grid.n_pix)


def _shown(results: Results, entry: int) -> figures.Shown:
    """An entry's fingerprint, and its spectrum where its import is still in the cache."""
    height = results.view["height"][entry]
    covered = slice(*(int(of[entry]) for of in results.covered))
    try:
        spectra = open_import(results.view.inputs["spectra"].folder)
    except SiteError:
        return figures.Shown(results.names[entry], height, covered=covered)
    spectrum = spectra.spectrum(int(results.view["source_row"][entry]))
    energies = spectrum.energies - float(results.view["energy_shift"][entry])
    return figures.Shown(results.names[entry], height, energies, np.asarray(spectrum.dos), covered)


def _convergence(results: Results) -> Drawing:
    """One series for each kind and each combination of the settings that are words."""
    fields = {f: results.unit(f) for f in results.numeric if f not in results.within}
    values = {f: results.settings[f].astype(float) for f in fields}
    if not fields:
        place = np.empty(len(results))
        place[results.order] = np.arange(1, len(results) + 1)
        fields, values = (
            {"place in the order of the settings": ""},
            {"place in the order of the settings": place},
        )
    words = [f for f in results.model.order_fields if f not in results.within and not results.is_number(f)]
    alone = {f: _alone(results, f) for f in fields}
    kinds = [results.combination([*results.within, *words], i) for i in results.order.tolist()]
    looks = [results.combination(words, i) for i in results.order.tolist()]
    series = []
    for kind in dict.fromkeys(kinds):
        rows = results.order[[k == kind for k in kinds]]
        series.append(
            figures.Series(
                label=kind,
                colour=results.references.index(int(results.reference[rows[0]])),
                marker=list(dict.fromkeys(looks)).index(looks[kinds.index(kind)]),
                values={f: v[rows] for f, v in values.items()},
                similarity=results.reference_similarity[rows],
                alone={f: a[rows] for f, a in alone.items()},
            )
        )
    return figures.convergence(series, fields, results.measure)


def _alone(results: Results, name: str) -> np.typing.NDArray[np.bool_]:
    """(n,) the entries that differ from their reference in one setting alone, and the references."""
    chosen = np.zeros(len(results), bool)
    if name in results.settings:
        for reference in results.references:
            found = tables.one_at_a_time(results, reference, name)
            chosen[[entry for entry, others in found if not others]] = True
    return chosen
