"""How many cells of the parent a structure has: told by its atoms, or by its volume and where the atoms lie."""

from __future__ import annotations

import numpy as np
import pytest

from bigdata.lattices.prototypes import PROTOTYPES
from bigdata.lattices.species import VACANCY
from bigdata.lattices.supercell import hermite

from .decorations import Decoration, disguised, is_same, random_decoration, recovered, structure_of
from .test_mapping import mapped_one

EMPTY = {
    "fcc": PROTOTYPES["fcc"].parent({"a": 3.85}, [["Cu", "Au", "vacancy"]]),
    "rocksalt": PROTOTYPES["rocksalt"].parent({"a": 4.2}, [["Li", "vacancy"], ["O", "vacancy"]]),
}


@pytest.mark.parametrize("name", EMPTY)
@pytest.mark.parametrize(("longer", "most_cells"), [(0.98, 8), (1.02, 8), (0.95, 30)])
def test_of_all_numbers_of_cells_that_the_volume_allows_the_best_is_taken(
    name: str, longer: float, most_cells: int
) -> None:
    """Up to 14 % less volume, displaced, strained and turned, and up to nine sites in twenty empty."""
    parent, rng = EMPTY[name], np.random.default_rng(35)
    for _ in range(8):
        decoration = random_decoration(parent, rng, most_cells)
        while (decoration.occupation == parent.codes[:, VACANCY]).mean() > 0.45 or len(decoration.occupation) < 3:
            decoration = random_decoration(parent, rng, most_cells)
        written = disguised(structure_of(parent, decoration), rng, 0.02, 0.12)
        mapped = mapped_one(parent, written._replace(lattice=longer * written.lattice))
        assert is_same(parent, decoration, recovered(mapped))


def test_four_atoms_on_six_sites_are_not_taken_for_four_on_five() -> None:
    """Made smaller by 18 %, five cells are nearer in volume; six are by far nearer in where the atoms lie."""
    parent = EMPTY["fcc"]
    decoration = Decoration(hermite(np.diag([1, 2, 3])), np.array([[0], [1], [2], [0], [1], [2]]))
    ideal = structure_of(parent, decoration)
    mapped = mapped_one(parent, ideal._replace(lattice=0.82 ** (1 / 3) * ideal.lattice))
    assert mapped.n_cells.tolist() == [6]
    assert mapped.volumetric_strain[0] == pytest.approx(-0.18)
    assert mapped.displacement[0] == pytest.approx(0, abs=1e-9)
