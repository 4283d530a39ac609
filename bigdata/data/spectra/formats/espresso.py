"""Quantum ESPRESSO: the total density of states that `dos.x` writes, `PREFIX.dos`.

    #  E (eV)   dos(E)     Int dos(E) EFermi =    6.397 eV
      -8.000  0.9182E-85  0.1836E-86

Energies (eV) are absolute, the DOS is in states/eV/cell, with two columns (`dosup(E)`, `dosdw(E)`) where there is spin,
which are summed; the last column is the integral. The Fermi energy is that of the header, where it has one. The
valence-band maximum isn't in this file.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterator
from pathlib import Path

from bigdata.data.formats import one_entry
from bigdata.data.problem import BadEntry, EntryError, Remark
from bigdata.data.spectra.formats.entry import Entry, summed
from bigdata.data.text import array_of, lines

NAMED_BY_FILE = True
_TITLE = re.compile(rb"\s*#\s*E \(eV\)\s+(dos\(E\)|dosup\(E\)\s+dosdw\(E\))\s+Int dos\(E\)")
_FERMI = re.compile(rb"Fermi\s*=\s*(\S+)\s*eV")


def recognises(name: str, head: bytes) -> bool:
    return _TITLE.match(head) is not None


def sources(path: Path) -> list[Path]:
    return [path]


def read(path: Path, label: str) -> Iterator[Entry | BadEntry | Remark]:
    """The one entry of a file."""
    name = label or path.name
    yield from one_entry(name, label, lambda: _entry(list(lines(path)), name, label))


def _entry(numbered: list[tuple[int, bytes]], name: str, label: str) -> Entry:
    title = numbered[0][1] if numbered else b""
    told = _TITLE.match(title)
    if told is None:
        raise EntryError("the first line should read `#  E (eV)   dos(E)     Int dos(E)`", 1)
    n_channels = len(told[1].split())
    columns = array_of(numbered[1:])
    if columns.shape[1] != n_channels + 2:
        raise EntryError(f"there are {columns.shape[1]} columns, and {n_channels + 2} in the header", 2)
    dos, _, notes = summed(list(columns[:, 1:-1].T), "dos(E)")
    fermi = _FERMI.search(title)
    entry = Entry(name, label, 0, columns[:, 0].copy(), dos, n_channels=n_channels, notes=notes)
    entry.fermi = float(fermi[1]) if fermi else math.nan
    return entry
