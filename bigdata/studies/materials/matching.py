"""Which entries are the same crystal by pymatgen's StructureMatcher: pairs of one formula, and what they join into.

S. P. Ong et al., Comput. Mater. Sci. 68, 314 (2013), doi 10.1016/j.commatsci.2012.10.028: two crystals match where the
reduced primitive cells, brought to one volume, can be laid onto each other within tolerances of lengths, angles and
positions. Matching isn't transitive, and materials have to be: what matches in steps is one class.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from bigdata.data.materials.elements import SYMBOLS
from bigdata.data.materials.structures import Structure, Structures
from bigdata.studies.materials.model import USUAL, Tolerances

if TYPE_CHECKING:
    from pymatgen.analysis.structure_matcher import StructureMatcher
    from pymatgen.core.structure import Structure as Crystal

Ints = NDArray[np.int64]
# What is found of a pair: `JOINED` ones are of one class by pairs found before, and aren't compared themselves; of
# `UNJUDGED` ones a cell can't be reduced.
APART, SAME, JOINED, UNJUDGED = range(4)


class Pairs:
    """All pairs of entries of one formula, numbered formula by formula: of m members of one, 0 and 1, 0 and 2, 1 and 2,
    0 and 3 … They are told from their number, as one formula with 10⁴ entries has 5 · 10⁷.

    `members` (m,) int64, the entries, formula by formula; `sizes` (F,) int64, the members of each formula.
    """

    def __init__(self, formulas: Sequence[str], n_atoms: Ints) -> None:
        """Of entries with these formulas; those without atoms are in no pair."""
        _, codes = np.unique(np.array(formulas, dtype=np.str_), return_inverse=True)
        codes = np.where(n_atoms > 0, codes, -1)
        known = np.flatnonzero(codes >= 0)
        self.members: Ints = known[np.argsort(codes[known], kind="stable")]
        self.sizes: Ints = np.bincount(codes[known])

    def __len__(self) -> int:
        return int(self._first_pairs[-1])

    @cached_property
    def _first_pairs(self) -> Ints:
        """(F + 1,) the number of each formula's first pair, and that of all pairs."""
        return np.concatenate([[0], np.cumsum(self.sizes * (self.sizes - 1) // 2)]).astype(np.int64)

    def at(self, numbers: Ints) -> tuple[Ints, Ints]:
        """The first and the second entries of these pairs, both as long as `numbers`; first < second."""
        formulas = np.searchsorted(self._first_pairs, numbers, side="right") - 1
        inside = numbers - self._first_pairs[formulas]
        # Member j is the second of j pairs, and number j (j - 1) / 2 is the first of these. The root of a square is
        # exact, and others are further from whole numbers than what floats round off.
        second = (np.sqrt(8.0 * inside + 1) + 1).astype(np.int64) // 2
        first = inside - second * (second - 1) // 2
        begin = (np.cumsum(self.sizes) - self.sizes)[formulas]
        return self.members[begin + first], self.members[begin + second]


def judged(structures: Structures, first: Ints, second: Ints, tolerances: Tolerances = USUAL) -> NDArray[np.uint8]:
    """(p,) APART, SAME, JOINED or UNJUDGED, for pairs of places `first` and `second` among structures.

    A pair is the same where it matches in either order: of a few, StructureMatcher's answer depends on it.
    """
    from pymatgen.analysis.structure_matcher import StructureMatcher

    matcher = StructureMatcher(*tolerances)
    places, both = np.unique(np.concatenate([first, second]), return_inverse=True)
    cells = [_reduced(structures[place]) for place in places.tolist()]
    joined = np.arange(len(places))
    found = np.full(len(first), APART, dtype=np.uint8)
    for i, (a, b) in enumerate(both.reshape(2, -1).T.tolist()):
        found[i] = JOINED if joined[a] == joined[b] else _judge(matcher, cells[a], cells[b])
        if found[i] == SAME:
            joined[joined == joined[b]] = joined[a]
    return found


def _judge(matcher: StructureMatcher, a: Crystal | None, b: Crystal | None) -> int:
    if a is None or b is None:
        return UNJUDGED
    # Primitive cells are laid onto each other atom by atom: the matcher says no to these, after more work.
    if len(a) != len(b):
        return APART
    fits = (matcher.fit(*both, skip_structure_reduction=True) for both in ((a, b), (b, a)))
    return SAME if any(fits) else APART


def _reduced(structure: Structure) -> Crystal | None:
    """The cell that the matcher compares, found once for all of its pairs; None where it can't be."""
    from pymatgen.core.structure import Structure as Crystal

    symbols = [SYMBOLS[number] for number in structure.numbers.tolist()]
    try:
        cell = Crystal(structure.lattice, symbols, structure.positions)
        return cell.get_reduced_structure("niggli").get_primitive_structure()
    except ValueError:
        return None


def classes(n: int, first: Ints, second: Ints) -> Ints:
    """(n,) the class of each entry, from 0 in the order of first entries: pairs that are the same, and what follows."""
    from scipy.sparse import coo_array
    from scipy.sparse.csgraph import connected_components

    graph = coo_array((np.ones(len(first), dtype=np.int8), (first, second)), shape=(n, n))
    _, found = connected_components(graph, directed=False)
    return _in_order(found)


def numbered(of: Ints, formulas: Sequence[str]) -> Ints:
    """(n,) the number of each entry's class among those of its formula, from 1 in the order of first entries."""
    _, firsts = np.unique(of, return_index=True)
    _, codes = np.unique(np.array([formulas[first] for first in firsts], dtype=np.str_), return_inverse=True)
    order = np.argsort(codes, kind="stable")
    sizes = np.bincount(codes)
    numbers = np.empty(len(firsts), dtype=np.int64)
    numbers[order] = np.arange(len(firsts)) - np.repeat(np.cumsum(sizes) - sizes, sizes) + 1
    return numbers[of]


def _in_order(codes: Ints) -> Ints:
    """The same classes, numbered by their first entries."""
    _, firsts, which = np.unique(codes, return_index=True, return_inverse=True)
    places = np.empty(len(firsts), dtype=np.int64)
    places[np.argsort(firsts)] = np.arange(len(firsts))
    return places[which]
