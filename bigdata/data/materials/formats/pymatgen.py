"""pymatgen: structures and computed entries written with `as_dict()` as JSON; one object, or a list of them.

    [{"@class": "ComputedStructureEntry", "entry_id": "mp-1", "energy": -188.3, "correction": 0.0, "parameters": {…},
      "data": {"band_gap": 1.2}, "structure": {"@class": "Structure", "lattice": {"matrix": […]}, "sites": […]}}, …]

A `Structure` by itself is a material without properties. Any other object with a `structure` is one too, all its other
keys being properties. Energies of computed entries are in eV for the cell. Sites shared by several elements, or not
fully occupied, can't be used; charges are left out.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from bigdata.data.formats import entries_of
from bigdata.data.materials.formats.entry import (
    ID_KEYS,
    MaterialEntry,
    first_of,
    refuse_unless_periodic,
    structure,
    without,
)
from bigdata.data.materials.formats.items import items
from bigdata.data.materials.structures import Structure
from bigdata.data.problem import BadEntry, EntryError, Remark
from bigdata.data.text import plain_name

NAMED_BY_FILE = False
UNITS = {"energy": "eV", "correction": "eV"}
_CLASS = re.compile(rb'"@class"\s*:\s*"(I?Structure|Computed(Structure)?Entry)"')
_ENTRY = {"structure", "composition", "energy_adjustments", "data", "entry_id"}


def recognises(name: str, head: bytes) -> bool:
    # One object a line is the format `jsonl`, which knows pymatgen's structures too.
    if plain_name(name).lower().endswith((".jsonl", ".ndjson")):
        return False
    return head.lstrip()[:1] in (b"{", b"[") and bool(_CLASS.search(head)) and b'"matrix"' in head


def sources(path: Path) -> list[Path]:
    return [path]


def read(path: Path, label: str) -> Iterator[MaterialEntry | BadEntry | Remark]:
    """The materials of a file, one at a time."""
    return entries_of(items(path), label, _entry)


def _entry(item: Any, label: str, line: int) -> MaterialEntry | BadEntry:
    name = ""
    try:
        if not isinstance(item, dict):
            raise EntryError("this is neither a `Structure` nor an entry with one")
        if "sites" in item:
            return MaterialEntry("", label, line, "", from_dict(item))
        key = first_of(item, ID_KEYS)
        name = str(item.get(key, ""))
        properties = {**without(item, *_ENTRY, key), **_data(item)}
        kept = {k: value for k, value in properties.items() if not k.startswith("@")}
        return MaterialEntry(name, label, line, "", from_dict(item.get("structure")), kept)
    except EntryError as e:
        return BadEntry(name, label, line, str(e))


def _data(item: Mapping[str, Any]) -> Mapping[str, Any]:
    data = item.get("data")
    return data if isinstance(data, dict) else {}


def from_dict(data: Any) -> Structure:
    """The structure of a `Structure.as_dict()`; raises EntryError."""
    try:
        sites = data["sites"]
        # Written since there are structures that aren't periodic in all directions.
        refuse_unless_periodic(data["lattice"].get("pbc", (True, True, True)))
        species = [_element(site["species"], place) for place, site in enumerate(sites, 1)]
        return structure(data["lattice"]["matrix"], species, [site["abc"] for site in sites])
    except (AttributeError, KeyError, TypeError, IndexError) as e:
        what = f"`{e.args[0]}` is missing" if isinstance(e, KeyError) else "it isn't built like one"
        raise EntryError(f"this isn't a pymatgen `Structure`: {what}") from None


def _element(species: list[dict[str, Any]], place: int) -> str:
    if len(species) != 1 or abs(species[0].get("occu", 1) - 1) > 1e-6:
        shares = ", ".join(f"{one['element']} {one.get('occu', 1):g}" for one in species) or "nothing"
        raise EntryError(f"the structure is disordered: site {place} holds {shares}")
    return str(species[0]["element"])
