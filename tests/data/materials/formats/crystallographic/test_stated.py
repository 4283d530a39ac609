"""Atoms against what the file says of the whole crystal."""

from __future__ import annotations

import numpy as np
import pytest

from bigdata.data.materials.formats.crystallographic.reading import structure_of
from bigdata.data.materials.formula import full
from bigdata.data.problem import EntryError

from .texts import INVERSION, P1, SALT, cif, operations, stated

DENSITY = "_exptl_crystal_density_diffrn"
HYDROXIDE = "Ca1 0 0 0\nO1 0.3333 0.6667 0.234\nO2 0.6667 0.3333 0.766"


@pytest.mark.parametrize(
    ("header", "notes"),
    [
        (stated("Na Cl", 1), ()),
        (stated("Na Cl"), ("checked by the ratios of its formula only, Z isn't stated",)),
        (stated("Na0.5 Cl0.5", 2), ()),
        ("_chemical_formula_sum ?", ("not checked against a formula",)),
        (
            stated("Na Cl", 1) + "\n_exptl_crystal_density_diffrn 2.16",
            ("the stated density isn't the crystal's: 2.16 and 0.7764 g/cm³",),
        ),
        (stated("Na Cl", 1) + "\n_cell_volume 125.0(3)", ()),
        (f"{DENSITY} 0.776", ("not checked against a formula",)),
    ],
)
def test_a_crystal_that_agrees_says_what_it_was_compared_with(header, notes):
    assert structure_of(cif(SALT, P1, header)).notes == notes


def test_the_formula_of_all_the_atoms_may_stand_with_the_units_in_them():
    text = cif("Na1 0 0 0\nNa2 0.5 0.5 0\nCl1 0.5 0 0\nCl2 0 0.5 0", P1, stated("Na2 Cl2", 2))
    assert full(structure_of(text).structure.numbers) == "Na2Cl2"


def test_a_formula_that_can_not_be_read_is_noted():
    (note,) = structure_of(cif(SALT, P1, stated("Na Cl, H2O"))).notes
    assert note.startswith("not checked against a formula: `Na Cl, H2O` isn't a chemical formula")


@pytest.mark.parametrize(
    ("sites", "header", "sentence"),
    [
        (SALT, stated("K Cl", 1), "the atoms make NaCl, the file says KCl in `_chemical_formula_sum`"),
        (SALT, stated("Na Cl", 4), "the cell holds 1 formula units NaCl, `_cell_formula_units_Z` says 4"),
        (SALT, stated("Na Cl2"), "the atoms make NaCl, the file says NaCl2"),
        (
            HYDROXIDE,
            stated("Ca O2 H2", 1),
            "hydrogens are not listed: the formula has 2 a cell, the sites none",
        ),
        (HYDROXIDE + "\nH1 0.33 0.66 0.4", stated("Ca O2 H2"), "the formula has 2 a cell, the sites 1 of them"),
        (SALT, "_cell_volume 250", "`_cell_volume` is 250, the structure's is 125 angstrom³"),
        (
            SALT,
            "_exptl_crystal_density_diffrn 2.16",
            "`_exptl_crystal_density_diffrn` is 2.16, the structure's is 0.7764 g/cm³",
        ),
        # By its formula alone a crystal may hold any number of units.
        (SALT, f"{stated('Na Cl')}\n{DENSITY} 3.106", f"`{DENSITY}` is 3.106, the structure's is 0.7764 g/cm³"),
    ],
)
def test_a_crystal_that_contradicts_its_file_is_refused_with_both_values(sites, header, sentence):
    with pytest.raises(EntryError) as e:
        structure_of(cif(sites, P1, header))
    assert sentence in str(e.value)
    assert e.value.line


def test_hydrogens_attached_to_sites_without_formula_are_refused():
    text = cif("O1 2 0 0 0", P1, columns="label attached_hydrogens")
    with pytest.raises(EntryError, match="sites have hydrogens attached that have no positions"):
        structure_of(text)


def test_all_atoms_listed_beside_the_operations_are_one_each():
    text = cif("Na1 0.1 0.2 0.3\nNa2 0.9 0.8 0.7", INVERSION)
    structure, notes = structure_of(text)
    assert structure.positions == pytest.approx(np.array([[0.1, 0.2, 0.3], [0.9, 0.8, 0.7]]))
    assert notes[0] == "sites at one place are one atom: Na1 and Na2"


@pytest.mark.parametrize(
    ("sites", "header", "sentence"),
    [
        ("Na1 0 0 0\nCl1 0 0 0.01", "", "sites Na1 and Cl1 are at one place, but hold Na and Cl"),
        ("Na1 0 0 0\nNa2 0 0 1", "", "sites Na1 and Na2 are one place, and no Z proves it one atom"),
        ("Na1 0 0 0\nNa2 0 0 1", stated("Na", 2), "the cell holds 1 formula units Na"),
    ],
)
def test_two_sites_at_one_place_are_refused_without_proof(sites, header, sentence):
    with pytest.raises(EntryError, match=sentence):
        structure_of(cif(sites, P1, header))


def test_two_sites_at_one_place_are_one_atom_where_formula_and_units_prove_it():
    assert (
        full(structure_of(cif("Na1 0 0 0\nNa2 0 0 1\nCl1 .5 .5 .5", P1, stated("Na Cl", 1))).structure.numbers)
        == "NaCl"
    )


def test_images_by_many_operations_are_counted_as_the_cell_holds_them():
    fourfold = operations("x,y,z", "-y,x,z", "-x,-y,z", "y,-x,z")
    text = cif("Ti1 0 0 0\nO1 0.25 0.1 0\nO2 0.5 0 0.5", fourfold, stated("Ti O6", 1))
    assert full(structure_of(text).structure.numbers) == "TiO6"


@pytest.mark.parametrize("tag", ["_atom_site_symmetry_multiplicity", "_atom_site_site_symmetry_multiplicity"])
def test_a_multiplicity_is_compared_with_the_places_of_the_site(tag):
    column = tag.removeprefix("_atom_site_")
    # Under inversion, 1/4 has two places and 0 one.
    text = cif("Na1 1 0 0 0\nCl1 2 0.25 0 0", INVERSION, columns=f"label {column}")
    assert full(structure_of(text).structure.numbers) == "NaCl2"
    with pytest.raises(EntryError, match="site Cl1 has 2 places in the cell, the file says 4"):
        structure_of(text.replace("Cl1 2", "Cl1 4"))


def test_a_multiplicity_that_formula_and_z_outweigh_is_noted():
    text = cif("Na1 1 0 0 0\nCl1 4 0.25 0 0", INVERSION, stated("Na Cl2", 1), columns="label symmetry_multiplicity")
    structure, notes = structure_of(text)
    assert full(structure.numbers) == "NaCl2"
    assert notes == ("a site's multiplicity isn't what the file says: Cl1, 2 and 4",)


@pytest.mark.parametrize("label", ["OH1", "OW1"])
def test_an_oxygen_labelled_as_hydroxyl_or_water_needs_a_formula_or_a_type_symbol(label):
    sites = f"Na1 0 0 0\n{label} 0.5 0.5 0.5"
    with pytest.raises(EntryError, match=f"the label `{label}` is of hydroxyl or water"):
        structure_of(cif(sites, P1))
    assert full(structure_of(cif(sites, P1, stated("Na O", 1))).structure.numbers) == "NaO"
    typed = cif(f"Na1 Na 0 0 0\n{label} O 0.5 0.5 0.5", P1, columns="label type_symbol")
    assert full(structure_of(typed).structure.numbers) == "NaO"
