"""Settings as a grid or a list, k-points by their distance, and what is wrong with specs."""

from __future__ import annotations

import numpy as np
import pytest

from bigdata.studies.high_throughput.settings import ByGrid, Grid, One, findings, measures, points

GRID = ByGrid(grid=Grid(xc=("LDA", "PBE"), k_grid=((4, 4, 2), (8, 8, 2)), basis={"rgkmax": (4.0, 5.5), "lmax": (8,)}))


def test_a_grid_is_every_value_with_every_other_the_functional_slowest():
    made = points(GRID)
    assert len(made) == 8
    assert [one.name for one in made[:3]] == [
        "LDA 4x4x2 rgkmax=4 lmax=8",
        "LDA 4x4x2 rgkmax=5.5 lmax=8",
        "LDA 8x8x2 rgkmax=4 lmax=8",
    ]
    assert made[-1] == One(xc="PBE", k_grid=(8, 8, 2), basis={"rgkmax": 5.5, "lmax": 8.0})


def test_measures_of_a_basis_are_lists_over_all_settings():
    first = One(xc="LDA", k_grid=(1, 1, 1), basis={"rgkmax": 4.0})
    assert measures([first, One(xc="LDA", k_spacing=0.2, basis={"mode": "pw"})]) == {
        "rgkmax": [4.0, None],
        "mode": [None, "pw"],
    }


@pytest.mark.parametrize(
    ("spacing", "mesh"), [(0.5, (4, 2, 1)), (0.2, (8, 4, 2)), (np.pi / 8, (4, 2, 1)), (9, (1, 1, 1))]
)
def test_k_points_lie_no_farther_apart_than_asked(spacing, mesh):
    lattice = np.diag([4.0, 8.0, 16.0])
    assert One(xc="LDA", k_spacing=spacing).mesh(lattice) == mesh
    assert all(2 * np.pi / a / n <= spacing + 1e-9 for a, n in zip((4, 8, 16), mesh, strict=True))


def test_a_mesh_follows_the_reciprocal_vectors_of_a_skew_cell():
    lattice = np.array([[2.5, 0, 0], [-1.25, 2.165, 0], [0, 0, 6.66]])
    reciprocal = 2 * np.pi * np.linalg.inv(lattice).T
    expected = np.ceil(np.linalg.norm(reciprocal, axis=1) / 0.3).astype(int).tolist()
    assert list(One(xc="LDA", k_spacing=0.3).mesh(lattice)) == expected


@pytest.mark.parametrize(("settings", "path", "what"), [
    ((One(xc="LDA"),), ("settings", 0), "says nothing of k-points"),
    ((One(xc="LDA", k_grid=(1, 1, 1), k_spacing=0.2),), ("settings", 0), "has both"),
    ((One(xc="LDA", k_grid=(1, 1, 1)),) * 2, ("settings", 1), "is there twice"),
    (ByGrid(grid=Grid(xc=("LDA", "LDA"), k_grid=((1, 1, 1),))), ("settings", "grid"), "is there twice"),
    (ByGrid(grid=Grid(xc=("LDA",))), ("settings", "grid"), "says nothing of k-points"),
])  # fmt: skip
def test_what_is_wrong_is_said_at_its_place(settings, path, what):
    (found,) = findings(settings)
    assert found.path == path
    assert what in found.what
