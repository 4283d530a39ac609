"""JARVIS-DFT: a JSON list of materials with their atoms.

    [{"jid": "JVASP-1", "formula": "TiC", "formation_energy_peratom": -0.8, "optb88vdw_bandgap": 0.0,
      "atoms": {"lattice_mat": […], "coords": […], "elements": ["Ti", "C"], "cartesian": false}}, …]

All other keys are properties; `"na"` stands for none. K. Choudhary et al., npj Comput. Mater. 6, 173 (2020), doi
10.1038/s41524-020-00440-1.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from bigdata.data.formats import entries_of
from bigdata.data.materials.formats.entry import MaterialEntry, with_left_out
from bigdata.data.materials.formats.items import items
from bigdata.data.materials.formats.objects import entry
from bigdata.data.problem import BadEntry, Remark
from bigdata.data.text import holds_named_objects

NAMED_BY_FILE = False
UNITS = {
    "formation_energy_peratom": "eV/atom",
    "optb88vdw_bandgap": "eV",
    "mbj_bandgap": "eV",
    "hse_gap": "eV",
    "optb88vdw_total_energy": "eV/atom",
    "ehull": "eV/atom",
    "bulk_modulus_kv": "GPa",
    "shear_modulus_gv": "GPa",
    "exfoliation_energy": "meV/atom",
    "encut": "eV",
    "density": "g/cm^3",
}
_MISSING = ("na", "")


def recognises(name: str, head: bytes) -> bool:
    start = head.lstrip()
    is_ours = start[:1] == b"[" or (start[:1] == b"{" and b'"jid"' in start and not holds_named_objects(start, "atoms"))
    return is_ours and b'"lattice_mat"' in head and b'"elements"' in head


def sources(path: Path) -> list[Path]:
    return [path]


def read(path: Path, label: str) -> Iterator[MaterialEntry | BadEntry | Remark]:
    """The materials of a file, one at a time."""
    return with_left_out(entries_of(items(path), label, _entry))


def _entry(item: Any, label: str, line: int) -> MaterialEntry | BadEntry:
    if isinstance(item, dict):
        item = {key: None if value in _MISSING else value for key, value in item.items()}
    return entry(item, "", label, line)
