"""The symmetry operations of parent lattices keep lengths, take sites to sites, and are a group."""

from __future__ import annotations

import numpy as np
import pytest

from bigdata.data.problem import DataProblem
from bigdata.lattices.operations import operations
from bigdata.lattices.parent import Parent
from tests.lattices.decorated import FCC, PARENTS

# Orders of the point groups m-3m (48), 6/mmm and -43m (24), 1.
POINT_GROUPS = {
    "fcc of two species": 48,
    "fcc of three species": 48,
    "hcp of two species": 24,
    "perovskite with vacancies": 48,
    "rocksalt of three and two species": 48,
    "zincblende of two and four species": 24,
    "no symmetry": 1,
}


@pytest.mark.parametrize("name", POINT_GROUPS)
def test_there_are_as_many_as_the_point_group_has(name: str) -> None:
    assert len(operations(PARENTS[name])) == POINT_GROUPS[name]


@pytest.mark.parametrize("name", PARENTS)
def test_lengths_and_angles_are_kept(name: str) -> None:
    lattice = PARENTS[name].lattice
    metric = lattice @ lattice.T
    for rotation in operations(PARENTS[name]).rotations:
        np.testing.assert_allclose(rotation.T @ metric @ rotation, metric, atol=1e-8)


@pytest.mark.parametrize("name", PARENTS)
def test_distances_of_all_sites_are_kept(name: str) -> None:
    parent = PARENTS[name]
    found = operations(parent)
    before = parent.positions @ parent.lattice
    for image, shift in zip(found.images, found.shifts, strict=True):
        after = (parent.positions[image] + shift) @ parent.lattice
        lengths = [np.linalg.norm(places[:, None] - places, axis=-1) for places in (before, after)]
        np.testing.assert_allclose(*lengths, atol=1e-8)


@pytest.mark.parametrize("name", PARENTS)
def test_each_operation_permutes_the_sites_of_each_class(name: str) -> None:
    parent = PARENTS[name]
    for image in operations(parent).images:
        assert sorted(image) == list(range(parent.n_sites))
        np.testing.assert_array_equal(parent.site_class[image], parent.site_class)


@pytest.mark.parametrize("name", PARENTS)
def test_two_operations_make_a_third(name: str) -> None:
    found = operations(PARENTS[name])
    known = {(r.tobytes(), i.tobytes()) for r, i in zip(found.rotations, found.images, strict=True)}
    for a in range(len(found)):
        for b in range(len(found)):
            rotation = found.rotations[a] @ found.rotations[b]
            assert (rotation.tobytes(), found.images[a][found.images[b]].tobytes()) in known


def test_classes_are_told_apart_even_where_the_positions_would_be_alike() -> None:
    positions = [[0, 0, 0], [0.5, 0.5, 0.5]]
    alike, apart = (
        Parent.of(3.0 * np.eye(3), positions, classes, [["Fe", "Co"]] * (1 + max(classes)))
        for classes in ([0, 0], [0, 1])
    )
    assert len(operations(alike)) == 2 * len(operations(apart)) == 96


def test_sites_on_top_of_each_other_are_refused() -> None:
    parent = Parent.of(4 * FCC, [[0, 0, 0], [0, 0, 1e-5]], [0, 0], [["Cu", "Au"]])
    with pytest.raises(DataProblem, match="sites closer than"):
        operations(parent)
