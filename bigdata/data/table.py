"""Tables in CSV, gzipped or not, with a comma, a semicolon or a tab between columns: their names, and row after row."""

from __future__ import annotations

import csv
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from bigdata.data.problem import EntryError
from bigdata.data.text import opened_text

# Python's csv refuses cells of more than 128 KiB; the CIF text of a large cell has more.
MAX_CELL = 1 << 26
# Of numbers only: in a column of formulas, NaN is sodium and nitrogen.
ABSENT = frozenset({"nan", "NaN", "NAN", "NA", "N/A", "None", "null"})
_DAMAGED = (EOFError, OSError, zlib.error)


def rows_of(path: Path) -> Iterator[tuple[int, dict[str, str]]]:
    """(first line, cells by column) of each row; a cell may go over several lines, and blank lines are no rows.

    Cells that a row lacks are "", and those beyond the header stand under None. Raises EntryError for a column that
    comes twice, and at the line where the text isn't CSV or the compressed data are damaged.
    """
    columns = header(path)
    with opened_text(path) as file:
        reader = csv.reader(file, delimiter=separator(file.readline()), strict=True)
        line = 2
        csv.field_size_limit(MAX_CELL)
        try:
            for row in reader:
                if row:
                    yield line, _named(columns, row)
                # The reader doesn't count the header, and the next row begins one line behind what it has read.
                line = reader.line_num + 2
        except csv.Error as e:
            raise EntryError(f"this isn't CSV: {e}", line) from None
        except _DAMAGED as e:
            raise _damaged(e, line) from e


def _named(columns: list[str], row: list[str]) -> dict[str, str]:
    beyond: dict[Any, Any] = {None: row[len(columns) :]} if len(row) > len(columns) else {}
    return dict.fromkeys(columns, "") | dict(zip(columns, row, strict=False)) | beyond


def _damaged(e: Exception, line: int) -> EntryError:
    return EntryError(f"the compressed data are damaged or cut off here ({e})", line)


def header(path: Path) -> list[str]:
    """The names of the columns; EntryError where one comes twice, or the compressed data are damaged."""
    with opened_text(path) as file:
        try:
            line = file.readline()
        except _DAMAGED as e:
            raise _damaged(e, 1) from e
    columns = cells(line, separator(line))
    repeated = sorted({name for name in columns if columns.count(name) > 1})
    if repeated:
        raise EntryError(f"the column `{repeated[0]}` comes twice", 1)
    return columns


def separator(line: str) -> str:
    """What stands between the cells of a header line."""
    return next((mark for mark in ",;\t" if mark in line), ",")


def cells(line: str, separator: str) -> list[str]:
    """The cells of a line, without the blanks about them."""
    return [cell.strip() for cell in next(csv.reader([line.strip("\r\n")], delimiter=separator), [])]
