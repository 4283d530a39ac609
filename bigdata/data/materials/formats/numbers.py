"""A table of numbers (CSV) that need not be of materials: rows without formulas and structures, named by their place.

It is read by the rules of `csv`, and only where `format: table` is said: a table in which the column of formulas has
another name than those that are known would be taken for one otherwise.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from bigdata.data.materials.formats.csv import rows
from bigdata.data.materials.formats.entry import MaterialEntry
from bigdata.data.problem import BadEntry, Remark

NAMED_BY_FILE = False


def recognises(name: str, head: bytes) -> bool:
    return False


def sources(path: Path) -> list[Path]:
    return [path]


def read(path: Path, label: str) -> Iterator[MaterialEntry | BadEntry | Remark]:
    """The rows of a table, one at a time."""
    yield from rows(path, label, of_materials=False)
