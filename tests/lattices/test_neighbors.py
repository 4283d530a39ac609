"""Neighbouring cells in many supercells at once are those in each alone."""

from __future__ import annotations

import numpy as np
import pytest

from bigdata.lattices.neighbors import neighbors
from bigdata.lattices.supercell import hermite, supercell
from tests.lattices.decorated import matrices


@pytest.mark.parametrize("seed", range(10))
def test_they_are_those_of_each_supercell(seed: int) -> None:
    rng = np.random.default_rng(seed)
    cells = [supercell(hermite(matrix)) for matrix in matrices(30, rng)]
    offsets = rng.integers(-12, 13, (40, 3))
    form = np.repeat(np.arange(len(cells)), [cell.n_cells for cell in cells])
    number = np.concatenate([np.arange(cell.n_cells) for cell in cells])
    found = neighbors(np.array([cell.form for cell in cells]), form, number, offsets)
    np.testing.assert_array_equal(list(found), np.concatenate([cell.neighbors(offsets) for cell in cells], axis=1))


def test_they_are_right_in_very_long_cells() -> None:
    cell = supercell(hermite([[1, 0, 0], [1234567, 99999989, 0], [0, 31, 3]]))
    number = np.random.default_rng(0).integers(0, cell.n_cells, 1000)
    third, rest = number % 3, number // 3
    places = np.stack([rest // 99999989, rest % 99999989, third], axis=1)
    offsets = np.array([[5, -7, 11], [-3, 100, -100]])
    found = neighbors(np.array([cell.form]), np.zeros(1000, dtype=np.int64), number, offsets)
    np.testing.assert_array_equal(list(found), cell.index(offsets[:, None] + places))
