"""Graphs depend on the crystal alone, not on how it is written down, and merging loses nothing."""

from __future__ import annotations

import gzip
import json
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bigdata.data.graphs import (
    Graphs,
    GraphSetting,
    build,
    build_block,
    concatenate,
    derived,
    graph,
    join,
    quotient,
    shells,
)
from bigdata.data.materials.elements import NUMBERS
from bigdata.data.materials.structures import Structure, Structures
from bigdata.errors import DamagedData
from bigdata.store.flat import FlatWriter
from tests.examples import examples

FCC = 2.0 * (np.ones((3, 3)) - np.eye(3))
HEXAGONAL = np.array([[3.0, 0.0, 0.0], [-1.5, 2.598076, 0.0], [0.0, 0.0, 4.9]])
CUBIC = 3.9 * np.eye(3)
PROTOTYPES = {
    "copper": (FCC, ["Cu"], [[0, 0, 0]]),
    "rocksalt": (1.4 * FCC, ["Na", "Cl"], [[0, 0, 0], [0.5, 0.5, 0.5]]),
    "diamond": (1.35 * FCC, ["C", "C"], [[0, 0, 0], [0.25, 0.25, 0.25]]),
    "magnesium": (HEXAGONAL, ["Mg", "Mg"], [[1 / 3, 2 / 3, 0.25], [2 / 3, 1 / 3, 0.75]]),
    "perovskite": (
        CUBIC,
        ["Sr", "Ti", "O", "O", "O"],
        [[0, 0, 0], [0.5, 0.5, 0.5], [0.5, 0.5, 0], [0.5, 0, 0.5], [0, 0.5, 0.5]],
    ),
    "rutile": (
        np.diag([4.6, 4.6, 2.96]),
        ["Ti", "Ti", "O", "O", "O", "O"],
        [[0, 0, 0], [0.5, 0.5, 0.5], [0.305, 0.305, 0], [0.695, 0.695, 0], [0.195, 0.805, 0.5], [0.805, 0.195, 0.5]],
    ),
    "no symmetry": (
        np.array([[5.1, 0.0, 0.0], [0.7, 6.3, 0.0], [-0.9, 1.1, 4.7]]),
        ["Li", "Fe", "P", "O", "O"],
        [[0.1, 0.2, 0.3], [0.6, 0.7, 0.1], [0.4, 0.1, 0.8], [0.8, 0.4, 0.6], [0.2, 0.7, 0.7]],
    ),
}
SETTINGS = {
    "12 nearest": {"neighbors": 12},
    "24 nearest": {"neighbors": 24},
    "within 5 angstrom": {"cutoff": 5.0},
}
MIRROR = {"mp20_biternary": 4.9, "aflow_structures_thermal": 9.9, "wbm_val10k": 4.5}


def prototype(name: str) -> Structure:
    lattice, species, positions = PROTOTYPES[name]
    return Structure(lattice, np.array([NUMBERS[s] for s in species], np.uint8), np.array(positions, dtype=np.float64))


def rotated(crystal: Structure, rng: np.random.Generator) -> Structure:
    axes, _ = np.linalg.qr(rng.normal(size=(3, 3)))
    return crystal._replace(lattice=crystal.lattice @ axes)


def translated(crystal: Structure, rng: np.random.Generator) -> Structure:
    return crystal._replace(positions=crystal.positions + 3 * rng.normal(size=3))


def permuted(crystal: Structure, rng: np.random.Generator) -> Structure:
    order = rng.permutation(len(crystal.numbers))
    return crystal._replace(numbers=crystal.numbers[order], positions=crystal.positions[order])


def recelled(crystal: Structure, rng: np.random.Generator) -> Structure:
    """The same crystal with other vectors for the same lattice."""
    change = np.array(
        [[1, int(rng.integers(-2, 3)), int(rng.integers(-2, 3))], [0, 1, int(rng.integers(-2, 3))], [0, 0, 1]]
    )
    return crystal._replace(lattice=change @ crystal.lattice, positions=crystal.positions @ np.linalg.inv(change))


def supercell(crystal: Structure, rng: np.random.Generator) -> Structure:
    sizes = rng.integers(1, 4, 3)
    shifts = np.stack(np.meshgrid(*map(np.arange, sizes), indexing="ij"), axis=-1).reshape(-1, 3)
    positions = (crystal.positions[:, None] + shifts).reshape(-1, 3) / sizes
    return Structure(sizes[:, None] * crystal.lattice, np.repeat(crystal.numbers, len(shifts)), positions)


def neighborhoods(graphs: Graphs, i: int) -> Counter[tuple[object, ...]]:
    """How many atoms of graph i have which element and multiset of neighbours (element, distance)."""
    node, edge = graphs.node_offsets, graphs.edge_offsets
    number = graphs.number[node[i] : node[i + 1]]
    around: list[Counter[tuple[int, int]]] = [Counter() for _ in number]
    span = slice(edge[i], edge[i + 1])
    columns = graphs.receiver[span], graphs.sender[span], graphs.distance_index[span], graphs.edge_multiplicity[span]
    for receiver, sender, distance, n in zip(*(c.tolist() for c in columns), strict=True):
        around[receiver][int(number[sender]), distance] += n
    atoms: Counter[tuple[object, ...]] = Counter()
    for z, kinds, n in zip(number, around, graphs.node_multiplicity[node[i] : node[i + 1]], strict=True):
        atoms[int(z), *sorted(kinds.items())] += int(n)
    return atoms


def nodes(graphs: Graphs) -> list[tuple[object, ...]]:
    """The nodes of a single graph with their share of the atoms and their edges, in an order of their own."""
    edges: list[list[tuple[int, ...]]] = [[] for _ in graphs.number]
    columns = graphs.receiver, graphs.sender, graphs.distance_index, graphs.edge_multiplicity
    for receiver, sender, distance, n in zip(*(c.tolist() for c in columns), strict=True):
        edges[receiver].append((int(graphs.number[sender]), distance, n))
    share = graphs.node_multiplicity / graphs.n_atoms[0]
    return sorted((int(z), round(float(s), 9), sorted(e)) for z, s, e in zip(graphs.number, share, edges, strict=True))


def same(one: Graphs, other: Graphs) -> bool:
    return all(np.array_equal(a, b) for a, b in zip(one.arrays().values(), other.arrays().values(), strict=True))


@settings(max_examples=examples(150), deadline=None)
@given(
    name=st.sampled_from(sorted(PROTOTYPES)),
    setting=st.sampled_from(sorted(SETTINGS)),
    changes=st.lists(st.sampled_from([rotated, translated, permuted, recelled, supercell]), min_size=1, max_size=3),
    strained=st.booleans(),
    seed=st.integers(0, 10**6),
)
def test_rotation_translation_permutation_cell_and_supercell_change_nothing(name, setting, changes, strained, seed):
    rng = np.random.default_rng(seed)
    crystal = prototype(name)
    if strained:
        crystal = crystal._replace(lattice=crystal.lattice @ (np.eye(3) + rng.uniform(-0.1, 0.1, (3, 3))))
    other = crystal
    for change in changes:
        if change is not supercell or len(other.numbers) < 40:
            other = change(other, rng)
    first, second = (build(Structures.of([c]), GraphSetting(**SETTINGS[setting])) for c in (crystal, other))
    np.testing.assert_allclose(second.distance, first.distance, rtol=0, atol=1e-9)
    assert nodes(second) == nodes(first)
    plain = build(Structures.of([other]), GraphSetting(**SETTINGS[setting], quotient=False))
    assert neighborhoods(plain, 0) == neighborhoods(second, 0)


def test_a_cut_shell_does_depend_on_the_order_of_atoms():
    # What whole shells are for: the same check fails without them.
    crystal = supercell(prototype("perovskite"), np.random.default_rng(0))
    setting = GraphSetting(neighbors=11, whole_shell=False)
    first = build(Structures.of([crystal]), setting)
    assert any(
        nodes(build(Structures.of([permuted(crystal, np.random.default_rng(i))]), setting)) != nodes(first)
        for i in range(5)
    )


def test_equivalent_atoms_are_merged_and_others_are_not():
    names = ["copper", "diamond", "perovskite", "rutile", "no symmetry"]
    graphs = build(
        Structures.of([supercell(prototype(n), np.random.default_rng(5)) for n in names]), GraphSetting(neighbors=24)
    )
    assert graphs.n_nodes.tolist() == [1, 1, 3, 2, 5]
    share = graphs.node_multiplicity / np.repeat(graphs.n_atoms, graphs.n_nodes)
    assert share[2:5].tolist() == [0.2, 0.2, 0.6]


def test_atoms_that_differ_only_beyond_their_neighbours_are_told_apart():
    # A chain of equal neighbours: what tells atoms apart is an impurity many steps away.
    positions = np.zeros((16, 3))
    positions[:, 0] = np.arange(16) / 16
    numbers = np.full(16, 6, np.uint8)
    numbers[0] = 7
    chain = Structure(np.diag([32.0, 20.0, 20.0]), numbers, positions)
    graphs = build(Structures.of([chain]), GraphSetting(cutoff=2.5))
    assert sorted(graphs.node_multiplicity.tolist()) == [1, 1] + [2] * 7


def test_a_collision_of_hashes_merges_nothing_that_differs(monkeypatch):
    structures = Structures.of([prototype(name) for name in PROTOTYPES])
    right = build(structures, GraphSetting(neighbors=12))
    scatter = quotient._mixed
    # The hash of the neighbours is always 0: atoms of one element look alike.
    monkeypatch.setattr(quotient, "_mixed", lambda v, seed: 0 * v if seed == 2 else scatter(v, seed))
    assert same(build(structures, GraphSetting(neighbors=12)), right)
    monkeypatch.setattr(quotient, "_mixed", lambda v, seed: 0 * v if seed % 3 == 2 else scatter(v, seed))
    with pytest.raises(RuntimeError, match="collided"):
        build(structures, GraphSetting(neighbors=12))
    # All hashes are 0: sodium and chlorine look alike, and so do their neighbours.
    rocksalt = Structures.of([prototype("rocksalt")])
    monkeypatch.setattr(quotient, "_mixed", lambda v, seed: 0 * v if seed < 3 else scatter(v, seed))
    assert build(rocksalt, GraphSetting(neighbors=6)).number.tolist() == [11, 17]


@pytest.mark.parametrize("merged", [True, False])
def test_graphs_do_not_depend_on_how_blocks_are_cut(merged, monkeypatch):
    empty = Structure(np.zeros((3, 3)), np.empty(0, np.uint8), np.empty((0, 3)))
    crystals = [supercell(prototype(n), np.random.default_rng(i)) for i, n in enumerate(PROTOTYPES)]
    crystals = [empty, *crystals, empty, *map(prototype, PROTOTYPES)]
    setting = GraphSetting(neighbors=24, quotient=merged)
    whole = build(Structures.of(crystals), setting)
    monkeypatch.setattr(graph, "BLOCK_PAIRS", 200)
    assert same(build(Structures.of(crystals), setting), whole)
    alone = concatenate(build(Structures.of([c]), setting) for c in crystals)
    assert same(alone, whole)
    assert same(
        whole.take(np.arange(len(crystals))[::-1]),
        concatenate(build(Structures.of([c]), setting) for c in crystals[::-1]),
    )
    assert whole.n_nodes[0] == whole.n_edges[0] == 0


def test_too_small_a_first_radius_costs_time_only(monkeypatch):
    structures = Structures.of([prototype(name) for name in PROTOTYPES])
    right = build(structures, GraphSetting(neighbors=24))
    guessed = shells.guessed_radius
    monkeypatch.setattr(shells, "guessed_radius", lambda structures, k: 0.4 * guessed(structures, k))
    found = build(structures, GraphSetting(neighbors=24))
    np.testing.assert_allclose(found.distance, right.distance, rtol=0, atol=1e-12)
    assert np.array_equal(found.n_edges, right.n_edges)
    assert np.array_equal(found.edge_multiplicity.sum(), right.edge_multiplicity.sum())


def test_no_structures_make_no_graphs(tmp_path):
    none = build(Structures.of([]), GraphSetting(neighbors=12))
    assert len(none) == len(join([])) == 0
    none.write(tmp_path / "none")
    assert same(Graphs.read(tmp_path / "none"), none)


@pytest.mark.parametrize("mapped", [True, False])
def test_graphs_are_read_as_they_were_written(mapped, tmp_path):
    graphs = build(Structures.of([prototype(name) for name in PROTOTYPES]), GraphSetting(neighbors=24))
    graphs.write(tmp_path / "graphs", {"label": "prototypes"})
    assert same(Graphs.read(tmp_path / "graphs", mapped=mapped), graphs)


def test_graphs_damaged_on_disk_are_refused(tmp_path):
    build(Structures.of([prototype("rutile")]), GraphSetting(neighbors=24)).write(tmp_path / "graphs")
    path = tmp_path / "graphs" / "distance" / "c" / "0"
    data = bytearray(path.read_bytes())
    data[3] ^= 1
    path.write_bytes(data)
    with pytest.raises(DamagedData, match="distance"):
        Graphs.read(tmp_path / "graphs")


def test_parts_joined_in_the_cache_are_the_whole(tmp_path):
    structures = Structures.of([prototype(name) for name in PROTOTYPES])
    setting = GraphSetting(neighbors=12)
    assert GraphSetting.from_dict(json.loads(json.dumps(setting.to_dict()))) == setting
    writer = FlatWriter(tmp_path)
    derived.join(lambda: (build_block(structures.between(i, i + 1), setting) for i in range(len(structures))), writer)
    writer.close({})
    assert same(Graphs.read(tmp_path), build(structures, setting))


def from_mirror(mirror: Path, name: str, n: int) -> Iterator[Structure]:
    lines = gzip.decompress((mirror / name / "structures.jsonl.gz").read_bytes()).splitlines()
    rng = np.random.default_rng(0)
    for line in rng.choice(np.array(lines, dtype=object), n, replace=False):
        row = json.loads(line)
        numbers = np.array([NUMBERS[s] for s in row["species"]], np.uint8)
        yield Structure(np.array(row["lattice"]), numbers, np.array(row["frac_coords"]))


@pytest.mark.parametrize("name", MIRROR)
def test_merging_real_crystals_loses_nothing(name, mirror):
    structures = Structures.of(from_mirror(mirror, name, 1000))
    plain = build(structures, GraphSetting(neighbors=24, quotient=False))
    merged = build(structures, GraphSetting(neighbors=24))
    assert all(neighborhoods(plain, i) == neighborhoods(merged, i) for i in range(len(structures)))
    assert len(plain.sender) / len(merged.sender) > 0.95 * MIRROR[name]
