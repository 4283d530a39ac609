"""CSV: a table of materials, one a row, with a column of formulas or of CIF texts; its other columns are properties.

    material_id,formula,band_gap_eV
    mp-1,MgF2,6.9

- Identifiers stand in the first of the columns `id`, `material_id`, `jid`, `auid`, `entry_id`, …, or in `name` where
  none comes twice; without one, rows are named by their number. The column without name that pandas writes is passed
  over.
- Formulas stand in the first of `formula`, `composition`, `compound`, `pretty_formula`, `chemical_formula`, …; CIF
  texts in the column whose first value is one.
- A column holds numbers where every value of it is one (`nan`, `NA`, `None` among them are absent values), truth values
  where all are `True` or `False`; all else is text as it stands. An empty cell is an absent value.
- Columns are separated by a comma, a semicolon or a tab.
"""

from __future__ import annotations

import contextlib
import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, NamedTuple

from bigdata.data.materials.formats.crystallographic.reading import structure_of
from bigdata.data.materials.formats.entry import FORMULA_KEYS, ID_KEYS, MaterialEntry
from bigdata.data.problem import BadEntry, EntryError, Remark
from bigdata.data.table import ABSENT, cells, header, rows_of, separator

NAMED_BY_FILE = False
_TRUTH = {"True": True, "False": False, "true": True, "false": False}
# Numbers that begin with zeros ("007") are names.
_INT = re.compile(r"[+-]?(0|[1-9]\d*)")
_FLOAT = re.compile(r"[+-]?(0|[1-9]\d*|(?=\.\d))(\.\d*)?([eE][+-]?\d+)?")
Convert = Callable[[str], Any]


class _Table(NamedTuple):
    """Which column holds what ("" for none), and how the properties' texts become values."""

    name: str
    formula: str
    cif: str
    convert: dict[str, Convert]


def recognises(name: str, head: bytes) -> bool:
    line = head.partition(b"\n")[0].decode("utf-8-sig", errors="replace")
    columns = cells(line, separator(line))
    plain = name.removesuffix(".gz").endswith((".csv", ".tsv"))
    return plain and (any(key in columns for key in FORMULA_KEYS) or b"_cell_length_a" in head)


def sources(path: Path) -> list[Path]:
    return [path]


def read(path: Path, label: str) -> Iterator[MaterialEntry | BadEntry | Remark]:
    """The rows of a table, one at a time."""
    try:
        table = _table(path)
        for line, row in rows_of(path):
            yield _entry(row, table, label, line)
    except EntryError as e:
        yield BadEntry("", label, e.line, str(e))


def _entry(row: dict[str, str], table: _Table, label: str, line: int) -> MaterialEntry | BadEntry:
    name = row[table.name] if table.name else ""
    try:
        if None in row:
            raise EntryError("this row has more cells than the header has names")
        if table.name and not name:
            raise EntryError(f"`{table.name}` is empty")
        properties = {key: convert(row[key]) if row[key] else None for key, convert in table.convert.items()}
        cif, formula = row.get(table.cif) if table.cif else "", row.get(table.formula) if table.formula else ""
        found, notes = structure_of(cif) if cif else (None, ())
        return MaterialEntry(name, label, line, formula or "", found, properties, notes)
    except EntryError as e:
        return BadEntry(name, label, line, str(e))


def _table(path: Path) -> _Table:
    rows = rows_of(path)
    first = next(rows, (2, {}))[1]
    columns = header(path)
    cif = next((key for key in columns if "_cell_length_a" in first.get(key, "")), "")
    name = next((key for key in ID_KEYS if key in columns and (key != "name" or _is_unique(path, key))), "")
    formula = next((key for key in FORMULA_KEYS if key in columns), "")
    if not (cif or formula):
        raise EntryError("the table has no column of formulas, such as `formula`, and none of CIF texts", 1)
    return _Table(name, formula, cif, _conversions(path, {name, formula, cif, ""}))


def _is_unique(path: Path, key: str) -> bool:
    seen: set[int] = set()
    with contextlib.suppress(EntryError):
        for n, (_, row) in enumerate(rows_of(path)):
            # By hash, so that no million names are held; a collision would only leave the column unused.
            seen.add(hash(row[key]))
            if len(seen) <= n:
                return False
    return True


def _conversions(path: Path, others: set[str]) -> dict[str, Convert]:
    """For each column that is a property: how all its texts can be read."""
    fits: dict[str, Convert | None] = {key: None for key in header(path) if key not in others}
    undecided = set(fits)
    # What is wrong with the table is said when it is read.
    with contextlib.suppress(EntryError):
        for _, row in rows_of(path):
            undecided -= _widened(fits, undecided, row)
            if not undecided:
                break
    return {key: fit or _nothing for key, fit in fits.items()}


def _widened(fits: dict[str, Convert | None], undecided: set[str], row: dict[str, str]) -> set[str]:
    """Make the conversions fit a row's texts too; those that are text now, which fits all."""
    for key in undecided:
        if text := row.get(key):
            fits[key] = _wider(fits[key], text)
    return {key for key in undecided if fits[key] is str}


def _wider(fit: Convert | None, text: str) -> Convert | None:
    if text in ABSENT:
        return fit
    if text in _TRUTH and fit in (None, _truth):
        return _truth
    if fit in (None, _int) and _INT.fullmatch(text):
        return _int
    return _float if fit in (None, _int, _float) and _FLOAT.fullmatch(text) else str


def _int(text: str) -> int | None:
    return None if text in ABSENT else int(text)


def _float(text: str) -> float | None:
    return None if text in ABSENT else float(text)


def _truth(text: str) -> bool | None:
    return _TRUTH.get(text)


def _nothing(text: str) -> None:
    return None
