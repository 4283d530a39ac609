"""pymatgen: structures and computed entries written with `as_dict()` as JSON; one object, or a list of them.

    [{"@class": "ComputedStructureEntry", "entry_id": "mp-1", "energy": -188.3, "correction": 0.0, "parameters": {…},
      "data": {"band_gap": 1.2}, "structure": {"@class": "Structure", "lattice": {"matrix": […]}, "sites": […]}}, …]

A `Structure` by itself is a material without properties. Any other object with a `structure` is one too, all its other
keys being properties. Energies of computed entries are in eV for the cell. Sites shared by several elements, or not
fully occupied, can't be used; charges are left out.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

from bigdata.data.materials.formats.entry import MaterialEntry
from bigdata.data.materials.formats.objects import read_items
from bigdata.data.problem import BadEntry, Remark
from bigdata.data.text import plain_name

NAMED_BY_FILE = False
UNITS = {"energy": "eV", "correction": "eV"}
_CLASS = re.compile(rb'"@class"\s*:\s*"(I?Structure|Computed(Structure)?Entry)"')
# An object that begins with a key of pymatgen's is one material; other keys may be the names of several.
_OBJECT = re.compile(
    rb'\{\s*"(@\w+|charge|lattice|sites|composition|energy|correction|entry_id|parameters|properties'
    rb'|data(?="\s*:\s*\{)|structure"\s*:\s*\{\s*"(@\w+|charge|lattice|sites|properties))"'
)


def recognises(name: str, head: bytes) -> bool:
    # One object a line is the format `jsonl`, which knows pymatgen's structures too.
    if plain_name(name).lower().endswith((".jsonl", ".ndjson")):
        return False
    start = head.lstrip()
    is_ours = start[:1] == b"[" or _OBJECT.match(start) is not None
    found = _CLASS.search(head)
    return is_ours and found is not None and (found[1].startswith(b"Computed") or b'"matrix"' in head)


def sources(path: Path) -> list[Path]:
    return [path]


def read(path: Path, label: str) -> Iterator[MaterialEntry | BadEntry | Remark]:
    """The materials of a file, one at a time."""
    return read_items(path, label)
