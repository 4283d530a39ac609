"""Extended XYZ: frames of atoms, each with its lattice and properties in the comment line.

    2
    Lattice="0 2.8 2.8 2.8 0 2.8 2.8 2.8 0" Properties=species:S:1:pos:R:3 pbc="T T T" id=mp-1 energy=-3.4
    Na 0.0 0.0 0.0
    Cl 2.8 2.8 2.8

`id`, `material_id`, `name`, … identifies a frame; without one, frames are named by their number. Frames that share a
name are configurations: `NAME`, `NAME/2`, `NAME/3`, …. Other keys are properties; values of atoms (forces) aren't
taken. Positions are in angstrom. A frame with a `Lattice` and without `pbc` is periodic in three directions, which is
said; others that aren't can't be used.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Mapping
from itertools import islice
from pathlib import Path
from typing import Any

from bigdata.data.materials.formats.agreement import agreed_formula
from bigdata.data.materials.formats.entry import FORMULA_KEYS, ID_KEYS, MaterialEntry, atomic_numbers, structure
from bigdata.data.materials.formats.extxyz_comment import (
    AtomColumns,
    atom_columns,
    lattice,
    pairs,
    refuse_unless_crystal,
    value,
)
from bigdata.data.materials.structures import Structure
from bigdata.data.problem import BadEntry, EntryError, Remark
from bigdata.data.text import DAMAGED, is_number, opened_text, plain_name

NAMED_BY_FILE = False
_SPECIES = ("species", "z", "numbers")
_POSITIONS = ("pos", "positions")
_CRYSTAL = {"lattice", "properties", "pbc"}


def recognises(name: str, head: bytes) -> bool:
    return plain_name(name).lower().endswith((".extxyz", ".xyz")) and b"lattice" in head.lower()


def sources(path: Path) -> list[Path]:
    return [path]


def read(path: Path, label: str) -> Iterator[MaterialEntry | BadEntry | Remark]:
    """The frames of a file, one at a time; behind a count of atoms that isn't one, nothing can be read."""
    names, left_out = _Names(), dict[str, None]()
    try:
        for line, rows in _frames(path):
            yield _frame(rows, label, line, names, left_out)
    except EntryError as e:
        yield BadEntry("", label, e.line, str(e))
    yield from names.remarks()
    if left_out:
        yield Remark(columns=tuple(left_out))


def _frames(path: Path) -> Iterator[tuple[int, list[str]]]:
    """(line, comment line and atoms) of each frame; raises EntryError where the file can't be read on."""
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
                yield line, rows
                line += n + 2
        except DAMAGED as e:
            raise EntryError(f"the compressed data are damaged or cut off here ({e})", line) from e


def _count(text: str, line: int) -> int:
    if not text.strip().isdecimal():
        raise EntryError(f"`{text.strip()[:40]}` stands where the number of atoms should be", line)
    return int(text)


class _Names:
    """The identifiers of a file's frames, made different where they are repeated."""

    def __init__(self) -> None:
        self._n: dict[str, int] = {}
        self._repeated, self._first = 0, ""

    def own(self, name: str, line: int) -> str:
        """A name that no frame before has: `NAME`, then `NAME/2`, `NAME/3`, …."""
        n, own = self._n.get(name, 0), name
        while own and own in self._n:
            n += 1
            own = f"{name}/{n}"
        self._n |= {name: max(n, 1), own: self._n.get(own, 1)}
        if own != name:
            self._repeated += 1
            self._first = self._first or f"`{own}` (line {line})"
        return own

    def remarks(self) -> list[Remark]:
        if not self._repeated:
            return []
        what = "1 frame has" if self._repeated == 1 else f"{self._repeated:,} frames have"
        return [Remark(f"{what} the name of one before, taken for another configuration of it: first {self._first}")]


def _frame(
    rows: list[str], label: str, line: int, names: _Names, left_out: dict[str, None]
) -> MaterialEntry | BadEntry:
    name = ""
    try:
        said = pairs(rows[0].strip())
        key = _first(said, ID_KEYS)
        name = names.own(said.get(key) or "", line)
        notes = refuse_unless_crystal(said)
        columns = atom_columns(said)
        found, passed_over = _structure(said, columns, rows[1:])
        left_out |= dict.fromkeys(column for column in columns.places if column not in (*_SPECIES, *_POSITIONS))
        told = _first(said, FORMULA_KEYS)
        formula, doubts = agreed_formula({told: said.get(told) or ""}, found)
        values, lost = _properties({k: text for k, text in said.items() if k not in {key, told, *_CRYSTAL}})
        return MaterialEntry(name, label, line, formula, found, values, notes + passed_over + doubts + lost)
    except EntryError as e:
        return BadEntry(name, label, line, str(e))


def _first(said: Mapping[str, str | None], keys: tuple[str, ...]) -> str:
    """The first of `keys`, whatever its capitals, that has a text; "" for none."""
    given = {key.lower(): key for key, text in said.items() if text}
    return next((given[key] for key in keys if key in given), "")


def _properties(said: Mapping[str, str | None]) -> tuple[dict[str, Any], tuple[str, ...]]:
    """The values of properties, and a note on each that isn't finite."""
    values = {key: value(text) for key, text in said.items()}
    lost = (key for key, found in values.items() if found is None and "inf" in (said[key] or "").lower())
    return values, tuple(f"`{key}` isn't finite, and left out: {said[key]}" for key in lost)


def _structure(
    said: Mapping[str, str | None], columns: AtomColumns, rows: list[str]
) -> tuple[Structure, tuple[str, ...]]:
    """The crystal of a frame, and notes; raises EntryError."""
    vectors, words = lattice(said), [row.split() for row in rows]
    notes = _check_widths(columns.n, words)
    (start, n) = next((columns.places[key] for key in _POSITIONS if key in columns.places), (0, 0))
    species = [columns.places[key][0] for key in _SPECIES if key in columns.places]
    if not species or n != 3:
        raise EntryError("`Properties` names no `species`, or no `pos` of three columns")
    positions = _positions([row[start : start + 3] for row in words])
    found = structure(vectors, _column(words, species[0]), positions, cartesian=True)
    for other in species[1:]:
        differ = (atomic_numbers(_column(words, other)) != found.numbers).nonzero()[0]
        if differ.size:
            row = words[differ[0]]
            raise EntryError(f"atom {differ[0] + 1} is `{row[species[0]]}` and `{row[other]}`")
    return found, notes


def _check_widths(n: int | None, words: list[list[str]]) -> tuple[str, ...]:
    """Raise EntryError unless all atoms have the columns that `Properties` says; a note on more than it leaves out."""
    wanted = 4 if n is None else n
    for atom, row in enumerate(words, 1):
        if len(row) < wanted or (n is not None and len(row) > n):
            raise EntryError(f"the line of atom {atom} has {len(row)} columns, and `Properties` says {wanted}")
    if n is None and any(len(row) > wanted for row in words):
        return ("columns behind the positions, which no `Properties` names, are passed over",)
    return ()


def _positions(words: list[list[str]]) -> list[list[float]]:
    with contextlib.suppress(ValueError):
        found = [[float(x) for x in row] for row in words]
        # Python takes `1_1` for 11.
        if not any("_" in "".join(row) for row in words):
            return found
    atom, row = next((atom, row) for atom, row in enumerate(words, 1) if not all(map(is_number, row)))
    raise EntryError(f"the position of atom {atom} is `{' '.join(row)[:60]}`: these aren't three numbers")


def _column(words: list[list[str]], place: int) -> list[str | int]:
    return [int(row[place]) if row[place].isdecimal() else row[place] for row in words]
