"""The path through the Brillouin zone."""

from __future__ import annotations

import numpy as np
import pytest

from bigdata.calculators.kpath import kpath
from bigdata.data.materials.structures import Structure
from tests.calculators.elk.crystals import silicon


@pytest.mark.parametrize(
    "change",
    [
        pytest.param(np.eye(3, dtype=int), id="as it is"),
        pytest.param(np.array([[1, 1, 0], [0, 1, 0], [0, 0, 1]]), id="other vectors of the same lattice"),
        pytest.param(np.array([[-1, 1, 1], [1, -1, 1], [1, 1, -1]]), id="its cubic cell"),
    ],
)
def test_points_of_the_path_lie_where_they_are_whatever_cell_is_used(change: np.ndarray) -> None:
    """From the centre, X is 2 pi/a, L sqrt(3) pi/a and W sqrt(5) pi/a away; the crystal is turned by 40 degrees."""
    turn = np.array([[np.cos(0.7), -np.sin(0.7), 0], [np.sin(0.7), np.cos(0.7), 0], [0, 0, 1]])
    own = silicon()
    lattice = change @ own.lattice @ turn
    n = round(abs(np.linalg.det(change)))
    shifts = [[0, 0, 0], [1, 0, 0], [0, 1, 0], [0, 0, 1]][:n] if n > 1 else [[0, 0, 0]]
    cartesian = np.concatenate([(own.positions + shift) @ own.lattice @ turn for shift in shifts])
    structure = Structure(lattice, np.full(len(cartesian), 14, np.uint8), cartesian @ np.linalg.inv(lattice) % 1)
    path = kpath(structure)
    lengths = np.linalg.norm(2 * np.pi * path.vertices @ np.linalg.inv(lattice).T, axis=1) * 5.43 / np.pi
    found = dict(zip(path.labels, lengths, strict=True))
    assert [found[name] for name in "ΓXLW"] == pytest.approx([0, 2, 3**0.5, 5**0.5], abs=1e-6)
