"""The MP-crystals snapshots: a JSON list of materials whose structures are CIF texts.

    [{"material_id": "mp-1", "structure": "# generated using pymatgen\\ndata_Cs…", "formation_energy_per_atom": 0.04,
      "band_gap": 0.0, …}, …]

All other keys are properties. C. Chen et al., Chem. Mater. 31, 3564 (2019), doi 10.1021/acs.chemmater.9b01294.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from bigdata.data.formats import entries_of
from bigdata.data.materials.formats.crystallographic.reading import structure_of
from bigdata.data.materials.formats.entry import ID_KEYS, MaterialEntry, first_of, without
from bigdata.data.materials.formats.items import items
from bigdata.data.problem import BadEntry, EntryError, Remark

NAMED_BY_FILE = False
UNITS = {
    "formation_energy_per_atom": "eV/atom",
    "band_gap": "eV",
    "e_above_hull": "eV/atom",
    "K": "GPa",
    "G": "GPa",
    "elasticity.K_VRH": "GPa",
    "elasticity.G_VRH": "GPa",
}


def recognises(name: str, head: bytes) -> bool:
    return head.lstrip()[:1] == b"[" and b"_cell_length_a" in head and b'"structure"' in head


def sources(path: Path) -> list[Path]:
    return [path]


def read(path: Path, label: str) -> Iterator[MaterialEntry | BadEntry | Remark]:
    """The materials of a file, one at a time."""
    return entries_of(items(path), label, _entry)


def _entry(item: Any, label: str, line: int) -> MaterialEntry | BadEntry:
    if not isinstance(item, dict):
        return BadEntry("", label, line, "this isn't a JSON object")
    key = first_of(item, ID_KEYS)
    name = str(item.get(key, ""))
    try:
        if not isinstance(item.get("structure"), str):
            raise EntryError("`structure` isn't a CIF text")
        found, notes = structure_of(item["structure"])
        return MaterialEntry(name, label, line, "", found, without(item, "structure", key), notes)
    except EntryError as e:
        return BadEntry(name, label, line, str(e))
