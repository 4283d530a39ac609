"""Extended XYZ: frames of atoms, each with its lattice and properties in the comment line.

    2
    Lattice="0 2.8 2.8 2.8 0 2.8 2.8 2.8 0" Properties=species:S:1:pos:R:3 pbc="T T T" id=mp-1 energy=-3.4
    Na 0.0 0.0 0.0
    Cl 2.8 2.8 2.8

`id`, `material_id`, `name`, … identifies a frame; without one, frames are named by their number. Other keys are
properties; values of atoms (forces) aren't taken. Positions are in angstrom.
"""

from __future__ import annotations

import re
import zlib
from collections.abc import Iterator
from itertools import islice
from pathlib import Path
from typing import Any

from bigdata.data.materials.formats.entry import ID_KEYS, MaterialEntry, first_of, structure, without
from bigdata.data.materials.structures import Structure
from bigdata.data.problem import BadEntry, EntryError, Remark
from bigdata.data.text import opened_text

NAMED_BY_FILE = False
# Programs write values in either quotes, in braces, and in brackets; ASE reads all of these.
_PAIR = re.compile(r"""([^\s=]+)(?:=(?:"([^"]*)"|'([^']*)'|\{([^}]*)\}|(\[.*?\](?=\s|$)|\S+)))?""")
_TRUTH = {"T": True, "True": True, "true": True, "F": False, "False": False, "false": False}


def recognises(name: str, head: bytes) -> bool:
    plain = name.removesuffix(".gz").lower()
    return plain.endswith((".extxyz", ".xyz")) and b"lattice" in head.lower()


def sources(path: Path) -> list[Path]:
    return [path]


def read(path: Path, label: str) -> Iterator[MaterialEntry | BadEntry | Remark]:
    """The frames of a file, one at a time; behind a count of atoms that isn't one, nothing can be read."""
    with opened_text(path) as file:
        line = 1
        try:
            while first := file.readline():
                if first.isspace():
                    line += 1
                    continue
                n = _count(first, line)
                rows = list(islice(file, n + 1))
                if len(rows) < n + 1:
                    raise EntryError(f"the file ends within this frame of {n} atoms", line)
                yield _frame(rows, label, line)
                line += n + 2
        except EntryError as e:
            yield BadEntry("", label, e.line, str(e))
        except (EOFError, OSError, zlib.error) as e:
            yield BadEntry("", label, line, f"the compressed data are damaged or cut off here ({e})")


def _count(text: str, line: int) -> int:
    if not text.strip().isdigit():
        raise EntryError(f"`{text.strip()[:40]}` stands where the number of atoms should be", line)
    return int(text)


def _frame(rows: list[str], label: str, line: int) -> MaterialEntry | BadEntry:
    about = _comment(rows[0])
    key = first_of(about, ID_KEYS)
    name = str(about.get(key, ""))
    try:
        found = _structure(about, rows[1:])
        formula = about.get("formula")
        rest = without(about, key, "formula", "Lattice", "lattice", "Properties", "properties", "pbc")
        return MaterialEntry(name, label, line, formula if isinstance(formula, str) else "", found, rest)
    except EntryError as e:
        return BadEntry(name, label, line, str(e))


def _comment(text: str) -> dict[str, Any]:
    pairs: dict[str, Any] = {}
    for match in _PAIR.finditer(text.strip()):
        key, *values = match.groups()
        value = next((v for v in values if v is not None), None)
        # A key alone is a flag.
        quoted = match[5] is None
        pairs[key] = True if value is None else _value(value, quoted and key.lower() in ("lattice", "pbc"))
    return pairs


def _value(text: str, as_text: bool) -> Any:
    if as_text:
        return text
    if text in _TRUTH:
        return _TRUTH[text]
    for convert in (int, float):
        try:
            return convert(text)
        except ValueError:
            continue
    return text


def _structure(about: dict[str, Any], rows: list[str]) -> Structure:
    lattice = str(about.get("Lattice", about.get("lattice", ""))).split()
    if len(lattice) != 9:
        raise EntryError("the comment line has no `Lattice` of nine numbers: the frame isn't periodic")
    periodic = about.get("pbc", "T T T")
    # Some programs write the flags as 1 and 0.
    if any(_TRUTH.get(flag, flag) in (False, "0") for flag in str(periodic).split()):
        raise EntryError("the structure isn't periodic in three directions")
    species, start = _places(str(about.get("Properties", about.get("properties", "species:S:1:pos:R:3"))))
    words = [row.split() for row in rows]
    try:
        vectors = [[float(x) for x in lattice[i : i + 3]] for i in (0, 3, 6)]
        positions = [[float(x) for x in row[start : start + 3]] for row in words]
        return structure(vectors, [_species(row[species]) for row in words], positions, cartesian=True)
    except (ValueError, IndexError):
        raise EntryError("the lattice or an atom's line isn't what `Properties` says") from None


def _species(word: str) -> str | int:
    return int(word) if word.isdigit() else word


def _places(properties: str) -> tuple[int, int]:
    """The columns in which the species stands and the position begins."""
    found: dict[str, int] = {}
    parts, column = properties.split(":"), 0
    for name, _, n in zip(*[iter(parts)] * 3, strict=False):
        found[name] = column
        column += int(n) if n.isdigit() else 1
    species = next((found[name] for name in ("species", "Z", "numbers") if name in found), None)
    start = found.get("pos", found.get("positions"))
    if species is None or start is None:
        raise EntryError("`Properties` names no `species`, or no `pos`")
    return species, start
