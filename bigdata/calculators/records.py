"""STATE.OUT and the other binary files that Elk and exciting leave alike: Fortran's, of records."""

from __future__ import annotations

import struct
from pathlib import Path

from bigdata.calculators.calculation import Step

STATE, FERMI = "STATE.OUT", "EFERMI.OUT"
# What a density of states reads of the ground state beside its density; from STATE.OUT alone they are made again.
WAVEFUNCTIONS = ("EVALSV.OUT", "EVECFV.OUT", "EVECSV.OUT")
_RECORD = struct.Struct("<i")


def carried(step: Step, before: Path | None, restart: Path | None) -> list[Path]:
    """The files that a step reads of the one `before` it, or of the folder that it goes on from."""
    if step in ("relax", "ground-state"):
        return [restart / STATE] if restart else []
    assert before
    names = [STATE, FERMI]
    if step == "density-of-states" and all((before / name).is_file() for name in WAVEFUNCTIONS):
        names += WAVEFUNCTIONS
    return [before / name for name in names]


def is_whole(file: Path) -> bool:
    """Whether a Fortran file of records, such as STATE.OUT, ends where a record ends.

    Each has its length in bytes before and after it; it is negative where a part of a larger record goes on.
    """
    size, place = file.stat().st_size, 0
    with file.open("rb") as stream:
        while place < size:
            stream.seek(place)
            length = _length(stream.read(_RECORD.size))
            place += 2 * _RECORD.size + length
            if length < 0 or place > size:
                return False
            stream.seek(place - _RECORD.size)
            if _length(stream.read(_RECORD.size)) != length:
                return False
    return size > 0


def _length(data: bytes) -> int:
    """-1 where the file has come to its end."""
    return abs(_RECORD.unpack(data)[0]) if len(data) == _RECORD.size else -1
