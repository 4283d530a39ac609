"""Where errors are: by element, by crystal system, in shared groups, for what the training never met, and off the hull.

Every function takes `error` (n,) = prediction − target of the tested entries, and leaves those without a prediction
(NaN) out.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from itertools import pairwise
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from bigdata.data.materials.formula import parse

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Truths = NDArray[np.bool_]

# International Tables: the last spacegroup of each system.
CRYSTAL_SYSTEMS = {
    "triclinic": 2,
    "monoclinic": 15,
    "orthorhombic": 74,
    "tetragonal": 142,
    "trigonal": 167,
    "hexagonal": 194,
    "cubic": 230,
}
HULL_EDGES_EV = (0.0, 0.05, 0.1, 0.2)


class Row(NamedTuple):
    """Of the n tested entries that `label` describes, the mean absolute error; NaN for none."""

    label: str
    n: int
    mae: float


class ByElement(NamedTuple):
    """`mae` (118,) over the entries that contain an element, NaN for none, and `n` (118,) int64 their number; hydrogen
    first. An entry counts for each of its elements, whatever its fraction."""

    mae: Floats
    n: Ints


def by_element(error: Floats, fractions: Floats) -> ByElement:
    """The errors by element; `fractions` (n, 118) of the elements in each entry."""
    known = np.isfinite(error)
    contains = fractions[known] > 0
    n = contains.sum(axis=0, dtype=np.int64)
    sums = np.abs(error[known]) @ contains
    return ByElement(np.divide(sums, n, out=np.full(len(n), np.nan), where=n > 0), n)


def by_crystal_system(error: Floats, spacegroup: NDArray[np.int32]) -> list[Row]:
    """The seven systems, and the entries whose `spacegroup` (n,) wasn't found (0)."""
    place = np.searchsorted([0, *CRYSTAL_SYSTEMS.values()], spacegroup)
    names = ["spacegroup not found", *CRYSTAL_SYSTEMS]
    rows = [_row(name, error, place == i) for i, name in enumerate(names)]
    return rows[1:] + (rows[:1] if rows[0].n else [])


def by_sharing(error: Floats, shared: Truths) -> list[Row]:
    """Entries whose group the database that was trained on has too, in any part of the split, and the others; `shared`
    (n,) says which."""
    return _both("groups of both databases", "groups of the tested one alone", error, shared)


def by_distance(error: Floats, distance: Floats, unit: str, edges: Sequence[float] = HULL_EDGES_EV) -> list[Row]:
    """By energy above the hull, `distance` (n,) in `unit` as `edges` are: up to the first edge, between two of them
    (the upper one included), above the last; then entries whose distance isn't known (NaN), where there are any."""
    rows = [_row(f"to {edges[0]:g} {unit}", error, distance <= edges[0])]
    rows += [_row(f"{a:g} to {b:g} {unit}", error, (distance > a) & (distance <= b)) for a, b in pairwise(edges)]
    rows.append(_row(f"above {edges[-1]:g} {unit}", error, distance > edges[-1]))
    return rows + _where_any("distance not known", error, np.isnan(distance))


class Materials(NamedTuple):
    """What novelty is judged by, for n entries: `fractions` (n, 118) of elements, `formulas` (n,) reduced, and
    `spacegroup` (n,), 0 where it wasn't found."""

    fractions: Floats
    formulas: Sequence[str]
    spacegroup: NDArray[np.int32]


def by_novelty(error: Floats, tested: Materials, training: Materials) -> list[Row]:
    """Entries with an element, a reduced formula, or a prototype that no training entry has, beside the others.

    A prototype is an anonymous formula with a spacegroup, such as AB2 in 225 for fluorite: the symmetry and the
    proportions, not the occupied sites. Entries whose spacegroup wasn't found have none, and are told apart.
    """
    met = (training.fractions > 0).any(axis=0)
    with_new = np.asarray(((tested.fractions > 0) & ~met).any(axis=1))
    new_formula = _unseen(tested.formulas, training.formulas)
    new_prototype = _unseen(_prototypes(tested), _prototypes(training))
    found = tested.spacegroup > 0
    return [
        *_both("an element unseen in training", "all elements seen", error, with_new),
        *_both("reduced formula unseen in training", "reduced formula seen", error, new_formula),
        _row("prototype unseen in training", error, found & new_prototype),
        _row("prototype seen", error, found & ~new_prototype),
        *_where_any("prototype not known", error, ~found),
    ]


def _row(label: str, error: Floats, where: Truths) -> Row:
    chosen = np.abs(error[where & np.isfinite(error)])
    return Row(label, chosen.size, float(chosen.mean()) if chosen.size else np.nan)


def _where_any(label: str, error: Floats, where: Truths) -> list[Row]:
    row = _row(label, error, where)
    return [row] if row.n else []


def _both(label: str, other: str, error: Floats, where: Truths) -> list[Row]:
    return [_row(label, error, where), _row(other, error, ~where)]


def _unseen(tested: Sequence[str], training: Sequence[str]) -> Truths:
    seen = set(training)
    return np.fromiter((text not in seen for text in tested), dtype=np.bool_, count=len(tested))


def _prototypes(of: Materials) -> list[str]:
    return [f"{anonymous(f)} {s}" for f, s in zip(of.formulas, of.spacegroup.tolist(), strict=True)]


# A database has many entries of one formula.
@lru_cache(maxsize=65536)
def anonymous(formula: str) -> str:
    """The proportions of a reduced formula alone, such as AB2 for MgF2 and CaCl2: A is the rarest element.

    Raises EntryError where it isn't a formula.
    """
    amounts = sorted(parse(formula).values())
    return "".join(chr(ord("A") + i) + ("" if n == 1 else f"{n:g}") for i, n in enumerate(amounts))
