"""CSV: one spectrum, a column of energies and one or more of the DOS, with units in the header.

    energy_eV,dos_up_states_per_eV_cell,dos_down_states_per_eV_cell
    -20.0,0.0,0.0

The first column whose name begins with "energy" holds the energies; those whose names begin with "dos" the
DOS: the one called `dos` or `dos_total` where there is one, else the sum of all (spin channels). Units
stand at the end of a name (`energy_eV`, `energy_Ha`, `dos_per_Ha`) or in brackets (`energy (eV)`, `dos
[states/Ha/cell]`): eV, meV, Ha, Ry or J. Other columns are passed over. Columns are separated by a comma, a
semicolon or a tab; energies are absolute, unless a table's column `energy_zero` says otherwise.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import numpy as np

from bigdata.data.problem import BadEntry, EntryError, Remark
from bigdata.data.spectra.formats.entry import Entry, Floats
from bigdata.data.spectra.formats.exciting import HARTREE_EV
from bigdata.data.table import cells, separator
from bigdata.data.text import array_of, lines

NAMED_BY_FILE = True
JOULE_EV = 1 / 1.602176634e-19
_EV = {"ev": 1.0, "mev": 1e-3, "ha": HARTREE_EV, "hartree": HARTREE_EV, "ry": HARTREE_EV / 2, "j": JOULE_EV}
_UNIT = re.compile(r"(?<![a-z])(mev|ev|hartree|ha|ry|j)(?![a-z])")


def header(line: bytes) -> tuple[list[str], str]:
    """The column names of a header line, in lower case, and what separates them; raises EntryError."""
    text = line.decode("utf-8-sig", errors="replace").lstrip("#").strip()
    mark = separator(text)
    return [name.lower() for name in cells(text, mark)], mark


def recognises(name: str, head: bytes) -> bool:
    if not head.strip() or head.lstrip()[:1] in (b"{", b"["):
        return False
    try:
        names, _ = header(head.lstrip().splitlines()[0])
    except EntryError:
        return False
    return any(n.startswith("energy") for n in names) and any(n.startswith("dos") for n in names)


def sources(path: Path) -> list[Path]:
    return [path]


def read(path: Path, label: str) -> Iterator[Entry | BadEntry | Remark]:
    """The one entry of a file."""
    name = label or path.name
    try:
        energies, dos = _spectrum(list(lines(path)))
        yield Entry(name, label, 0, energies, dos)
    except EntryError as e:
        yield BadEntry(name, label, e.line, str(e))


def _spectrum(numbered: list[tuple[int, bytes]]) -> tuple[Floats, Floats]:
    if not numbered:
        raise EntryError("the file is empty")
    names, mark = header(numbered[0][1])
    energy = next((i for i, name in enumerate(names) if name.startswith("energy")), None)
    channels = _channels(names)
    if energy is None or not channels:
        raise EntryError("the header needs a column `energy_eV` and a column `dos_states_per_eV_cell`", 1)
    factors = [_factor(names[i]) for i in channels]
    columns = array_of([(n, line.replace(mark.encode(), b" ")) for n, line in numbered[1:]])
    if columns.shape[1] != len(names):
        raise EntryError(f"there are {columns.shape[1]} columns, and {len(names)} names in the header", 2)
    dos = np.sum([columns[:, i] / factor for i, factor in zip(channels, factors, strict=True)], axis=0)
    return columns[:, energy] * _factor(names[energy]), dos


def _channels(names: list[str]) -> list[int]:
    dos = [i for i, name in enumerate(names) if name.startswith("dos")]
    whole = [i for i in dos if re.match(r"dos(_total|\.total| total)?\s*([\[(]|_states|_per|$)", names[i])]
    # A total beside its spin channels would be counted twice.
    return whole[:1] or dos


def _factor(name: str) -> float:
    """The unit in a column's name, in eV; raises EntryError where it names none."""
    units = _UNIT.findall(name)
    if not units:
        raise EntryError(f"the column `{name}` doesn't name its unit: write e.g. `{name}_eV`", 1)
    return _EV[units[-1]]
