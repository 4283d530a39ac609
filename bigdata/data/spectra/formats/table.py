"""A CSV table of settings, one entry a row, whose column `file` names the spectrum's file.

    name,xc,n_kpts,file,vbm_eV
    BN-LDA-32,LDA,32,spectra/lda_32.csv,3.05

- `file`: relative to the table; any format that holds one spectrum. Several rows may not share a file.
- `name`: unique; the file's path where the table has no such column.
- `energy_zero`, `vbm_eV`, `fermi_eV`: as in JSON-lines; they go before what the spectrum's file says.
- Any other column is a setting: whole numbers, numbers, truth values (`True`, `TRUE`, `true`) or text, whichever fits
  all its cells. An empty cell is an absent value; so are `nan`, `NA`, `None`, `NULL`, `<NA>`, `n/a`, `#N/A` and a dash
  among numbers and truth values, and in texts those that can be nothing else: `NaN`, `NA` and `None` stay.
- Columns are separated by a comma, a semicolon or a tab: the most frequent one in the header, outside of quotes and
  brackets. Where it is no comma, numbers may have a decimal comma.
"""

from __future__ import annotations

import contextlib
import math
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

from bigdata.data.cells import NO_VALUE, Column, Convert
from bigdata.data.problem import BadEntry, EntryError, Remark
from bigdata.data.spectra.formats.entry import Entry, number, zero
from bigdata.data.table import Table, columns_in, plain_key
from bigdata.data.text import plain_name

NAMED_BY_FILE = True


def recognises(name: str, head: bytes) -> bool:
    is_table = plain_name(name).lower().endswith((".csv", ".tsv"))
    return is_table and "file" in map(plain_key, columns_in(head))


def sources(path: Path) -> list[Path]:
    """The table, the files that it names, and theirs."""
    found = [path]
    # What is wrong with the table is said when it is read.
    with contextlib.suppress(EntryError):
        table = Table(path)
        file = _file(table)
        for _, row in table.rows():
            spectrum = path.parent / (row[file] if file < len(row) else "")
            if (reader := _reader(spectrum)) is not None:
                found.extend(reader.sources(spectrum))
    return list(dict.fromkeys(found))


def read(path: Path, label: str) -> Iterator[Entry | BadEntry | Remark]:
    """The entries of a table, row by row."""
    rows = _Rows(Table(path))
    for line, row in rows.table.rows():
        name = rows.text(row, "name") or rows.text(row, "file")
        try:
            yield replace(rows.entry(row), name=name, file=label, line=line)
        except EntryError as e:
            yield BadEntry(name, label, line, str(e))
    yield from rows.remarks


class _Rows:
    """How the rows of a table become entries; `remarks` are on its columns, and on the spectra's files read so far."""

    def __init__(self, table: Table) -> None:
        self.table, self._file = table, _file(table)
        columns = _understood(table)
        self._convert: list[Convert] = [column.convert for column in columns]
        self._place = {key: table.place(key) for key in ("name", "file", "energy_zero", "vbm_ev", "fermi_ev")}
        words = {self._place[key] for key in ("name", "file", "energy_zero")}
        self._settings = [place for place, key in enumerate(table.columns) if key and place not in words]
        self.remarks = [remark for place in self._settings for remark in columns[place].remarks()]
        if "" in table.columns:
            self.remarks.append(Remark(columns=("(without name)",)))

    def text(self, row: list[str], key: str) -> str:
        """What a row has in the column of a key; "" for nothing."""
        place = self._place[key]
        text = "" if place is None or place >= len(row) else row[place]
        return "" if text in NO_VALUE else text

    def entry(self, row: list[str]) -> Entry:
        """The spectrum that a row names, with its settings; raises EntryError."""
        self.table.check(row)
        settings = {self.table.columns[place]: self._value(row, place) for place in self._settings}
        found, remarks = _spectrum(self.table.path.parent, self.text(row, "file"))
        self.remarks += remarks
        own: dict[str, Any] = {"vbm": self._number(row, "vbm_ev"), "fermi": self._number(row, "fermi_ev")}
        # NaN, which isn't equal to itself, stands for none.
        given = {key: value for key, value in own.items() if value == value}
        if text := self.text(row, "energy_zero"):
            given["zero"] = zero(text)
            if found.zero not in ("none", given["zero"]):
                file = self.text(row, "file")
                raise EntryError(
                    f"`energy_zero` is `{given['zero']}`, and by `{file}` energies are 0 at `{found.zero}`"
                )
        return replace(found, settings={**found.settings, **settings}, **given)

    def _number(self, row: list[str], key: str) -> float:
        place = self._place[key]
        return math.nan if place is None else number(self._value(row, place), self.table.columns[place])

    def _value(self, row: list[str], place: int) -> Any:
        try:
            return self._convert[place](row[place]) if row[place] else None
        except EntryError as e:
            raise EntryError(f"`{self.table.columns[place]}`: {e}") from None


def _file(table: Table) -> int:
    place = table.place("file")
    if place is None:
        raise EntryError("the table has no column `file`", 1)
    return place


def _understood(table: Table) -> list[Column]:
    columns = [Column(name, table.separator) for name in table.columns]
    for line, row in table.whole_rows():
        for column, text in zip(columns, row, strict=True):
            if text:
                column.see(text, line)
    return columns


def _spectrum(folder: Path, file: str) -> tuple[Entry, list[Remark]]:
    """The one spectrum of a file, and what is said of that; raises EntryError."""
    if not file:
        raise EntryError("`file` is empty")
    reader = _reader(folder / file)
    if reader is None:
        what = "its format can't be told" if (folder / file).is_file() else "there is no such file beside the table"
        raise EntryError(f"`{file}`: {what}")
    read: list[Entry | BadEntry | Remark] = list(reader.read(folder / file, ""))
    entries = [entry for entry in read if not isinstance(entry, Remark)]
    if len(entries) != 1:
        raise EntryError(f"`{file}` holds {len(entries)} spectra; a table's row names one")
    if isinstance(entries[0], BadEntry):
        where = f"line {entries[0].line}: " if entries[0].line else ""
        raise EntryError(f"`{file}`: {where}{entries[0].what}")
    return entries[0], [remark for remark in read if isinstance(remark, Remark)]


def _reader(path: Path) -> Any:
    # The package lists this module, so it can't be imported before it.
    from bigdata.data.spectra.formats import FORMATS

    if not path.is_file():
        return None
    name = FORMATS.tell(path, (n for n in FORMATS.modules if n != "table"))
    return name and FORMATS.named(name)
