"""A folder of spectra: every recognised file below it, in the order of paths, each entry named by its path.

Hidden files and folders, and tables of settings (name such a file itself instead), are passed over; so are
`KS_DOS_total_raw.dat` beside `KS_DOS_total.dat`, `dos.xml` beside `TDOS.OUT`, and `DOSCAR` beside `vasprun.xml`, which
hold the same spectrum again. A file that holds several entries names them `path/name`.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from pathlib import Path

from bigdata.data.formats import Folder, Format
from bigdata.data.problem import BadEntry, Remark
from bigdata.data.spectra.formats.entry import Entry


class SpectraFolder(Folder[Entry]):
    """The reader of a folder, for files of one format (`only`) or of all."""

    LEFT_OUT = ("table",)
    REPEATED_BY: Mapping[str, str] = {
        "KS_DOS_total_raw.dat": "KS_DOS_total.dat",
        "dos.xml": "TDOS.OUT",
        "DOSCAR": "vasprun.xml",
    }

    def read_file(self, file: Path, relative: str, reader: Format[Entry]) -> Iterator[Entry | BadEntry | Remark]:
        for entry in super().read_file(file, relative, reader):
            if isinstance(entry, Remark):
                yield entry
            else:
                yield replace(entry, name=relative if reader.NAMED_BY_FILE else f"{relative}/{entry.name}")
