"""The MP-crystals snapshots: a JSON list of materials whose structures are CIF texts.

    [{"material_id": "mp-1", "structure": "# generated using pymatgen\\ndata_Cs…", "formation_energy_per_atom": 0.04,
      "band_gap": 0.0, …}, …]

All other keys are properties. C. Chen et al., Chem. Mater. 31, 3564 (2019), doi 10.1021/acs.chemmater.9b01294.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from bigdata.data.materials.formats.entry import MaterialEntry
from bigdata.data.materials.formats.objects import read_items
from bigdata.data.problem import BadEntry, Remark

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
    return read_items(path, label)
