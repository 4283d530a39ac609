"""The group of every entry: its label, from the formula and the symmetry that the cache holds."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
from numpy.typing import NDArray

from bigdata.data import DataProblem
from bigdata.data.materials.dataset import open_import
from bigdata.data.problem import first
from bigdata.kind import SpecError
from bigdata.studies.materials import model
from bigdata.studies.materials.entries import Entries
from bigdata.studies.materials.identity import Identity, labels
from bigdata.studies.materials.symmetry import Program, Symmetry, symmetry_of

if TYPE_CHECKING:
    from bigdata.kind import View


class Labelled(NamedTuple):
    """Group labels of a dataset's n entries, and their symmetry where the labels need it."""

    labels: list[str]
    symmetry: Symmetry | None


def identity_of(asked: model.Identity) -> Identity:
    """What a study tells materials apart by."""
    return Identity(asked.by, asked.symprec, asked.tolerances)


def numbers_in(view: View, asked: model.Identity, entries: Iterable[str]) -> dict[str, NDArray[np.int64]]:
    """What `labelled` needs to know of matching, from a run's store, by dataset; empty where it needs nothing."""
    return {name: view[f"match_{name}"][...] for name in entries} if asked.needs_matches else {}


def labelled(
    asked: model.Identity,
    entries: Entries,
    program: Program = "moyopy",
    numbers: NDArray[np.int64] | None = None,
) -> Labelled:
    """The labels of a dataset's entries, by the symmetry that a program finds, and by the `numbers` of their classes
    (see `matching.numbered`) where these count; what the cache doesn't hold of symmetry is found here. Raises
    SpecError where they can't be told."""
    some = entries.rows.tobytes()
    matched = None if numbers is None else numbers.tobytes()
    try:
        found = _labelled(identity_of(asked), entries.dataset.folder, some, program, matched)
    except DataProblem as problem:
        raise SpecError(f"{entries.name}: {problem}") from problem
    if found.symmetry is None or found.symmetry.spacegroup.all():
        return found
    return found._replace(labels=_apart(found.labels, found.symmetry, entries))


def _apart(labels: list[str], symmetry: Symmetry, entries: Entries) -> list[str]:
    """The labels, with names of their own for entries whose symmetry isn't known: that two of them are one material
    isn't known either."""
    apart = list(labels)
    for place in np.flatnonzero(symmetry.spacegroup == 0).tolist():
        apart[place] = f"{labels[place]}:{entries.name}:{entries.ids[place]}"
    return apart


def without_structure(asked: model.Identity, entries: Iterable[Entries]) -> Iterator[str]:
    """Sentences on the entries that can't be told to be the same material as any other, as they have no structure."""
    for e in entries:
        if not (asked.needs_structures and e.dataset.has_structures):
            continue
        places = np.flatnonzero(e.dataset.structures.n_atoms[e.rows] == 0).tolist()
        if places:
            noun = "entry has" if len(places) == 1 else "entries have"
            named = first((e.ids[place] for place in places), 5)
            yield f"{e.name}: {len(places):,} {noun} no structure ({named}): each is a group of its own"


# A task, and then the report of the same process, ask for the same: of half a million formulas that takes 20 s.
@lru_cache(maxsize=16)
def _labelled(identity: Identity, folder: Path, some: bytes, program: Program, matched: bytes | None) -> Labelled:
    dataset, rows = open_import(str(folder)), np.frombuffer(some, dtype=np.int64)
    structures = dataset.structures.take(rows) if dataset.has_structures else None
    symmetry = None
    if identity.needs_symmetry and dataset.has_structures:
        symmetry = Symmetry.read(symmetry_of(folder, identity.symprec, program).made()).take(rows)
    formulas = dataset.formulas
    numbers = None if matched is None else np.frombuffer(matched, dtype=np.int64)
    return Labelled(labels(identity, structures, [formulas[row] for row in rows], symmetry, numbers), symmetry)
