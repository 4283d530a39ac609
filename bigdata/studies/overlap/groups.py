"""The group of every entry: its label, from the formula and the symmetry that the cache holds."""

from __future__ import annotations

from typing import NamedTuple

from bigdata.data import DataProblem
from bigdata.data.derived import Derivation
from bigdata.kind import Findings
from bigdata.studies.materials.entries import Entries
from bigdata.studies.materials.identity import Identity, labels
from bigdata.studies.materials.symmetry import Symmetry
from bigdata.studies.overlap.model import Overlap, at


class Labelled(NamedTuple):
    """Group labels of a dataset's n entries, and their symmetry where the labels need it."""

    labels: list[str]
    symmetry: Symmetry | None


def identity_of(model: Overlap) -> Identity:
    """What the study tells materials apart by."""
    return Identity(model.identity.by, model.identity.symprec)


def labelled(model: Overlap, entries: Entries) -> Labelled:
    """The labels of a dataset's entries. Raises Findings where they can't be told."""
    identity, dataset = identity_of(model), entries.dataset
    structures = dataset.structures.take(entries.rows) if dataset.has_structures else None
    symmetry = None
    if identity.needs_structures and dataset.has_structures:
        derived = Derivation.of("symmetry", dataset.folder, {"symprec": identity.symprec})
        symmetry = Symmetry.read(derived.made()).take(entries.rows)
    try:
        return Labelled(labels(identity, structures, entries.formulas, symmetry), symmetry)
    except DataProblem as problem:
        raise Findings(*at(problem, "datasets", entries.name)) from problem
