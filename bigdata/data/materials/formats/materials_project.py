"""Materials Project: summaries as its interface (`/materials/summary/`) answers with them, one a line.

    {"material_id": "mp-1265", "formula_pretty": "MgO", "formation_energy_per_atom": -3.03, "band_gap": 4.43,
     "structure": {"@module": "pymatgen.core.structure", "@class": "Structure", "lattice": {"matrix": […]}, …}}

All but the structure and the names are properties. Units are those of the interface's documentation. Disordered
structures can't be used.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from bigdata.data.materials.formats.entry import MaterialEntry
from bigdata.data.materials.formats.jsonl import read_lines
from bigdata.data.materials.formats.objects import material
from bigdata.data.problem import BadEntry, EntryError, Remark
from bigdata.data.text import holds_array_of_objects, holds_named_objects

NAMED_BY_FILE = False
UNITS = {
    "band_gap": "eV",
    "bulk_modulus.reuss": "GPa",
    "bulk_modulus.voigt": "GPa",
    "bulk_modulus.vrh": "GPa",
    "cbm": "eV",
    "density": "g/cm^3",
    "density_atomic": "angstrom^3",
    "efermi": "eV",
    "energy_above_hull": "eV/atom",
    "energy_per_atom": "eV/atom",
    "equilibrium_reaction_energy_per_atom": "eV/atom",
    "formation_energy_per_atom": "eV/atom",
    "shear_modulus.reuss": "GPa",
    "shear_modulus.voigt": "GPa",
    "shear_modulus.vrh": "GPa",
    "uncorrected_energy_per_atom": "eV/atom",
    "vbm": "eV",
    "volume": "angstrom^3",
}


def recognises(name: str, head: bytes) -> bool:
    line = head.lstrip().partition(b"\n")[0]
    is_one = (
        line[:1] == b"{"
        and not holds_array_of_objects(line)
        and not holds_named_objects(line, "structure", "symmetry", "builder_meta")
    )
    return is_one and b'"material_id"' in line and (b'"formula_pretty"' in line or b'"@class"' in line)


def sources(path: Path) -> list[Path]:
    return [path]


def read(path: Path, label: str) -> Iterator[MaterialEntry | BadEntry | Remark]:
    """The entries of a file, one line at a time."""
    return read_lines(path, label, entry)


def entry(data: dict[str, Any], label: str, line: int) -> MaterialEntry:
    """The entry that a summary stands for; raises EntryError."""
    name = data.get("material_id")
    if not isinstance(name, str) or not name:
        raise EntryError("this isn't a summary of the Materials Project: it lacks `material_id`")
    # The interface answers with the names of all other fields, under `fields_not_requested`.
    return material(data, name, label, line, "material_id", "fields_not_requested")
