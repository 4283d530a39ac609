"""JSON in other forms: whatever holds one material, or many, in a `.json` file that no other format knows.

- an array of objects, objects one behind the other, or one object, of the keys that `jsonl` describes, or with a
  structure as `structure` (pymatgen's dictionary, also as text, or a CIF text), `atoms` (JARVIS's), or any CIF text;
- an object of such objects, or of pymatgen's `Structure`s, by their identifiers: `{"mp-1": {…}, "mp-2": {…}}`;
- an object with one array of such objects, such as a server's answer `{"data": […], "meta": {…}}`;
- ASE's JSON database (`ase.io.write("x.json", …)`), rows by number;
- a table that pandas wrote by `to_json`, in any orientation, or of equally long lists, with a column of structures or
  of formulas; rows are named by an identifier's column, else by the index.
"""

from __future__ import annotations

from codecs import BOM_UTF8
from collections.abc import Iterator
from itertools import chain
from pathlib import Path
from typing import Any

from bigdata.data.materials.formats.entry import FORMULA_KEYS, MaterialEntry, with_left_out
from bigdata.data.materials.formats.items import items, members
from bigdata.data.materials.formats.json_structures import FORMS, is_structure
from bigdata.data.materials.formats.objects import entry, is_material
from bigdata.data.problem import BadEntry, EntryError, Remark
from bigdata.data.text import head, holds_array_of_objects, plain_name

NAMED_BY_FILE = False
UNITS = {"energy": "eV", "free_energy": "eV"}
_KEYS = (*(f'"{key}"'.encode() for key in (*FORMS, *FORMULA_KEYS)), b"_cell_length_a")
# ASE keeps the numbers of its rows, and the next one, beside them.
_BESIDE_ROWS = ("ids", "nextid")


def recognises(name: str, head: bytes) -> bool:
    is_json = plain_name(name).lower().endswith(".json") and head.lstrip()[:1] in (b"[", b"{")
    return is_json and any(key in head for key in _KEYS)


def sources(path: Path) -> list[Path]:
    return [path]


def read(path: Path, label: str) -> Iterator[MaterialEntry | BadEntry | Remark]:
    """The materials of a file: one at a time, but for a table by columns, which is held as a whole."""
    return with_left_out(_entries(path, label))


def _entries(path: Path, label: str) -> Iterator[MaterialEntry | BadEntry | Remark]:
    line = 0
    try:
        for line, name, item in _rows(path):
            yield item if isinstance(item, Remark) else entry(item, name, label, line)
    except EntryError as e:
        yield BadEntry("", label, e.line or line, str(e))


def _rows(path: Path) -> Iterator[tuple[int, str, Any]]:
    """(line, name or "", item) of each material, in whichever form they stand; a remark in an item's place."""
    start = head(path).removeprefix(BOM_UTF8).lstrip()
    if start[:1] == b"[":
        yield from ((line, "", item) for line, item in items(path))
        return
    inside = members(path, "data")
    line, key, value = next(inside, (1, "", None))
    if key == "schema":
        # pandas' `orient="table"` describes its columns first.
        yield from ((at, "", item) for at, name, item in inside if name == "data")
    elif key == "data" and holds_array_of_objects(start):
        yield from _answered(chain([(line, key, value)], inside))
    elif isinstance(value, dict) and is_material(value) and key not in FORMS:
        by_name = chain([(line, key, value)], inside)
        yield from (row for row in by_name if row[1] not in _BESIDE_ROWS)
    else:
        yield from _of_objects(path)


def _answered(inside: Iterator[tuple[int, str, Any]]) -> Iterator[tuple[int, str, Any]]:
    """The items of `data` in a server's answer, and what stands beside them."""
    others = dict[str, None]()
    for line, key, value in inside:
        if key == "data":
            yield line, "", value
        else:
            others[key] = None
    if others:
        yield 0, "", Remark(columns=tuple(others))


def _of_objects(path: Path) -> Iterator[tuple[int, str, Any]]:
    found = items(path)
    line, first = next(found)
    following = next(found, None)
    if following is None:
        yield from _of_one(first, line)
    else:
        yield from ((at, "", item) for at, item in chain([(line, first), following], found))


def _of_one(document: dict[str, Any], line: int) -> Iterator[tuple[int, str, Any]]:
    if rows := _by_columns(document):
        yield from ((0, name, row) for name, row in rows)
        return
    lists = [key for key, value in document.items() if _holds_materials(value)]
    if len(lists) != 1 or is_material(document):
        yield line, "", document
        return
    yield from ((line, "", item) for item in document[lists[0]])
    if others := tuple(key for key in document if key != lists[0]):
        yield line, "", Remark(columns=others)


def _holds_materials(value: Any) -> bool:
    return isinstance(value, list) and value != [] and all(isinstance(one, dict) and is_material(one) for one in value)


def _by_columns(document: dict[str, Any]) -> list[tuple[str, dict[str, Any]]]:
    """(name or "", row) of a table by columns, each an object by rows' names or a list; [] where it isn't one."""
    if not any(_holds_rows(key, value) for key, value in document.items()):
        return []
    columns = list(document.values())
    if all(isinstance(column, dict) and column.keys() == columns[0].keys() for column in columns):
        return [(name, {key: column[name] for key, column in document.items()}) for name in columns[0]]
    if all(isinstance(column, list) and len(column) == len(columns[0]) for column in columns):
        return [("", dict(zip(document, row, strict=True))) for row in zip(*columns, strict=True)]
    return []


def _holds_rows(key: str, column: Any) -> bool:
    """Whether a member of a document is a table's column of structures or formulas."""
    if is_structure(column) or not isinstance(column, dict | list):
        return False
    values = column.values() if isinstance(column, dict) else column
    is_formula = key in FORMULA_KEYS
    return any(is_structure(value) or (is_formula and isinstance(value, str)) for value in values)
