"""Group labels: formulas of cells, primitive cells and databases, with spacegroups and fingerprints."""

from __future__ import annotations

import re

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from bigdata.data.materials.formula import amounts as amounts_of
from bigdata.data.materials.formula import full, reduced
from bigdata.data.materials.structures import Structure, Structures
from bigdata.data.problem import DataProblem
from bigdata.errors import SpecError
from bigdata.studies.materials.identity import Compositions, Identity, elements_by_group, labels, reduced_formulas
from bigdata.studies.materials.model import Tolerances
from bigdata.studies.materials.symmetry import symmetry

CUBE = np.eye(3)


def rutile() -> Structure:
    u = 0.305
    positions = [[0, 0, 0], [0.5] * 3, [u, u, 0], [-u, -u, 0], [0.5 + u, 0.5 - u, 0.5], [0.5 - u, 0.5 + u, 0.5]]
    return Structure(np.diag([4.6, 4.6, 3.0]), np.array([12, 12, 9, 9, 9, 9], np.uint8), np.array(positions))


def bcc_cube() -> Structure:
    return Structure(2.87 * CUBE, np.array([26, 26], np.uint8), np.array([[0, 0, 0], [0.5, 0.5, 0.5]]))


def without_atoms() -> Structure:
    return Structure(CUBE, np.empty(0, np.uint8), np.empty((0, 3)))


def atoms_at_one_place() -> Structure:
    return Structure(3 * CUBE, np.array([11, 11], np.uint8), np.zeros((2, 3)))


STRUCTURES = Structures.of([rutile(), bcc_cube(), atoms_at_one_place()])
GIVEN = ["MgF2", "alpha-Fe", "Na"]


@pytest.mark.parametrize(
    ("by", "expected"),
    [
        ("formula,spacegroup", ["Mg2F4_136", "Fe_229", "Na2_0"]),
        ("reduced_formula,spacegroup", ["MgF2_136", "Fe_229", "Na_0"]),
        ("reduced_formula", ["MgF2", "Fe", "Na"]),
        ("given_formula, spacegroup", ["MgF2_136", "alpha-Fe_229", "Na_0"]),
        ("spacegroup", ["136", "229", "0"]),
        ("spacegroup,formula", ["136_Mg2F4", "229_Fe", "0_Na2"]),
    ],
)
def test_labels_by(by: str, expected: list[str]) -> None:
    identity = Identity.parse(by, 0.01)
    assert labels(identity, STRUCTURES, GIVEN, symmetry(STRUCTURES, 0.01)) == expected


def test_labels_by_fingerprint_have_twelve_digits() -> None:
    found = labels(Identity(("reduced_formula", "wyckoff"), 0.01), STRUCTURES, GIVEN, symmetry(STRUCTURES, 0.01))
    assert all(re.fullmatch(r"[A-Za-z0-9]+_[0-9a-f]{12}", label) for label in found)
    assert found[2] == "Na_000000000000"


def test_formulas_alone_are_reduced_to_one_way_of_writing() -> None:
    assert labels(Identity(("reduced_formula",)), None, ["F4Mg2", "MgF2", "Fe3O4"], None) == ["MgF2", "MgF2", "Fe3O4"]


def test_formulas_alone_can_stay_as_given() -> None:
    assert labels(Identity(("given_formula",)), None, ["F4Mg2", "MgF2"], None) == ["F4Mg2", "MgF2"]


def test_an_entry_without_structure_among_others_is_known_by_the_formula_given() -> None:
    mixed = Structures.of([rutile(), without_atoms()])
    found = symmetry(mixed, 0.01)
    assert labels(Identity(("reduced_formula", "spacegroup"), 0.01), mixed, ["", "Cl2Ca"], found) == [
        "MgF2_136",
        "CaCl2_0",
    ]
    assert labels(Identity(("formula", "spacegroup"), 0.01), mixed, ["", "Cl2Ca"], found) == ["Mg2F4_136", "CaCl2_0"]


@pytest.mark.parametrize("by", ["formula", "formula,spacegroup", "reduced_formula,spacegroup", "wyckoff"])
def test_formulas_alone_have_no_symmetry(by: str) -> None:
    with pytest.raises(DataProblem, match=r"formulas only, no structures.*reduced_formula or given_formula"):
        labels(Identity.parse(by), None, ["MgF2"], None)


def test_a_formula_that_cannot_be_read_is_named() -> None:
    with pytest.raises(DataProblem, match="can't be read: `Xx2O`"):
        labels(Identity(("reduced_formula",)), None, ["MgF2", "Xx2O"], None)


def test_a_missing_formula_is_named() -> None:
    with pytest.raises(DataProblem, match=r"no formula for 1 of 2 entries \(rows 1\)"):
        labels(Identity(("given_formula",)), None, ["MgF2", ""], None)


def test_symmetry_found_within_another_tolerance_is_not_taken() -> None:
    with pytest.raises(ValueError, match=r"found within 0.1 Å; 0.01 Å is asked for"):
        labels(Identity(symprec=0.01), STRUCTURES, GIVEN, symmetry(STRUCTURES, 0.1))


@pytest.mark.parametrize("by", ["", "composition", "formula,formula", "formula,Spacegroup"])
def test_what_tells_nothing_apart_is_refused_with_the_known_words(by: str) -> None:
    with pytest.raises(
        SpecError, match=r"formula, reduced_formula, given_formula, spacegroup, wyckoff, matched, each once"
    ):
        Identity.parse(by)


def test_a_tolerance_that_is_no_length_is_refused() -> None:
    with pytest.raises(SpecError, match="symprec is a length in angstrom"):
        Identity(symprec=0.0)


def test_labels_made_alike_are_comparable_whatever_tolerance_they_do_not_use() -> None:
    plain = ("reduced_formula",)
    assert Identity(plain, 0.1).comparable() == Identity(plain, 0.01).comparable()
    assert Identity(symprec=0.1).comparable() != Identity(symprec=0.01).comparable()
    assert Identity(tolerances=Tolerances(stol=0.1)).comparable() == Identity().comparable()
    matched = Identity(("matched",))
    assert matched.comparable() != Identity(("matched",), tolerances=Tolerances(stol=0.1)).comparable()
    assert matched.comparable() == Identity(("matched",), 0.01).comparable()


def test_what_matches_is_named_by_its_number_beside_the_other_parts() -> None:
    numbers = np.array([2, 1, 1])
    found = symmetry(STRUCTURES, 0.01)
    assert labels(Identity(("matched",)), STRUCTURES, GIVEN, None, numbers) == ["MgF2#2", "Fe#1", "Na#1"]
    both = Identity(("spacegroup", "matched"), 0.01)
    assert labels(both, STRUCTURES, GIVEN, found, numbers) == ["136_MgF2#2", "229_Fe#1", "0_Na#1"]
    with pytest.raises(DataProblem, match="`matched` can't be told from those"):
        labels(Identity(("matched",)), None, GIVEN, None, numbers)


CELLS = st.lists(st.lists(st.integers(1, 103), max_size=12), max_size=12)


@given(cells=CELLS)
def test_many_formulas_at_once_are_those_of_each_alone(cells: list[list[int]]) -> None:
    arrays = [np.array(cell, dtype=np.uint8) for cell in cells]
    many = Structures.of(Structure(CUBE, numbers, np.zeros((len(numbers), 3))) for numbers in arrays)
    compositions = Compositions.of(many)
    assert compositions.texts(len(cells)) == [full(numbers) if len(numbers) else "" for numbers in arrays]
    expected = [reduced(amounts_of(numbers)) if len(numbers) else "MgF2" for numbers in arrays]
    assert reduced_formulas(many, ["Mg2F4"] * len(cells)) == expected


def test_a_group_has_the_elements_of_all_its_entries() -> None:
    pair = Structures.of([rutile(), bcc_cube()])
    assert elements_by_group(["a", "b"], pair, ["", ""]) == {"a": {"Mg", "F"}, "b": {"Fe"}}
    assert elements_by_group(["225", "225"], pair, ["", ""]) == {"225": {"Mg", "F", "Fe"}}
    assert elements_by_group(["a"], None, ["NaCl"]) == {"a": {"Na", "Cl"}}
