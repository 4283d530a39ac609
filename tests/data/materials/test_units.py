"""The unit of a property in its name: an ending, or brackets."""

from __future__ import annotations

import pytest

from bigdata.data.conversion import fitting
from bigdata.data.materials.units import unit_of


@pytest.mark.parametrize(
    ("name", "unit"),
    [
        ("gap_eV", "eV"),
        ("e_form_per_atom_meV", "meV/atom"),
        ("gap (eV)", "eV"),
        ("gap [eV]", "eV"),
        ("gap(eV)", "eV"),
        ("gap (eV, PBE)", "eV"),
        ("gap (PBE; eV)", "eV"),
        ("gap_eV (PBE)", "eV"),
        ("gap_eV (eV)", "eV"),
        ("e form (eV/atom)", "eV/atom"),
        ("e form (eV per atom)", "eV/atom"),
        ("e form [ meV / atom ]", "meV/atom"),
        ("volume (Å^3)", "angstrom^3"),
        ("volume (Å³)", "angstrom^3"),
        ("volume (A^3/atom)", "angstrom^3/atom"),
        ("density (g/cm3)", "g/cm^3"),
        ("energy (Hartree)", "Ha"),
        ("K (GPa)", "GPa"),
        ("gap (PBE)", ""),
        ("gap (eV/f.u.)", ""),
        ("gap (eV, meV)", ""),
        ("gap_eV (meV)", ""),
        ("gap", ""),
    ],
)
def test_a_name_says_one_unit_or_none(name: str, unit: str) -> None:
    assert unit_of(name) == unit
    assert not unit or fitting(unit)
