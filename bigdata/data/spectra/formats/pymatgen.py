"""pymatgen: `Dos` or `CompleteDos` written with `as_dict()` as JSON; one object, or a list of them.

    {"@module": "pymatgen.electronic_structure.dos", "@class": "CompleteDos", "efermi": 5.1,
     "energies": [-20.0, …], "densities": {"1": [0.0, …], "-1": [0.0, …]}, "structure": {…}}

Energies (eV) are absolute, `efermi` is the Fermi energy; `densities` (states/eV/cell) of the spin channels
are summed. The settings are the keys beside these, of which pymatgen writes none: add `name`, and what else
the study needs. pymatgen itself isn't needed.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from bigdata.data.problem import BadEntry, EntryError, Remark
from bigdata.data.spectra.formats.entry import Entry, number, numbers, total
from bigdata.data.text import parsed, whole

NAMED_BY_FILE = True
_CLASS = re.compile(rb'"@class"\s*:\s*"(Complete|Fermi|Lobster)?\w*Dos"')
_NO_SETTING = {"name", "efermi", "energies", "densities", "structure", "pdos", "atom_dos", "spd_dos"}


def recognises(name: str, head: bytes) -> bool:
    return head.lstrip()[:1] in (b"{", b"[") and (b'"densities"' in head or bool(_CLASS.search(head)))


def sources(path: Path) -> list[Path]:
    return [path]


def read(path: Path, label: str) -> Iterator[Entry | BadEntry | Remark]:
    """The entries of a file: one, or as many as its list has."""
    stem = label or path.name
    try:
        document = parsed(whole(path))
    except EntryError as e:
        yield BadEntry(stem, label, e.line, str(e))
        return
    items = document if isinstance(document, list) else [document]
    for i, item in enumerate(items):
        yield _entry(item, stem if len(items) == 1 else f"{stem}/{i}", label)


def _entry(item: Any, name: str, label: str) -> Entry | BadEntry:
    try:
        if not isinstance(item, dict):
            raise EntryError("this isn't a `Dos` but another kind of JSON")
        missing = [f"`{key}`" for key in ("energies", "densities") if key not in item]
        if missing:
            raise EntryError(f"{' and '.join(missing)} missing: this isn't a `Dos`")
        name = str(item.get("name") or name)
        settings = {k: v for k, v in item.items() if k not in _NO_SETTING and not k.startswith("@")}
        energies, dos = numbers(item["energies"], "energies"), total(item["densities"], "densities")
        fermi = number(item.get("efermi"), "efermi")
        vbm = number(item.get("vbm_eV"), "vbm_eV")
        return Entry(name, label, 0, energies, dos, settings, vbm=vbm, fermi=fermi)
    except EntryError as e:
        return BadEntry(name, label, 0, str(e))
