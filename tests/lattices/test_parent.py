from __future__ import annotations

import json

import numpy as np
import pytest

from bigdata.data.materials.structures import Structure
from bigdata.data.problem import DataProblem
from bigdata.lattices.cell import parent_from_structure
from bigdata.lattices.parent import Parent
from bigdata.lattices.prototypes import PROTOTYPES
from bigdata.lattices.species import VACANCY, atomic_number, symbol

from .decorations import Decoration, structure_of, unimodular

PEROVSKITE = PROTOTYPES["perovskite"].parent({"a": 4.0}, [["Ba"], ["Sn", "Ti"], ["vacancy", "O", "F"]])


def test_sites_hold_the_species_of_their_class() -> None:
    assert PEROVSKITE.n_sites == 5
    assert PEROVSKITE.n_species.tolist() == [1, 2, 3, 3, 3]
    assert PEROVSKITE.active.tolist() == [False, True, True, True, True]
    assert PEROVSKITE.volume == pytest.approx(64)
    assert PEROVSKITE.species == ((56,), (50, 22), (VACANCY, 8, 9))


def test_codes_are_places_in_the_order_given() -> None:
    codes = PEROVSKITE.codes
    assert codes[0, [56, 50, VACANCY]].tolist() == [0, -1, -1]
    assert codes[1, [56, 50, 22]].tolist() == [-1, 0, 1]
    assert codes[4, [VACANCY, 8, 9, 56]].tolist() == [0, 1, 2, -1]
    assert (codes >= 0).sum(axis=1).tolist() == PEROVSKITE.n_species.tolist()


def test_a_parent_is_told_apart_by_all_that_it_is() -> None:
    lattice, positions, classes = PEROVSKITE.lattice, PEROVSKITE.positions, PEROVSKITE.site_class.tolist()
    species = [["Ba"], ["Sn", "Ti"], ["vacancy", "O", "F"]]
    same = Parent.of(lattice.tolist(), (positions + 1).tolist(), classes, species)
    others = [
        Parent.of(lattice * 1.01, positions, classes, species),
        Parent.of(lattice, positions + 0.1, classes, species),
        Parent.of(lattice, positions, [0, 1, 2, 2, 1], species),
        Parent.of(lattice, positions, classes, [["Ba"], ["Ti", "Sn"], ["vacancy", "O", "F"]]),
    ]
    assert same.digest == PEROVSKITE.digest
    assert len({other.digest for other in [PEROVSKITE, *others]}) == 5


def test_a_parent_is_written_with_symbols() -> None:
    written = json.loads(json.dumps(PEROVSKITE.as_json()))
    assert written["species"] == [["Ba"], ["Sn", "Ti"], ["vacancy", "O", "F"]]
    again = Parent.of(
        written["lattice_angstrom"], written["positions_fractional"], written["site_class"], written["species"]
    )
    assert again.digest == PEROVSKITE.digest


def test_species_are_elements_or_vacancies() -> None:
    assert (atomic_number("vacancy"), symbol(VACANCY)) == (VACANCY, "vacancy")
    assert (atomic_number("Ag"), symbol(47)) == (47, "Ag")
    with pytest.raises(ValueError, match="Vac is no element, nor `vacancy`"):
        atomic_number("Vac")


def supercell_of(parent: Parent, seed: int, noise: float = 0.0) -> Structure:
    """A supercell of the ideal crystal, the first species everywhere, with other cell vectors in the same frame."""
    rng = np.random.default_rng(seed)
    form = ((2, 0, 0), (1, 1, 0), (0, 1, 2))
    ideal = structure_of(parent, Decoration(form, np.zeros((4, parent.n_sites), dtype=np.int64)))
    lattice = unimodular(rng) @ ideal.lattice
    points = ideal.positions @ ideal.lattice + noise * rng.normal(size=(len(ideal.numbers), 3))
    order = rng.permutation(len(ideal.numbers))
    return Structure(lattice, ideal.numbers[order], (points @ np.linalg.inv(lattice))[order])


@pytest.mark.parametrize("seed", range(6))
@pytest.mark.parametrize("name", ["rocksalt", "zincblende", "corundum", "bixbyite"])
def test_a_crystal_is_reduced_to_its_primitive_cell_in_its_own_frame(name: str, seed: int) -> None:
    lengths = {
        "rocksalt": {"a": 4.2},
        "zincblende": {"a": 5.6},
        "corundum": {"a": 4.9, "c": 13.3},
        "bixbyite": {"a": 10},
    }
    parent = PROTOTYPES[name].parent(lengths[name], [["Ga"], ["O"]])
    structure = supercell_of(parent, seed, noise=1e-4)
    labels = ["Ga", "O"] if structure.numbers[0] == 31 else ["O", "Ga"]
    found = parent_from_structure(structure, [["Al", "Ga"], ["O", "vacancy"]][:: 1 if labels[0] == "Ga" else -1])
    whole = structure.lattice @ np.linalg.inv(found.lattice)
    assert whole == pytest.approx(np.rint(whole), abs=1e-9)
    assert found.n_sites == parent.n_sites
    assert np.linalg.det(found.lattice) * np.linalg.det(structure.lattice) > 0
    # The vectors of the file span the prototype's lattice still: nothing was rotated.
    between = found.lattice @ np.linalg.inv(parent.lattice)
    assert between == pytest.approx(np.rint(between), abs=1e-3)
    apart = (found.positions @ found.lattice)[:, None] - (structure.positions @ structure.lattice)
    cells = apart @ np.linalg.inv(found.lattice)
    nearest = np.linalg.norm((cells - np.rint(cells)) @ found.lattice, axis=-1)
    assert nearest.min(axis=0).max() < 1e-3
    nearest_class = found.site_class[nearest.argmin(axis=0)]
    assert [labels[c] for c in nearest_class] == [symbol(z) for z in structure.numbers.tolist()]


def test_a_primitive_cell_stays_as_it_is() -> None:
    lattice = np.array([[3.0, 0.2, 0.0], [9.0, 4.0, 0.1], [0.0, 0.0, -5.0]])
    structure = Structure(lattice, np.array([14, 11], np.uint8), np.array([[0.9, 0.8, 0.3], [0.2, 0.4, 0.6]]))
    parent = parent_from_structure(structure, [["Si", "Ge"], ["Na"]])
    assert parent.lattice.tolist() == lattice.tolist()
    assert parent.positions == pytest.approx(structure.positions)
    assert parent.species == ((14, 32), (11,))


def test_classes_are_elements_in_order_of_appearance_and_sites_come_class_by_class() -> None:
    positions = np.array([[0.5, 0.5, 0.1], [0, 0, 0], [0.5, 0.1, 0.5], [0.5, 0.5, 0.45], [0.1, 0.5, 0.5]])
    structure = Structure(4.0 * np.eye(3), np.array([8, 56, 8, 50, 8], np.uint8), positions)
    parent = parent_from_structure(structure, [["O", "vacancy"], ["Ba", "Sr"], ["Sn"]])
    assert parent.site_class.tolist() == [0, 0, 0, 1, 2]
    assert parent.species == ((8, VACANCY), (56, 38), (50,))
    assert parent.positions[3].tolist() == [0, 0, 0]


def test_as_many_lists_of_species_as_elements_are_wanted() -> None:
    structure = supercell_of(PEROVSKITE, 0)._replace(numbers=np.repeat([56, 50], [10, 6]).astype(np.uint8))
    with pytest.raises(DataProblem, match=r"has 2 site classes, Ba, Sn, and there are species for 3\. Give one list"):
        parent_from_structure(structure, [["Ba"], ["Sn"], ["O"]])


def test_what_is_no_crystal_is_refused() -> None:
    twice = Structure(4.0 * np.eye(3), np.array([8, 8], np.uint8), np.zeros((2, 3)))
    with pytest.raises(DataProblem, match=r"no symmetry that can be found within 0\.01 Å"):
        parent_from_structure(twice, [["O"]])
