"""The folder of a high-throughput run: the structures and energies of its calculations.

Every calculation that is done is an entry: its structure, relaxed where the run relaxes, with `energy_per_atom`,
`total_energy`, `band_gap` and `volume`, and the setting's functional, k-points and basis as fields.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np

from bigdata.data.calculated import Calculated, files, opened
from bigdata.data.materials.formats.entry import MaterialEntry
from bigdata.data.materials.structures import Structure
from bigdata.data.problem import BadEntry, Remark

NAMED_BY_FILE = False
UNITS = {"energy_per_atom": "eV/atom", "total_energy": "eV", "band_gap": "eV", "volume": "angstrom^3"}
_ARRAYS = ("total_energy", "band_gap", "volume")
_RADII = "radii"
_GEOMETRY = ("lattice", "position", "atomic_number")


def recognises(name: str, head: bytes) -> bool:
    return False


def sources(path: Path) -> list[Path]:
    return files(path, *_ARRAYS, *_GEOMETRY, _RADII)


def read(path: Path, label: str) -> Iterator[MaterialEntry | BadEntry | Remark]:
    """The entries, structure by structure."""
    run = opened(path, *_GEOMETRY)
    arrays = {name: run.view[name][...] for name in _ARRAYS}
    yield Remark(units=UNITS)
    yield run.remark()
    yield run.radii_remark()
    for structure, setting in run.done():
        found = _structure(run, structure, setting)
        values = {name: float(array[structure, setting]) for name, array in arrays.items()}
        known: dict[str, Any] = {"energy_per_atom": values["total_energy"] / len(found.numbers)}
        known |= {name: value for name, value in values.items() if np.isfinite(value)}
        if radii := run.radii_of(structure, setting):
            known["muffin_tin_radii"] = radii
        fields = {"structure": run.structures[structure], **run.settings[setting], **known}
        yield MaterialEntry(run.name(structure, setting), label, 0, structure=found, properties=fields)


def _structure(run: Calculated, structure: int, setting: int) -> Structure:
    """Of runs that don't relax, structures have no settings of their own."""
    place = (structure, setting) if "setting" in run.view["lattice"].dims else (structure,)
    numbers = run.view["atomic_number"][structure]
    numbers = numbers[numbers > 0]
    return Structure(run.view["lattice"][place], numbers, run.view["position"][place][: len(numbers)])
