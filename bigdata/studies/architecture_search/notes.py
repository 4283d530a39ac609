"""What a plan says of a search: what was left out, what isn't used, and what its numbers depend on."""

from __future__ import annotations

from collections.abc import Iterator

from bigdata.studies.architecture_search.model import ArchitectureSearch
from bigdata.studies.architecture_search.points import unused
from bigdata.studies.materials.entries import Entries
from bigdata.studies.materials.far_off import far_off
from bigdata.studies.materials.groups import without_structure


def notes_of(model: ArchitectureSearch, entries: Entries) -> Iterator[str]:
    """One sentence each."""
    yield from entries.notes
    yield from without_structure(model.identity, [entries])
    yield from far_off([entries])
    for path, kinds in unused(model, model.searched).items():
        yield f"`{path}` is no field of {' and '.join(kinds)}: trials of these draw it and leave it unused"
    if model.rungs.resource == "seconds":
        yield "trials are ended by seconds: on another machine they do other numbers of steps, and find other networks"
    timed = [metric for metric in model.reward.metrics if metric.startswith("seconds")]
    if timed:
        yield f"`{timed[0]}` is measured: a repeated search finds other values, and so may go another way"
    if model.training.cores > 1:
        yield f"trainings on {model.training.cores} cores sum in another order than on one: the last bits differ"
