"""ASE's databases in SQLite: `.db` files, read without ASE.

Each row is a material; its number is its identifier. The key-value pairs are its properties, the scalars in `data` too
(as `data.KEY`), and energy, free energy (eV) and magnetic moment where the row has them. Structures that aren't
periodic in three directions can't be used. Tables of others in the file are passed over, and named; so are ASE's
databases in LMDB and its trajectories. Those in JSON are read as `json`.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import quote

import numpy as np

from bigdata.data.materials.formats.agreement import refuse_other_counts
from bigdata.data.materials.formats.entry import MaterialEntry, refuse_unless_periodic, structure, without
from bigdata.data.materials.structures import Structure
from bigdata.data.problem import BadEntry, EntryError, Remark
from bigdata.data.text import head
from bigdata.files import open_users

NAMED_BY_FILE = False
UNITS = {"energy": "eV", "free_energy": "eV"}
_RESULTS = ("energy", "free_energy", "magmom")
_COLUMNS = ("id", "numbers", "positions", "cell", "pbc", "natoms", "key_value_pairs", "data", *_RESULTS)
_TABLES = {"systems", "species", "keys", "text_key_values", "number_key_values", "information"}
_SQLITE = b"SQLite format 3\0"
# LMDB's magic number stands behind the header of its first page.
_LMDB, _LMDB_PLACE = b"\xde\xc0\xef\xbe", slice(16, 20)


def recognises(name: str, head: bytes) -> bool:
    return head.startswith(_SQLITE) or bool(_other_form(head))


def _other_form(head: bytes) -> str:
    """What of ASE's this is that isn't read; "" for nothing."""
    if head.startswith(b"- of Ulm"):
        return "one of ASE's trajectories"
    return "an LMDB database" if head[_LMDB_PLACE] == _LMDB else ""


def sources(path: Path) -> list[Path]:
    return [path]


def read(path: Path, label: str) -> Iterator[MaterialEntry | BadEntry | Remark]:
    """The rows of a database, by their number."""
    if what := _not_sqlite(path):
        yield BadEntry("", label, 0, what)
        return
    # Read only, so that a folder without leave to write will do; quoted, since `?` and `#` end a path in an address.
    database = sqlite3.connect(f"file:{quote(str(path))}?mode=ro", uri=True)
    database.text_factory = lambda text: text.decode(errors="replace")
    left_out: dict[str, None] = {}
    try:
        for row in database.execute(f"SELECT {', '.join(_COLUMNS)} FROM systems ORDER BY id"):
            yield _entry(dict(zip(_COLUMNS, row, strict=True)), label, left_out)
        left_out |= dict.fromkeys(_other_tables(database))
    except sqlite3.Error as e:
        yield BadEntry("", label, 0, f"this isn't an ASE database that can be read: {e}")
    finally:
        database.close()
    if left_out:
        yield Remark(columns=tuple(left_out))


def _not_sqlite(path: Path) -> str:
    """Why SQLite can't open a file; "" where it can."""
    with open_users(path) as file:
        if file.read(len(_SQLITE)) == _SQLITE:
            return ""
    start = head(path)
    if start.startswith(_SQLITE):
        return "the database is compressed: unpack it first"
    return f"this is {_other_form(start) or 'no SQLite database'}. Write it as `.db` or `.extxyz` with ASE"


def _other_tables(database: sqlite3.Connection) -> list[str]:
    """The tables that aren't ASE's own, such as its external ones."""
    names = (name for (name,) in database.execute("SELECT name FROM sqlite_master WHERE type = 'table' ORDER BY name"))
    return [f"table {name}" for name in names if name not in _TABLES and not name.startswith("sqlite_")]


def _entry(row: dict[str, Any], label: str, left_out: dict[str, None]) -> MaterialEntry | BadEntry:
    name = str(row["id"])
    try:
        data = _decoded(row["data"])
        arrays = [key for key, value in data.items() if not _is_plain(value)]
        left_out |= dict.fromkeys(f"data.{key}" for key in arrays)
        properties = {**_decoded(row["key_value_pairs"]), "data": without(data, *arrays)}
        properties |= {key: row[key] for key in _RESULTS if row[key] is not None}
        return MaterialEntry(name, label, 0, "", _structure(row), properties)
    except (EntryError, ValueError, KeyError, TypeError) as e:
        return BadEntry(name, label, 0, str(e) if isinstance(e, EntryError) else f"the row can't be decoded ({e})")


def _structure(row: dict[str, Any]) -> Structure:
    if row["pbc"] is None:
        raise EntryError("`pbc` is empty: along which vectors the structure is periodic isn't known")
    # ASE keeps the three flags of `pbc` as the bits of a number.
    refuse_unless_periodic([bool(row["pbc"] >> place & 1) for place in range(3)])
    # ASE keeps arrays as bytes, in little-endian order on every machine.
    numbers = np.frombuffer(row["numbers"], "<i4").tolist()
    lattice = np.frombuffer(row["cell"], "<f8").reshape(3, 3)
    found = structure(lattice, numbers, np.frombuffer(row["positions"], "<f8").reshape(-1, 3), cartesian=True)
    refuse_other_counts(found, n_atoms=("natoms", row["natoms"]))
    return found


def _decoded(stored: str | bytes | None) -> dict[str, Any]:
    """A JSON object; ASE's binary form begins with the place at which its JSON stands, behind the arrays."""
    if not stored:
        return {}
    text = stored if isinstance(stored, str) else stored[int(np.frombuffer(stored[:8], "<i8")[0]) :]
    data = json.loads(text)
    return data if isinstance(data, dict) else {}


def _is_plain(value: Any) -> bool:
    # ASE writes an array as an object with the key `__ndarray__`.
    return not isinstance(value, dict) or not any(key.strip("_").startswith("ndarray") for key in value)
