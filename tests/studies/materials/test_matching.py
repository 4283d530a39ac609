"""Matching of crystals: against StructureMatcher on the cells as given, pair by pair, and against counting by hand."""

from __future__ import annotations

from itertools import combinations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pymatgen.analysis.structure_matcher import StructureMatcher
from pymatgen.core.structure import Structure as Crystal

from bigdata.data.materials.elements import SYMBOLS
from bigdata.data.materials.structures import Structure, Structures
from bigdata.studies.materials.matching import APART, JOINED, SAME, UNJUDGED, Pairs, classes, judged, numbered
from bigdata.studies.materials.model import Tolerances

FCC = np.array([[0, 0.5, 0.5], [0.5, 0, 0.5], [0.5, 0.5, 0]])
SALT = np.array([11, 17], np.uint8)
HALF = np.array([[0, 0, 0], [0.5, 0.5, 0.5]])


def rocksalt(a: float = 5.64) -> Structure:
    return Structure(a * FCC, SALT, HALF)


def caesium_chloride() -> Structure:
    return Structure(3.4 * np.eye(3), SALT, HALF)


def of_cells(one: Structure, n: int) -> Structure:
    """So many cells along the first vector."""
    positions = np.concatenate([(one.positions + np.array([i, 0, 0])) / [n, 1, 1] for i in range(n)])
    return Structure(one.lattice * np.array([[n], [1], [1]]), np.tile(one.numbers, n), positions)


def turned(one: Structure) -> Structure:
    """By 0.7 about z, then by 0.4 about x."""
    (c, s), (d, t) = ((np.cos(angle), np.sin(angle)) for angle in (0.7, 0.4))
    turn = np.array([[c, s, 0], [-s, c, 0], [0, 0, 1]]) @ np.array([[1, 0, 0], [0, d, t], [0, -t, d]])
    return one._replace(lattice=one.lattice @ turn)


def shaken(one: Structure, by: float, seed: int) -> Structure:
    """Atoms moved at random, `by` in fractions of the cell."""
    return one._replace(
        positions=one.positions + by * np.random.default_rng(seed).standard_normal((len(one.numbers), 3))
    )


def by_pymatgen(structures: Structures, a: int, b: int, tolerances: Tolerances) -> bool:
    """Of the cells as they are given, in either order."""
    one, other = (
        Crystal(s.lattice, [SYMBOLS[z] for z in s.numbers], s.positions) for s in (structures[a], structures[b])
    )
    matcher = StructureMatcher(*tolerances)
    return bool(matcher.fit(one, other) or matcher.fit(other, one))


def pairs(n: int) -> tuple[np.ndarray, np.ndarray]:
    return Pairs(["X"] * n, np.ones(n, np.int64)).at(np.arange(n * (n - 1) // 2))


@pytest.mark.parametrize(
    "copy",
    [
        of_cells(rocksalt(), 3),
        turned(rocksalt()),
        rocksalt(6.4),
        rocksalt()._replace(positions=HALF + np.array([0.1, 0.2, 0.3])),
        rocksalt()._replace(numbers=SALT[::-1]),
        shaken(turned(of_cells(rocksalt(5.9), 2)), 0.005, 1),
    ],
    ids=["supercell", "rotated", "scaled", "shifted", "atoms in another order", "all of it and a little distorted"],
)
def test_copies_of_a_crystal_match(copy: Structure) -> None:
    assert judged(Structures.of([rocksalt(), copy]), *pairs(2)).tolist() == [SAME]


def test_two_polymorphs_of_one_formula_stay_apart() -> None:
    assert judged(Structures.of([rocksalt(), caesium_chloride()]), *pairs(2)).tolist() == [APART]


@pytest.mark.parametrize(
    "tolerances",
    [Tolerances(), Tolerances(ltol=0.05), Tolerances(stol=0.02), Tolerances(angle_tol=0.5)],
    ids=["usual", "of lengths", "of positions", "of angles"],
)
def test_pairs_are_judged_as_by_pymatgen_and_joined_as_by_hand(tolerances: Tolerances) -> None:
    strained = Structure(5.64 * FCC @ np.diag([1, 1, 1.12]), SALT, HALF)
    sheared = Structure(5.64 * FCC @ np.array([[1, 0.04, 0], [0, 1, 0], [0, 0, 1]]), SALT, HALF)
    large = of_cells(rocksalt(), 2)
    some = [
        rocksalt(),
        caesium_chloride(),
        strained,
        sheared,
        turned(large),
        shaken(large, 0.03, 2),
        shaken(large, 0.06, 3),
    ]
    structures = Structures.of(some)
    first, second = pairs(len(some))
    found = judged(structures, first, second, tolerances)
    right = {
        (a, b): by_pymatgen(structures, a, b, tolerances) for a, b in zip(first.tolist(), second.tolist(), strict=True)
    }
    assert 0 < sum(right.values()) < len(right)
    for pair, one in zip(right, found.tolist(), strict=True):
        assert one == JOINED or right[pair] == (one == SAME), pair
    same = found == SAME
    joined = classes(len(some), first[same], second[same]).tolist()
    assert joined == by_hand(len(some), [pair for pair, matches in right.items() if matches])
    for a, b in zip(first[found == JOINED].tolist(), second[found == JOINED].tolist(), strict=True):
        assert joined[a] == joined[b]


def by_hand(n: int, same: list[tuple[int, int]]) -> list[int]:
    """Classes numbered by their first entries: each pair gives the later class's number away until nothing changes."""
    of = list(range(n))
    for _ in range(n):
        for a, b in same:
            of[a] = of[b] = min(of[a], of[b])
    order = sorted(set(of))
    return [order.index(one) for one in of]


@given(st.integers(1, 12).flatmap(lambda n: st.tuples(st.just(n), st.lists(st.tuples(*[st.integers(0, n - 1)] * 2)))))
def test_what_is_the_same_in_steps_is_one_class(drawn: tuple[int, list[tuple[int, int]]]) -> None:
    n, same = drawn
    first, second = np.array(same, dtype=np.int64).reshape(-1, 2).T
    assert classes(n, first, second).tolist() == by_hand(n, same)


def test_blocks_of_pairs_give_the_classes_of_the_whole() -> None:
    large = of_cells(rocksalt(), 2)
    structures = Structures.of([shaken(large, 0.04, seed) for seed in range(5)] + [caesium_chloride(), rocksalt()])
    first, second = pairs(7)
    whole = judged(structures, first, second) == SAME
    cut = np.concatenate([judged(structures, first[i : i + 4], second[i : i + 4]) for i in range(0, 21, 4)]) == SAME
    assert classes(7, first[cut], second[cut]).tolist() == classes(7, first[whole], second[whole]).tolist()


def test_a_cell_that_cannot_be_reduced_is_judged_with_none(recwarn: pytest.WarningsRecorder) -> None:
    flat = rocksalt()._replace(lattice=np.diag([4.0, 4.0, 0.0]))
    assert judged(Structures.of([rocksalt(), flat, rocksalt()]), *pairs(3)).tolist() == [UNJUDGED, SAME, UNJUDGED]


@given(st.lists(st.tuples(st.sampled_from(["A", "B", "C"]), st.booleans()), max_size=15))
def test_pairs_are_all_those_of_one_formula_whose_entries_have_atoms(entries: list[tuple[str, bool]]) -> None:
    formulas, has_atoms = [f for f, _ in entries], np.array([has for _, has in entries], dtype=np.int64)
    found = Pairs(formulas, has_atoms)
    first, second = found.at(np.arange(len(found)))
    right = [
        (a, b)
        for a, b in combinations(range(len(entries)), 2)
        if formulas[a] == formulas[b] and has_atoms[a] * has_atoms[b]
    ]
    assert sorted(zip(first.tolist(), second.tolist(), strict=True)) == right


def test_pairs_of_a_formula_with_very_many_entries_are_told_from_their_numbers() -> None:
    n = 300_000
    found = Pairs(["A", *["X"] * n, "Z"], np.ones(n + 2, np.int64))
    assert len(found) == n * (n - 1) // 2
    columns = np.array([1, 2, 3, 1_000, 99_999, 250_001, n - 1])
    begins = columns * (columns - 1) // 2
    for numbers, first in ((begins, np.zeros(7)), (begins + columns - 1, columns - 1)):
        found_first, found_second = found.at(numbers)
        assert (found_first - 1).tolist() == first.tolist()
        assert (found_second - 1).tolist() == columns.tolist()


def test_classes_of_one_formula_are_numbered_in_the_order_of_their_first_entries() -> None:
    formulas = ["TiO2", "NaCl", "TiO2", "TiO2", "NaCl", "TiO2"]
    assert numbered(np.array([0, 1, 2, 0, 3, 2]), formulas).tolist() == [1, 1, 2, 1, 2, 2]
