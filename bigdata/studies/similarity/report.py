"""What a similarity study shows: section 3 of doi 10.1039/d4fd00102h with its Fig. 3 and 4, on the study's
own spectra."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial
from itertools import chain

import numpy as np
from matplotlib.figure import Figure as Drawing

from bigdata.data.model import NamedDataset
from bigdata.data.problem import first
from bigdata.data.registry import registered
from bigdata.data.spectra.dataset import open_import
from bigdata.errors import SiteError
from bigdata.report.parts import Figure, Panel, ReportParts, whole
from bigdata.store.reading import View
from bigdata.studies.similarity import figures, tables
from bigdata.studies.similarity.grid import Grid
from bigdata.studies.similarity.panel import matrix_data
from bigdata.studies.similarity.results import READ_ENTRIES, Results, letters, plain
from bigdata.studies.similarity.stages import kept_columns

DEFINITIONS = {
    "tanimoto": "the bits that two fingerprints have in common, divided by the bits set in either of them",
    "dice": "twice the bits that two fingerprints have in common, divided by the sum of the bits set in each",
    "cosine": "the bits that two fingerprints have in common, divided by the geometric mean of the bits set in each",
    "integrated-l1": "one minus the area between two integrated densities of states, divided by the area "
    "below the higher one",
}
BITS = (
    "A column is a range of energies, narrow near the reference energy and wider away from it; the more states a "
    "spectrum has in a column, the more of the column's bits are set."
)
ZERO = {
    "valence-band-maximum": "energy from the valence-band maximum (eV)",
    "fermi": "energy from the Fermi energy (eV)",
    "none": "energy (eV)",
}
SOURCES = (
    "D. Speckhard et al., How big is big data?, Faraday Discuss. 2024, doi 10.1039/d4fd00102h: section 3, "
    "Fig. 3 and 4.",
    "M. Kuban et al., Sci. Data 9, 646 (2022), doi 10.1038/s41597-022-01754-z: the fingerprint.",
    "P. Willett et al., J. Chem. Inf. Comput. Sci. 38, 983 (1998): Tanimoto, Dice and cosine coefficients.",
)


def report(view: View) -> ReportParts:
    """Summary, tables, figures and the matrix to explore. Of an unfinished run, what there is."""
    results = Results(view)
    return ReportParts(
        summary=tuple(s for s in whole(view.run, _sentences(results)) if s),
        tables=tuple(whole(view.run, [partial(make, results) for make in tables.makers(results)])),
        figures=tuple(_figures(results)),
        panels=tuple(_panels(results)),
        sources=tuple(_sources(results)),
        headline=dict(chain.from_iterable(some.items() for some in whole(view.run, _headline(results)))),
    )


def _sentences(results: Results) -> Iterator[Callable[[], str]]:
    """The summary, sentence by sentence."""
    yield (
        lambda: (
            f"The densities of states of {len(results):,} entries were turned into fingerprints of "
            f"{results.view['height'].shape[1]} columns and compared by their {results.measure} similarity: "
            f"{DEFINITIONS[results.model.similarity.measure]}. It is 1 for equal fingerprints and 0 where "
            f"nothing is in common. {BITS}"
        )
    )
    yield lambda: _said_of_empty(results)
    if results.model.convergence is not None:
        yield lambda: _said_of_references(results)
        yield lambda: _said_of_steps(results)
    if results.model.groups is not None:
        yield lambda: _said_of_groups(results)
    if results.model.similarity.keep != "matrix":
        yield lambda: _said_of_neighbors(results)


def _said_of_empty(results: Results) -> str:
    if not (empty := results.empty):
        return ""
    return (
        f"{_count(len(empty), 'fingerprint has', 'fingerprints have')} no bit set ({first(empty, 3)}): "
        "there are hardly any states in the columns compared, and the similarity to others says nothing."
    )


def _said_of_references(results: Results) -> str:
    said = []
    for reference in results.references:
        own = np.flatnonzero((results.reference == reference) & (np.arange(len(results)) != reference))
        similarity = results.reference_similarity[own]
        if len(own):
            kind = results.combination(results.within, reference)
            said.append(
                f"{kind}: {(similarity >= 0.9).sum():,} of the other {len(own):,} are at least 0.9 similar "
                f"to {results.names[reference]}, the median is {np.median(similarity):.3f} "
                f"and the least {similarity.min():.3f}"
            )
    more = f"; and {len(said) - 6} more kinds" if len(said) > 6 else ""
    return (
        f"How near the entries are to the most accurate one of their kind: {'; '.join(said[:6])}{more}." if said else ""
    )


def _said_of_steps(results: Results) -> str:
    """What one step below the most accurate entry costs, for each setting that is a number."""
    said = []
    for reference in results.references[:4]:
        steps = [s for name in tables.changing(results) for s in _step_below(results, reference, name)]
        if steps:
            said.append(f"{results.combination(results.within, reference)} keeps {' and '.join(steps)}")
    start = "What one step below the most accurate entry costs, one setting at a time: "
    return f"{start}{'; '.join(said)}." if said else ""


def _step_below(results: Results, reference: int, name: str) -> Iterator[str]:
    if not results.is_number(name):
        return
    below = [entry for entry, others in tables.one_at_a_time(results, reference, name) if not others]
    below = [entry for entry in below if results.settings[name][entry] < results.settings[name][reference]]
    if below:
        value, best = (plain(results.settings[name][entry]) for entry in (below[-1], reference))
        similarity = results.reference_similarity[below[-1]]
        yield f"a similarity of {similarity:.3f} with {name} {value} instead of {best}"


def _said_of_groups(results: Results) -> str:
    assert results.model.groups is not None
    count = np.bincount(results.view["group"][...])
    alone = int((count == 1).sum())
    return (
        f"At a similarity of at least {results.model.groups.min_similarity:g} "
        f"({results.model.groups.linkage} linkage) the entries form "
        f"{_count(len(count), 'homogeneous group')}; the largest holds {count[0]:,}, and "
        f"{_count(alone, 'entry', 'entries')} "
        f"{'stands' if alone == 1 else 'stand'} alone."
    )


def _said_of_neighbors(results: Results) -> str:
    similarity = results.view["neighbor_similarity"][:, 0]
    found = similarity[np.isfinite(similarity)]
    if not len(found):
        return "No entry has a neighbour as similar as asked for."
    return f"The nearest neighbour is {np.median(found):.3f} similar in the median, {found.min():.3f} at least."


def _count(n: int, one: str, many: str = "") -> str:
    return f"{n:,} {one if n == 1 else many or one + 's'}"


def _headline(results: Results) -> Iterator[Callable[[], dict[str, float | int]]]:
    """What is compared between the variants of a sweep."""
    yield lambda: {"entries": len(results)}
    if results.model.groups is not None:
        yield lambda: _largest_group(np.bincount(results.view["group"][...]))
    if results.model.convergence is not None:
        yield lambda: {"median similarity to the most accurate": _median(_to_references(results))}
    elif results.model.similarity.keep == "matrix":
        yield lambda: {"mean similarity of two entries": _mean_of_pairs(results)}
    else:
        yield lambda: {"median similarity to the nearest": _median(results.view["neighbor_similarity"][:, 0])}


def _largest_group(count: np.typing.NDArray[np.intp]) -> dict[str, float | int]:
    return {"groups": len(count), "largest group": int(count[0])}


def _to_references(results: Results) -> np.typing.NDArray[np.float64]:
    """Similarities to the references, of the entries that are none themselves."""
    others = np.flatnonzero(results.reference != np.arange(len(results)))
    return results.reference_similarity[others]


def _median(values: np.typing.NDArray[np.float64]) -> float:
    found = values[np.isfinite(values)]
    return float(np.median(found)) if len(found) else float("nan")


def _mean_of_pairs(results: Results) -> float:
    """Over all pairs of different entries; of a large matrix, over those that are drawn."""
    shown = results.order[:: _step(results)]
    pairs = results.similarities(shown, shown)[np.triu_indices(len(shown), 1)]
    return float(pairs.mean()) if len(pairs) else float("nan")


def _sources(results: Results) -> Iterator[str]:
    yield from SOURCES
    if isinstance(results.model.dataset, NamedDataset):
        data = registered(results.model.dataset.name)
        yield f"Data {data.name}: {data.title}. {data.citation} Licence: {data.licence}."


def _panels(results: Results) -> Iterator[Panel]:
    if results.model.similarity.keep == "matrix":
        yield Panel(
            "The similarity matrix to explore",
            "Every pixel compares two entries, in the order of "
            + (", ".join(results.model.order_by) or "the dataset")
            + ". "
            "The similarities are computed here from the fingerprints that the page carries, exactly as in "
            "the store.",
            "matrix.js",
            partial(matrix_data, results),
        )


def _figures(results: Results) -> Iterator[Figure]:
    """The figures that stages.py announces, in the order of the page."""
    model, measure = results.model, results.measure
    if model.similarity.keep == "matrix":
        shown = f" Of {len(results):,} entries every {_step(results)}th is drawn." if _step(results) > 1 else ""
        yield Figure(
            "matrix",
            "Similarity matrix",
            f"{measure} similarity of all pairs of entries, in the order of "
            f"{', '.join(model.order_by) or 'the dataset'}."
            + (
                f" Dotted lines separate the blocks of equal {', '.join(model.blocks.by)}, named by letters "
                f"(see the table)."
                if model.blocks and results.has_blocks
                else ""
            )
            + " Below: settings of the entries along the same axis." * bool(model.order_by)
            + shown,
            f"Square colour map of the {measure} similarities of {len(results):,} entries.",
            partial(_matrix, results),
        )
    else:
        yield Figure(
            "neighbors",
            "Similarity of neighbours",
            f"How many entries are how similar to their nearest neighbour, and to the last neighbour kept "
            f"({measure} similarity).",
            "Two histograms of similarities.",
            partial(_neighbors, results),
        )
    if model.convergence is not None:
        yield Figure(
            "convergence",
            "Convergence of the settings",
            f"{measure} similarity of every entry to the most accurate one of the same "
            f"{', '.join(results.within)}. "
            "Lines join the entries that differ from it in the setting of the horizontal axis alone.",
            "Similarities to the most accurate entry against each numeric setting.",
            partial(_convergence, results),
        )
    if model.groups is not None and model.similarity.keep == "matrix":
        yield Figure(
            "groups",
            "Homogeneous groups",
            f"Which entries are joined at which similarity ({model.groups.linkage} linkage). Merges above "
            f"the dashed line "
            f"({model.groups.min_similarity:g}) form the homogeneous groups, numbered below as in the table.",
            "Dendrogram of the entries with the line at which it is cut.",
            partial(_groups, results),
        )
    yield Figure(
        "fingerprints",
        "Two spectra and their fingerprints",
        "An accurate entry and the one least similar to it of the same kind. Lines: density of states. "
        "Shaded: the fingerprint, a "
        "column's set bits drawn as the density of states that they stand for. Below: what both have in "
        "common (dark) and what "
        "only one of them has (light).",
        "Two densities of states over their fingerprints, and the overlap of the two fingerprints.",
        partial(_fingerprints, results),
    )


def _step(results: Results) -> int:
    """Of large matrices every k-th entry is drawn: a figure has no more pixels."""
    return -(-len(results) // READ_ENTRIES)


def _matrix(results: Results) -> Drawing:
    shown = results.order[:: _step(results)]
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
    )


def _columns(results: Results) -> figures.Columns:
    grid = Grid.from_id(results.model.fingerprint.grid)
    full = grid.thresholds[kept_columns(results.model, grid), -1]
    return figures.Columns(results.view["column"][...], results.view["column_width"][...], full, grid.n_pix)


def _shown(results: Results, entry: int) -> figures.Shown:
    """An entry's fingerprint, and its spectrum where its import is still in the cache."""
    height = results.view["height"][entry]
    try:
        spectra = open_import(results.view.inputs["spectra"].folder)
    except SiteError:
        return figures.Shown(results.names[entry], height)
    spectrum = spectra.spectrum(int(results.view["source_row"][entry]))
    energies = spectrum.energies - float(results.view["energy_shift"][entry])
    return figures.Shown(results.names[entry], height, energies, np.asarray(spectrum.dos))


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
    words = [f for f in results.model.order_by if f not in results.within and not results.is_number(f)]
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
