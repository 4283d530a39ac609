"""FHI-aims: the total density of states of `KS_DOS_total.dat` and `KS_DOS_total_raw.dat`.

    # total density of states output by FHI-aims, for a spin polarized system
    # The energy reference for this output is the chemical potential, mu =       -9.384221 eV
    #    Energy (eV)      DOS(spin up)   DOS(spin down)
         -5.61577910      0.09655095      0.10160034

Energies are in eV, the DOS in states/eV/cell, one column per spin channel, summed here. The header says
where the energies count from: the chemical potential, taken as the Fermi energy, or (raw file) the vacuum
level, taken as absolute. Old versions of FHI-aims print half or twice the states; the reader takes the file
at its word.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

from bigdata.data.formats import one_entry
from bigdata.data.problem import BadEntry, EntryError, Remark
from bigdata.data.spectra.formats.entry import Entry, summed
from bigdata.data.text import array_of, lines

NAMED_BY_FILE = True
_TITLE = b"total density of states output by FHI-aims"
_CHEMICAL_POTENTIAL = re.compile(rb"chemical potential, mu\s*=\s*(\S+)\s*eV")
_ABSOLUTE = re.compile(rb"energy reference for this output is the (vacuum level|average electrostatic)")


def recognises(name: str, head: bytes) -> bool:
    return _TITLE in head[:400]


def sources(path: Path) -> list[Path]:
    return [path]


def read(path: Path, label: str) -> Iterator[Entry | BadEntry | Remark]:
    """The one entry of a file."""
    name = label or path.name
    yield from one_entry(name, label, lambda: _entry(path, label, name))


def _entry(path: Path, label: str, name: str) -> Entry:
    numbered = list(lines(path))
    header = b"".join(line for _, line in numbered if line.lstrip().startswith(b"#"))
    columns = array_of([row for row in numbered if not row[1].lstrip().startswith(b"#")])
    if columns.shape[1] not in (2, 3):
        raise EntryError(f"there are {columns.shape[1]} columns where an energy and one or two channels should be")
    dos, n_channels, notes = summed(list(columns[:, 1:].T), "DOS")
    entry = Entry(name, label, 0, columns[:, 0].copy(), dos, n_channels=n_channels, notes=notes)
    if reference := _CHEMICAL_POTENTIAL.search(header):
        entry.zero, entry.fermi = "fermi", float(reference[1])
    elif not _ABSOLUTE.search(header):
        raise EntryError("the header doesn't say what the energies are relative to")
    return entry
