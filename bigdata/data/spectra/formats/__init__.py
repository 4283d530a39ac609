"""The file formats that spectra are read from, one module each, and how a file's format is told.

| format      | files                                                    | module      |
|-------------|----------------------------------------------------------|-------------|
| `jsonl`     | `.jsonl`, `.jsonl.gz`: one spectrum with settings a line | `jsonl`     |
| `npz`       | numpy arrays on one energy axis, with settings           | `npz`       |
| `table`     | CSV of settings; its column `file` names the spectra     | `table`     |
| `csv`       | one spectrum: energy and DOS columns with units          | `csv`       |
| `nomad`     | NOMAD archive JSON: an entry, a list, a query's answer   | `nomad`     |
| `pymatgen`  | `Dos` or `CompleteDos` as JSON                           | `pymatgen`  |
| `fhi-aims`  | `KS_DOS_total.dat`, `KS_DOS_total_raw.dat`               | `aims`      |
| `exciting`  | `TDOS.OUT` of exciting and Elk, `dos.xml` of exciting    | `exciting`  |

A folder is read as all recognised files below it. Text may be gzipped.
`bigdata datasets formats NAME` describes one.

Each module says what its files look like, and has `recognises(name, head)`, `sources(path)` (the files that the
data consist of), `read(path, label)` and `NAMED_BY_FILE`, which says whether entries take their names from the file's.
"""

from __future__ import annotations

import importlib
from collections.abc import Iterator
from pathlib import Path
from typing import Protocol, cast

from bigdata.data.problem import BadEntry
from bigdata.data.spectra.formats.entry import Entry
from bigdata.data.text import head

# In the order in which they are tried: those with a name or an opening of their own first.
MODULES = {
    "npz": "npz",
    "jsonl": "jsonl",
    "exciting": "exciting",
    "fhi-aims": "aims",
    "pymatgen": "pymatgen",
    "nomad": "nomad",
    "table": "table",
    "csv": "csv",
}


class Format(Protocol):
    """What a format's module has."""

    NAMED_BY_FILE: bool

    def recognises(self, name: str, head: bytes) -> bool: ...

    def sources(self, path: Path) -> list[Path]: ...

    def read(self, path: Path, label: str) -> Iterator[Entry | BadEntry]: ...


def format_named(name: str) -> Format:
    """The reader of a format; `folder`, or `folder:FORMAT` for its files of one format."""
    if name.startswith("folder"):
        from bigdata.data.spectra.formats.folder import Folder

        return Folder(name.partition(":")[2])
    return cast(Format, importlib.import_module(f"{__name__}.{MODULES[name]}"))


def tell(path: Path, among: tuple[str, ...] = tuple(MODULES)) -> str | None:
    """The format of a file by its name and first bytes; None where no format fits."""
    start = head(path)
    return next((name for name in among if format_named(name).recognises(path.name, start)), None)
