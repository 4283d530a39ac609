"""The calculations of a high-throughput study: every structure with every setting, structure by structure."""

from __future__ import annotations

import hashlib
import json
import math
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bigdata.calculators.calculation import Setting
from bigdata.data.materials.structures import Structure, Structures
from bigdata.data.problem import placed
from bigdata.kind import Finding, Findings, Input
from bigdata.studies.high_throughput.model import STRUCTURES, HighThroughput
from bigdata.studies.high_throughput.settings import One
from bigdata.studies.materials.entries import Entries, entries_of


@dataclass(frozen=True)
class Calculations:
    """S structures times P settings: calculation i is that of structure i // P with setting i % P.

    `again` are those to be made once more, with the limits in which that is tried.
    """

    entries: Entries
    points: tuple[One, ...]
    notes: tuple[str, ...]
    again: Mapping[int, Mapping[str, Any]]

    def __len__(self) -> int:
        return len(self.entries) * len(self.points)

    def structure(self, i: int) -> Structure:
        """That of calculation i."""
        return self.structures[i // len(self.points)]

    def point(self, i: int) -> One:
        """The setting of calculation i."""
        return self.points[i % len(self.points)]

    def setting(self, i: int, model: HighThroughput) -> Setting:
        """The same for a code, with what all calculations are told beside."""
        one, options = self.point(i), model.calculator.options
        mesh = one.mesh(self.structure(i).lattice)
        return Setting(one.xc, mesh, one.basis, options, model.largest_force, model.dos.window, model.dos.n)

    def fields(self, i: int) -> dict[str, Any]:
        """What calculation i depends on and others don't: its structure by a hash, and its setting.

        The setting is a text, made once for all structures: plans ask for hundreds of thousands of these.
        """
        structure, place = divmod(i, len(self.points))
        text = self._texts[place] or _text(self.points[place], self.structure(i).lattice)
        fields = {"structure": self.digests[structure], "setting": text}
        return {**fields, "again": self.again[i]} if i in self.again else fields

    @cached_property
    def _texts(self) -> list[str]:
        """(P,) settings that are the same for all structures; "" where k-points follow from the lattice."""
        return [_text(one, None) if one.k_grid else "" for one in self.points]

    @cached_property
    def structures(self) -> Structures:
        """(S,) in the order of the store."""
        return self.entries.dataset.structures.take(self.entries.rows)

    @cached_property
    def digests(self) -> list[str]:
        """(S,) a hash of each structure's lattice, elements and positions, whatever its name and its list."""
        return [_digest(structure) for structure in self.structures]

    @cached_property
    def n_k_points(self) -> NDArray[np.int64]:
        """(S, P) points of each mesh, symmetry not used."""
        found = np.empty((len(self.entries), len(self.points)), dtype=np.int64)
        for p, one in enumerate(self.points):
            # A grid is the same for all structures; a distance isn't.
            found[:, p] = math.prod(one.k_grid) if one.k_grid else self._dense(one)
        return found

    def _dense(self, one: One) -> list[int]:
        return [math.prod(one.mesh(lattice)) for lattice in self.structures.lattices]


def _text(one: One, lattice: Any) -> str:
    return json.dumps({"xc": one.xc, "k_grid": one.mesh(lattice), "basis": one.basis}, sort_keys=True)


def _digest(structure: Structure) -> str:
    whole = hashlib.sha256()
    for values, dtype in ((structure.lattice, "<f8"), (structure.numbers, "u1"), (structure.positions, "<f8")):
        # -0 and 0 are one place, and differ in their bytes.
        whole.update((np.ascontiguousarray(values, dtype=dtype) + 0).tobytes())
    return whole.hexdigest()[:32]


def open_calculations(model: HighThroughput, inputs: Mapping[str, Input]) -> Calculations:
    """Those of the structures that the spec's conditions leave. Raises Findings where there are none."""
    with placed("structures"):
        entries = entries_of(model.structures, inputs[STRUCTURES], "")
    has_atoms = entries.dataset.structures.n_atoms[entries.rows] > 0
    if not has_atoms.any():
        what = "none of the entries that are left has a structure"
        raise Findings(Finding(("structures",), what, "Widen `where:`, or give structures", at_key=True))
    n, notes = int((~has_atoms).sum()), entries.notes
    if n:
        notes = (*notes, f"{n:,} {'entry is' if n == 1 else 'entries are'} without a structure and left out")
    kept = entries.only(np.flatnonzero(has_atoms).tolist())
    return Calculations(kept, model.points, notes, _again(model, kept.ids if model.again else []))


def _again(model: HighThroughput, ids: list[str]) -> dict[int, Mapping[str, Any]]:
    """The calculations to be made once more, each with its limits. Raises Findings for those that there aren't."""
    names, found = [one.name for one in model.points], dict[int, Mapping[str, Any]]()
    limits = model.model_dump(mode="json", include={"calculator": {"timeout", "restarts"}})["calculator"]
    for i, again in enumerate(model.again):
        for key, given, known in (("structure", again.structure, ids), ("setting", again.setting, names)):
            if given and given not in known:
                what = f"the study has no {key} `{given}`"
                raise Findings(Finding(("again", i, key), what, "", given, tuple(known)))
        places = [names.index(again.setting)] if again.setting else range(len(names))
        found |= {ids.index(again.structure) * len(names) + place: limits for place in places}
    return found
