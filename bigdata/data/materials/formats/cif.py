"""CIF: crystallographic information files, with one or several data blocks.

A file with one crystal is named by its path without the ending; several by the path and their blocks' names.

- Symmetry is applied: the operations listed, which have to be a group, that of the space group's name and number. Where
  none are listed, those of the name are used; where it leaves an origin or axes open, those that give the formula.
- Atoms have to make the formula, times the formula units (Z) of the cell. What can't be checked is marked "not checked
  against a formula".
- Refused are disorder, coordinates that aren't known, hydrogens without positions, modulated structures, and whatever
  says two things of one crystal. Dummy atoms and sites with occupancy 0 are left out, and counted.

Properties stand elsewhere: a CSV table may hold CIF texts in one of its columns.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from bigdata.data.materials.formats.crystallographic.grammar import crystals
from bigdata.data.materials.formats.crystallographic.reading import crystal
from bigdata.data.materials.formats.entry import MaterialEntry
from bigdata.data.problem import BadEntry, EntryError, Remark
from bigdata.data.text import plain_name, whole

NAMED_BY_FILE = True


def recognises(name: str, head: bytes) -> bool:
    return plain_name(name).lower().endswith((".cif", ".mcif"))


def sources(path: Path) -> list[Path]:
    return [path]


def read(path: Path, label: str) -> Iterator[MaterialEntry | BadEntry | Remark]:
    """The data blocks of a file that hold a structure."""
    stem = plain_name(label or path.name).rpartition(".")[0]
    try:
        found = crystals(whole(path).decode("utf-8", errors="replace"))
    except EntryError as e:
        yield BadEntry(stem, label, e.line, str(e))
        return
    for block in found:
        name = stem if len(found) == 1 else f"{stem}/{block.name}"
        try:
            structure, notes = crystal(block)
            yield MaterialEntry(name, label, block.line, "", structure, notes=notes)
        except EntryError as e:
            yield BadEntry(name, label, e.line or block.line, str(e))
