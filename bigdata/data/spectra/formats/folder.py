"""A folder: every recognised file below it, in the order of paths, each entry named by its path.

Hidden files and folders, and tables of settings (name such a file itself instead), are passed over; so are
`KS_DOS_total_raw.dat` beside `KS_DOS_total.dat` and `dos.xml` beside `TDOS.OUT`, which hold the same
spectrum again. A file that holds several entries names them `path/name`.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

from bigdata.data.problem import BadEntry
from bigdata.data.spectra.formats import MODULES, format_named, tell
from bigdata.data.spectra.formats.entry import Entry

_REPEATED_BY = {"KS_DOS_total_raw.dat": "KS_DOS_total.dat", "dos.xml": "TDOS.OUT"}


class Folder:
    """The reader of a folder, for files of one format (`only`) or of all."""

    NAMED_BY_FILE = True

    def __init__(self, only: str = "") -> None:
        self.among = (only,) if only else tuple(name for name in MODULES if name != "table")

    def recognises(self, name: str, head: bytes) -> bool:
        return False

    def sources(self, path: Path) -> list[Path]:
        found = (source for file, name in self._files(path) for source in format_named(name).sources(file))
        return list(dict.fromkeys(found))

    def read(self, path: Path, label: str) -> Iterator[Entry | BadEntry]:
        for file, name in self._files(path):
            relative = file.relative_to(path).as_posix()
            reader = format_named(name)
            for entry in reader.read(file, relative):
                yield replace(entry, name=relative if reader.NAMED_BY_FILE else f"{relative}/{entry.name}")

    def _files(self, path: Path) -> Iterator[tuple[Path, str]]:
        for folder, folders, files in os.walk(path):
            folders[:] = sorted(f for f in folders if not f.startswith("."))
            for file in sorted(files):
                if file.startswith(".") or _REPEATED_BY.get(file) in files:
                    continue
                name = tell(Path(folder) / file, self.among)
                if name is not None:
                    yield Path(folder) / file, name
