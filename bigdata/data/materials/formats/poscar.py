"""POSCAR: VASP's structure files, also `CONTCAR`, `POSCAR_…` and `….vasp`; each is one material, named by its path.

    MgO, rocksalt
    1.0
      0.0 2.1 2.1
      2.1 0.0 2.1
      2.1 2.1 0.0
    Mg O
    1 1
    Direct
      0.0 0.0 0.0
      0.5 0.5 0.5

The second line scales lattice and Cartesian positions: one factor, three (for x, y and z), or, below 0, the volume in
angstrom³. Files of VASP 4 have no line of symbols; these are taken from the words behind the positions, or from a first
line that is nothing but them, and a note says so. What stands behind a symbol (`Fe_pv`, `Mg/ab12`) names its potential.
Velocities and flags of selective dynamics aren't read. https://www.vasp.at/wiki/POSCAR
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import islice, takewhile
from pathlib import Path
from typing import NamedTuple

import numpy as np

from bigdata.data.formats import one_entry
from bigdata.data.materials.elements import NUMBERS
from bigdata.data.materials.formats.agreement import agreed_formula
from bigdata.data.materials.formats.entry import MaterialEntry, structure
from bigdata.data.materials.structures import Floats, Structure
from bigdata.data.problem import BadEntry, EntryError, Remark
from bigdata.data.text import DAMAGED, is_number, opened_text, plain_name

NAMED_BY_FILE = True
_NAME = re.compile(r"(POSCAR|CONTCAR)([._-].*)?|.*[._-](poscar|contcar|vasp)", re.IGNORECASE)
# What has the name of a POSCAR in another form, such as `POSCAR.cif`.
_OTHER = re.compile(
    r".*\.(cif|mcif|json|jsonl|csv|tsv|xyz|extxyz|xml|db|md|py|rb|sh|c|f90|yaml|yml|png|pdf|html)", re.IGNORECASE
)
_COUNT = re.compile(r"\d+")
MAX_ATOMS = 10_000_000


def recognises(name: str, head: bytes) -> bool:
    plain = plain_name(name)
    return _NAME.fullmatch(plain) is not None and _OTHER.fullmatch(plain) is None and b"\0" not in head


def sources(path: Path) -> list[Path]:
    return [path]


def read(path: Path, label: str) -> Iterator[MaterialEntry | BadEntry | Remark]:
    """The one material of a file."""
    name = _stem(label or path.name)
    yield from one_entry(name, label, lambda: _entry(path, name, label))


def _stem(label: str) -> str:
    plain = plain_name(label)
    return re.sub(r"\.(vasp|poscar|contcar)$", "", plain, flags=re.IGNORECASE) or plain


class _Lines:
    """The lines of a file, one at a time, with their numbers."""

    def __init__(self, lines: Iterator[str]) -> None:
        self._lines, self.number = lines, 0

    def next(self, what: str) -> str:
        self.number += 1
        line = next(self._lines, None)
        if line is None:
            raise EntryError(f"the file ends where {what} should stand", self.number)
        return line.strip()

    def numbers(self, n: int, what: str) -> list[float]:
        words = self.next(what).split()
        try:
            return [_float(word) for word in words[:n]] if len(words) >= n else []
        except ValueError:
            return []


class _Sites(NamedTuple):
    positions: Floats
    words: list[str]
    is_cartesian: bool


def _entry(path: Path, name: str, label: str) -> MaterialEntry:
    with opened_text(path) as file:
        lines = _Lines(iter(file))
        try:
            comment, scale = lines.next("a comment"), _scale(lines)
            lattice = np.array([_vector(lines, "a lattice vector") for _ in range(3)])
            symbols, counts, line = _species(lines)
            sites = _sites(lines, sum(counts))
        except DAMAGED as e:
            raise EntryError(f"the compressed data are damaged or cut off here ({e})", lines.number + 1) from e
    notes: tuple[str, ...] = ()
    if not symbols:
        symbols, notes = _unnamed(comment, counts, sites, line)
    _refuse_other_words(symbols, counts, sites, line)
    factors = _factors(scale, lattice)
    positions = sites.positions * factors if sites.is_cartesian else sites.positions
    species = [symbol for symbol, n in zip(symbols, counts, strict=True) for _ in range(n)]
    found = structure(lattice * factors, species, positions, sites.is_cartesian)
    return MaterialEntry(name, label, 0, "", found, notes=notes + _comment_notes(comment, symbols, found))


def _scale(lines: _Lines) -> list[float]:
    words = lines.next("the scaling factor").split()
    # Behind the numbers may stand what they mean.
    numbers = [_float(word) for word in takewhile(_is_number, words[:3])]
    if len(numbers) not in (1, 3) or 0 in numbers or (len(numbers) == 3 and min(numbers) < 0):
        what = f"`{' '.join(words)[:40]}` stands where the scaling factor should be: one number, or three above 0"
        raise EntryError(what, lines.number)
    return numbers


def _is_number(word: str) -> bool:
    return is_number(_plain_exponent(word))


def _float(word: str) -> float:
    if not _is_number(word):
        raise ValueError(word)
    return float(_plain_exponent(word))


def _plain_exponent(word: str) -> str:
    # Fortran writes exponents of double precision with a D.
    return word.upper().replace("D", "E")


def _vector(lines: _Lines, what: str) -> list[float]:
    if not (numbers := lines.numbers(3, what)):
        raise EntryError(f"{what} of three numbers should stand here", lines.number)
    return numbers


def _factors(scale: list[float], lattice: Floats) -> Floats:
    """What the columns x, y and z are multiplied by."""
    if scale[0] > 0:
        return np.array(scale)
    volume = abs(float(np.linalg.det(lattice)))
    if not volume:
        raise EntryError("the lattice vectors lie in one plane: the cell has no volume", 3)
    return np.array([(-scale[0] / volume) ** (1 / 3)])


def _species(lines: _Lines) -> tuple[list[str], list[int], int]:
    """Symbols, [] where the file has no line of them; atoms of each; the line of the symbols or else the counts."""
    words = lines.next("the elements").split()
    symbols, line = ([], lines.number) if words and all(map(_COUNT.fullmatch, words)) else (words, lines.number)
    counts = lines.next("the atoms of each element").split() if symbols else words
    if not counts or not all(map(_COUNT.fullmatch, counts)):
        raise EntryError(f"`{' '.join(counts)[:40]}` stands where the atoms of each element should be", lines.number)
    if symbols and len(symbols) != len(counts):
        raise EntryError(f"line {line} names {len(symbols)} elements, this one counts {len(counts)}", lines.number)
    if (total := sum(map(int, counts))) > MAX_ATOMS:
        raise EntryError(f"{total:,} atoms are more than {MAX_ATOMS:,}", lines.number)
    return [_plain(symbol) for symbol in symbols], [int(n) for n in counts], line


def _plain(symbol: str) -> str:
    """The element of `Fe_pv`, or of the shortened `Mg/ab12` of newer versions."""
    return re.split(r"[_/]", symbol)[0]


def _sites(lines: _Lines, n: int) -> _Sites:
    mode = lines.next("`Direct` or `Cartesian`")
    if mode[:1] in ("S", "s"):
        mode = lines.next("`Direct` or `Cartesian`")
    if mode[:1].upper() not in ("D", "C", "K"):
        raise EntryError(f"`{mode[:40]}` stands where `Direct` or `Cartesian` should be", lines.number)
    positions, words = np.empty((n, 3)), []
    for site in range(n):
        rest = lines.next(f"the position of atom {site + 1} of {n}").split()
        try:
            positions[site] = [_float(x) for x in rest[:3]]
        except ValueError:
            raise EntryError(f"the position of atom {site + 1} should stand here", lines.number) from None
        words.append(_word(rest[3:]))
    return _Sites(positions, words, mode[:1].upper() in ("C", "K"))


def _word(behind: list[str]) -> str:
    """What stands behind a position and its flags, such as `Na` or `# Na1`; "" for nothing."""
    named = (word.lstrip("#!") for word in behind if word not in ("T", "F", ".TRUE.", ".FALSE."))
    return next(filter(None, named), "")


def _unnamed(comment: str, counts: list[int], sites: _Sites, line: int) -> tuple[list[str], tuple[str, ...]]:
    """The elements of a file without a line of symbols, and a note on where they are from."""
    starts = [sum(counts[:i]) for i in range(len(counts))]
    groups = [{_symbol(word) for word in sites.words[i : i + n]} for i, n in zip(starts, counts, strict=True)]
    behind = [group.pop() if len(group) == 1 else "" for group in groups]
    words = [_plain(word) for word in comment.split()]
    is_list = len(words) == len(counts) and all(word in NUMBERS for word in words)
    if all(behind) and is_list and behind != words:
        what = f"the first line names the elements {' '.join(words)}, the words behind the positions {' '.join(behind)}"
        raise EntryError(what, line)
    if all(behind):
        return behind, ("the elements are taken from the words behind the positions",)
    if is_list:
        return words, ("the elements are taken from the first line",)
    what = "the file names no elements (VASP 4): write their symbols into a line above the counts"
    raise EntryError(what, line)


def _symbol(word: str) -> str:
    """The element that a site's label begins with; "" for none."""
    match = re.match(r"[A-Z][a-z]?", word)
    return match[0] if match and match[0] in NUMBERS else ""


def _refuse_other_words(symbols: list[str], counts: list[int], sites: _Sites, line: int) -> None:
    """Raise EntryError where a word behind a position names another element than the counts do."""
    site = 0
    for symbol, n in zip(symbols, counts, strict=True):
        for word in islice(sites.words, site, site + n):
            site += 1
            if (named := _symbol(word)) and named != symbol and word == named:
                raise EntryError(f"atom {site} is {symbol} by the counts, and `{word}` behind its position", line)


def _comment_notes(comment: str, symbols: list[str], found: Structure) -> tuple[str, ...]:
    """Where the first line is a formula that the atoms don't make: it is free text, so no fault of the structure's."""
    # A list of the elements is no formula.
    if [_plain(word) for word in comment.split()] == symbols:
        return ()
    text = "".join(comment.split())
    try:
        agreed_formula({"comment": text}, found)
    except EntryError as e:
        return (f"the first line says another formula: {e}",)
    return ()
