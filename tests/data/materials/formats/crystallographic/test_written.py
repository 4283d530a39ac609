"""Crystals of random space groups, written by pymatgen and ASE and read back."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from bigdata.data.materials.formats.crystallographic.reading import structure_of
from tests.examples import examples

LATTICES = {
    "triclinic": lambda u: (5 + u[0], 6 + u[1], 7 + u[2], 80 + 5 * u[0], 85 + 8 * u[1], 95 + 9 * u[2]),
    "monoclinic": lambda u: (5 + u[0], 6 + u[1], 7 + u[2], 90, 95 + 15 * u[1], 90),
    "orthorhombic": lambda u: (5 + u[0], 6.5 + u[1], 8 + u[2], 90, 90, 90),
    "tetragonal": lambda u: (6 + u[0], 6 + u[0], 8 + u[2], 90, 90, 90),
    "trigonal": lambda u: (6 + u[0], 6 + u[0], 8 + u[2], 90, 90, 120),
    "hexagonal": lambda u: (6 + u[0], 6 + u[0], 8 + u[2], 90, 90, 120),
    "cubic": lambda u: (8 + u[0], 8 + u[0], 8 + u[0], 90, 90, 90),
}
# Special positions beside those of any place.
PLACES = (0.0, 0.25, 0.5, 1 / 3)


def random_crystal(seed):
    """A crystal of a random space group with two orbits, whose atoms are at least 0.8 angstrom apart, or None."""
    from pymatgen.core import Lattice, Structure
    from pymatgen.symmetry.groups import SpaceGroup

    rng = np.random.default_rng(seed)
    group = SpaceGroup.from_int_number(int(rng.integers(1, 231)))
    lattice = Lattice.from_parameters(*LATTICES[group.crystal_system](rng.random(3)))
    positions = np.where(rng.random((2, 3)) < 0.5, rng.choice(PLACES, (2, 3)), rng.uniform(0.02, 0.98, (2, 3)).round(4))
    species = [str(s) for s in rng.choice(["Si", "O", "Fe", "Co", "Ho", "Cs"], 2, replace=False)]
    crystal = Structure.from_spacegroup(group.symbol, lattice, species, positions)
    apart = crystal.distance_matrix + 10 * np.eye(len(crystal))
    return crystal if apart.min() > 0.8 else None


def assert_same(structure, crystal):
    """Cell, elements and places are the same, in whatever order."""
    lengths = [*np.linalg.norm(structure.lattice, axis=1)]
    assert lengths == pytest.approx(crystal.lattice.abc, rel=1e-6)
    assert structure.volume == pytest.approx(crystal.volume, rel=1e-6)
    assert len(structure.numbers) == len(crystal)
    apart = structure.positions[:, None] - crystal.frac_coords[None]
    distances = np.linalg.norm((apart - np.round(apart)) @ structure.lattice, axis=2)
    partners = distances.argmin(axis=1)
    assert sorted(partners) == [*range(len(crystal))]
    assert distances.min(axis=1).max() < 2e-3
    assert (np.array(crystal.atomic_numbers)[partners] == structure.numbers).all()


def assert_read_back(seed):
    from io import BytesIO

    from ase.io.cif import write_cif
    from pymatgen.io.ase import AseAtomsAdaptor
    from pymatgen.io.cif import CifWriter
    from pymatgen.symmetry.analyzer import SpacegroupAnalyzer

    crystal = random_crystal(seed)
    assume(crystal is not None)
    assert_same(structure_of(str(CifWriter(crystal))).structure, crystal)
    analyzer = SpacegroupAnalyzer(crystal, 1e-3)
    read, notes = structure_of(str(CifWriter(crystal, symprec=1e-3)))
    assert_same(read, analyzer.get_refined_structure())
    assert notes == ()
    assert space_group(read) == analyzer.get_space_group_number()
    written = BytesIO()
    write_cif(written, AseAtomsAdaptor.get_atoms(crystal))
    assert_same(structure_of(written.getvalue().decode()).structure, crystal)


def space_group(structure):
    from spglib import get_symmetry_dataset

    return get_symmetry_dataset((structure.lattice, structure.positions, structure.numbers), symprec=1e-3).number


@pytest.mark.filterwarnings("ignore")
@settings(max_examples=examples(200), deadline=None)
@given(st.integers(0, 2**32))
def test_what_others_write_is_read_back_as_the_same_crystal(seed):
    assert_read_back(seed)


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore")
@settings(max_examples=500, deadline=None)
@given(st.integers(0, 2**32))
def test_what_others_write_is_read_back_as_the_same_crystal_five_hundred_times(seed):
    assert_read_back(seed)


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("seed", range(5))
def test_atoms_listed_in_full_keep_their_bits(seed):
    from pymatgen.core import Lattice, Structure
    from pymatgen.io.cif import CifWriter

    rng = np.random.default_rng(seed)
    lattice = Lattice.from_parameters(*rng.uniform(4, 9, 3), *rng.uniform(65, 115, 3))
    positions = rng.permutation(20)[:5, None] / 20 + rng.uniform(0.001, 0.01, (5, 3))
    text = str(CifWriter(Structure(lattice, rng.integers(1, 90, 5), positions)))
    rows = [line.split() for line in text.split("\n") if len(line.split()) == 7]
    structure = structure_of(text).structure
    assert structure.positions.tolist() == [[float(x) for x in row[3:6]] for row in rows]
