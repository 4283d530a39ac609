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
| `vasprun`   | `vasprun.xml` of VASP                                    | `vasprun`   |
| `doscar`    | `DOSCAR` of VASP, `DOSCAR.lobster` of LOBSTER            | `doscar`    |
| `espresso`  | `PREFIX.dos` of Quantum ESPRESSO's `dos.x`               | `espresso`  |
| `run`       | the folder of a high-throughput run of bigdata           | `run`       |

A folder is read as all recognised files below it. Text may be compressed with gzip, bzip2 or xz.
`bigdata datasets formats NAME` describes one.

Each module says what its files look like, and has `recognises(name, head)`, `sources(path)` (the files that the
data consist of), `read(path, label)` and `NAMED_BY_FILE`, which says whether entries take their names from the file's.
"""

from __future__ import annotations

from bigdata.data.formats import Formats
from bigdata.data.spectra.formats.entry import Entry
from bigdata.data.spectra.formats.folder import SpectraFolder

# In the order in which they are tried: those with a name or an opening of their own first.
MODULES = {
    "npz": "npz",
    "jsonl": "jsonl",
    "vasprun": "vasprun",
    "exciting": "exciting",
    "fhi-aims": "aims",
    "doscar": "doscar",
    "espresso": "espresso",
    "pymatgen": "pymatgen",
    "nomad": "nomad",
    "table": "table",
    "csv": "csv",
    "run": "run",
}

FORMATS = Formats[Entry](__name__, MODULES, SpectraFolder)
