"""How converged the settings are, in two sentences: of a few kinds each by itself, of many the median and the worst."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from bigdata.studies.similarity import tables
from bigdata.studies.similarity.results import Results, plain

# So many kinds, such as materials or functionals, have a part of the sentence each.
MOST_KINDS = 3
ALIKE = 0.9


class Kind(NamedTuple):
    """The most accurate entry of a kind, and how similar the others of it are to that (m,)."""

    reference: int
    similarity: NDArray[np.float64]


class Step(NamedTuple):
    """The last value of a setting below that of the most accurate entry, and the similarity that it has to that."""

    reference: int
    setting: str
    value: object
    best: object
    similarity: float


def kinds(results: Results) -> list[Kind]:
    """The kinds that have more than their most accurate entry, in order."""
    # Sorted once: a pass over all entries for each of ten thousand materials takes minutes.
    by_reference = np.argsort(results.reference, kind="stable")
    ordered = results.reference[by_reference]
    found = []
    for reference in results.references:
        own = by_reference[slice(*np.searchsorted(ordered, [reference, reference + 1]))]
        if len(others := own[own != reference]):
            found.append(Kind(reference, results.reference_similarity[others]))
    return found


def of_references(results: Results) -> str:
    """How near entries are to the most accurate one of their kind; nothing where each is its own."""
    found = kinds(results)
    if len(found) > MOST_KINDS:
        return _of_many(results, found)
    said = [
        f"{results.combination(results.within, kind)}: {(similarity >= ALIKE).sum():,} of the other "
        f"{len(similarity):,} are at least {ALIKE:g} similar to {results.names[kind]}, the median is "
        f"{np.median(similarity):.3f} and the least {similarity.min():.3f}"
        for kind, similarity in found
    ]
    return f"How near the entries are to the most accurate one of their kind: {'; '.join(said)}." if said else ""


def _of_many(results: Results, found: list[Kind]) -> str:
    medians = np.array([np.median(kind.similarity) for kind in found])
    least = np.array([kind.similarity.min() for kind in found])
    worst, far = found[int(medians.argmin())], found[int(least.argmin())]
    n_alike = int((least >= ALIKE).sum())
    within = ", ".join(results.within)
    return (
        f"The median entry is {np.median(np.concatenate([kind.similarity for kind in found])):.3f} similar to the most "
        f"accurate one of its {within}; over the {len(found):,} kinds (by {within}) the median lies between "
        f"{medians.min():.3f} ({_named(results, worst.reference)}) and {medians.max():.3f}, the least similarity is "
        f"{least.min():.3f} ({_named(results, far.reference)}), and in {n_alike:,} of them all entries are at least "
        f"{ALIKE:g} similar."
    )


def _named(results: Results, reference: int) -> str:
    return results.combination(results.within, reference)


def of_steps(results: Results) -> str:
    """What one step below the most accurate entry costs, for each setting that is a number."""
    references = [kind.reference for kind in kinds(results)]
    steps = [step for reference in references for step in _steps(results, reference)]
    if not steps:
        return ""
    start = "What one step below the most accurate entry costs, one setting at a time: "
    said = _each(results, steps) if len(references) <= MOST_KINDS else _over_all(results, steps)
    return f"{start}{'; '.join(said)}."


def _each(results: Results, steps: list[Step]) -> Iterator[str]:
    for reference in dict.fromkeys(step.reference for step in steps):
        own = [
            f"a similarity of {step.similarity:.3f} with {step.setting} {step.value} instead of {step.best}"
            for step in steps
            if step.reference == reference
        ]
        yield f"{_named(results, reference)} keeps {' and '.join(own)}"


def _over_all(results: Results, steps: list[Step]) -> Iterator[str]:
    """Of each setting, the median over the kinds and the worst of them."""
    for setting in dict.fromkeys(step.setting for step in steps):
        own = [step for step in steps if step.setting == setting]
        worst = min(own, key=lambda step: step.similarity)
        yield (
            f"{setting} keeps a similarity of {np.median([step.similarity for step in own]):.3f} in the median of "
            f"{len(own):,}, and {worst.similarity:.3f} in the worst ({_named(results, worst.reference)}: "
            f"{worst.value} instead of {worst.best})"
        )


def _steps(results: Results, reference: int) -> Iterator[Step]:
    for setting in tables.changing(results):
        if results.is_number(setting):
            yield from _step_below(results, reference, setting)


def _step_below(results: Results, reference: int, name: str) -> Iterator[Step]:
    alone = [entry for entry, others in tables.one_at_a_time(results, reference, name) if not others]
    values = results.settings[name]
    if any(by.descending for by in results.model.order if by.field == name):
        below = [entry for entry in alone if values[entry] > values[reference]][:1]
    else:
        below = [entry for entry in alone if values[entry] < values[reference]][-1:]
    for entry in below:
        similarity = float(results.reference_similarity[entry])
        yield Step(reference, name, plain(values[entry]), plain(values[reference]), similarity)
