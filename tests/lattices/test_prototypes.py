from __future__ import annotations

import numpy as np
import pytest
import spglib

from bigdata.data.problem import DataProblem
from bigdata.lattices.parent import Parent
from bigdata.lattices.prototypes import PROTOTYPES, Prototype, prototype
from bigdata.lattices.species import symbol

# Lattice parameters in angstrom and degrees, an element for each class, and what the structure is known for:
# sites of each class in the primitive cell, and the shortest distance in angstrom.
REAL = {
    "fcc": ({"a": 4.0}, ["Al"], [1], 4.0 / 2**0.5),
    "bcc": ({"a": 2.87}, ["Fe"], [1], 2.87 * 0.75**0.5),
    "sc": ({"a": 3.35}, ["Po"], [1], 3.35),
    "hcp": ({"a": 3.2, "c": 3.2 * (8 / 3) ** 0.5}, ["Mg"], [2], 3.2),
    "diamond": ({"a": 5.431}, ["Si"], [2], 5.431 * 3**0.5 / 4),
    "rocksalt": ({"a": 4.21}, ["Mg", "O"], [1, 1], 2.105),
    "cesium-chloride": ({"a": 4.12}, ["Cs", "Cl"], [1, 1], 4.12 * 0.75**0.5),
    "zincblende": ({"a": 5.65}, ["Ga", "As"], [1, 1], 5.65 * 3**0.5 / 4),
    "wurtzite": ({"a": 3.2, "c": 3.2 * (8 / 3) ** 0.5}, ["Ga", "N"], [2, 2], 3.2 * (3 / 8) ** 0.5),
    "fluorite": ({"a": 5.46}, ["Ca", "F"], [1, 2], 5.46 * 3**0.5 / 4),
    "rutile": ({"a": 4.594, "c": 2.959}, ["Ti", "O"], [2, 4], 1.949),
    "perovskite": ({"a": 3.905}, ["Sr", "Ti", "O"], [1, 1, 3], 3.905 / 2),
    "spinel": ({"a": 8.083}, ["Mg", "Al", "O"], [2, 4, 8], 1.923),
    "corundum": ({"a": 4.76, "c": 12.99}, ["Al", "O"], [4, 6], 1.855),
    "layered-rocksalt": ({"a": 2.816, "c": 14.05}, ["Li", "Co", "O"], [1, 1, 2], 1.92),
    "bixbyite": ({"a": 10.117}, ["In", "O"], [16, 24], 2.12),
    "beta-gallia": ({"a": 12.23, "b": 3.04, "c": 5.8, "beta": 103.7}, ["Ga", "O"], [4, 6], 1.80),
    "kappa-alumina": ({"a": 4.8437, "b": 8.33, "c": 8.9547}, ["Al", "O"], [16, 24], 1.73),
    "hexagonal-yalo3": ({"a": 3.31, "c": 12.039}, ["In", "O"], [4, 6], 1.911),
}


def real(name: str) -> Parent:
    parameters, elements, _, _ = REAL[name]
    return PROTOTYPES[name].parent(parameters, [[element] for element in elements])


def shortest(parent: Parent) -> float:
    steps = np.stack(np.meshgrid(*[[-1, 0, 1]] * 3, indexing="ij"), axis=-1).reshape(-1, 3)
    apart = parent.positions[:, None, None] - parent.positions[:, None] + steps
    lengths = np.linalg.norm(apart @ parent.lattice, axis=-1)
    return float(lengths[lengths > 1e-6].min())


def test_every_prototype_is_tried() -> None:
    assert REAL.keys() == PROTOTYPES.keys()


@pytest.mark.parametrize("name", PROTOTYPES)
def test_a_prototype_has_its_spacegroup_on_a_primitive_right_handed_cell(name: str) -> None:
    parent = real(name)
    found = spglib.get_symmetry_dataset((parent.lattice, parent.positions, parent.site_class + 1), symprec=1e-4)
    assert found.number == PROTOTYPES[name].spacegroup
    assert len(np.unique(found.mapping_to_primitive)) == parent.n_sites
    assert np.linalg.det(parent.lattice) > 0


@pytest.mark.parametrize("name", PROTOTYPES)
def test_sites_come_class_by_class_and_have_the_known_bond_length(name: str) -> None:
    parent = real(name)
    _, elements, counts, bond = REAL[name]
    assert np.bincount(parent.site_class).tolist() == counts
    assert (np.diff(parent.site_class) >= 0).all()
    assert [[symbol(z) for z in held] for held in parent.species] == [[element] for element in elements]
    assert shortest(parent) == pytest.approx(bond, abs=0.006)
    assert ((parent.positions >= 0) & (parent.positions < 1)).all()


@pytest.mark.parametrize("name", PROTOTYPES)
def test_a_prototype_is_described_in_one_line(name: str) -> None:
    known = PROTOTYPES[name]
    assert known.name == name
    assert known.title
    assert "\n" not in known.title
    assert known.source
    assert len(set(known.labels)) == len(known.classes)


def test_vectors_lie_in_the_frame_that_databases_use() -> None:
    assert real("fcc").lattice.tolist() == [[0, 2, 2], [2, 0, 2], [2, 2, 0]]
    assert PROTOTYPES["hcp"].conventional({"a": 2, "c": 3}) == pytest.approx(
        np.array([[2, 0, 0], [-1, 3**0.5, 0], [0, 0, 3]])
    )
    a, b, c = PROTOTYPES["beta-gallia"].conventional({"a": 12.0, "b": 3.0, "c": 6.0, "beta": 120.0})
    assert (a.tolist(), b.tolist()) == ([12, 0, 0], [0, 3, 0])
    assert c == pytest.approx([-3, 0, 6 * 0.75**0.5])


def test_the_six_lattices_of_the_alloyed_sesquioxides_hold_two_cations_for_three_oxygens() -> None:
    names = ("bixbyite", "beta-gallia", "kappa-alumina", "hexagonal-yalo3", "corundum")
    counts = {name: np.bincount(real(name).site_class) for name in names}
    assert all(3 * cations == 2 * anions for cations, anions in counts.values())


def test_an_internal_coordinate_may_be_given() -> None:
    species = [["Mg"], ["Al"], ["O"]]
    ideal = PROTOTYPES["spinel"].parent({"a": 8.0, "u": 0.25}, species)
    assert shortest(ideal) == pytest.approx(8 * 3**0.5 / 8)
    usual = PROTOTYPES["spinel"].parent({"a": 8.0}, species)
    assert shortest(usual) > shortest(ideal)


@pytest.mark.parametrize(
    ("name", "parameters", "species", "sentence"),
    [
        ("fcc", {}, [["Ag"]], "fcc wants a, and a isn't given. Give a in angstrom."),
        ("hcp", {"a": 3.2}, [["Mg"]], "hcp wants a, c, and c isn't given. Give c in angstrom."),
        ("fcc", {"a": 4, "b": 4}, [["Ag"]], "fcc has no parameter b. It has a."),
        ("spinel", {"a": 8, "v": 0.3}, [["Mg"], ["Al"], ["O"]], "spinel has no parameter v. It has a, u."),
        ("fcc", {"a": -4}, [["Ag"]], "a is -4. It is a length in angstrom, greater than 0."),
        ("fcc", {"a": float("inf")}, [["Ag"]], "a is inf. It is a length in angstrom, greater than 0."),
        (
            "beta-gallia",
            {"a": 12, "b": 3, "c": 6, "beta": 190},
            [["Ga"], ["O"]],
            "beta is 190. It is an angle between 0 and 180 degrees.",
        ),
        (
            "perovskite",
            {"a": 4},
            [["Ba"], ["Sn"]],
            "the lattice has 3 site classes, A, B, X, and there are species for 2. Give one list of species for each, "
            "in that order.",
        ),
        ("fcc", {"a": 4}, [["Ag", "Pdd"]], "Pdd is no element. Species are symbols of elements, or `vacancy`."),
        ("fcc", {"a": 4}, [["Ag", "Ag"]], "Ag is named twice for sublattice metal. Name each species once."),
        ("fcc", {"a": 4}, [["vacancy"]], "sublattice metal holds only vacancies. Name an element at least."),
        ("fcc", {"a": 4}, [[]], "sublattice metal holds no species. Name an element at least."),
    ],
)
def test_what_is_wrong_is_said(
    name: str, parameters: dict[str, float], species: list[list[str]], sentence: str
) -> None:
    with pytest.raises(DataProblem) as raised:
        PROTOTYPES[name].parent(parameters, species)
    assert str(raised.value).startswith(sentence)


def test_all_that_is_wrong_with_parameters_is_said_at_once() -> None:
    with pytest.raises(DataProblem) as raised:
        PROTOTYPES["beta-gallia"].parent({"a": 12, "c": -1, "alpha": 90}, [["Ga"], ["O"]])
    assert [finding.path for finding in raised.value.findings] == [("alpha",), (), (), ("c",)]


def test_the_nearest_name_is_offered() -> None:
    assert isinstance(prototype("perovskite"), Prototype)
    with pytest.raises(DataProblem, match=r"there is no prototype perowskite\. .* Did you mean `perovskite`\?"):
        prototype("perowskite")
