"""pymatgen: `Dos` or `CompleteDos` written with `as_dict()` as JSON; one, a list, or an object of them by name.

    {"@module": "pymatgen.electronic_structure.dos", "@class": "CompleteDos", "efermi": 5.1,
     "energies": [-20.0, …], "densities": {"1": [0.0, …], "-1": [0.0, …]}, "structure": {…}}

Energies (eV) are absolute, `efermi` is the Fermi energy; `densities` (states/eV/cell) of the spin channels
are summed; arrays may be lists, or written as monty writes NumPy's. The settings are the keys beside these, of
which pymatgen writes none: add `name`, and what else the study needs. pymatgen itself isn't needed.
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
    if isinstance(document, list):
        named = {f"{stem}/{i}" if len(document) > 1 else stem: item for i, item in enumerate(document)}
    elif _is_collection(document):
        named = document
    else:
        named = {stem: document}
    for name, item in named.items():
        yield _entry(item, name, label)


def _is_collection(document: Any) -> bool:
    """Whether each of its values is a `Dos`."""
    return (
        isinstance(document, dict)
        and "densities" not in document
        and bool(document)
        and all(isinstance(item, dict) and "densities" in item for item in document.values())
    )


def _plain(value: Any) -> Any:
    """A list where monty wrote a NumPy array: `{"@module": "numpy", "@class": "array", "data": […]}`."""
    if not isinstance(value, dict):
        return value
    if value.get("@module") == "numpy" and value.get("@class") == "array":
        return value.get("data")
    return {name: _plain(part) for name, part in value.items()}


def _entry(item: Any, name: str, label: str) -> Entry | BadEntry:
    try:
        if not isinstance(item, dict):
            raise EntryError("this isn't a `Dos` but another kind of JSON")
        missing = [f"`{key}`" for key in ("energies", "densities") if key not in item]
        if missing:
            raise EntryError(f"{' and '.join(missing)} missing: this isn't a `Dos`")
        name = str(item.get("name") or name)
        settings = {k: v for k, v in item.items() if k not in _NO_SETTING and not k.startswith("@")}
        dos, n_channels, notes = total(_plain(item["densities"]), "densities")
        return Entry(
            name=name,
            file=label,
            line=0,
            energies=numbers(_plain(item["energies"]), "energies"),
            dos=dos,
            settings=settings,
            vbm=number(item.get("vbm_eV"), "vbm_eV"),
            fermi=number(item.get("efermi"), "efermi"),
            n_channels=n_channels,
            notes=notes,
        )
    except EntryError as e:
        return BadEntry(name, label, 0, str(e))
