"""ASE's databases in SQLite: `.db` files, read without ASE.

Each row is a material; its number is its identifier. The key-value pairs are its properties, the scalars in `data` too
(as `data.KEY`), and energy, free energy (eV) and magnetic moment where the row has them. Structures that aren't
periodic in three directions can't be used.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import quote

import numpy as np

from bigdata.data.materials.formats.entry import MaterialEntry, structure
from bigdata.data.materials.structures import Structure
from bigdata.data.problem import BadEntry, EntryError, Remark

NAMED_BY_FILE = False
UNITS = {"energy": "eV", "free_energy": "eV"}
_RESULTS = ("energy", "free_energy", "magmom")
_COLUMNS = ("id", "numbers", "positions", "cell", "pbc", "key_value_pairs", "data", *_RESULTS)
# ASE keeps the three flags of `pbc` as the bits of a number.
_PERIODIC = 0b111


def recognises(name: str, head: bytes) -> bool:
    return head.startswith(b"SQLite format 3\0")


def sources(path: Path) -> list[Path]:
    return [path]


def read(path: Path, label: str) -> Iterator[MaterialEntry | BadEntry | Remark]:
    """The rows of a database, by their number."""
    # Read only, so that a folder without leave to write will do; quoted, since `?` and `#` end a path in an address.
    database = sqlite3.connect(f"file:{quote(str(path))}?mode=ro", uri=True)
    try:
        for row in database.execute(f"SELECT {', '.join(_COLUMNS)} FROM systems ORDER BY id"):
            yield _entry(dict(zip(_COLUMNS, row, strict=True)), label)
    except sqlite3.Error as e:
        yield BadEntry("", label, 0, f"this isn't an ASE database that can be read: {e}")
    finally:
        database.close()


def _entry(row: dict[str, Any], label: str) -> MaterialEntry | BadEntry:
    name = str(row["id"])
    try:
        properties = {**_decoded(row["key_value_pairs"]), "data": _decoded(row["data"])}
        properties |= {key: row[key] for key in _RESULTS if row[key] is not None}
        return MaterialEntry(name, label, 0, "", _structure(row), properties)
    except (EntryError, ValueError, KeyError) as e:
        return BadEntry(name, label, 0, str(e) if isinstance(e, EntryError) else f"the row can't be decoded ({e})")


def _structure(row: dict[str, Any]) -> Structure:
    if row["pbc"] is None or row["pbc"] & _PERIODIC != _PERIODIC:
        raise EntryError("the structure isn't periodic in three directions")
    # ASE keeps arrays as bytes, in little-endian order on every machine.
    numbers = np.frombuffer(row["numbers"], "<i4").tolist()
    lattice = np.frombuffer(row["cell"], "<f8").reshape(3, 3)
    return structure(lattice, numbers, np.frombuffer(row["positions"], "<f8").reshape(-1, 3), cartesian=True)


def _decoded(stored: str | bytes | None) -> dict[str, Any]:
    """A JSON object; ASE's binary form begins with the place at which its JSON stands, behind the arrays."""
    if not stored:
        return {}
    text = stored if isinstance(stored, str) else stored[int(np.frombuffer(stored[:8], "<i8")[0]) :]
    data = json.loads(text)
    return {key: value for key, value in data.items() if _is_plain(value)} if isinstance(data, dict) else {}


def _is_plain(value: Any) -> bool:
    # ASE writes an array as an object with the key `__ndarray__`.
    return not isinstance(value, dict) or not any(key.strip("_").startswith("ndarray") for key in value)
