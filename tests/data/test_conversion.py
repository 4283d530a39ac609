from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from bigdata.data import conversion
from bigdata.data.conversion import convert, fitting
from bigdata.units import QuantityError

# Source: CODATA 2022 (physics.nist.gov/cuu/Constants); 1 bar = 1e5 Pa, 1 cal = 4.184 J by definition.
KNOWN = [
    ("eV/atom", "meV/atom", 1000.0),
    ("eV/atom", "kJ/mol-atoms", 96.48533212),
    ("eV/atom", "kcal/mol-atoms", 23.06054783),
    ("Ha/atom", "eV/atom", 27.211386245981),
    ("Ry/atom", "eV/atom", 13.6056931229905),
    ("Ha", "eV", 27.211386245981),
    ("eV/angstrom^3", "GPa", 160.2176634),
    ("GPa", "kbar", 10.0),
    ("angstrom", "bohr", 1.8897261246),
    ("nm", "angstrom", 10.0),
]


@pytest.mark.parametrize(("start", "end", "factor"), KNOWN)
def test_factors_are_those_of_codata(start, end, factor):
    assert convert(np.array([1.0, -2.0]), start, end) == pytest.approx([factor, -2 * factor], rel=1e-9)


def test_an_energy_of_the_cell_is_divided_among_its_atoms():
    values, n_atoms = np.array([-8.0, -9.0]), np.array([2, 3])
    assert convert(values, "eV", "eV/atom", n_atoms).tolist() == [-4.0, -3.0]
    assert convert(np.array([-4.0, -3.0]), "eV/atom", "eV", n_atoms).tolist() == [-8.0, -9.0]
    assert convert(np.array([10.0]), "angstrom^3", "nm^3/atom", np.array([2])) == pytest.approx([0.005])


def test_without_the_atoms_of_the_cell_it_is_refused():
    with pytest.raises(QuantityError, match="without the atoms of each cell"):
        convert(np.ones(1), "eV", "eV/atom")


@pytest.mark.parametrize(("start", "end"), [("kJ/mol", "eV/atom"), ("eV/atom", "kcal/mol"), ("kJ/mol", "eV")])
def test_moles_of_what_is_not_said_are_refused_with_what_to_say(start, end):
    with pytest.raises(QuantityError, match="doesn't say of what, atoms or formula units") as e:
        convert(np.ones(1), start, end)
    assert "/mol-atoms`" in e.value.right
    assert convert(np.ones(1), "kcal/mol", "kJ/mol") == pytest.approx([4.184])


@pytest.mark.parametrize(("start", "end"), [("eV", "GPa"), ("eV/atom", "K"), ("angstrom", "eV")])
def test_what_measures_something_else_is_refused_with_the_units_that_fit(start, end):
    with pytest.raises(QuantityError, match=f"{start}.* can't be turned into {end}") as e:
        convert(np.ones(1), start, end)
    assert all(unit in e.value.right for unit in fitting(start)[:3])


def test_an_unknown_unit_is_refused_with_those_known():
    with pytest.raises(QuantityError, match="unknown unit `ev`") as e:
        convert(np.ones(1), "ev", "eV")
    assert e.value.given == "ev"
    assert "eV" in e.value.known


_PAIRS = [(a, b) for kind in conversion._KINDS for a in kind for b in fitting(a)]


@given(st.sampled_from(_PAIRS), st.floats(-1e6, 1e6), st.integers(1, 500))
def test_there_and_back_is_the_same(pair, value, n):
    start, end = pair
    there = convert(np.array([value]), start, end, np.array([n]))
    assert convert(there, end, start, np.array([n])) == pytest.approx([value], rel=1e-12, abs=1e-300)
