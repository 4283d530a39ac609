"""JSON-lines: one material with its structure and properties a line, the form to give data of any origin in.

    {"id": "mp-1", "formula": "MgF2", "lattice": [[4.6, 0, 0], [0, 4.6, 0], [0, 0, 3.1]],
     "species": ["Mg", "Mg", "F", "F", "F", "F"], "frac_coords": [[0, 0, 0], …], "band_gap_eV": 6.9}

- `id` (or `material_id`, `jid`, `auid`, `name`): unique in the file; text or a whole number.
- `formula` (or `pretty_formula`, `composition`, …): as the database writes it; it may be left out where there is a
  structure, and is compared with that.
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
from bigdata.data.materials.formats.entry import ID_KEYS, MaterialEntry, first_of, is_name, with_left_out
from bigdata.data.materials.formats.objects import material
from bigdata.data.problem import BadEntry, EntryError, Remark
from bigdata.data.text import holds_array_of_objects, holds_named_objects, lines, parsed, plain_name

NAMED_BY_FILE = False


def recognises(name: str, head: bytes) -> bool:
    plain = plain_name(name).lower()
    is_object = head[:1] == b"{" and not (holds_named_objects(head, "structure") or holds_array_of_objects(head))
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
    return with_left_out(entries_of(lines(path), label, lambda text, label, line: _line(text, label, line, entry)))


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
    if not is_name(data.get(key)):
        is_missing = data.get(key) in (None, "")
        raise EntryError("`id` is missing" if is_missing else f"`{key}` is neither text nor a whole number")
    return material(data, str(data[key]), label, line, key)
