"""Muffin-tin radii that are the same in all calculations of one structure."""

from __future__ import annotations

import numpy as np
import pytest

from bigdata.calculators.species import FILLED_SHARE, fitted
from bigdata.data.materials.structures import Structure
from tests.calculators.elk.crystals import aluminium, boron_nitride

BOHR = 0.529177210903


def test_spheres_of_the_nearest_atoms_fill_their_share_of_the_distance() -> None:
    radii = fitted({"B": 1.8, "N": 1.6}, boron_nitride())
    assert radii["B"] + radii["N"] == pytest.approx(FILLED_SHARE * 2.49 / 3**0.5 / BOHR)
    assert radii["B"] / radii["N"] == pytest.approx(1.8 / 1.6)


def test_spheres_that_have_room_stay_as_they_are() -> None:
    assert fitted({"Al": 2.2}, aluminium()) == {"Al": 2.2}


def test_one_atom_in_a_flat_cell_has_its_own_image_as_nearest() -> None:
    """Its shortest distance isn't one of the lattice vectors, but their difference."""
    lattice = np.array([[10.0, 0, 0], [9.5, 2.0, 0], [0, 0, 20]])
    one = Structure(lattice, np.array([13], np.uint8), np.zeros((1, 3)))
    distance = np.hypot(0.5, 2.0) / BOHR
    assert fitted({"Al": 2.2}, one)["Al"] == pytest.approx(FILLED_SHARE * distance / 2)
