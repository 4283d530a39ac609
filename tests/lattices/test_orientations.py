from __future__ import annotations

from itertools import product

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.spatial.transform import Rotation

from bigdata.lattices.operations import operations
from bigdata.lattices.orientations import Orientations, distortions, reduction
from bigdata.lattices.parent import Parent
from bigdata.lattices.prototypes import PROTOTYPES

from .decorations import unimodular

SEEDS = st.integers(0, 2**32 - 1)
PARENTS = {
    "zincblende": PROTOTYPES["zincblende"].parent({"a": 5.65}, [["Ga"], ["As"]]),
    "hcp": PROTOTYPES["hcp"].parent({"a": 3.2, "c": 5.2}, [["Mg"]]),
    "triclinic": Parent.of([[4, 0, 0], [0.7, 4.9, 0], [-0.9, 1.1, 5.6]], [[0, 0, 0]], [0], [["Si"]]),
}


@given(SEEDS)
def test_distortion_is_neither_volume_nor_rotation(seed: int) -> None:
    rng = np.random.default_rng(seed)
    ideal = rng.normal(size=(1, 3, 3)) + 2 * np.eye(3)
    stretches = rng.uniform(0.7, 1.4, size=3)
    axes, turn = (Rotation.random(random_state=int(rng.integers(2**31))).as_matrix() for _ in range(2))
    given_cell = ideal[0] @ (axes * stretches) @ axes.T @ turn
    expected = np.linalg.norm(stretches / stretches.prod() ** (1 / 3) - 1)
    assert distortions(ideal, given_cell)[0] == pytest.approx(expected, abs=1e-7)


def test_a_body_centred_cell_is_a_face_centred_one_after_the_path_of_bain() -> None:
    fcc = PROTOTYPES["fcc"].parent({"a": 4.0}, [["Fe"]])
    bcc = PROTOTYPES["bcc"].parent({"a": 2.9}, [["Fe"]])
    stretches = np.array([2 ** (1 / 6), 2 ** (1 / 6), 2 ** (-1 / 3)])
    assert Orientations(fcc, 0.2).nearest(bcc.lattice, 1) == pytest.approx(np.linalg.norm(stretches - 1))


@given(SEEDS)
def test_a_reduced_cell_spans_the_same_lattice_with_shorter_vectors(seed: int) -> None:
    rng = np.random.default_rng(seed)
    lattice = unimodular(rng) @ unimodular(rng) @ (np.eye(3) * 4 + rng.normal(size=(3, 3)))
    change = reduction(lattice)
    assert abs(round(np.linalg.det(change))) == 1
    lengths, before = (np.sort(np.linalg.norm(cell, axis=1)) for cell in (change @ lattice, lattice))
    assert (lengths <= before + 1e-9).all()


@pytest.mark.parametrize("name", PARENTS)
@pytest.mark.parametrize("n_cells", [1, 2, 3])
def test_no_supercell_within_the_limit_is_missed(name: str, n_cells: int) -> None:
    parent, limit = PARENTS[name], 0.2
    rng = np.random.default_rng(n_cells)
    shape = np.diag([1, 1, n_cells]) @ parent.lattice @ (np.eye(3) + 0.04 * rng.normal(size=(3, 3)))
    lattice = shape @ Rotation.random(random_state=1).as_matrix()
    *_, (_, last) = Orientations(parent, limit).steps(lattice, n_cells)
    found = {tuple(o.matrix.ravel().tolist()) for o in last}
    proper = [r.T for r in operations(parent).rotations if round(np.linalg.det(r)) == 1]

    matrices = np.array(list(product(range(-1, 2), repeat=9))).reshape(-1, 3, 3)
    matrices = np.diag([1, 1, n_cells]) @ matrices if n_cells > 1 else matrices
    matrices = matrices[np.round(np.linalg.det(matrices)) == n_cells * np.sign(np.linalg.det(lattice))]
    strain = distortions(matrices @ parent.lattice, lattice)
    within = matrices[strain <= limit - 1e-6]
    assert len(within) > 0
    for matrix in within:
        assert any(tuple((matrix @ w).ravel().tolist()) in found for w in proper)
    assert all(o.distortion <= limit and o.supercell.n_cells == n_cells for o in last)
    assert (np.diff([o.distortion for o in last]) > -1e-6).all()
    assert last[0].distortion <= strain.min() + 1e-9
