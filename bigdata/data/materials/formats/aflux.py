"""AFLUX: rows of an answer of AFLOW's search language, one a line.

    {"auid": "aflow:a1…", "aurl": "aflowlib.duke.edu:…", "compound": "Cl1Na1", "geometry": [3.9, 3.9, 3.9, 60, 60, 60],
     "species": ["Cl", "Na"], "composition": [1, 1], "positions_fractional": [[0, 0, 0], [0.5, 0.5, 0.5]],
     "enthalpy_formation_atom": -1.8}

`auid` identifies a row; lists may also be texts, separated by `,` and `;`. Any other key is a property. A row without
`geometry` is a material without structure.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from bigdata.data.materials.formats.agreement import agreed_formula, refuse_other_counts
from bigdata.data.materials.formats.entry import MaterialEntry, cell, structure, without
from bigdata.data.materials.formats.jsonl import read_lines
from bigdata.data.materials.structures import Structure
from bigdata.data.problem import BadEntry, EntryError, Remark

NAMED_BY_FILE = False
UNITS = {
    "enthalpy_formation_atom": "eV/atom",
    "enthalpy_formation_cell": "eV",
    "enthalpy_atom": "eV/atom",
    "enthalpy_cell": "eV",
    "energy_atom": "eV/atom",
    "energy_cell": "eV",
    "energy_cutoff": "eV",
    "Egap": "eV",
    "Egap_fit": "eV",
    "volume_cell": "angstrom^3",
    "volume_atom": "angstrom^3",
    "density": "g/cm^3",
    "ael_bulk_modulus_vrh": "GPa",
    "ael_shear_modulus_vrh": "GPa",
    "agl_debye": "K",
}
_STRUCTURE = ("auid", "compound", "geometry", "species", "composition", "positions_fractional")


def recognises(name: str, head: bytes) -> bool:
    line = head.lstrip().partition(b"\n")[0]
    return line[:1] == b"{" and b'"auid"' in line and b'"aurl"' in line


def sources(path: Path) -> list[Path]:
    return [path]


def read(path: Path, label: str) -> Iterator[MaterialEntry | BadEntry | Remark]:
    """The entries of a file, one line at a time."""
    return read_lines(path, label, entry)


def entry(data: dict[str, Any], label: str, line: int) -> MaterialEntry:
    """The entry that a row stands for; raises EntryError."""
    if not data.get("auid"):
        raise EntryError("this isn't a row of AFLUX: it lacks `auid`")
    found, properties = _structure(data), without(data, *_STRUCTURE)
    formula, notes = agreed_formula({"compound": str(data.get("compound") or "")}, found)
    refuse_other_counts(found, n_atoms=("natoms", data.get("natoms")), n_elements=("nspecies", data.get("nspecies")))
    return MaterialEntry(str(data["auid"]), label, line, formula, found, properties, notes)


def _structure(data: dict[str, Any]) -> Structure | None:
    if data.get("geometry") in (None, "") or data.get("positions_fractional") in (None, ""):
        return None
    try:
        lattice = cell(*map(float, _listed(data["geometry"], ",")))
        counts = [int(n) for n in _listed(data["composition"], ",")]
        symbols = [str(symbol).strip() for symbol in _listed(data["species"], ",")]
        rows = _listed(data["positions_fractional"], ";")
        positions = [[float(x) for x in _listed(row, ",")] for row in rows]
    except (KeyError, TypeError, ValueError) as e:
        what = f"`{e.args[0]}` is missing" if isinstance(e, KeyError) else f"it can't be read ({e})"
        raise EntryError(f"the structure isn't whole: {what}") from None
    if len(counts) != len(symbols):
        raise EntryError(f"`species` names {len(symbols)} elements, `composition` {len(counts)}")
    species = [symbol for symbol, n in zip(symbols, counts, strict=True) for _ in range(n)]
    return structure(lattice, species, positions)


def _listed(value: Any, separator: str) -> list[Any]:
    return value if isinstance(value, list) else [part for part in str(value).split(separator) if part.strip()]
