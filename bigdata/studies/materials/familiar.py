"""What a trained model has seen of new structures: their materials, and their elements."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from bigdata.data.materials.elements import SYMBOLS
from bigdata.data.materials.structures import Structures
from bigdata.studies.materials import model as asked
from bigdata.studies.materials.groups import identity_of
from bigdata.studies.materials.identity import Identity, labels
from bigdata.studies.materials.split import group_hashes
from bigdata.studies.materials.symmetry import symmetry


def are_known(identity: asked.Identity, structures: Structures, saw: NDArray[np.int64]) -> NDArray[np.bool_]:
    """(n,) whether a structure's material is among those whose hashes training or validation `saw`; none where new
    structures have no name by which that could be told."""
    told = identity_of(identity)
    if _nameless(told):
        return np.zeros(len(structures), dtype=bool)
    found = symmetry(structures, told.symprec) if told.needs_symmetry else None
    return np.isin(group_hashes(labels(told, structures, [""] * len(structures), found)), saw)


def reasons_of(structures: Structures, known: NDArray[np.bool_], seen: bool) -> list[str]:
    """Why a structure gets no prediction; "" where it gets one."""
    trained_on = "the model was trained on this material; --seen predicts it all the same"
    return [
        "has no atoms" if not n else trained_on if is_known and not seen else ""
        for n, is_known in zip(structures.n_atoms.tolist(), known.tolist(), strict=True)
    ]


def notes_of(identity: asked.Identity) -> tuple[str, ...]:
    """A sentence where it can't be told what was trained on."""
    said = _nameless(identity_of(identity))
    return (f"materials are told apart by {said}: whether these were trained on isn't known",) if said else ()


def _nameless(identity: Identity) -> str:
    """By what a group is told apart that a new structure has no name for."""
    words = {
        "given_formula": "the formula as a database gives it",
        "matched": "matching with the study's own entries, whose structures the run doesn't hold",
    }
    return next((word for part, word in words.items() if part in identity.by), "")


def elements_unseen(trained: NDArray[np.int64], structures: Structures) -> list[str]:
    """Of each structure, the elements that none of the `trained` (118,) training entries has; "none" where all were."""
    crystal = np.repeat(np.arange(len(structures)), structures.n_atoms)
    found: Mapping[int, set[int]] = {i: set() for i in range(len(structures))}
    for i, number in zip(crystal.tolist(), structures.numbers.tolist(), strict=True):
        if not trained[number - 1]:
            found[i].add(number)
    return [" ".join(SYMBOLS[n] for n in sorted(numbers)) or "none" for numbers in found.values()]
