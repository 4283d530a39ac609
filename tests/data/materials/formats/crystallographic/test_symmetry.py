"""Symmetry: operations listed, or those of a group that is named; contradictions are refused."""

from __future__ import annotations

import numpy as np
import pytest

from bigdata.data.materials.formats.crystallographic.reading import structure_of
from bigdata.data.materials.formats.crystallographic.symmetry import operations as parsed
from bigdata.data.materials.formula import full
from bigdata.data.problem import EntryError

from .texts import INVERSION, P1, SALT, THREEFOLD, cif, operations, stated

CUBIC = (3.567, 3.567, 3.567, 90, 90, 90)
HEXAGONAL = (12.46, 12.46, 3.4, 90, 90, 120)
NEWER = "_space_group_symop_operation_xyz"
BY_NAME = "_space_group_name_H-M_alt '{}'"
BY_NUMBER = "_space_group_IT_number {}"


@pytest.mark.parametrize(
    ("name", "n_salt"),
    [
        ("F m -3 m", 4),
        ("Fm-3m", 4),
        ("F m 3 m", 4),
        ("F_m_-3_m", 4),
        ("P m -3 m", 1),
        ("I m m m", 2),
        ("P 1", 1),
        ("P-1", 1),
    ],
)
def test_operations_that_are_not_listed_are_those_of_the_name(name, n_salt):
    header = BY_NAME.format(name), stated("Na Cl", n_salt)
    structure, notes = structure_of(cif(SALT.replace("0.5 0.5 0.5", "0.5 0 0") if n_salt == 2 else SALT, *header))
    assert np.bincount(structure.numbers)[[11, 17]].tolist() == [n_salt, n_salt]
    assert bool(notes) == (name != "P 1")


@pytest.mark.parametrize(
    "header",
    [
        (BY_NAME.format("F d -3 m :2 (origin at centre)"), BY_NUMBER.format(227), stated("C", 8)),
        (BY_NAME.format("F d -3 m"), stated("C", 8)),
        (BY_NAME.format("F d -3 m Z"),),
        (BY_NUMBER.format(227), stated("C", 8)),
        ("_space_group_name_Hall '-F 4vw 2vw 3'", BY_NUMBER.format(227)),
        ("_space_group_name_Hall '-F 4vw 2vw 3'",),
        (BY_NAME.format("cubic diamond"), BY_NUMBER.format(227), stated("C", 8)),
    ],
)
def test_diamond_is_read_in_the_origin_that_gives_eight_atoms(header):
    structure, (note, *_) = structure_of(cif("C1 0.125 0.125 0.125", *header, cell=CUBIC))
    assert full(structure.numbers) == "C8"
    assert note.startswith("the operations aren't listed, those of the ")
    # Diamond: each atom has its four neighbours at sqrt(3) / 4 of the cell's length.
    apart = structure.positions - structure.positions[0]
    distances = np.sort(np.linalg.norm((apart - np.round(apart)) @ structure.lattice, axis=1))
    assert distances[1:5] == pytest.approx([3.567 * 3**0.5 / 4] * 4)


def test_an_origin_that_nothing_tells_is_refused():
    with pytest.raises(EntryError, match="the origin or axes of the space group can't be told: 2 of 2 ways"):
        structure_of(cif("C1 0 0 0", BY_NAME.format("F d -3 m"), cell=CUBIC))


def test_rhombohedral_axes_are_told_by_the_angle():
    hexagonal = structure_of(cif("Bi1 0 0 0.234", BY_NAME.format("R -3 m"), cell=(4.5, 4.5, 11.8, 90, 90, 120)))
    rhombohedral = structure_of(cif("Bi1 .234 .234 .234", BY_NAME.format("R -3 m"), cell=(4.7, 4.7, 4.7, 57, 57, 57)))
    assert (len(hexagonal.structure.numbers), len(rhombohedral.structure.numbers)) == (6, 2)


@pytest.mark.parametrize(
    ("header", "sentence"),
    [
        (
            (P1, BY_NUMBER.format(225)),
            "operations in `_symmetry_equiv_pos_as_xyz` make group 1, `_space_group_IT_number` is group 225",
        ),
        ((P1, BY_NAME.format("F m -3 m")), "make group 1, `_space_group_name_H-M_alt` (F m -3 m) is group 225"),
        (
            (BY_NUMBER.format(1), BY_NAME.format("F m -3 m")),
            "is group 1, `_space_group_name_H-M_alt` (F m -3 m)",
        ),
        ((INVERSION, BY_NUMBER.format(2), BY_NAME.format("P 1")), "(P 1) is group 1"),
        (
            (BY_NUMBER.format(2), "_symmetry_Int_Tables_number 1"),
            "group 2, `_symmetry_Int_Tables_number` is group 1",
        ),
        (
            (INVERSION, f"{NEWER} 'x,y,z'"),
            f"in `{NEWER}` and `_symmetry_equiv_pos_as_xyz` differ",
        ),
        ((), "neither symmetry operations nor a space group"),
        ((BY_NUMBER.format(999),), "there is no space group 999"),
        ((BY_NAME.format("something"),), "neither symmetry operations nor a space group"),
        ((P1, "_space_group_name_Hall '-P 1'"), "make group 1, `_space_group_name_Hall` (-P 1) is group 2"),
        ((operations("x,y,z", "-y,x,z"),), "the 2 operations are no group"),
        ((operations("-x,-y,-z"),), "the identity `x, y, z` is missing"),
        ((operations("x,y,z", "x+q,y,z"),), "`x+q,y,z` is no symmetry operation"),
        ((operations("x,y"),), "`x,y` is no symmetry operation"),
        (("_space_group_name_Hall 'nonsense'", BY_NUMBER.format(2)), "the Hall symbol `nonsense` can't be read"),
        (
            ("_space_group_name_Hall '-P 1'", BY_NUMBER.format(1)),
            "is group 1, `_space_group_name_Hall` (-P 1) is group 2",
        ),
        ((P1, "_cell_wave_vector_seq_id 1"), "the structure is modulated"),
        ((THREEFOLD,), "the cell's lengths and angles aren't those of its symmetry, group 147"),
    ],
)
def test_symmetry_that_contradicts_itself_or_is_not_told_is_refused(header, sentence):
    with pytest.raises(EntryError) as e:
        structure_of(cif(SALT, *header))
    assert sentence in str(e.value)


@pytest.mark.parametrize(
    "header",
    [(THREEFOLD,), (BY_NAME.format("P -3"),), (THREEFOLD, BY_NUMBER.format(147), BY_NAME.format("P -3"))],
)
def test_a_position_of_three_digits_is_put_on_the_special_one(header):
    structure, _ = structure_of(cif("C1 0.333 0.667 0", *header, stated("C", 2), cell=HEXAGONAL))
    assert structure.positions == pytest.approx(np.array([[1, 2, 0], [2, 1, 0]]) / 3, abs=1e-12)


@pytest.mark.parametrize(("x", "positions"), [(0.0045, [0.0]), (0.0055, [0.0055, 0.9945])])
def test_images_within_a_tenth_of_an_angstrom_are_one_atom_at_their_mean(x, positions):
    structure, _ = structure_of(cif(f"C1 {x} 0 0", INVERSION, cell=(10, 10, 10, 90, 90, 90)))
    assert structure.positions[:, 0].tolist() == pytest.approx(positions)


def test_a_site_of_which_some_images_fall_together_only_nearly_is_refused():
    # 0.07 angstrom from a fourfold axis: next images are 0.099 apart, opposite ones 0.14.
    fourfold = operations("x,y,z", "-y,x,z", "-x,-y,z", "y,-x,z")
    with pytest.raises(EntryError, match=r"images of site C1 fall together within 0\.1 angstrom, but unequally"):
        structure_of(cif("C1 0.007 0 0", fourfold, cell=(10, 10, 10, 90, 90, 90)))


def test_magnetic_operations_move_atoms_as_others_do():
    loops = "loop_\n_space_group_symop_magn_operation.xyz\nx,y,z,+1\n-x,-y,-z,+1\n"
    loops += "loop_\n_space_group_symop_magn_centering.xyz\nx,y,z,+1\nx+1/2,y+1/2,z+1/2,-1"
    structure, _ = structure_of(cif("Fe1 0.1 0.2 0.3", loops))
    expected = [[0.1, 0.2, 0.3], [0.9, 0.8, 0.7], [0.6, 0.7, 0.8], [0.4, 0.3, 0.2]]
    assert sorted(structure.positions.round(9).tolist()) == sorted(expected)


def test_operations_listed_twice_count_once():
    assert len(parsed(("x,y,z", "-x,-y,-z", "X, Y, Z", "1-x,-y,-z")).rotations) == 2


@pytest.mark.parametrize("number", [1, 2, 14, 62, 166, 194, 221, 225, 227, 230])
def test_listed_operations_are_the_group_that_spglib_says(number):
    import gemmi
    from spglib import get_spacegroup_type_from_symmetry

    found = parsed(tuple(op.triplet() for op in gemmi.find_spacegroup_by_number(number).operations()))
    assert found.number == number
    assert get_spacegroup_type_from_symmetry(found.rotations.astype(int), found.translations).number == number


def test_a_group_in_a_cell_that_no_table_has_is_told_too():
    # A crystal of P -1 in a cell of twice the length along a.
    assert parsed(("x,y,z", "-x,-y,-z", "x+1/2,y,z", "-x+1/2,-y,-z")).number == 2
