"""How far an overlap hangs on the program that finds the symmetry: moyopy and spglib, entry by entry."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import NamedTuple

import numpy as np

from bigdata.data.materials.structures import Structures
from bigdata.studies.materials.identity import Compositions
from bigdata.studies.materials.overlap import Overlap
from bigdata.studies.materials.symmetry import Symmetry, symmetry


class Disagreement(NamedTuple):
    """An entry for which moyopy and spglib find different spacegroups (0: none found).

    `used` is the tolerance at which moyopy settled; at `agree_at`, the tolerance nearest to the one asked for, both
    find `agreed`; lengths in angstrom, NaN and 0 where they agree at none that was tried.
    """

    id: str
    formula: str
    moyopy: int
    spglib: int
    used: float
    agree_at: float
    agreed: int


def disagreements(structures: Structures, moyopy: Symmetry, spglib: Symmetry, ids: Sequence[str]) -> list[Disagreement]:
    """The entries that the two programs judge differently, and at which tolerance they would agree."""
    formulas = Compositions.of(structures).reduced().texts(len(structures))
    rows = np.flatnonzero(moyopy.spacegroup != spglib.spacegroup).tolist()
    return [
        Disagreement(
            ids[row],
            formulas[row],
            int(moyopy.spacegroup[row]),
            int(spglib.spacegroup[row]),
            float(moyopy.used[row]),
            *_agreement(structures.between(row, row + 1), moyopy.symprec),
        )
        for row in rows
    ]


def _agreement(one: Structures, symprec: float) -> tuple[float, int]:
    """The tolerance nearest to `symprec` at which both find the same, in steps of a tenth of a decade to 1/1000."""
    # Beyond 1 Å atoms would be taken for their neighbours.
    tried = (float(f"{symprec * 10 ** (power / 10):.3g}") for step in range(1, 31) for power in (-step, step))
    for tolerance in (length for length in tried if length <= 1):
        mine = int(symmetry(one, tolerance).spacegroup[0])
        if mine and mine == symmetry(one, tolerance, program="spglib").spacegroup[0]:
            return tolerance, mine
    return math.nan, 0


class ChangedGroup(NamedTuple):
    """A group that all datasets share by one program's symmetry and not by the other's.

    `by_first` says whether the first finds it shared; `entries` are the (dataset, id) judged differently because of
    which it is so.
    """

    label: str
    by_first: bool
    entries: tuple[tuple[str, str], ...]


def changed(one: Overlap, other: Overlap, ids: Mapping[str, Sequence[str]]) -> list[ChangedGroup]:
    """Why two overlaps of the same entries differ, group by group; `ids` name the entries by dataset."""
    shared = [{found.groups[i] for i in np.flatnonzero(found.shared())} for found in (one, other)]
    moved: dict[str, list[tuple[str, str]]] = {label: [] for label in sorted(shared[0] ^ shared[1])}
    for name in one.names:
        for row, codes in enumerate(zip(one.codes[name].tolist(), other.codes[name].tolist(), strict=True)):
            before, after = one.groups[codes[0]], other.groups[codes[1]]
            for label in {before, after} & moved.keys() if before != after else ():
                moved[label].append((name, ids[name][row]))
    return [ChangedGroup(label, label in shared[0], tuple(entries)) for label, entries in moved.items()]
