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
from bigdata.data.materials.formats.agreement import agreed_formula, refuse_other_counts
from bigdata.data.materials.formats.entry import MaterialEntry, structure, without
from bigdata.data.materials.formats.items import items
from bigdata.data.problem import BadEntry, EntryError, Remark

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
_MISSING = ("na", "", None)


def recognises(name: str, head: bytes) -> bool:
    return head.lstrip()[:1] == b"[" and b'"lattice_mat"' in head and b'"elements"' in head


def sources(path: Path) -> list[Path]:
    return [path]


def read(path: Path, label: str) -> Iterator[MaterialEntry | BadEntry | Remark]:
    """The materials of a file, one at a time."""
    return entries_of(items(path), label, _entry)


def _entry(item: Any, label: str, line: int) -> MaterialEntry | BadEntry:
    if not isinstance(item, dict):
        return BadEntry("", label, line, "this isn't a JSON object")
    name = str(item.get("jid") or item.get("id") or "")
    try:
        atoms = item["atoms"]
        found = structure(atoms["lattice_mat"], _trimmed(atoms["elements"]), atoms["coords"], bool(atoms["cartesian"]))
        formula, notes = agreed_formula({"formula": str(item.get("formula") or "")}, found)
        refuse_other_counts(found, n_atoms=("nat", item.get("nat")))
        rest = without(item, "jid" if item.get("jid") else "id", "formula", "atoms")
        properties = {key: None if isinstance(v, str) and v in _MISSING else v for key, v in rest.items()}
        return MaterialEntry(name, label, line, formula, found, properties, notes)
    except (KeyError, TypeError, AttributeError) as e:
        what = f"`{e.args[0]}` is missing" if isinstance(e, KeyError) else "`atoms` isn't built like JARVIS's"
        return BadEntry(name, label, line, what)
    except EntryError as e:
        return BadEntry(name, label, line, str(e))


def _trimmed(elements: list[str]) -> list[str]:
    # Some of the older files pad symbols with blanks.
    return [element.strip() for element in elements]
