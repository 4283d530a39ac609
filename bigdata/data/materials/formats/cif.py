"""CIF: crystallographic information files, with one or several data blocks.

A file with one block is named by its path without the ending; several blocks by the path and theirs. Symmetry is
applied; atoms that fall together are taken once. Disordered structures can't be used. Properties stand elsewhere: a
CSV table may hold CIF texts in one of its columns.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from bigdata.data.materials.formats.cif_text import blocks, structure_of
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
        # CIF is ASCII; other bytes stand in comments and names of authors, in any old encoding.
        text = whole(path).decode("utf-8-sig", errors="replace")
        found = blocks(text)
        if not found:
            raise EntryError("the file holds no data block: no line begins with `data_`")
    except EntryError as e:
        yield BadEntry(stem, label, e.line, str(e))
        return
    for block, block_text, line in found:
        name = stem if len(found) == 1 else f"{stem}/{block}"
        try:
            yield MaterialEntry(name, label, line, "", structure_of(block_text))
        except EntryError as e:
            yield BadEntry(name, label, line, str(e))
