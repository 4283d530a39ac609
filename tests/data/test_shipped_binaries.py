"""The table of binary alloys that comes with bigdata: what it holds, and some of its numbers calculated another way."""

from __future__ import annotations

import itertools
from collections import Counter
from typing import Any

import numpy as np
import pytest
from ase import Atoms
from ase.build import bulk
from ase.calculators.emt import EMT, parameters
from ase.eos import EquationOfState
from ase.formula import Formula
from ase.units import Bohr

from bigdata.data.materials.dataset import import_named
from bigdata.data.materials.origin import NamedMaterials

METALS = ("Al", "Ni", "Cu", "Pd", "Ag", "Pt", "Au")
# The share of unlike pairs among nearest and second neighbours, and of A, tell these structures from all others here.
L12, L10, DILUTE = (0.5, 0.0), (2 / 3, 0.0), (2 / 27, 2 / 27)


@pytest.fixture(scope="module")
def table() -> dict[str, np.ndarray]:
    dataset = import_named(NamedMaterials(name="emt-binaries"))
    columns = {name: np.array(dataset.columns[name]) for name in dataset.columns}
    systems = [system(*pair) for pair in zip(columns["A"], columns["B"], strict=True)]
    return columns | {"formula": np.array(dataset.formulas), "system": np.array(systems)}


def system(*metals: str) -> str:
    return "-".join(sorted(metals))


def crystal(structure: tuple[float, float], one: str, other: str) -> Atoms:
    """The structure with the fewer atoms of `one`, on an fcc lattice with a = 4 angstrom."""
    if structure == DILUTE:
        atoms = bulk(other, "fcc", a=4.0) * (3, 3, 3)
        atoms.symbols[0] = one
        return atoms
    atoms = bulk(other, "fcc", a=4.0, cubic=True)
    atoms.symbols[: 1 if structure == L12 else 2] = one
    return atoms


def equilibrium(atoms: Atoms, a: float) -> tuple[float, float, float]:
    """Volume and energy of an atom, and the bulk modulus, by Birch's and Murnaghan's equation of state about `a`."""
    cell, volumes, energies = atoms.cell[:] / 4.0, [], []
    atoms.calc = EMT()
    for edge in a * np.linspace(0.99, 1.01, 9):
        atoms.set_cell(cell * edge, scale_atoms=True)
        volumes.append(atoms.get_volume() / len(atoms))
        energies.append(atoms.get_potential_energy() / len(atoms))
    return EquationOfState(volumes, energies, eos="birchmurnaghan").fit()


def of_metals(table: dict[str, np.ndarray], name: str) -> dict[str, float]:
    """A property of each metal, which is the same in all rows."""
    pairs = {(m, x) for site in "AB" for m, x in zip(table[site], table[f"{site}_{name}"], strict=True)}
    assert len(pairs) == len(METALS)
    return {str(metal): float(x) for metal, x in pairs}


def test_each_pair_of_metals_has_as_many_alloys(table):
    pairs = {system(*pair) for pair in itertools.combinations(METALS, 2)}
    assert Counter(table["system"].tolist()) == dict.fromkeys(pairs, 31)


def test_fractions_are_those_of_the_formula_and_a_is_the_smaller_metal(table):
    for row, formula in enumerate(table["formula"]):
        counts = Formula(str(formula)).count()
        n = sum(counts.values())
        assert system(*counts) == table["system"][row]
        assert [counts[table[s][row]] / n for s in "AB"] == pytest.approx(
            [table["A_fraction"][row], table["B_fraction"][row]], abs=1e-6
        )
    assert (table["A_lattice_parameter"] < table["B_lattice_parameter"]).all()


def test_unlike_neighbours_are_no_more_than_the_rarer_metal_can_have(table):
    most = 2 * np.minimum(table["A_fraction"], table["B_fraction"])
    for shell in ("unlike_neighbors", "unlike_second_neighbors"):
        assert (table[shell] <= most + 2e-6).all()
        assert (table[shell] >= 0).all()


def test_each_ordered_structure_of_up_to_four_atoms_is_there_once(table):
    n = np.array([sum(Formula(str(formula)).count().values()) for formula in table["formula"]])
    # G. L. W. Hart and R. W. Forcade, Phys. Rev. B 77, 224115 (2008), Table IV: 2, 6 and 19.
    assert Counter(n.tolist()) == {size: 21 * times for size, times in {2: 2, 3: 6, 4: 19, 8: 2, 27: 2}.items()}


@pytest.mark.parametrize("symbol", METALS)
def test_properties_of_a_metal_are_those_of_its_equation_of_state(symbol, table):
    said = {name: of_metals(table, name)[symbol] for name in ("lattice_parameter", "cohesive_energy", "bulk_modulus")}
    volume, energy, modulus = equilibrium(bulk(symbol, "fcc", a=4.0), said["lattice_parameter"])
    # An atom alone: the potential counts from the metal, and the parameter E0 is minus what binds an atom there.
    assert said["lattice_parameter"] == pytest.approx((4 * volume) ** (1 / 3), abs=1e-4)
    assert said["cohesive_energy"] == pytest.approx(-parameters[symbol][0] - energy, abs=1e-4)
    assert said["bulk_modulus"] == pytest.approx(modulus, rel=0.01)
    assert of_metals(table, "electron_density")[symbol] == pytest.approx(parameters[symbol][6] / Bohr**3, abs=1e-6)


@pytest.mark.parametrize("symbol", METALS)
def test_the_shear_modulus_is_the_curvature_of_the_energy_of_sheared_crystals(symbol, table):
    atoms = bulk(symbol, "fcc", a=of_metals(table, "lattice_parameter")[symbol])
    atoms.calc, cell = EMT(), atoms.cell[:].copy()
    volume, strains, energies = atoms.get_volume(), np.linspace(-0.01, 0.01, 9), []
    for strain in strains:
        atoms.set_cell(cell @ [[1, strain / 2, 0], [strain / 2, 1, 0], [0, 0, 1]], scale_atoms=True)
        energies.append(atoms.get_potential_energy())
    # E / V = C44 gamma^2 / 2.
    found = 2 * np.polyfit(strains, energies, 4)[2] / volume
    assert of_metals(table, "shear_modulus")[symbol] == pytest.approx(found, rel=0.01)


CHECKED: dict[str, Any] = {
    "L12, a quarter nickel in aluminium": (L12, "Ni", "Al"),
    "L12, a quarter aluminium in nickel": (L12, "Al", "Ni"),
    "L12, a quarter gold in copper": (L12, "Au", "Cu"),
    "L10, platinum and palladium": (L10, "Pt", "Pd"),
    "L10, silver and gold": (L10, "Ag", "Au"),
    "one nickel among 27 silver": (DILUTE, "Ni", "Ag"),
}


@pytest.mark.parametrize(("structure", "one", "other"), CHECKED.values(), ids=CHECKED)
def test_an_alloy_has_the_energy_volume_and_bulk_modulus_of_its_equation_of_state(structure, one, other, table):
    atoms = crystal(structure, one, other)
    share = list(atoms.symbols).count(one) / len(atoms)
    fraction = np.where(table["A"] == one, table["A_fraction"], table["B_fraction"])
    (row,) = np.flatnonzero(
        (table["system"] == system(one, other))
        & (np.abs(fraction - share) < 1e-5)
        & (np.abs(table["unlike_neighbors"] - structure[0]) < 1e-5)
        & (np.abs(table["unlike_second_neighbors"] - structure[1]) < 1e-5)
    )
    volume, energy, modulus = equilibrium(atoms, table["lattice_parameter"][row])
    lattice = of_metals(table, "lattice_parameter")
    metals = [equilibrium(bulk(s, "fcc", a=4.0), lattice[s])[1] for s in (one, other)]
    mixed = share * lattice[one] + (1 - share) * lattice[other]
    edge = (4 * volume) ** (1 / 3)
    formation = energy - share * metals[0] - (1 - share) * metals[1]
    assert table["formation_energy_per_atom"][row] == pytest.approx(formation, abs=1e-4)
    assert table["lattice_parameter"][row] == pytest.approx(edge, abs=1e-4)
    assert table["vegard_deviation"][row] == pytest.approx(edge - mixed, abs=1e-4)
    assert table["bulk_modulus"][row] == pytest.approx(modulus, rel=0.01)


def test_what_columns_say_of_one_alloy_agrees(table):
    mean = sum(table[f"{s}_fraction"] * table[f"{s}_lattice_parameter"] for s in "AB")
    assert table["lattice_parameter"] - mean == pytest.approx(table["vegard_deviation"], abs=3e-5)
    # Vegard's law holds to a few hundredths of an angstrom, and alloys are bound about as strongly as their metals.
    assert 0.01 < np.sqrt(np.mean(table["vegard_deviation"] ** 2)) < 0.04
    assert (np.abs(table["formation_energy_per_atom"]) < 0.3).all()
