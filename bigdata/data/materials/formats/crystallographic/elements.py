"""Which element a site holds: by its type symbol, else by its label, else by the formula where the label leaves two."""

from __future__ import annotations

import re
from collections.abc import Collection
from itertools import islice, product

from bigdata.data.materials.elements import NUMBERS, SYMBOLS
from bigdata.data.problem import EntryError

MOST = 64
_TYPE = re.compile(r"([A-Za-z]{1,2})(?:\d*\.?\d*[+-]?|[+-]\d*)")
_STEM = re.compile(r"[A-Za-z]+")


def by_symbol(symbol: str) -> int:
    """The atomic number in `Fe`, `FE3+` or `O-2`; 0 where it is no element."""
    match = _TYPE.fullmatch(symbol)
    return NUMBERS.get(match[1].capitalize(), 0) if match else 0


def by_label(label: str, formula: Collection[int]) -> tuple[int, ...]:
    """The atomic numbers that a label may mean, given those of the file's formula (none where it has none).

    `Ho1` is holmium, since the second letter is small; `HO1` is holmium or the hydrogen of a hydroxyl, whichever the
    formula has. Raises EntryError where the label means no element.
    """
    match = _STEM.match(label)
    stem = match[0] if match else ""
    if stem[:3].lower() == "wat":
        raise EntryError(f"the site `{label}` is a molecule of water, whose hydrogens have no positions")
    if stem[:2] in ("OH", "OW") and not formula:
        # Where a formula is given, hydrogens that are missing come out by it.
        raise EntryError(
            f"the label `{label}` is of hydroxyl or water, and no formula tells whether hydrogens are missing"
        )
    first, pair = NUMBERS.get(stem[:1].upper(), 0), NUMBERS.get(stem[:2].capitalize(), 0) if len(stem) > 1 else 0
    if stem[:1].isupper() and stem[1:2].islower():
        # Hydrogens and oxygens of water and hydroxyl are labelled `Hw`, `Ow`, `Oh`.
        readings: tuple[int, ...] = (pair,) if pair else (first,) if first in (1, 8) and first in formula else ()
    else:
        possible = [z for z in (pair, first) if z]
        readings = tuple(z for z in possible if z in formula) if formula and len(possible) > 1 else tuple(possible)
    if not readings:
        raise EntryError(f"the label `{label}` names no element, and the site has no `_atom_site_type_symbol`")
    if len(readings) > 1 and not formula:
        what = f"the label `{label}` may mean {SYMBOLS[readings[0]]} or {SYMBOLS[readings[1]]}"
        raise EntryError(f"{what}: the site needs an `_atom_site_type_symbol`, or the file a formula")
    return readings


def combinations(readings: list[tuple[int, ...]], labels: list[str]) -> list[list[int]]:
    """All ways to read the sites, those whose labels have one stem alike; raises EntryError beyond 64."""
    if all(len(options) == 1 for options in readings):
        return [[options[0] for options in readings]]
    stems = [
        (match[0] if (match := _STEM.match(label)) else label, options)
        for label, options in zip(labels, readings, strict=True)
    ]
    open_stems = sorted({stem for stem in stems if len(stem[1]) > 1})
    ways = [*islice(product(*(options for _, options in open_stems)), MOST + 1)]
    if len(ways) > MOST:
        raise EntryError(
            f"the labels leave more than {MOST} ways to read their elements: give `_atom_site_type_symbol`"
        )
    chosen = [dict(zip(open_stems, way, strict=True)) for way in ways]
    return [[choice.get(stem, stem[1][0]) for stem in stems] for choice in chosen]
