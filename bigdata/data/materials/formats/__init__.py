"""The file formats that materials are read from, one module each, and how a file's format is told.

| format              | files                                                                    | module              |
|---------------------|--------------------------------------------------------------------------|---------------------|
| `jsonl`             | `.jsonl`, `.jsonl.gz`: a material a line, with structure and properties  | `jsonl`             |
| `ase`               | database of ASE (SQLite, `.db`)                                          | `ase`               |
| `extxyz`            | `.xyz`, `.extxyz` with the lattice in the comment lines                  | `extxyz`            |
| `cif`               | `.cif`, with one or several data blocks                                  | `cif`               |
| `csv`               | table with a column of formulas or of CIF texts                          | `csv`               |
| `table`             | CSV of numbers that need not be of materials; only where it is said      | `numbers`           |
| `pymatgen`          | JSON of `Structure` or computed entries, or lists of them                | `pymatgen`          |
| `matbench`          | JSON of Matbench's tasks                                                 | `matbench`          |
| `mp-crystals`       | JSON of the MP-crystals snapshots                                        | `mp_crystals`       |
| `jarvis`            | JSON of JARVIS-DFT                                                       | `jarvis`            |
| `optimade`          | OPTIMADE structures, one a line                                          | `optimade`          |
| `poscar`            | `POSCAR`, `CONTCAR`, `.vasp` of VASP                                     | `poscar`            |
| `vasprun`           | `vasprun.xml` of VASP: last structure, energy, settings                  | `vasprun`           |
| `json`              | other JSON: objects by identifiers, ASE's, tables of pandas              | `json_forms`        |
| `aflux`             | rows of AFLOW's AFLUX, one a line                                        | `aflux`             |
| `materials-project` | summaries of the Materials Project's interface, one a line               | `materials_project` |
| `run`               | the folder of a high-throughput run of bigdata                           | `run`               |

A folder, or an archive of one (zip, tar), is read as all recognised files below it. Text may be compressed with gzip,
bzip2 or xz.

Each module says what its files look like, and has `recognises(name, head)`, `sources(path)` (the files that the data
consist of), `read(path, label)` and `NAMED_BY_FILE`, which says whether entries take their names from the file's; and
`UNITS` where its properties have units that the database documents.
"""

from __future__ import annotations

from bigdata.data.formats import Formats
from bigdata.data.materials.formats.entry import MaterialEntry
from bigdata.data.materials.formats.folder import MaterialsFolder

# In the order in which they are tried: those with an opening of their own first.
MODULES = {
    "ase": "ase",
    "vasprun": "vasprun",
    "materials-project": "materials_project",
    "optimade": "optimade",
    "aflux": "aflux",
    "jarvis": "jarvis",
    "mp-crystals": "mp_crystals",
    "matbench": "matbench",
    "pymatgen": "pymatgen",
    "jsonl": "jsonl",
    "json": "json_forms",
    "poscar": "poscar",
    "cif": "cif",
    "extxyz": "extxyz",
    "csv": "csv",
    "table": "numbers",
    "run": "run",
}

FORMATS = Formats[MaterialEntry](__name__, MODULES, MaterialsFolder)
