"""Matbench's tasks: JSON of a table, whose column `structure` or `composition` holds the materials.

    {"index": [0, …], "columns": ["structure", "e_form"], "data": [[{"@class": "Structure", …}, -1.2], …]}

The other columns are properties; rows are named by `index`. A. Dunn et al., npj Comput. Mater. 6, 138 (2020), doi
10.1038/s41524-020-00406-3.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from bigdata.data.materials.formats.entry import MaterialEntry, with_left_out
from bigdata.data.materials.formats.items import members
from bigdata.data.materials.formats.objects import material
from bigdata.data.problem import BadEntry, EntryError, Remark

NAMED_BY_FILE = False
UNITS = {
    "e_form": "eV/atom",
    "gap pbe": "eV",
    "gap expt": "eV",
    "exfoliation_en": "meV/atom",
    "last phdos peak": "1/cm",
    "log10(K_VRH)": "log10(GPa)",
    "log10(G_VRH)": "log10(GPa)",
    "yield strength": "MPa",
}


def recognises(name: str, head: bytes) -> bool:
    return head.lstrip()[:1] == b"{" and b'"columns"' in head and (b'"data"' in head or b'"index"' in head)


def sources(path: Path) -> list[Path]:
    return [path]


def read(path: Path, label: str) -> Iterator[MaterialEntry | BadEntry | Remark]:
    """The rows of a task, one at a time."""
    return with_left_out(_rows(path, label))


def _rows(path: Path, label: str) -> Iterator[MaterialEntry | BadEntry]:
    about: dict[str, Any] = {}
    n = 0
    try:
        for line, key, value in members(path, "data"):
            if key == "data":
                yield _entry(value, about, n, label, line)
                n += 1
            else:
                about[key] = value
    except EntryError as e:
        yield BadEntry("", label, e.line, str(e))


def _entry(row: Any, about: dict[str, Any], place: int, label: str, line: int) -> MaterialEntry | BadEntry:
    index = about.get("index") or []
    name = str(index[place] if place < len(index) else place)
    columns = about.get("columns")
    try:
        if not columns:
            raise EntryError("`columns` doesn't come before `data`: this isn't a Matbench task")
        if not isinstance(row, list) or len(row) != len(columns):
            raise EntryError(f"the row doesn't have the {len(columns)} values that `columns` names")
        return material(dict(zip(columns, row, strict=True)), name, label, line)
    except EntryError as e:
        return BadEntry(name, label, line, str(e))
