"""JSON in other forms: whatever holds one material, or many, in a `.json` file that no other format knows.

- an array of objects, or one object, of the keys that `jsonl` describes;
- an object of such objects, or of pymatgen's `Structure`s, by their identifiers: `{"mp-1": {…}, "mp-2": {…}}`;
- ASE's JSON database (`ase.io.write("x.json", …)`), rows by number;
- a table that pandas wrote by `to_json`, in any orientation, with a column of structures (`structure`, pymatgen's
  dictionaries or CIF texts) or of formulas; rows are named by an identifier's column, else by the index.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from itertools import chain
from pathlib import Path
from typing import Any

from bigdata.data.materials.formats import jsonl
from bigdata.data.materials.formats.agreement import agreed_formula
from bigdata.data.materials.formats.crystallographic.reading import structure_of
from bigdata.data.materials.formats.entry import (
    FORMULA_KEYS,
    ID_KEYS,
    MaterialEntry,
    first_of,
    refuse_unless_periodic,
    structure,
    without,
)
from bigdata.data.materials.formats.items import items, members
from bigdata.data.materials.formats.pymatgen import Noted, from_dict, listed
from bigdata.data.problem import BadEntry, EntryError, Remark
from bigdata.data.text import parsed, plain_name, whole

NAMED_BY_FILE = False
UNITS = {"energy": "eV", "free_energy": "eV"}
_STRUCTURAL = ("sites", "structure", "lattice", "cell", "species", "frac_coords", "cart_coords", "numbers")
_KEYS = tuple(f'"{key}"'.encode() for key in (*_STRUCTURAL, *FORMULA_KEYS))
_ASE = ("cell", "numbers", "positions", "pbc")
# Keys of ASE's rows that hold no property.
_ASE_OTHERS = {*_ASE, "unique_id", "ctime", "mtime", "user", "key_value_pairs", "data", "calculator",
               "calculator_parameters", "constraints", "initial_magmoms", "initial_charges", "momenta", "tags",
               "masses", "forces", "stress", "magmoms", "charges", "dipole", "stresses", "energies"}  # fmt: skip


def recognises(name: str, head: bytes) -> bool:
    is_json = plain_name(name).lower().endswith(".json") and head.lstrip()[:1] in (b"[", b"{")
    return is_json and any(key in head for key in _KEYS)


def sources(path: Path) -> list[Path]:
    return [path]


def read(path: Path, label: str) -> Iterator[MaterialEntry | BadEntry | Remark]:
    """The materials of a file: one at a time, but for a table by columns, which is held as a whole."""
    line = 0
    try:
        for line, name, item in _rows(path):
            yield _entry(item, name, label, line)
    except EntryError as e:
        yield BadEntry("", label, e.line or line, str(e))


def _rows(path: Path) -> Iterator[tuple[int, str, Any]]:
    """(line, name or "", item) of each material, in whichever form they stand."""
    found = items(path) if not _is_object(path) else None
    if found is not None:
        yield from ((line, "", item) for line, item in found)
        return
    inside = members(path, "data")
    line, key, value = next(inside, (1, "", None))
    if key == "schema":
        # pandas' `orient="table"` describes its columns first.
        yield from ((at, "", item) for at, name, item in inside if name == "data")
    elif isinstance(value, dict) and _is_material(value) and key not in _STRUCTURAL:
        by_name = chain([(line, key, value)], inside)
        # ASE keeps the numbers of its rows, and the next one, beside them.
        yield from ((at, name, item) for at, name, item in by_name if isinstance(item, dict))
    else:
        yield from _of_whole(path)


def _is_object(path: Path) -> bool:
    from bigdata.data.text import head

    return head(path).removeprefix(b"\xef\xbb\xbf").lstrip()[:1] == b"{"


def _is_material(value: Mapping[str, Any]) -> bool:
    """Whether an object says itself what a material is, so that what it stands under is its name."""
    return any(key in value for key in (*_STRUCTURAL, *FORMULA_KEYS))


def _of_whole(path: Path) -> Iterator[tuple[int, str, Any]]:
    document = parsed(whole(path))
    columns = {key: value for key, value in document.items() if isinstance(value, dict)}
    indices = [tuple(value) for value in columns.values()]
    if columns and len(columns) == len(document) and len(set(indices)) == 1 and _is_material(document):
        # pandas' `orient="columns"`: each column by the names of the rows.
        for row in indices[0]:
            yield 0, row, {key: value[row] for key, value in columns.items()}
    else:
        yield 1, "", document


def _entry(item: Any, name: str, label: str, line: int) -> MaterialEntry | BadEntry:
    try:
        if not isinstance(item, dict):
            raise EntryError("this isn't a JSON object")
        key = first_of(item, ID_KEYS)
        # A table's own identifiers are better than the row's number; of two names for one thing neither is.
        own = str(item.get(key, ""))
        if own and name and own != name and not name.isdigit():
            raise EntryError(f"it stands under `{name}`, and its `{key}` is `{own}`")
        name = own or name
        return _material(item, name, key, label, line)
    except EntryError as e:
        return BadEntry(name, label, line, str(e))


def _material(item: dict[str, Any], name: str, key: str, label: str, line: int) -> MaterialEntry:
    if "sites" in item:
        found, properties = from_dict(item), {}
    elif item.get("structure") is not None:
        found, properties = _structure(item["structure"]), without(item, "structure", key)
    elif all(part in item for part in _ASE):
        found, properties = _from_ase(item), _of_ase(item)
    elif any(part in item for part in _STRUCTURAL):
        return jsonl.entry({**item, "id": name or "?"}, label, line) if name else _unnamed(item, label, line)
    else:
        found, properties = Noted(None, ()), without(item, key)
    said = {formula: str(properties.pop(formula)) for formula in FORMULA_KEYS if properties.get(formula)}
    formula, notes = agreed_formula(said, found.structure)
    return MaterialEntry(name, label, line, formula, found.structure, properties, found.notes + notes)


def _unnamed(item: dict[str, Any], label: str, line: int) -> MaterialEntry:
    """An entry without an identifier, for the importer to name by its place."""
    found = jsonl.entry({**item, "id": "?"}, label, line)
    found.name = ""
    return found


def _structure(data: Any) -> Noted:
    return Noted(*structure_of(data)) if isinstance(data, str) else from_dict(data)


def _from_ase(item: Mapping[str, Any]) -> Noted:
    flags = listed(item["pbc"])
    refuse_unless_periodic(flags if isinstance(flags, list) else [flags] * 3)
    lattice, numbers, positions = (listed(item[key]) for key in ("cell", "numbers", "positions"))
    if not all(isinstance(one, list) for one in (lattice, numbers, positions)):
        raise EntryError("`cell`, `numbers` and `positions` should be lists")
    return Noted(structure(lattice, numbers, positions, cartesian=True), ())


def _of_ase(item: Mapping[str, Any]) -> dict[str, Any]:
    pairs, data = item.get("key_value_pairs"), item.get("data")
    own = {key: value for key, value in item.items() if key not in _ASE_OTHERS}
    return own | (pairs if isinstance(pairs, dict) else {}) | ({"data": data} if isinstance(data, dict) else {})
