"""Symmetry on all cores before a study needs it, and what another program's symmetry would change in what is shared."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import NamedTuple

from bigdata.data.derived import made
from bigdata.studies.materials.crosscheck import ChangedGroup, Disagreement, changed, disagreements
from bigdata.studies.materials.groups import labelled
from bigdata.studies.materials.overlap import Overlap as Shared
from bigdata.studies.materials.overlap import overlap
from bigdata.studies.materials.symmetry import Program, symmetry_of
from bigdata.studies.overlap.model import Overlap
from bigdata.studies.overlap.results import Results

Progress = Callable[[str, int, int], None]


def _silent(_program: str, _n_done: int, _n: int) -> None:
    """For who doesn't look."""


def find_symmetry(model: Overlap, folders: Iterable[str], program: Program, progress: Progress) -> None:
    """The symmetry of the imports in these folders, into the cache, where the study needs it.

    `progress(program, n_done, n)` is called after each block.
    """
    if not model.identity.needs_symmetry:
        return
    wanted = [symmetry_of(folder, model.identity.symprec, program) for folder in folders]
    made(wanted, lambda n_done, n: progress(program, n_done, n))


class Crosschecked(NamedTuple):
    """What is shared by spglib's symmetry, where that differs from moyopy's, and the entries judged differently."""

    shared: Shared
    changed: list[ChangedGroup]
    disagreements: dict[str, list[Disagreement]]


def crosschecked(results: Results, progress: Progress = _silent) -> Crosschecked:
    """The same entries by the symmetry that spglib finds for all of them; takes minutes where that isn't known."""
    model, entries = results.model, results.entries
    with_structures = [str(e.dataset.folder) for e in entries.values() if e.dataset.has_structures]
    find_symmetry(model, with_structures, "spglib", progress)
    others = {name: labelled(model.identity, e, "spglib", results.numbers.get(name)) for name, e in entries.items()}
    theirs = overlap({name: other.labels for name, other in others.items()})
    found = {}
    for name, e in entries.items():
        mine, other = results.labelled[name].symmetry, others[name].symmetry
        if mine is not None and other is not None:
            found[name] = disagreements(e.dataset.structures.take(e.rows), mine, other, e.ids)
    return Crosschecked(theirs, changed(results.shared, theirs, {n: e.ids for n, e in entries.items()}), found)
