"""VASP and LOBSTER: the total density of states of `DOSCAR` and `DOSCAR.lobster`.

     30.00000000  -20.00000000  3001   5.10000000   1.00000000
       -20.000  0.0000E+00  0.0000E+00

The sixth line has the highest and the lowest energy, the number of points, and the Fermi energy; below it stand energy
(eV), DOS (states/eV/cell) and its integral, or DOS and integral of both spin channels, which are summed. Energies of
VASP are absolute, those of LOBSTER count from the Fermi energy. The blocks of atoms behind are passed over. The
valence-band maximum isn't in this file: it is in `vasprun.xml`.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import islice
from pathlib import Path

from bigdata.data.formats import one_entry
from bigdata.data.problem import BadEntry, EntryError, Remark
from bigdata.data.spectra.formats.entry import Entry, summed
from bigdata.data.text import array_of, opened

NAMED_BY_FILE = True
_HEADER_LINES = 6
# Of fixed width: numbers may touch each other.
_NUMBER = re.compile(rb"-?\d+\.\d+|\d+")


def recognises(name: str, head: bytes) -> bool:
    lines = head.splitlines()
    return len(lines) >= _HEADER_LINES and (
        name.startswith("DOSCAR") or (lines[3].strip() == b"CAR" and len(lines[0].split()) == 4)
    )


def sources(path: Path) -> list[Path]:
    return [path]


def read(path: Path, label: str) -> Iterator[Entry | BadEntry | Remark]:
    """The one entry of a file."""
    name = label or path.name
    yield from one_entry(name, label, lambda: _entry(path, name, label))


def _entry(path: Path, name: str, label: str) -> Entry:
    with opened(path) as file:
        header = list(islice(file, _HEADER_LINES))
        found = _NUMBER.findall(header[-1]) if len(header) == _HEADER_LINES else []
        if len(found) < 4 or b"." in found[2]:
            raise EntryError("the sixth line should have two energies, the number of points, and the Fermi energy", 6)
        n, fermi = int(found[2]), float(found[3])
        rows = list(enumerate(islice(file, n), _HEADER_LINES + 1))
    if len(rows) < n:
        raise EntryError(f"the sixth line says {n} points, and {len(rows)} follow", 6)
    columns = array_of(rows)
    if columns.shape[1] not in (3, 5):
        what = f"there are {columns.shape[1]} columns where an energy, a DOS and its integral should be"
        raise EntryError(f"{what}, or those of two spin channels", _HEADER_LINES + 1)
    n_channels = (columns.shape[1] - 1) // 2
    dos, _, notes = summed(list(columns[:, 1 : 1 + n_channels].T), "DOS")
    entry = Entry(name, label, 0, columns[:, 0].copy(), dos, n_channels=n_channels, notes=notes)
    if "lobster" in path.name.lower() or any(b"LOBSTER" in line.upper() for line in header):
        entry.zero = "fermi"
    else:
        entry.fermi = fermi
    return entry
