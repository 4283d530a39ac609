"""CSV: one spectrum, a column of energies and one or more of the DOS, with units in the header.

    energy_eV,dos_up_states_per_eV_cell,dos_down_states_per_eV_cell
    -20.0,0.0,0.0

The first column whose name begins with "energy" holds the energies; those whose names begin with "dos" the DOS: one
(`dos`, `dos_total`), or `dos_up` and `dos_down`, which are summed, spin-down by its amount where it is written
negative; parts and integrals of the DOS beside them are refused. Units stand at the end of a name (`energy_eV`,
`energy_Ha`, `dos_per_Ha`) or in brackets (`energy (eV)`, `dos [states/Ha/cell]`): eV, meV, Ha, Ry or J; states are
those of the cell unless the unit says `atom` or `f.u.`. Other columns are passed over. Columns are separated by a
comma, a semicolon or a tab. Energies are absolute, unless their column (`energy-EF (eV)`, `energy_from_vbm_eV`) or a
table's column `energy_zero` says otherwise.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Literal, cast

import numpy as np

from bigdata.data.formats import one_entry
from bigdata.data.problem import BadEntry, EntryError, Remark
from bigdata.data.spectra.formats.entry import Entry, Floats, Scale, Total, Zero, summed
from bigdata.data.spectra.formats.exciting import HARTREE_EV
from bigdata.data.table import cells, separator
from bigdata.data.text import array_of, lines

NAMED_BY_FILE = True
JOULE_EV = 1 / 1.602176634e-19
_EV = {"ev": 1.0, "mev": 1e-3, "ha": HARTREE_EV, "hartree": HARTREE_EV, "ry": HARTREE_EV / 2, "j": JOULE_EV}
Column = Literal["total", "up", "down"]
_WORDS: dict[Column, set[str]] = {
    "total": {"total", "tot"},
    "up": {"up", "alpha", "majority"},
    "down": {"down", "dn", "beta", "minority"},
}
_NO_MATTER = {"spin", "channel", "states", "per", "cell", "atom", "atoms", *_EV}
_WHOLE: list[set[Column | None]] = [{"total"}, {"up", "down"}, {"total", "up", "down"}]
# Printed with few digits, a total is as far from its parts.
_AGREE = 1e-3
_SCALES: dict[Scale, re.Pattern[str]] = {
    "atom": re.compile(r"(?<![a-z])atoms?(?![a-z])"),
    "formula-unit": re.compile(r"f\.u\.|(?<![a-z])fu(?![a-z])|formula"),
}
_VOLUME = re.compile(r"angstrom|å|bohr|volume|(?<![a-z])(cm|nm|a)\^?3")
_FERMI = re.compile(r"fermi|(?<![a-z])e_?f(?![a-z])")
_HIGHEST = re.compile(r"vbm|valence|homo")
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
    yield from one_entry(name, label, lambda: _entry(list(lines(path)), name, label))


def _entry(numbered: list[tuple[int, bytes]], name: str, label: str) -> Entry:
    if not numbered:
        raise EntryError("the file is empty")
    names, mark = header(numbered[0][1])
    energy = next((i for i, name in enumerate(names) if name.startswith("energy")), None)
    channels = _channels(names)
    if energy is None or not channels:
        raise EntryError("the header needs a column `energy_eV` and a column `dos_states_per_eV_cell`", 1)
    factors = {column: _factor(names[i]) for column, i in channels.items()}
    scale = _scale([names[i] for i in channels.values()])
    columns = array_of([(n, line.replace(mark.encode(), b" ")) for n, line in numbered[1:]])
    if columns.shape[1] != len(names):
        raise EntryError(f"there are {columns.shape[1]} columns, and {len(names)} names in the header", 2)
    found = _total({column: columns[:, i] / factors[column] for column, i in channels.items()})
    energies = columns[:, energy] * _factor(names[energy])
    entry = Entry(name, label, 0, energies, found.dos, zero=_zero(names[energy]), scale=scale)
    entry.n_channels, entry.notes = found.n_channels, found.notes
    return entry


def _channels(names: list[str]) -> dict[Column, int]:
    """The places of the total, or of up and down, or of the three; raises EntryError for any other columns of a DOS."""
    dos = [i for i, name in enumerate(names) if name.startswith("dos")]
    told = [_told(names[i]) for i in dos]
    if None in told or set(told) not in _WHOLE or len(set(told)) < len(told):
        if not dos:
            return {}
        listed = ", ".join(f"`{names[i]}`" for i in dos)
        raise EntryError(f"its columns {listed} are neither one total DOS nor one up and one down: keep these alone", 1)
    return {column: i for column, i in zip(told, dos, strict=True) if column is not None}


def _told(name: str) -> Column | None:
    """What a column called `dos…` holds by the words beside its unit; None for a part or an integral of the DOS."""
    words = set(re.findall(r"[a-z]+", re.split(r"[\[(]", name.removeprefix("dos"))[0])) - _NO_MATTER
    columns: tuple[Column, ...] = ("total", "up", "down")
    return next((column for column in columns if words <= _WORDS[column] and (words or column == "total")), None)


def _total(columns: dict[Column, Floats]) -> Total:
    """The total, or the sum of up and down; both where they agree."""
    spins = [columns[column] for column in ("up", "down") if column in columns]
    if not spins:
        return Total(columns["total"], 1, ())
    found = summed(spins, "dos")
    if "total" in columns:
        apart = float(np.abs(found.dos - columns["total"]).max())
        if apart > _AGREE * float(np.abs(columns["total"]).max()):
            at = int(np.abs(found.dos - columns["total"]).argmax())
            both = f"{columns['total'][at]:g} and {found.dos[at]:g} states/eV at point {at + 1}"
            raise EntryError(f"the total isn't the sum of up and down: {both}")
    return found


def _scale(names: list[str]) -> Scale:
    """What the states are counted for, from the units of the columns."""
    if volume := next((name for name in names if _VOLUME.search(name)), ""):
        raise EntryError(f"the column `{volume}` counts states per volume: give them per cell or per atom", 1)
    found = {next((scale for scale, words in _SCALES.items() if words.search(name)), "cell") for name in names}
    if len(found) > 1:
        raise EntryError(f"the columns count states differently: {' and '.join(f'`{name}`' for name in names)}", 1)
    return cast(Scale, found.pop())


def _zero(name: str) -> Zero:
    """Where the energies are 0, by the name of their column: `energy-EF (eV)`, `energy_from_vbm_eV`."""
    if _FERMI.search(name):
        return "fermi"
    return "valence-band-maximum" if _HIGHEST.search(name) else "none"


def _factor(name: str) -> float:
    """The unit in a column's name, in eV; raises EntryError where it names none."""
    units = _UNIT.findall(name)
    if not units:
        unit = "_states_per_eV" if name.startswith("dos") else "_eV"
        raise EntryError(f"the column `{name}` doesn't name its unit: write e.g. `{name}{unit}`", 1)
    return _EV[units[-1]]
