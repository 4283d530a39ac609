"""Directions of edges: vectors that turn with the crystal, carried wherever the other arrays of graphs are."""

from __future__ import annotations

from collections import defaultdict
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from bigdata.data.graphs import Graphs, GraphSetting, build, build_block, concatenate, derived, graph, join, shells
from bigdata.data.materials.structures import Structure, Structures
from bigdata.store.flat import FlatStore, FlatWriter

SKEWED = np.array([[3.0, 0.0, 0.0], [8.5, 2.0, 0.0], [-7.0, 5.0, 2.5]])
FCC = Structure(2.0 * (np.ones((3, 3)) - np.eye(3)), np.array([29], np.uint8), np.zeros((1, 3)))
CELLS = {
    "fcc": FCC,
    "skewed": Structure(SKEWED, np.array([11, 17], np.uint8), np.array([[0.1, 0.2, 0.3], [0.6, 0.8, 0.7]])),
    "left-handed": Structure(SKEWED[[1, 0, 2]], np.array([3, 8], np.uint8), np.array([[0, 0, 0], [0.5, 0.3, 0.4]])),
    "positions outside the cell": Structure(
        4.0 * np.eye(3), np.array([8, 8], np.uint8), np.array([[-3.2, 0.0, 7.1], [5.5, -0.4, 0.6]])
    ),
    "no symmetry": Structure(
        np.array([[5.1, 0.0, 0.0], [0.7, 6.3, 0.0], [-0.9, 1.1, 4.7]]),
        np.array([3, 26, 15, 8, 8], np.uint8),
        np.array([[0.1, 0.2, 0.3], [0.6, 0.7, 0.1], [0.4, 0.1, 0.8], [0.8, 0.4, 0.6], [0.2, 0.7, 0.7]]),
    ),
}
WITHIN = GraphSetting(cutoff=5.2, quotient=False, directions=True)
NEAREST = GraphSetting(neighbors=24, quotient=False, directions=True)
ALL = Structures.of(CELLS.values())
Vectors = dict[tuple[int, int], list[NDArray[np.float64]]]


def directions(graphs: Graphs) -> NDArray[np.float64]:
    assert graphs.direction is not None
    return graphs.direction.astype(np.float64)


def by_pair(receiver: NDArray[np.int32], sender: NDArray[np.int32], vectors: NDArray[np.float64]) -> Vectors:
    found: Vectors = defaultdict(list)
    for i, j, vector in zip(receiver.tolist(), sender.tolist(), vectors, strict=True):
        found[i, j].append(vector)
    return found


def assert_same_vectors(mine: Vectors, right: Vectors, within: float) -> None:
    """Each vector of one has a vector of its own in the other, for every pair of atoms, in whatever order."""
    assert mine.keys() == right.keys()
    for pair, vectors in mine.items():
        apart = np.linalg.norm(np.array(vectors)[:, None] - np.array(right[pair])[None], axis=2)
        assert apart.shape[0] == apart.shape[1]
        assert sorted(apart.argmin(axis=1).tolist()) == list(range(len(apart)))
        assert apart.min(axis=1).max() <= within


def same(one: Graphs, other: Graphs) -> bool:
    a, b = one.arrays(), other.arrays()
    return a.keys() == b.keys() and all(np.array_equal(a[name], b[name]) for name in a)


@pytest.mark.parametrize("name", CELLS)
@pytest.mark.parametrize("setting", [WITHIN, NEAREST], ids=["cutoff", "nearest"])
def test_direction_times_distance_is_the_displacement_that_another_program_finds(
    name: str, setting: GraphSetting
) -> None:
    ase = pytest.importorskip("ase", reason="ASE isn't installed: no other program's neighbours")
    from ase.neighborlist import neighbor_list  # type: ignore[import-not-found]

    structure = CELLS[name]
    graphs = build(Structures.of([structure]), setting)
    lengths = graphs.edge_distances()
    atoms = ase.Atoms(structure.numbers, cell=structure.lattice, scaled_positions=structure.positions, pbc=True)
    # ASE puts positions into the cell for its search, and says displacements from where the atoms are.
    i, j, right, length = neighbor_list("ijDd", atoms, float(lengths.max()) + 1e-4)
    # The reach of each atom differs where its nearest are asked for.
    reach = np.zeros(len(structure.numbers))
    np.maximum.at(reach, graphs.receiver, lengths)
    kept = length <= reach[i] + 1e-4
    mine = by_pair(graphs.receiver, graphs.sender, directions(graphs) * lengths[:, None])
    assert_same_vectors(mine, by_pair(i[kept], j[kept], right[kept]), within=graphs.widest[0] + 1e-6)


@pytest.mark.parametrize("name", CELLS)
def test_turning_the_crystal_turns_its_directions(name: str) -> None:
    axes, _ = np.linalg.qr(np.random.default_rng(7).normal(size=(3, 3)))
    crystal = CELLS[name]
    first, turned = (
        build(Structures.of([c]), NEAREST) for c in (crystal, crystal._replace(lattice=crystal.lattice @ axes))
    )
    before, after = (
        by_pair(g.receiver, g.sender, d) for g, d in ((first, directions(first) @ axes), (turned, directions(turned)))
    )
    assert_same_vectors(before, after, within=1e-6)


def test_directions_are_unit_vectors_and_opposite_from_the_other_side() -> None:
    graphs = build(ALL, WITHIN)
    found = directions(graphs)
    assert graphs.direction is not None
    assert graphs.direction.dtype == np.float32
    np.testing.assert_allclose(np.linalg.norm(found, axis=1), 1, atol=2e-7)
    one, other = by_pair(graphs.receiver, graphs.sender, found), by_pair(graphs.sender, graphs.receiver, -found)
    for pair, vectors in one.items():
        np.testing.assert_allclose(np.sum(vectors, axis=0), np.sum(other[pair], axis=0), atol=1e-5)


@pytest.mark.parametrize("n", [12, 18, 42])
def test_directions_of_whole_shells_of_fcc_add_up_to_nothing(n: int) -> None:
    graphs = build(Structures.of([FCC]), GraphSetting(neighbors=n, quotient=False, directions=True))
    found = directions(graphs)
    assert len(found) == n
    for shell in range(int(graphs.n_distances[0])):
        of = found[graphs.distance_index == shell]
        np.testing.assert_allclose(of.sum(axis=0), 0, atol=1e-6)
        # In a cube, the mean of the outer product is a third of unity.
        np.testing.assert_allclose(of.T @ of / len(of), np.eye(3) / 3, atol=1e-6)


@pytest.mark.parametrize("setting", [WITHIN, NEAREST], ids=["cutoff", "nearest"])
def test_all_other_arrays_are_those_of_graphs_without_directions(setting: GraphSetting) -> None:
    plain = build(ALL, GraphSetting.from_dict({**setting.to_dict(), "directions": False}))
    assert plain.direction is None
    found = build(ALL, setting).arrays()
    del found["direction"]
    assert same(Graphs(**found), plain)


def test_directions_do_not_depend_on_how_blocks_are_cut_or_how_far_the_first_search_went(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    empty = Structure(np.zeros((3, 3)), np.empty(0, np.uint8), np.empty((0, 3)))
    structures = Structures.of([empty, *CELLS.values()])
    whole = build(structures, NEAREST)
    monkeypatch.setattr(graph, "BLOCK_PAIRS", 50)
    assert same(build(structures, NEAREST), whole)
    guessed = shells.guessed_radius
    monkeypatch.setattr(shells, "guessed_radius", lambda structures, k: 0.5 * guessed(structures, k))
    again = build(structures, NEAREST)
    for i in range(len(structures)):
        one, other = (by_pair(g.receiver, g.sender, directions(g)) for g in (whole.take([i]), again.take([i])))
        assert_same_vectors(one, other, within=1e-6)


def test_graphs_are_taken_put_together_and_read_with_their_directions(tmp_path: Path) -> None:
    whole = build(ALL, NEAREST)
    alone = [build(Structures.of([c]), NEAREST) for c in CELLS.values()]
    assert same(concatenate(alone), whole)
    assert same(whole.take([2, 0, 2]), concatenate([alone[2], alone[0], alone[2]]))
    whole.write(tmp_path / "graphs")
    for mapped in (True, False):
        assert same(Graphs.read(tmp_path / "graphs", mapped=mapped), whole)
    assert FlatStore(tmp_path / "graphs").read("direction").shape == (int(whole.n_edges.sum()), 3)
    writer = FlatWriter(tmp_path / "joined")
    derived.join(lambda: (build_block(ALL.between(i, i + 1), NEAREST) for i in range(len(ALL))), writer)
    writer.close({})
    assert same(Graphs.read(tmp_path / "joined"), whole)


def test_no_structures_make_no_directions() -> None:
    none = build(Structures.of([]), NEAREST)
    assert directions(none).shape == (0, 3)
    assert same(concatenate([none, build(ALL, NEAREST)]), build(ALL, NEAREST))


@pytest.mark.parametrize("order", [1, -1])
def test_graphs_with_and_without_directions_are_not_put_together(order: int, tmp_path: Path) -> None:
    parts = [build_block(ALL, s) for s in (NEAREST, GraphSetting(neighbors=24, quotient=False))][::order]
    with pytest.raises(ValueError, match="make all by one setting"):
        join(parts)
    with pytest.raises(ValueError, match="make all by one setting"):
        graph.append(parts, FlatWriter(tmp_path))


def test_the_words_of_a_setting_without_directions_are_those_of_the_graphs_made_before_there_were_any() -> None:
    before = {"neighbors": 24, "cutoff": None, "whole_shell": True, "snap": 1e-3, "quotient": True}
    assert GraphSetting(neighbors=24).to_dict() == before
    assert NEAREST.to_dict() == {**before, "quotient": False, "directions": True}
    assert GraphSetting.from_dict(NEAREST.to_dict()) == NEAREST


def test_merged_edges_have_no_direction() -> None:
    with pytest.raises(ValueError, match="point several ways"):
        GraphSetting(neighbors=12, directions=True)


def test_atoms_in_one_place_have_no_direction() -> None:
    twice = Structure(4 * np.eye(3), np.array([8, 9], np.uint8), np.array([[0.3, 0, 0], [1.3, 0, 0]]))
    with pytest.raises(ValueError, match="lie in one place"):
        build(Structures.of([twice]), NEAREST)
