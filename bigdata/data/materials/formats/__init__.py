"""The file formats that materials are read from, one module each, and how a file's format is told.

| format              | files                                                                    | module              |
|---------------------|--------------------------------------------------------------------------|---------------------|
| `jsonl`             | `.jsonl`, `.jsonl.gz`: a material a line, with structure and properties  | `jsonl`             |
| `ase`               | database of ASE (SQLite, `.db`)                                          | `ase`               |
| `extxyz`            | `.xyz`, `.extxyz` with the lattice in the comment lines                  | `extxyz`            |
| `cif`               | `.cif`, with one or several data blocks                                  | `cif`               |
| `csv`               | table with a column of formulas or of CIF texts                          | `csv`               |
| `pymatgen`          | JSON of `Structure` or computed entries, or lists of them                | `pymatgen`          |
| `matbench`          | JSON of Matbench's tasks                                                 | `matbench`          |
| `mp-crystals`       | JSON of the MP-crystals snapshots                                        | `mp_crystals`       |
| `jarvis`            | JSON of JARVIS-DFT                                                       | `jarvis`            |
| `optimade`          | OPTIMADE structures, one a line                                          | `optimade`          |
| `aflux`             | rows of AFLOW's AFLUX, one a line                                        | `aflux`             |
| `materials-project` | summaries of the Materials Project's interface, one a line               | `materials_project` |

A folder is read as all recognised files below it. Text may be gzipped.

Each module says what its files look like, and has `recognises(name, head)`, `sources(path)` (the files that the data
consist of), `read(path, label)` and `NAMED_BY_FILE`, which says whether entries take their names from the file's; and
`UNITS` where its properties have units that the database documents.
"""

from __future__ import annotations

import importlib
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Protocol, cast

from bigdata.data.materials.formats.entry import MaterialEntry
from bigdata.data.problem import BadEntry
from bigdata.data.text import head

# In the order in which they are tried: those with an opening of their own first.
MODULES = {
    "ase": "ase",
    "materials-project": "materials_project",
    "optimade": "optimade",
    "aflux": "aflux",
    "jarvis": "jarvis",
    "mp-crystals": "mp_crystals",
    "matbench": "matbench",
    "pymatgen": "pymatgen",
    "jsonl": "jsonl",
    "cif": "cif",
    "extxyz": "extxyz",
    "csv": "csv",
}


class Format(Protocol):
    """What a format's module has."""

    NAMED_BY_FILE: bool

    def recognises(self, name: str, head: bytes) -> bool: ...

    def sources(self, path: Path) -> list[Path]: ...

    def read(self, path: Path, label: str) -> Iterator[MaterialEntry | BadEntry]: ...


def format_named(name: str) -> Format:
    """The reader of a format; `folder`, or `folder:FORMAT` for its files of one format."""
    if name.startswith("folder"):
        from bigdata.data.materials.formats.folder import Folder

        return Folder(name.partition(":")[2])
    return cast(Format, importlib.import_module(f"{__name__}.{MODULES[name]}"))


def tell(path: Path, among: tuple[str, ...] = tuple(MODULES)) -> str | None:
    """The format of a file by its name and first bytes; None where no format fits."""
    start = head(path)
    return next((name for name in among if format_named(name).recognises(path.name, start)), None)


def units(name: str) -> Mapping[str, str]:
    """Units of the properties that a format documents."""
    if name == "folder":
        return {}
    documented: Mapping[str, str] = getattr(format_named(name.removeprefix("folder:")), "UNITS", {})
    return documented
