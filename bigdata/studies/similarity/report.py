"""What a similarity study shows: section 3 of doi 10.1039/d4fd00102h with its Fig. 3 and 4, on the study's
own spectra."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial

import numpy as np

from bigdata.data.problem import first
from bigdata.kind import Headline, Panel, ReportParts, Table, View
from bigdata.studies.similarity import converged, tables
from bigdata.studies.similarity.panel import matrix_data
from bigdata.studies.similarity.results import Results

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
SOURCES = (
    "D. Speckhard et al., How big is big data?, Faraday Discuss. 2024, doi 10.1039/d4fd00102h: section 3, "
    "Fig. 3 and 4.",
    "M. Kuban et al., Sci. Data 9, 646 (2022), doi 10.1038/s41597-022-01754-z: the fingerprint.",
    "P. Willett et al., J. Chem. Inf. Comput. Sci. 38, 983 (1998): Tanimoto, Dice and cosine coefficients.",
)


def report(view: View) -> ReportParts:
    """Summary, tables, the matrix to explore, and what tells variants apart."""
    results = view.once(Results)
    return ReportParts(
        summary=_sentences(results),
        tables=_tables(results),
        panels=_panels(results),
        sources=SOURCES,
        headline=_headline(results),
    )


def _sentences(results: Results) -> Iterator[Callable[[], str]]:
    """What was found, and below it what the numbers mean."""
    if results.model.convergence is not None:
        yield lambda: converged.of_references(results)
        yield lambda: converged.of_steps(results)
    if results.model.groups is not None:
        yield lambda: _said_of_groups(results)
    if results.model.similarity.keep != "matrix":
        yield lambda: _said_of_neighbors(results)
    yield lambda: _said_of_measure(results)
    yield lambda: _said_of_empty(results)


def _said_of_measure(results: Results) -> str:
    return (
        f"The densities of states of {len(results):,} entries, in states per {results.scale}, were turned into "
        f"fingerprints of {results.view['height'].shape[1]} columns and compared by their {results.measure} "
        f"similarity: {DEFINITIONS[results.model.similarity.measure]}. It is 1 for equal fingerprints and 0 where "
        f"nothing is in common. {BITS}"
    )


def _said_of_empty(results: Results) -> str:
    if not (empty := results.empty):
        return ""
    return (
        f"{_count(len(empty), 'fingerprint has', 'fingerprints have')} no bit set ({first(empty, 3)}): "
        "there are hardly any states in the columns compared, and the similarity to others says nothing."
    )


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


def _tables(results: Results) -> Iterator[Callable[[], Table]]:
    for make in tables.makers(results):
        yield partial(make, results)


def _headline(results: Results) -> Iterator[Callable[[], Headline]]:
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
    shown = results.order[:: results.step]
    pairs = results.similarities(shown, shown)[np.triu_indices(len(shown), 1)]
    return float(pairs.mean()) if len(pairs) else float("nan")


def _panels(results: Results) -> Iterator[Panel]:
    if results.model.similarity.keep == "matrix":
        yield Panel(
            "The similarity matrix to explore",
            "Every pixel compares two entries, in the order of "
            + (", ".join(results.model.order_fields) or "the dataset")
            + ". "
            "The similarities are computed here from the fingerprints that the page carries, exactly as in "
            "the store.",
            "bigdata.studies.similarity:matrix.js",
            partial(matrix_data, results),
            "matrix",
        )
