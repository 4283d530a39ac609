"""Sites: elements, occupancies, coordinates, and what is refused or left out."""

from __future__ import annotations

import pytest

from bigdata.data.materials.formats.crystallographic.reading import structure_of
from bigdata.data.materials.formula import full
from bigdata.data.problem import EntryError

from .texts import P1, SALT, cif, stated


@pytest.mark.parametrize(
    ("labels", "formula", "found"),
    [
        ("Ho1 Cl1", "", "HoCl"),
        ("O1 HO1 HO2", "H2 O", "H2O"),
        ("HO1 CL1", "Ho Cl", "HoCl"),
        ("CA1 C1 O1", "Ca C O", "CaCO"),
        ("CA1 CA2 O1", "C2 O", "C2O"),
        ("Ow Hw1 Hw2", "H2 O", "H2O"),
        ("ZR1 O1 O2", "", "ZrO2"),
        ("na1 cl1", "Na Cl", "NaCl"),
        ("D1 Cl1", "D Cl", "HCl"),
        # Cobalt or carbon: both are in the formula, whose amounts tell.
        ("CO1 C1 C2 O1", "C2 Co O", "CoC2O"),
    ],
)
def test_a_label_tells_the_element_with_the_formula(labels, formula, found):
    sites = "\n".join(f"{label} {i / 8} 0 0.1" for i, label in enumerate(labels.split()))
    structure, _ = structure_of(cif(sites, P1, stated(formula) if formula else ""))
    assert full(structure.numbers) == found


@pytest.mark.parametrize(
    ("symbol", "number"),
    [("Fe", 26), ("FE3+", 26), ("fe", 26), ("O2-", 8), ("O-2", 8), ("D", 1), ("Na0+", 11)],
)
def test_a_type_symbol_tells_the_element(symbol, number):
    structure, _ = structure_of(cif(f"X1 {symbol} 0 0 0", P1, columns="label type_symbol"))
    assert structure.numbers.tolist() == [number]


@pytest.mark.parametrize(
    ("sites", "columns", "sentence"),
    [
        ("Na1 0 0 0\nCl1 ? ? ?", "label", "`_atom_site_fract_x` of site Cl1 is `?`, which is no number"),
        ("Na1 0 0 0\nCl1 0 . 0", "label", "`_atom_site_fract_y` of site Cl1 is `.`"),
        ("Na1 1/4 0 0", "label", "`_atom_site_fract_x` of site Na1 is `1/4`, which is no number"),
        ("Na1 nan 0 0", "label", "is `nan`, which is no number"),
        ("Na1 M 0 0 0", "label type_symbol", "`_atom_site_type_symbol` of site Na1 is `M`, which is no element"),
        ("Na1 0.75Si 0 0 0", "label type_symbol", "is `0.75Si`, which is no element"),
        ("Wat1 0 0 0", "label", "`Wat1` is a molecule of water"),
        ("Q1 0 0 0", "label", "the label `Q1` names no element"),
        ("FE1 0 0 0", "label", "the label `FE1` may mean Fe or F"),
        ("Na1 1 0 0 0\nCl1 0.7 0 0 0.5", "label occupancy", "the structure is disordered: site 2 holds Cl:0.7"),
        ("Na1 1.2 0 0 0", "label occupancy", "`_atom_site_occupancy` of site Na1 is 1.2, not from 0 to 1"),
        ("Na1 full 0 0 0", "label occupancy", "`_atom_site_occupancy` of site Na1 is `full`"),
        ("C1 . 0 0 0\nF1 1 .3 0 0\nF2 2 0 .3 0", "label disorder_group", "disorder groups 1 and 2"),
        ("C1 -1 0 0 0", "label disorder_group", "disorder group -1"),
    ],
)
def test_a_site_that_is_not_one_known_atom_is_refused_with_tag_and_line(sites, columns, sentence):
    text = cif(sites, P1, columns=columns)
    with pytest.raises(EntryError) as e:
        structure_of(text)
    assert sentence in str(e.value)
    # The last of the sites is at fault, and ends the text.
    assert e.value.line == text.count("\n")


def test_a_crystal_of_dummies_alone_is_refused():
    with pytest.raises(EntryError, match="no site is left: all are dummies or empty"):
        structure_of(cif("Na1 dum 0 0 0", P1, columns="label calc_flag"))


@pytest.mark.parametrize("share", ["1", "1.0", "?", ".", "0.998(3)", "1.004"])
def test_an_occupancy_that_is_full_or_not_given_is_one_atom(share):
    structure, _ = structure_of(cif(f"Na1 {share} 0 0 0", P1, columns="label occupancy"))
    assert structure.numbers.tolist() == [11]


def test_one_disorder_group_at_full_occupancy_is_ordered():
    text = cif("C1 . 0 0 0\nF1 1 0.3 0 0\nF2 0 0 0.3 0", P1, columns="label disorder_group")
    assert full(structure_of(text)[0].numbers) == "CF2"


def test_dummies_and_empty_sites_are_left_out_and_said():
    sites = "Na1 d 1 0 0 0\nX1 dum 1 0.2 0 0\nLi1 d 0 0 0.5 0"
    structure, notes = structure_of(cif(sites, P1, columns="label calc_flag occupancy"))
    assert structure.numbers.tolist() == [11]
    assert notes[:2] == ("site left out, calc_flag is dum: X1", "site left out, its occupancy is 0: Li1")


def test_labels_that_the_amounts_leave_open_are_refused():
    with pytest.raises(EntryError, match="none of 2 ways"):
        structure_of(cif("CO1 0 0 0\nC1 0.3 0 0\nO1 0 0.3 0", P1, stated("C5 Co O7")))


def test_a_site_without_name_is_refused():
    with pytest.raises(EntryError, match="the sites have neither"):
        structure_of(cif("0 0 0", P1, columns=""))


@pytest.mark.parametrize("tag", ["_cell_length_b", "_cell_angle_gamma"])
def test_a_cell_that_is_not_told_is_refused(tag):
    text = "\n".join(line for line in cif(SALT, P1).split("\n") if not line.startswith(tag))
    with pytest.raises(EntryError, match=f"there is no `{tag}`"):
        structure_of(text)


@pytest.mark.parametrize(
    ("cell", "sentence"),
    [((5, 5, 0, 90, 90, 90), "`_cell_length_c` is 0, not above 0"), ((5, 5, 5, 10, 90, 120), "no cell has the angles")],
)
def test_a_cell_that_can_not_be_is_refused(cell, sentence):
    with pytest.raises(EntryError, match=sentence):
        structure_of(cif(SALT, P1, cell=cell))
