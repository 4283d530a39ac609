"""The atom sites of a data block: ordered, with all coordinates known, or refused with tag and line."""

from __future__ import annotations

from collections.abc import Collection
from typing import NamedTuple

import numpy as np

from bigdata.data.materials.elements import SYMBOLS
from bigdata.data.materials.formats.crystallographic.elements import by_label, by_symbol
from bigdata.data.materials.formats.crystallographic.grammar import UNKNOWN, Block, X, are_plain, number
from bigdata.data.materials.structures import Floats
from bigdata.data.problem import EntryError

_SITE = "_atom_site_"
_XYZ = (X, f"{_SITE}fract_y", f"{_SITE}fract_z")
_SYMBOL, _LABEL, _SHARE, _FLAG = (f"{_SITE}{part}" for part in ("type_symbol", "label", "occupancy", "calc_flag"))
MULTIPLICITIES = (f"{_SITE}symmetry_multiplicity", f"{_SITE}site_symmetry_multiplicity")
_GROUP, _ASSEMBLY = f"{_SITE}disorder_group", f"{_SITE}disorder_assembly"
# Programs write sums of refined shares: 0.998 or 1.003 mean a full site.
_FULL, _OVERFULL = 0.995, 1.005
_ONE = UNKNOWN | {"1", "1.0", "1.00", "1.000"}


class Sites(NamedTuple):
    """The n sites that hold an atom: `labels`; `readings`, the atomic numbers that each may have; `positions` (n, 3) in
    fractions of the cell; `multiplicities`, the places in the cell that the file says each has, 0 where it doesn't;
    `line` of the list; `notes` on those left out."""

    labels: list[str]
    readings: list[tuple[int, ...]]
    positions: Floats
    multiplicities: list[int]
    line: int
    notes: tuple[str, ...]


def sites(block: Block, formula: Collection[int]) -> Sites:
    """The block's sites; `formula` are the atomic numbers of its formula. Raises EntryError."""
    n = len(block.values[X].texts)
    _refuse_unequal(block, n)
    labels = _names(block, n)
    rows, notes = _kept(block, labels)
    if not rows:
        raise EntryError("no site is left: all are dummies or empty", block.values[X].line)
    positions = np.array([_coordinates(block, tag, rows, labels) for tag in _XYZ]).T.copy()
    readings = _readings(block, labels, rows, formula)
    _refuse_disorder(block, rows, readings)
    multiplicities = _multiplicities(block, rows, labels)
    return Sites([labels[row] for row in rows], readings, positions, multiplicities, block.values[X].line, notes)


def _refuse_unequal(block: Block, n: int) -> None:
    for tag in _XYZ:
        if tag not in block:
            raise EntryError(f"there is no `{tag}`", block.values[X].line)
    for tag in (*_XYZ, _SYMBOL, _LABEL, _SHARE, _FLAG, _GROUP, _ASSEMBLY, *MULTIPLICITIES):
        if tag in block and len(block.values[tag].texts) != n:
            what = f"`{tag}` has {len(block.values[tag].texts)} values and `{X}` {n}: they stand in two lists"
            raise EntryError(what, block.values[tag].line)


def _names(block: Block, n: int) -> list[str]:
    if found := block.column(_LABEL, _SYMBOL):
        return found
    raise EntryError(f"the sites have neither `{_SYMBOL}` nor `{_LABEL}`", block.values[X].line)


def _kept(block: Block, labels: list[str]) -> tuple[list[int], tuple[str, ...]]:
    """The places of the sites that hold an atom, and what is said of the others."""
    flags, shares = block.column(_FLAG), block.column(_SHARE)
    if not flags and _ONE.issuperset(shares):
        return [*range(len(labels))], ()
    rows, notes = [], []
    for row, label in enumerate(labels):
        if flags and flags[row].lower() == "dum":
            notes.append(f"site left out, calc_flag is dum: {label}")
        elif shares and _share(block, row, label) == 0:
            notes.append(f"site left out, its occupancy is 0: {label}")
        else:
            rows.append(row)
    return rows, tuple(notes)


def _share(block: Block, row: int, label: str) -> float:
    text = block.values[_SHARE].texts[row]
    if text in _ONE:
        return 1.0
    share = number(text, f"`{_SHARE}` of site {label}", block.line_of(_SHARE, row))
    if not 0 <= share <= _OVERFULL:
        raise EntryError(f"`{_SHARE}` of site {label} is {text}, not from 0 to 1", block.line_of(_SHARE, row))
    return share


def _multiplicities(block: Block, rows: list[int], labels: list[str]) -> list[int]:
    tag = next((tag for tag in MULTIPLICITIES if tag in block), "")
    if not tag:
        return [0] * len(rows)
    said = [(block.values[tag].texts[row], f"`{tag}` of site {labels[row]}") for row in rows]
    return [0 if text in UNKNOWN else int(number(text, what, block.values[tag].line)) for text, what in said]


def _readings(block: Block, labels: list[str], rows: list[int], formula: Collection[int]) -> list[tuple[int, ...]]:
    symbols = block.column(_SYMBOL) or ["?"] * len(labels)
    # Of a known symbol the label is of no account; each is read once.
    keys = [(symbols[row], labels[row] if symbols[row] in UNKNOWN else "") for row in rows]
    known: dict[tuple[str, str], tuple[int, ...]] = {}
    for row, key in zip(rows, keys, strict=True):
        if key not in known:
            try:
                known[key] = _reading(symbols[row], labels[row], formula)
            except EntryError as e:
                raise EntryError(str(e), block.line_of(X, row)) from None
    return [known[key] for key in keys]


def _reading(symbol: str, label: str, formula: Collection[int]) -> tuple[int, ...]:
    if symbol in UNKNOWN:
        return by_label(label, formula)
    if z := by_symbol(symbol):
        return (z,)
    raise EntryError(f"`{_SYMBOL}` of site {label} is `{symbol}`, which is no element")


def _refuse_disorder(block: Block, rows: list[int], readings: list[tuple[int, ...]]) -> None:
    if not _ONE.issuperset(block.column(_SHARE)):
        for row, options in zip(rows, readings, strict=True):
            if (share := _share(block, row, str(row + 1))) < _FULL:
                what = f"the structure is disordered: site {row + 1} holds {SYMBOLS[options[0]]}:{share:g}"
                raise EntryError(what, block.line_of(_SHARE, row))
    if _GROUP in block:
        _refuse_groups(block, rows)


def _refuse_groups(block: Block, rows: list[int]) -> None:
    groups, assemblies = block.column(_GROUP), block.column(_ASSEMBLY)
    met: dict[str, str] = {}
    for row in rows:
        group = groups[row]
        if group in UNKNOWN or group == "0":
            continue
        first = met.setdefault(assemblies[row] if assemblies else "", group)
        if group.startswith("-") or first != group:
            said = f"group {group}" if group.startswith("-") else f"groups {first} and {group}"
            what = f"the structure is disordered: site {row + 1} holds an atom of disorder {said}"
            raise EntryError(what, block.line_of(_GROUP, row))


def _coordinates(block: Block, tag: str, rows: list[int], labels: list[str]) -> list[float]:
    texts = block.values[tag].texts
    if are_plain(texts):
        return [float(texts[row]) for row in rows]
    return [_coordinate(block, tag, row, labels[row]) for row in rows]


def _coordinate(block: Block, tag: str, row: int, label: str) -> float:
    try:
        return number(block.values[tag].texts[row], f"`{tag}` of site {label}")
    except EntryError as e:
        raise EntryError(str(e), block.line_of(tag, row)) from None
