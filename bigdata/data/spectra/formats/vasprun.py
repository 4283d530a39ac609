"""VASP: the total density of states of `vasprun.xml`, that of its last calculation, with the valence-band maximum.

    <calculation> … <eigenvalues> … <r> -6.1 1.0 </r> … </eigenvalues>
     <dos><i name="efermi"> 5.1 </i><total> … <set comment="spin 1"> <r> -20.0 0.0 0.0 </r> …

Energies (eV) are absolute, the DOS is in states/eV/cell; spin channels are summed. The valence-band maximum is the
highest level that is occupied; where some are occupied in part, as in metals, the Fermi energy is taken for it, and
said in a note. Settings: `code`, `code_version`, `encut_eV`, `kpts`, and `formula` of the cell.
"""

from __future__ import annotations

import math
import xml.etree.ElementTree as ET
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from bigdata.data.formats import one_entry
from bigdata.data.problem import BadEntry, EntryError, Remark
from bigdata.data.spectra.formats.entry import Entry, Floats, summed
from bigdata.data.text import DAMAGED, opened

NAMED_BY_FILE = True
# Levels whose occupation is further than this from 0 and from 1 are occupied in part.
_PART = 0.01
# Projections on atoms are most of the file, and aren't needed.
_PASSED_OVER = {"projected", "partial"}


@dataclass
class _Run:
    """What of a file is needed: `dos` (n_spin, n, 3), energy, DOS and integral; `levels` (m, 2), eV and occupation."""

    dos: list[Floats] = field(default_factory=list)
    fermi: float = math.nan
    levels: Floats = field(default_factory=lambda: np.empty((0, 2)))
    settings: dict[str, Any] = field(default_factory=dict)
    notes: tuple[str, ...] = ()


def recognises(name: str, head: bytes) -> bool:
    return b"<modeling>" in head[:1000]


def sources(path: Path) -> list[Path]:
    return [path]


def read(path: Path, label: str) -> Iterator[Entry | BadEntry | Remark]:
    """The one entry of a file."""
    name = label or path.name
    yield from one_entry(name, label, lambda: _entry(_parsed(path), name, label))


def _entry(run: _Run, name: str, label: str) -> Entry:
    if not run.dos:
        raise EntryError("there is no `<dos>` in this file: the calculation wrote none")
    energies = run.dos[0][:, 0]
    if any(not np.array_equal(channel[:, 0], energies) for channel in run.dos):
        raise EntryError("the spin channels are on different energies")
    dos, n_channels, notes = summed([channel[:, 1] for channel in run.dos], "dos")
    vbm, said = _highest(run)
    return Entry(
        name=name,
        file=label,
        line=0,
        energies=energies.copy(),
        dos=dos,
        settings=run.settings,
        vbm=vbm,
        fermi=run.fermi,
        n_channels=n_channels,
        notes=(*notes, *run.notes, *said),
    )


def _highest(run: _Run) -> tuple[float, tuple[str, ...]]:
    """The valence-band maximum (eV), NaN where it isn't known, and a note where it is the Fermi energy."""
    energy, occupation = run.levels.T
    in_part = (occupation > _PART) & (occupation < 1 - _PART)
    if in_part.any():
        return run.fermi, ("levels are occupied in part, and the Fermi energy is taken for the valence-band maximum",)
    occupied = energy[occupation > 0.5]
    return (float(occupied.max()) if occupied.size else math.nan), ()


def _parsed(path: Path) -> _Run:
    run, above = _Run(), list[str]()
    try:
        with opened(path) as file:
            for event, element in ET.iterparse(file, events=("start", "end")):
                if event == "start":
                    above.append(element.tag)
                    continue
                above.pop()
                _take(run, element, above)
                if above in (["modeling"], ["modeling", "calculation"]) or _PASSED_OVER & set(above):
                    element.clear()
    except ET.ParseError as e:
        raise EntryError(f"the file is cut off or isn't XML: {e}", e.position[0]) from None
    except DAMAGED as e:
        raise EntryError(f"the compressed data are damaged or cut off ({e})") from e
    except ValueError as e:
        raise EntryError(f"a number of this file can't be read: {e}") from None
    return run


def _take(run: _Run, element: ET.Element, above: list[str]) -> None:
    if above == ["modeling", "calculation"] and element.tag == "eigenvalues":
        run.levels = _rows(element)
    elif above == ["modeling", "calculation"] and element.tag == "dos":
        run.fermi = _number(element.find("i[@name='efermi']"))
        total = element.find("total")
        run.dos = [] if total is None else [_rows(channel) for channel in total.findall("array/set/set")]
    elif above == ["modeling"]:
        _set(run, element)


def _set(run: _Run, element: ET.Element) -> None:
    """A setting of the calculation."""
    if element.tag == "generator":
        run.settings |= {"code": "VASP", "code_version": (element.findtext("i[@name='version']") or "").strip() or None}
    elif element.tag == "incar" and (cutoff := element.find("i[@name='ENCUT']")) is not None:
        run.settings["encut_eV"] = _number(cutoff)
    elif element.tag == "atominfo":
        symbols = [(row.findtext("c") or "").strip() for row in element.findall("array[@name='atoms']/set/rc")]
        run.settings["formula"] = "".join(f"{symbol}{n if n > 1 else ''}" for symbol, n in Counter(symbols).items())
    elif element.tag == "kpoints" and (made := element.find("generation")) is not None:
        if made.get("param") == "listgenerated":
            run.notes = ("the k-points lie along lines, and the DOS isn't that of the whole Brillouin zone",)
        elif divisions := (made.findtext("v[@name='divisions']") or "").split():
            run.settings["kpts"] = [int(n) for n in divisions]


def _rows(element: ET.Element) -> Floats:
    """(n, …) the numbers of all `<r>` below an element."""
    rows = [[float(value) for value in (row.text or "").split()] for row in element.iter("r")]
    return np.array(rows) if rows else np.empty((0, 2))


def _number(element: ET.Element | None) -> float:
    return math.nan if element is None else float(element.text or "nan")
