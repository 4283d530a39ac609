"""CSV: a table of materials, one a row, with a column of formulas or of CIF texts; its other columns are properties.

    material_id,formula,band_gap_eV
    mp-1,MgF2,6.9

- Identifiers stand in the first of the columns `id`, `material_id`, `jid`, `auid`, `entry_id`, …, or in `name` where
  none comes twice; without one, rows are named by their number. The column without name that pandas writes is passed
  over.
- Formulas stand in the first of `formula`, `composition`, `compound`, `pretty_formula`, `chemical_formula`, …, CIF
  texts in the first column that holds one. A row whose formula isn't its structure's can't be used; a text that is no
  formula is one only where there is no structure. Capitals don't matter in these names (`Material ID`, `Formula`).
- A column holds whole numbers, numbers, truth values (`True`, `TRUE`, `true`) or text, whichever fits all its cells. An
  empty cell is an absent value; so are `nan`, `NA`, `None`, `NULL`, `<NA>`, `n/a`, `#N/A` and a dash among numbers and
  truth values, and in texts those that can be nothing else: `NaN`, `NA` and `None` stay.
- Columns are separated by a comma, a semicolon or a tab: the most frequent one in the header, outside of quotes and
  brackets. Where it is no comma, numbers may have a decimal comma. `1,234.5` is read too; columns in which `1,234` may
  mean either are text.
- A unit stands at the end of a column's name (`gap_eV`) or in brackets (`gap (eV)`, `gap [eV]`).
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from bigdata.data.cells import ABSENT, NO_VALUE, Column, Convert
from bigdata.data.materials.formats.agreement import agreed_formula
from bigdata.data.materials.formats.crystallographic.reading import structure_of
from bigdata.data.materials.formats.crystallographic.stated import UNCHECKED
from bigdata.data.materials.formats.entry import FORMULA_KEYS, ID_KEYS, MaterialEntry
from bigdata.data.problem import BadEntry, EntryError, Remark
from bigdata.data.table import Table, columns_in, plain_key
from bigdata.data.text import plain_name

NAMED_BY_FILE = False
_CIF = re.compile("_cell_length_a", re.IGNORECASE)
# A CIF text has six lines for its cell alone; numbers and names needn't be searched.
_SHORTEST_CIF = 100


class _Layout(NamedTuple):
    """Which column of a table holds what (None: no such column), and how the others' texts become values."""

    name: int | None
    formulas: dict[str, int]
    cif: int | None
    properties: list[tuple[str, int, Convert]]
    remarks: list[Remark]


def recognises(name: str, head: bytes) -> bool:
    if not plain_name(name).lower().endswith((".csv", ".tsv")):
        return False
    columns = map(plain_key, columns_in(head))
    return any(column in FORMULA_KEYS for column in columns) or bool(_CIF.search(head.decode("latin-1")))


def sources(path: Path) -> list[Path]:
    return [path]


def read(path: Path, label: str) -> Iterator[MaterialEntry | BadEntry | Remark]:
    """The rows of a table, one at a time."""
    yield from rows(path, label)


def rows(path: Path, label: str, *, of_materials: bool = True) -> Iterator[MaterialEntry | BadEntry | Remark]:
    """The rows of a table, with a formula or structure each, unless they needn't be `of_materials`."""
    try:
        table = Table(path)
        layout = _layout(table)
        if of_materials and not layout.formulas and layout.cif is None:
            raise EntryError("the table has no column of formulas, such as `formula`, and none of CIF texts", 1)
        yield from layout.remarks
        for line, row in table.rows():
            found = _entry(table, row, layout, label, line)
            if isinstance(found, MaterialEntry):
                found.is_row = not of_materials and not found.formula and found.structure is None
            yield found
    except EntryError as e:
        yield BadEntry("", label, e.line, str(e))


def _entry(table: Table, row: list[str], layout: _Layout, label: str, line: int) -> MaterialEntry | BadEntry:
    name = _text(row, layout.name)
    try:
        table.check(row)
        if layout.name is not None and not name:
            raise EntryError(f"`{table.columns[layout.name]}` is empty")
        cif = _text(row, layout.cif, ABSENT)
        found, doubts = structure_of(cif) if cif else (None, ())
        said = {key: _text(row, place) for key, place in layout.formulas.items()}
        formula, notes = agreed_formula(said, found)
        # What is no formula may be the name of a mineral, or of a type of structures.
        words = {} if formula else {key: text for key, text in [*said.items()][:1] if text}
        if formula:
            # The row's formula is the check that the CIF text itself has no means for.
            doubts = tuple(doubt for doubt in doubts if doubt != UNCHECKED)
        properties = {**words, **_properties(row, layout)}
        return MaterialEntry(name, label, line, formula, found, properties, doubts + notes + _unreadable(row))
    except EntryError as e:
        return BadEntry(name, label, line, str(e))


def _text(row: list[str], place: int | None, absent: frozenset[str] = NO_VALUE) -> str:
    text = "" if place is None or place >= len(row) else row[place]
    return "" if text in absent else text


def _properties(row: list[str], layout: _Layout) -> dict[str, object]:
    values: dict[str, object] = {}
    for key, place, convert in layout.properties:
        try:
            values[key] = convert(row[place]) if row[place] else None
        except EntryError as e:
            raise EntryError(f"`{key}`: {e}") from None
    return values


def _unreadable(row: list[str]) -> tuple[str, ...]:
    text = "".join(row)
    return () if text.isascii() or "\ufffd" not in text else ("bytes that aren't UTF-8 are read as `\ufffd`",)


def _layout(table: Table) -> _Layout:
    """Told from all rows: a column's first cells may be empty, or its last one text."""
    columns = [Column(name, table.separator) for name in table.columns]
    cifs, is_unique = _seen(table, columns)
    name = _first(table, tuple(key for key in ID_KEYS if key != "name" or is_unique))
    formulas = [place for key in FORMULA_KEYS if (place := table.place(key)) is not None and place not in cifs]
    others = [place for place, key in enumerate(table.columns) if key and place not in {name, *formulas[:1], *cifs}]
    left_out = [table.columns[place] for place in cifs[1:]] + ["(without name)"] * ("" in table.columns)
    return _Layout(
        name,
        {table.columns[place]: place for place in formulas},
        next(iter(cifs), None),
        [(table.columns[place], place, columns[place].convert) for place in others],
        [*(r for p in others for r in columns[p].remarks()), *([Remark(columns=tuple(left_out))] if left_out else [])],
    )


def _seen(table: Table, columns: list[Column]) -> tuple[list[int], bool]:
    """The columns that hold CIF texts, and whether all names differ, once `columns` have seen the other cells."""
    cifs, names, named = set[int](), _Unique(), table.place("name")
    for line, row in table.whole_rows():
        if named is not None:
            names.see(row[named])
        for place, (column, text) in enumerate(zip(columns, row, strict=True)):
            if len(text) > _SHORTEST_CIF and _CIF.search(text):
                cifs.add(place)
            elif text:
                column.see(text, line)
    return sorted(cifs), names.so_far


def _first(table: Table, keys: tuple[str, ...]) -> int | None:
    """Where the first of the keys stands that the table has as a column."""
    return next((place for key in keys if (place := table.place(key)) is not None), None)


class _Unique:
    """Whether all of many texts differ. By hash, so that no million names are held: a collision would only leave the
    column unused."""

    def __init__(self) -> None:
        self._seen: set[int] = set()
        self.so_far = True

    def see(self, text: str) -> None:
        if self.so_far:
            before = len(self._seen)
            self._seen.add(hash(text))
            self.so_far = len(self._seen) > before
