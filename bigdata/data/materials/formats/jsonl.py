"""JSON-lines: one material with its structure and properties a line, the form to give data of any origin in.

    {"id": "mp-1", "formula": "MgF2", "lattice": [[4.6, 0, 0], [0, 4.6, 0], [0, 0, 3.1]],
     "species": ["Mg", "Mg", "F", "F", "F", "F"], "frac_coords": [[0, 0, 0], …], "band_gap_eV": 6.9}

- `id` (or `material_id`, `jid`, `auid`, `name`): unique in the file; text or a whole number.
- `formula`: as the database writes it; it may be left out where there is a structure.
- `lattice` (or `cell`): three vectors in angstrom; `species`: symbols or atomic numbers; `frac_coords` (fractions of
  the lattice vectors) or `cart_coords` (angstrom). All left out: a material without structure. `structure` may
  hold one as pymatgen's `as_dict()` writes it, instead.
- Any other key is a property. A short list becomes text, an object's keys are joined with a dot. A unit at the end of
  a name (`_eV`, `_eV_per_atom`, `_GPa`) is taken as the property's.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from bigdata.data.formats import entries_of
from bigdata.data.materials.formats.agreement import agreed_formula
from bigdata.data.materials.formats.entry import ID_KEYS, MaterialEntry, first_of, oxidation_note, structure, without
from bigdata.data.materials.formats.pymatgen import Noted, from_dict
from bigdata.data.problem import BadEntry, EntryError, Remark
from bigdata.data.text import holds_named_objects, lines, parsed, plain_name

NAMED_BY_FILE = False
_MATERIAL = {"id", "formula", "lattice", "cell", "species", "frac_coords", "cart_coords"}


def recognises(name: str, head: bytes) -> bool:
    plain = plain_name(name).lower()
    is_object = head[:1] == b"{" and not holds_named_objects(head, "structure")
    return plain.endswith((".jsonl", ".ndjson")) or (is_object and b'"frac_coords"' in head.split(b"\n")[0])


def sources(path: Path) -> list[Path]:
    return [path]


def read(path: Path, label: str) -> Iterator[MaterialEntry | BadEntry | Remark]:
    """The entries of a file, one line at a time."""
    return read_lines(path, label, entry)


def read_lines(
    path: Path, label: str, entry: Callable[[dict[str, Any], str, int], MaterialEntry]
) -> Iterator[MaterialEntry | BadEntry | Remark]:
    """Entries that stand one a line, each made by `entry(object, label, line)`, which may raise EntryError."""
    return entries_of(lines(path), label, lambda text, label, line: _line(text, label, line, entry))


def _line(
    text: bytes, label: str, line: int, entry: Callable[[dict[str, Any], str, int], MaterialEntry]
) -> MaterialEntry | BadEntry:
    data: Any = None
    try:
        data = parsed(text)
        if not isinstance(data, dict):
            raise EntryError("this line isn't a JSON object")
        return entry(data, label, line)
    except EntryError as e:
        name = data.get(first_of(data, ID_KEYS), "") if isinstance(data, dict) else ""
        return BadEntry(str(name), label, line, str(e))


def entry(data: dict[str, Any], label: str, line: int) -> MaterialEntry:
    """The entry that a JSON object in this form stands for; raises EntryError."""
    key = "id" if data.get("id") not in (None, "") else first_of(data, ID_KEYS) or "id"
    properties = without(data, *_MATERIAL, key)
    if isinstance(data.get("structure"), dict):
        del properties["structure"]
    name, (found, doubts) = _name(data, key), _structure(data)
    formula, notes = agreed_formula({"formula": _formula(data)}, found)
    return MaterialEntry(name, label, line, formula, found, properties, doubts + notes)


def _name(data: dict[str, Any], key: str) -> str:
    name = data.get(key)
    if isinstance(name, bool) or not isinstance(name, str | int) or name == "":
        raise EntryError("`id` is missing" if name in (None, "") else f"`{key}` is neither text nor a whole number")
    return str(name)


def _formula(data: dict[str, Any]) -> str:
    formula = data.get("formula")
    if formula is not None and not isinstance(formula, str):
        raise EntryError("`formula` isn't text")
    return formula or ""


def _structure(data: dict[str, Any]) -> Noted:
    if isinstance(data.get("structure"), dict):
        return from_dict(data["structure"])
    lattice = data["lattice"] if data.get("lattice") is not None else data.get("cell")
    cartesian = data.get("frac_coords") is None
    positions = data.get("cart_coords" if cartesian else "frac_coords")
    given = {"lattice": lattice, "species": data.get("species"), "frac_coords": positions}
    missing = [f"`{key}`" for key, value in given.items() if value is None]
    if len(missing) == len(given):
        return Noted(None, ())
    if missing:
        raise EntryError(f"the structure isn't whole: {' and '.join(missing)} missing")
    wrong = [f"`{key}`" for key, value in given.items() if not isinstance(value, list)]
    if wrong:
        raise EntryError(f"{' and '.join(wrong)} should be a list")
    return Noted(structure(lattice, given["species"], positions, cartesian), oxidation_note(data["species"]))
