"""Tables in CSV, compressed or not, with a comma, a semicolon or a tab between columns: their names, row after row."""

from __future__ import annotations

import contextlib
import csv
import io
import re
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

from bigdata.data.problem import EntryError
from bigdata.data.text import DAMAGED, HEAD, opened_text

MARKS = ",;\t"
# Python's csv refuses cells of more than 128 KiB; the CIF text of a large cell has more.
MAX_CELL = 1 << 26
# `gap (eV, PBE)` isn't two columns of a table that semicolons separate.
_ENCLOSED = re.compile(r'"[^"]*"|\([^()]*\)|\[[^\[\]]*\]')


class Table:
    """A table by its header: the names of its `columns`, and the `separator` between its cells.

    Raises EntryError where a column comes twice, the separator can't be told, or the file is damaged.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        with opened_text(path) as file:
            try:
                record = _first_record(file)
            except DAMAGED as e:
                raise _damaged(e, 1) from e
        self.separator = separator(record)
        self.columns = cells(record, self.separator)
        repeated = sorted({name for name in self.columns if name and self.columns.count(name) > 1})
        if repeated:
            raise EntryError(f"the column `{repeated[0]}` comes twice", 1)

    def rows(self) -> Iterator[tuple[int, list[str]]]:
        """(first line, cells without the blanks about them) of each row; a cell may go over several lines.

        Rows without anything in them are none. Raises EntryError at the line where the text isn't CSV or the compressed
        data are damaged.
        """
        csv.field_size_limit(MAX_CELL)
        with opened_text(self.path) as file:
            reader = _reader(file, self.separator)
            line = 1
            try:
                next((row for row in reader if any(map(str.strip, row))), None)
                line = reader.line_num + 1
                for row in reader:
                    stripped = [cell.strip() for cell in row]
                    if any(stripped):
                        yield line, stripped
                    line = reader.line_num + 1
            except csv.Error as e:
                what = "a quote that opens here isn't closed" if str(e) == "unexpected end of data" else str(e)
                raise EntryError(f"this isn't CSV: {what}", line) from None
            except DAMAGED as e:
                raise _damaged(e, line) from e

    def whole_rows(self) -> Iterator[tuple[int, list[str]]]:
        """The rows that have a cell for each column, up to where the table can't be read: what it can be judged by."""
        n = len(self.columns)
        # What is wrong with the others is said when they are read.
        with contextlib.suppress(EntryError):
            yield from ((line, row) for line, row in self.rows() if len(row) == n)

    def place(self, key: str) -> int | None:
        """Where a column stands, whatever its capitals (`Material ID` is `material_id`); None for no such column.

        Raises EntryError where two columns go by that name.
        """
        found = [place for place, name in enumerate(self.columns) if plain_key(name) == key.lower()]
        if len(found) > 1:
            names = " and ".join(f"`{self.columns[place]}`" for place in found)
            raise EntryError(f"the columns {names} go by the same name: rename one", 1)
        return found[0] if found else None

    def check(self, row: list[str]) -> None:
        """Raise EntryError unless a row has a cell for each column, and only text in them."""
        n, wanted = len(row), len(self.columns)
        if n != wanted:
            kind = "more" if n > wanted else "fewer"
            raise EntryError(f"this row has {kind} cells than the header has names: {n}, not {wanted}")
        if "\0" in "".join(row):
            raise EntryError("this row holds a null character (`\\0`), which no text has")


def plain_key(name: str) -> str:
    """A column's name as keys are written: in small letters, `_` for blanks and hyphens."""
    return re.sub(r"[\s-]+", "_", name).lower()


def columns_in(head: bytes) -> list[str]:
    """The names of the columns in the beginning of a file; none where it can't be the header of a table."""
    record = _first_record(io.StringIO(head.decode("utf-8-sig", errors="replace"), newline=""))
    try:
        return cells(record, separator(record))
    except EntryError:
        return []


def _first_record(file: Any) -> str:
    """The first line that isn't blank, with those behind it that a quoted name goes on in."""
    record: str = next((line for line in iter(file.readline, "") if not line.isspace()), "")
    while record.count('"') % 2 and len(record) < HEAD and (more := file.readline()):
        record += more
    return record


def separator(record: str) -> str:
    """What stands between the cells of a header: the mark that is most frequent outside of quotes and brackets.

    Raises EntryError where two marks are.
    """
    bare = _ENCLOSED.sub("", record)
    most = max(map(bare.count, MARKS))
    marks = [mark for mark in MARKS if bare.count(mark) == most]
    if most and len(marks) > 1:
        names = " as by ".join(f"`{mark}`".replace("\t", "tab") for mark in marks)
        raise EntryError(f"the header is separated as often by {names}: put quotes around names that hold one", 1)
    return marks[0]


def cells(record: str, separator: str) -> list[str]:
    """The cells of a row, without the blanks about them; raises EntryError where it isn't CSV."""
    try:
        return [cell.strip() for cell in next(_reader(io.StringIO(record.strip("\r\n"), newline=""), separator), [])]
    except csv.Error as e:
        raise EntryError(f"this isn't CSV: {e}", 1) from None


def _reader(lines: Iterable[str], separator: str) -> Any:
    # With a blank before it, a quote would be part of the cell, and commas behind it would end the cell.
    return csv.reader(lines, delimiter=separator, strict=True, skipinitialspace=True)


def _damaged(e: Exception, line: int) -> EntryError:
    return EntryError(f"the compressed data are damaged or cut off here ({e})", line)
