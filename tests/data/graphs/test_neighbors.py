"""Neighbours are found in any cell, however small or skewed, by the k nearest or by a cutoff."""

from __future__ import annotations

import itertools

import numpy as np
import pytest

from bigdata.data.graphs import Graphs, GraphSetting, build, shells
from bigdata.data.graphs.neighbors import pairs_within
from bigdata.data.materials.structures import Structure, Structures

CUBE = 4.0 * np.eye(3)
FCC = 2.0 * (np.ones((3, 3)) - np.eye(3))
SKEWED = np.array([[3.0, 0.0, 0.0], [8.5, 2.0, 0.0], [-7.0, 5.0, 2.5]])
CELLS = {
    "one atom, fcc": Structure(FCC, np.array([29], np.uint8), np.zeros((1, 3))),
    "a tiny cube": Structure(1.2 * np.eye(3), np.array([1], np.uint8), np.full((1, 3), 0.3)),
    "skewed": Structure(SKEWED, np.array([11, 17], np.uint8), np.array([[0.1, 0.2, 0.3], [0.6, 0.8, 0.7]])),
    "left-handed": Structure(
        SKEWED[[1, 0, 2]], np.array([3, 8], np.uint8), np.array([[0.0, 0.0, 0.0], [0.5, 0.3, 0.4]])
    ),
    "positions outside the cell": Structure(
        CUBE, np.array([8, 8], np.uint8), np.array([[-3.2, 0.0, 7.1], [5.5, -0.4, 0.6]])
    ),
    "a layer in vacuum": Structure(
        np.diag([2.5, 2.5, 40.0]), np.array([6, 6], np.uint8), np.array([[0, 0, 0], [0.5, 0.5, 0.02]])
    ),
    "one atom in a large box": Structure(30.0 * np.eye(3), np.array([2], np.uint8), np.zeros((1, 3))),
}


def by_images(structure: Structure, radius: float) -> list[tuple[int, int, float]]:
    """(receiver, sender, distance) of all pairs within the radius, from an image list that reaches far enough."""
    lattice, _, positions = structure
    positions = positions - np.floor(positions)
    heights = 1 / np.linalg.norm(np.linalg.inv(lattice), axis=0)
    reach = [range(-n, n + 1) for n in np.ceil(radius / heights).astype(int) + 1]
    shifts = np.array(list(itertools.product(*reach)))
    found = []
    for i, j in itertools.product(range(len(positions)), repeat=2):
        distances = np.linalg.norm((positions[j] + shifts - positions[i]) @ lattice, axis=1)
        found += [(i, j, d) for d in distances[(distances <= radius) & (distances > 1e-6)]]
    return sorted(found)


def edges(graphs: Graphs, i: int) -> list[tuple[int, int, float]]:
    chosen = slice(graphs.edge_offsets[i], graphs.edge_offsets[i + 1])
    columns = graphs.receiver[chosen], graphs.sender[chosen], graphs.edge_distances()[chosen]
    return sorted(zip(*(c.tolist() for c in columns), strict=True))


def assert_same(found: list[tuple[int, int, float]], right: list[tuple[int, int, float]]) -> None:
    kinds = [sorted((i, j, round(d, 4)) for i, j, d in pairs) for pairs in (found, right)]
    assert kinds[0] == kinds[1]


@pytest.mark.parametrize("cell", CELLS)
@pytest.mark.parametrize("radius", [0.5, 3.1, 9.7])
def test_all_pairs_within_a_radius_are_found(cell, radius):
    structures = Structures.of([CELLS["skewed"], CELLS[cell]])
    found = pairs_within(structures, np.array([2.0, radius]))
    mine = slice(int(found.counts[0]), None)
    triples = zip(found.receiver[mine] - 2, found.sender[mine] - 2, found.distance[mine], strict=True)
    assert_same([(int(i), int(j), float(d)) for i, j, d in triples], by_images(CELLS[cell], radius))
    assert (np.diff(found.distance[mine]) >= 0).all()


@pytest.mark.parametrize("k", [1, 6, 24, 60])
def test_the_k_nearest_and_all_others_of_the_last_shell_are_kept(k):
    graphs = build(Structures.of(CELLS.values()), GraphSetting(neighbors=k, quotient=False))
    for i, structure in enumerate(CELLS.values()):
        found = edges(graphs, i)
        for atom in range(len(structure.numbers)):
            mine = sorted(d for receiver, _, d in found if receiver == atom)
            right = sorted(d for receiver, _, d in by_images(structure, mine[-1] + 0.5) if receiver == atom)
            right = [d for d in right if d <= right[k - 1] + 1e-3]
            assert len(mine) >= k
            np.testing.assert_allclose(mine, right, atol=1e-9)


@pytest.mark.parametrize("cutoff", [0.4, 4.0, 9.9])
def test_a_cutoff_keeps_all_within_it_and_an_atom_may_have_none(cutoff):
    graphs = build(Structures.of(CELLS.values()), GraphSetting(cutoff=cutoff, quotient=False))
    for i, structure in enumerate(CELLS.values()):
        assert_same(edges(graphs, i), by_images(structure, cutoff + 1e-9))
    assert graphs.n_nodes.tolist() == [len(s.numbers) for s in CELLS.values()]


@pytest.mark.parametrize("turn", range(20))
def test_a_shell_exactly_at_the_cutoff_is_kept_however_the_crystal_is_turned(turn):
    axes, _ = np.linalg.qr(np.random.default_rng(turn).normal(size=(3, 3)))
    crystal = Structure(CUBE @ axes, np.array([8], np.uint8), np.random.default_rng(turn).random((1, 3)))
    graphs = build(Structures.of([crystal]), GraphSetting(cutoff=4.0, quotient=False))
    assert len(graphs.sender) == 6


def spread(*gaps: float) -> Structure:
    """A cell whose three shortest translations differ by these gaps."""
    return Structure(np.diag(3.0 + np.cumsum([0.0, *gaps])), np.array([8], np.uint8), np.zeros((1, 3)))


@pytest.mark.parametrize(("cutoff", "n"), [(3.0004, 6), (3.0, 0), (3.001, 6)])
def test_a_shell_that_straddles_the_cutoff_is_kept_whole_if_its_mean_lies_within(cutoff, n):
    graphs = build(Structures.of([spread(0.0003, 0.0003)]), GraphSetting(cutoff=cutoff, quotient=False))
    assert len(graphs.sender) == n


def test_a_shell_that_straddles_the_k_th_neighbour_is_kept_whole_and_says_how_wide_it_is():
    graphs = build(Structures.of([spread(0.0009, 0.0009)]), GraphSetting(neighbors=1))
    assert graphs.edge_multiplicity.sum() == 6
    assert graphs.widest[0] == pytest.approx(0.0018)
    assert graphs.distance.tolist() == pytest.approx([3.0009])


@pytest.mark.parametrize("radius", [3.0005, 3.001, 3.0019, 3.0027])
def test_a_search_that_ends_inside_a_shell_goes_on_to_its_end(radius, monkeypatch):
    monkeypatch.setattr(shells, "guessed_radius", lambda structures, k: np.full(len(structures), radius))
    graphs = build(Structures.of([spread(0.0009, 0.0009)]), GraphSetting(neighbors=1))
    assert graphs.edge_multiplicity.sum() == 6
    assert graphs.distance.tolist() == pytest.approx([3.0009])


def test_without_whole_shells_exactly_k_are_kept():
    graphs = build(Structures.of(CELLS.values()), GraphSetting(neighbors=5, whole_shell=False, quotient=False))
    assert (graphs.n_edges == 5 * graphs.n_atoms).all()


def test_distances_too_dense_to_tell_apart_are_cut_at_finer_gaps():
    # 0.0004 Å between neighbours of neighbours: at the usual gap all of a glass would be one shell.
    lattice = np.diag([2.0, 50.0, 50.0])
    heights = 3.0 + 0.0004 * np.arange(200)
    positions = np.zeros((201, 3))
    positions[1:, 1] = heights / 50
    positions[1:, 2] = 0.5 * (np.arange(200) % 2)
    structures = Structures.of([Structure(lattice, np.full(201, 14, np.uint8), positions)])
    for setting in (GraphSetting(cutoff=6.0), GraphSetting(neighbors=24)):
        graphs = build(structures, setting)
        assert 0.001 < graphs.widest[0] <= 0.02
    assert (np.bincount(graphs.receiver, graphs.edge_multiplicity) >= 24).all()


@pytest.mark.parametrize(
    ("setting", "sentence"),
    [
        ({}, "either `neighbors` .* or a `cutoff`"),
        ({"neighbors": 12, "cutoff": 5.0}, "give one of the two"),
        ({"neighbors": 0}, "at least 1"),
        ({"cutoff": float("nan")}, "above 0 angstrom"),
        ({"cutoff": 5.0, "snap": -1.0}, "from 0 to 0.1"),
    ],
)
def test_a_setting_that_names_no_graph_is_refused(setting, sentence):
    with pytest.raises(ValueError, match=sentence):
        GraphSetting(**setting)


@pytest.mark.parametrize("lattice", [np.zeros((3, 3)), np.full((3, 3), np.nan)])
def test_a_structure_that_is_no_crystal_is_named(lattice):
    bad = Structure(lattice, np.array([8], np.uint8), np.zeros((1, 3)))
    with pytest.raises(ValueError, match="structure 1 of 2 is no crystal"):
        build(Structures.of([CELLS["skewed"], bad]), GraphSetting(neighbors=12))
