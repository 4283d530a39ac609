"""A folder of files: every recognised file below it is read; entries keep the identifiers that the files give them.

A file that is one entry names it by its path, without the ending: `oxides/mp-1.cif` is `oxides/mp-1`. Names that begin
with a dot are passed over.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

from bigdata.data.materials.formats import MODULES, format_named, tell
from bigdata.data.materials.formats.entry import MaterialEntry
from bigdata.data.problem import BadEntry


class Folder:
    """The reader of a folder, for files of one format (`only`) or of all."""

    NAMED_BY_FILE = True

    def __init__(self, only: str = "") -> None:
        self.among = (only,) if only else tuple(MODULES)

    def recognises(self, name: str, head: bytes) -> bool:
        return False

    def sources(self, path: Path) -> list[Path]:
        found = (source for file, name in self._files(path) for source in format_named(name).sources(file))
        return list(dict.fromkeys(found))

    def read(self, path: Path, label: str) -> Iterator[MaterialEntry | BadEntry]:
        for file, name in self._files(path):
            yield from format_named(name).read(file, file.relative_to(path).as_posix())

    def _files(self, path: Path) -> Iterator[tuple[Path, str]]:
        for folder, folders, files in os.walk(path):
            folders[:] = sorted(f for f in folders if not f.startswith("."))
            for file in sorted(f for f in files if not f.startswith(".")):
                name = tell(Path(folder) / file, self.among)
                if name is not None:
                    yield Path(folder) / file, name
