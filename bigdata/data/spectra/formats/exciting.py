"""exciting and Elk: the total density of states of `TDOS.OUT`, and exciting's `dos.xml`.

    -0.6000000000       28.25000000
    -0.5976000000       29.10000000

Energies (Ha) count from the Fermi energy; the DOS is in states/Ha/cell. A second spin channel follows behind
a blank line on the same energies, with negative values; the channels are summed. `dos.xml` holds the same
as the `point`s of its `totaldos`. Where `EFERMI.OUT` lies beside, it gives the absolute Fermi energy.
"""

from __future__ import annotations

import io
import math
import xml.etree.ElementTree as ET
from collections.abc import Iterator
from pathlib import Path

import numpy as np

from bigdata.data.formats import one_entry
from bigdata.data.problem import BadEntry, EntryError, Remark
from bigdata.data.spectra.formats.entry import Entry, Floats, Total, summed
from bigdata.data.text import array_of, lines, plain_name, whole

NAMED_BY_FILE = True
HARTREE_EV = 27.211386245981  # CODATA 2022


def recognises(name: str, head: bytes) -> bool:
    name = plain_name(name)
    return name == "TDOS.OUT" or (name.startswith("TDOS") and name.endswith(".OUT")) or _is_xml(head)


def _is_xml(head: bytes) -> bool:
    return b"<dos>" in head[:1000] or b"<dos " in head[:1000]


def sources(path: Path) -> list[Path]:
    fermi = path.with_name("EFERMI.OUT")
    return [path, fermi] if fermi.is_file() else [path]


def read(path: Path, label: str) -> Iterator[Entry | BadEntry | Remark]:
    """The one entry of a file."""
    name = label or path.name
    yield from one_entry(name, label, lambda: _entry(path, name, label))


def _entry(path: Path, name: str, label: str) -> Entry:
    energies, found = _from_xml(path) if plain_name(path.name).endswith(".xml") else _from_text(path)
    fermi = _fermi(path.with_name("EFERMI.OUT"))
    dos, n = found.dos / HARTREE_EV, found.n_channels
    # That spin-down is negative is how these files are: no note says so.
    return Entry(name, label, 0, energies * HARTREE_EV, dos, zero="fermi", fermi=fermi, n_channels=n)


def _from_text(path: Path) -> tuple[Floats, Total]:
    # Blank lines are gone here; a channel starts where the first energy comes again.
    columns = array_of(list(lines(path)))
    if columns.shape[1] != 2:
        raise EntryError(f"there are {columns.shape[1]} columns where an energy and a DOS should be")
    energies, dos = columns.T
    # Exact: both channels' energies are written with the same digits.
    starts = np.flatnonzero(energies == energies[0]).tolist()
    return _summed([(energies[a:b], dos[a:b]) for a, b in zip(starts, [*starts[1:], None], strict=True)])


def _from_xml(path: Path) -> tuple[Floats, Total]:
    text = whole(path)
    # The file has no use for a document type, whose entities can grow without bounds.
    if b"<!DOCTYPE" in text or b"<!ENTITY" in text:
        raise EntryError("this XML declares a document type or entities, which are not read")
    try:
        channels = [_points(diagram) for diagram in _diagrams(text)]
    except (ET.ParseError, TypeError, ValueError) as e:
        raise EntryError(f"this isn't a `dos.xml` of exciting: {e}") from None
    if not channels:
        raise EntryError("there is no `totaldos` in this file")
    return _summed(channels)


def _diagrams(text: bytes) -> Iterator[ET.Element]:
    for _, element in ET.iterparse(io.BytesIO(text), events=("end",)):
        if element.tag == "totaldos":
            # The total comes first; the partial densities behind it are the larger part of the file.
            yield from element.iter("diagram")
            return


def _points(diagram: ET.Element) -> tuple[Floats, Floats]:
    points = [(float(p.get("e", "")), float(p.get("dos", ""))) for p in diagram.iter("point")]
    energies, dos = np.array(points).reshape(-1, 2).T
    return energies, dos


def _summed(channels: list[tuple[Floats, Floats]]) -> tuple[Floats, Total]:
    energies = channels[0][0]
    if any(not np.array_equal(other, energies) for other, _ in channels):
        raise EntryError("the spin channels are on different energies")
    return energies.copy(), summed([dos for _, dos in channels], "DOS")


def _fermi(path: Path) -> float:
    if not path.is_file():
        return math.nan
    try:
        return float(array_of(list(lines(path)))[0, 0]) * HARTREE_EV
    except EntryError as e:
        raise EntryError(f"EFERMI.OUT beside it can't be read: {e}") from None
