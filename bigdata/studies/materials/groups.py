"""The group of every entry: its label, from the formula and the symmetry that the cache holds."""

from __future__ import annotations

from typing import NamedTuple

from bigdata.data import DataProblem
from bigdata.kind import SpecError
from bigdata.studies.materials import model
from bigdata.studies.materials.entries import Entries
from bigdata.studies.materials.identity import Identity, labels
from bigdata.studies.materials.symmetry import Program, Symmetry, symmetry_of


class Labelled(NamedTuple):
    """Group labels of a dataset's n entries, and their symmetry where the labels need it."""

    labels: list[str]
    symmetry: Symmetry | None


def identity_of(asked: model.Identity) -> Identity:
    """What a study tells materials apart by."""
    return Identity(asked.by, asked.symprec)


def labelled(asked: model.Identity, entries: Entries, program: Program = "moyopy") -> Labelled:
    """The labels of a dataset's entries, by the symmetry that a program finds; what the cache doesn't hold of it is
    found here. Raises SpecError where they can't be told."""
    identity, dataset = identity_of(asked), entries.dataset
    structures = dataset.structures.take(entries.rows) if dataset.has_structures else None
    symmetry = None
    if identity.needs_structures and dataset.has_structures:
        made = symmetry_of(dataset.folder, identity.symprec, program).made()
        symmetry = Symmetry.read(made).take(entries.rows)
    try:
        return Labelled(labels(identity, structures, entries.formulas, symmetry), symmetry)
    except DataProblem as problem:
        raise SpecError(f"{entries.name}: {problem}") from problem
