"""JSON-lines: one spectrum with its settings a line, the form to give spectra of any origin in.

    {"name": "BN-12x12x4", "xc": "PBE", "kpts": [12, 12, 4], "energy_start_eV": -20.0, "energy_step_eV": 0.05,
     "dos_states_per_eV_cell": [0.0, …], "energy_zero": "valence-band-maximum", "vbm_eV": 3.1}

- `name`: unique in the file.
- Energies (eV): `energy_start_eV` and `energy_step_eV`, giving start + i·step, or a list `energies_eV`,
  ascending.
- `dos_states_per_eV_cell`: a list; or one list per spin channel (up and down), as a list of lists or an object;
  channels are summed, spin-down by its amount where it is written negative.
- `energy_zero`: `valence-band-maximum` or `fermi` where the energies count from there; absent for absolute
  energies.
- `vbm_eV`, `fermi_eV`: the valence-band maximum and the Fermi energy on the calculation's own, absolute
  scale.
- Any other key is a setting. A short list becomes text ("12x12x4"); an object's keys are joined with a dot.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np

from bigdata.data.formats import entries_of
from bigdata.data.problem import BadEntry, EntryError, Remark
from bigdata.data.spectra.formats.entry import Entry, Floats, Uniform, number, numbers, total, zero
from bigdata.data.text import lines, parsed, plain_name

NAMED_BY_FILE = False
DOS = "dos_states_per_eV_cell"
_UNIFORM = ("energy_start_eV", "energy_step_eV")
# What is said twice agrees to this share of a step: lists are often rounded.
_AGREE = 0.05
_SPECTRUM = {"name", "energy_start_eV", "energy_step_eV", "energies_eV", DOS, "energy_zero"}


def recognises(name: str, head: bytes) -> bool:
    plain = plain_name(name).lower()
    return plain.endswith((".jsonl", ".ndjson")) or (head[:1] == b"{" and b'"dos_states_per_eV_cell"' in head)


def sources(path: Path) -> list[Path]:
    return [path]


def read(path: Path, label: str) -> Iterator[Entry | BadEntry | Remark]:
    """The entries of a file, one line at a time."""
    return entries_of(lines(path), label, _line)


def _line(text: bytes, label: str, line: int) -> Entry | BadEntry:
    name = ""
    try:
        data = parsed(text)
        if not isinstance(data, dict):
            raise EntryError("this line isn't a JSON object")
        name = _name(data)
        return entry(data, name, label, line)
    except EntryError as e:
        return BadEntry(name, label, line, str(e))


def entry(data: dict[str, Any], name: str, label: str, line: int) -> Entry:
    """The entry that a JSON object in this form stands for; raises EntryError."""
    if DOS not in data:
        raise EntryError(f"`{DOS}` is missing")
    dos, n_channels, notes = total(data[DOS], DOS)
    return Entry(
        name=name,
        file=label,
        line=line,
        energies=_energies(data, dos.size),
        dos=dos,
        n_channels=n_channels,
        notes=notes,
        settings={key: value for key, value in data.items() if key not in _SPECTRUM},
        zero=zero(data.get("energy_zero")),
        vbm=number(data.get("vbm_eV"), "vbm_eV"),
        fermi=number(data.get("fermi_eV"), "fermi_eV"),
    )


def _name(data: dict[str, Any]) -> str:
    name = data.get("name")
    if isinstance(name, int) and not isinstance(name, bool):
        return str(name)
    if not isinstance(name, str) or not name:
        raise EntryError("`name` is missing" if name in (None, "") else "`name` isn't text")
    return name


def _energies(data: dict[str, Any], n: int) -> Floats | Uniform:
    """The energies of n values of the DOS."""
    given = {key: number(data[key], key) for key in _UNIFORM if data.get(key) is not None}
    if "energies_eV" in data:
        listed = numbers(data["energies_eV"], "energies_eV")
        # Of others, it is said elsewhere what is wrong.
        if 1 < n == listed.size and (np.diff(listed) > 0).all():
            _compare(listed, given)
        return listed
    missing = [key for key in _UNIFORM if key not in given]
    if missing:
        raise EntryError(f"`{'` and `'.join(missing)}` missing; give them, or `energies_eV`")
    return Uniform(*given.values())


def _compare(listed: Floats, given: dict[str, float]) -> None:
    """Raise EntryError where the energies listed don't begin or go on as the entry says beside them."""
    step = (listed[-1] - listed[0]) / (listed.size - 1)
    for key, found in zip(_UNIFORM, (listed[0], step), strict=True):
        if key in given and abs(found - given[key]) > _AGREE * abs(step):
            raise EntryError(f"`{key}` is {given[key]:g}, and by `energies_eV` it is {found:g}")
