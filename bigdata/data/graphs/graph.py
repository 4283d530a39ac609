"""Crystal graphs of many structures as arrays: made in blocks, put together, taken apart, written and read."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, fields, replace
from itertools import chain, islice
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bigdata.data.graphs.neighbors import Floats, Ints, expected_pairs
from bigdata.data.graphs.quotient import quotient
from bigdata.data.graphs.setting import GraphSetting
from bigdata.data.graphs.shells import Edges, edges, first_radius
from bigdata.data.materials.structures import Structures
from bigdata.store.flat import FlatStore, FlatWriter

Counts = NDArray[np.int32]

# A block is cut after so many pairs (some 120 bytes each while it is made) or structures.
BLOCK_PAIRS = 1_000_000
BLOCK_STRUCTURES = 4_000
# Angstrom; what is shorter may be rounding alone, which points anywhere.
SAME_PLACE = 1e-6


@dataclass(frozen=True)
class Graphs:
    """m crystal graphs, one after the other; nodes, edges and distances of each follow those of the one before.

    Per graph: `n_atoms`, `n_nodes`, `n_edges`, `n_distances` (m,) int32; `widest` (m,) float64 angstrom, by how much
    distances that count as one differ at most. Per node: `number` uint8, the atomic number; `node_multiplicity` int32,
    the atoms merged into it. Per edge, receiver by receiver: `sender`, `receiver` int32, nodes counted within the
    graph; `distance_index` int32, rows of the graph's distances; `edge_multiplicity` int32, how many such neighbours
    each atom of the receiving node has. Per distance: `distance` float64 angstrom, ascending within a graph.
    In graphs that aren't merged, all multiplicities are 1 and nodes are atoms in the structure's order; they may have
    `direction` (e, 3) float32, the unit vector of each edge from the receiver to the sender, else None.
    """

    n_atoms: Counts
    n_nodes: Counts
    n_edges: Counts
    n_distances: Counts
    widest: Floats
    number: NDArray[np.uint8]
    node_multiplicity: Counts
    receiver: Counts
    sender: Counts
    distance_index: Counts
    edge_multiplicity: Counts
    distance: Floats
    direction: NDArray[np.float32] | None = None

    def __len__(self) -> int:
        return len(self.n_atoms)

    @property
    def node_offsets(self) -> Ints:
        """(m + 1,) the nodes of graph i are those from node_offsets[i] to node_offsets[i + 1]."""
        return _offsets(self.n_nodes)

    @property
    def edge_offsets(self) -> Ints:
        """(m + 1,) as node_offsets, of edges."""
        return _offsets(self.n_edges)

    @property
    def distance_offsets(self) -> Ints:
        """(m + 1,) as node_offsets, of distances."""
        return _offsets(self.n_distances)

    def edge_distances(self) -> Floats:
        """(e,) the length of each edge in angstrom."""
        first = np.repeat(self.distance_offsets[:-1], self.n_edges)
        return np.asarray(self.distance[first + self.distance_index])

    def take(self, rows: Sequence[int] | NDArray[Any]) -> Graphs:
        """The graphs of these rows, copied, in that order."""
        rows = np.asarray(rows, dtype=np.int64)
        places = {dim: _places(getattr(self, count), rows) for dim, count in COUNTS.items()} | {"graph": rows}
        return Graphs(**{name: values[places[ARRAYS[name][0]]] for name, values in self.arrays().items()})

    def arrays(self) -> dict[str, NDArray[Any]]:
        """The arrays by name, directions where there are any; those of several blocks may be joined end to end."""
        named = {f.name: getattr(self, f.name) for f in fields(self)}
        return {name: values for name, values in named.items() if values is not None}

    def write(self, folder: Path, attributes: Mapping[str, Any] | None = None) -> None:
        """Write a store (see bigdata.store.flat) to an empty folder."""
        writer = FlatWriter(folder)
        try:
            append([self.arrays()], writer)
        except BaseException:
            writer.abandon()
            raise
        writer.close({"n": len(self), **(attributes or {})})

    @classmethod
    def read(cls, folder: Path, *, mapped: bool = False) -> Graphs:
        """The graphs of a store, in memory and checked, or `mapped`. Raises DamagedData."""
        store = FlatStore(folder)
        names = array_names(directions="direction" in store.names)
        return cls(**{name: store.mapped(name) if mapped else store.read(name) for name in names})


COUNTS = {"node": "n_nodes", "edge": "n_edges", "distance": "n_distances"}
"""Which array counts the rows that a graph has along each dimension."""

ARRAYS: dict[str, tuple[str, str, str, str]] = {
    "n_atoms": ("graph", "int32", "1", "atoms of the cell"),
    "n_nodes": ("graph", "int32", "1", "nodes of the graph"),
    "n_edges": ("graph", "int32", "1", "edges of the graph"),
    "n_distances": ("graph", "int32", "1", "distances of the graph"),
    "widest": ("graph", "float64", "angstrom", "largest difference between distances that count as one"),
    "number": ("node", "uint8", "1", "atomic number"),
    "node_multiplicity": ("node", "int32", "1", "atoms merged into the node"),
    "receiver": ("edge", "int32", "1", "node whose neighbour it is, counted within the graph"),
    "sender": ("edge", "int32", "1", "the neighbour, counted within the graph"),
    "distance_index": ("edge", "int32", "1", "row of the graph's distances"),
    "edge_multiplicity": ("edge", "int32", "1", "such neighbours of each atom of the receiver"),
    "distance": ("distance", "float64", "angstrom", "mean distance of the shell"),
    "direction": ("edge", "float32", "1", "unit vector from the receiver to the sender"),
}
"""Dimension, dtype, units and meaning of each array; rows of `direction` have three numbers, those of others one."""


def array_names(*, directions: bool) -> list[str]:
    """The arrays that graphs with or without directions have."""
    return [name for name in ARRAYS if directions or name != "direction"]


def build(structures: Structures, setting: GraphSetting) -> Graphs:
    """The graphs of all structures, in their order; structures without atoms have graphs without nodes.

    Raises ValueError for a structure that is no crystal: numbers that aren't finite, or a cell without volume; and
    where directions are asked for, for two atoms in one place.
    """
    made = [build_block(block, setting) for block in blocks(structures, setting)]
    return join(made or [build_block(structures, setting)])


def blocks(structures: Structures, setting: GraphSetting) -> Iterator[Structures]:
    """The structures in pieces small enough to work on at once: some 120 MB for any but a giant cell."""
    _check(structures)
    n_pairs = np.cumsum(expected_pairs(structures, first_radius(structures, setting)))
    start = 0
    while start < len(structures):
        before = n_pairs[start - 1] if start else 0.0
        stop = int(np.searchsorted(n_pairs, before + BLOCK_PAIRS, side="right"))
        stop = min(max(stop, start + 1), start + BLOCK_STRUCTURES)
        yield structures.between(start, stop)
        start = stop


def build_block(structures: Structures, setting: GraphSetting) -> dict[str, NDArray[Any]]:
    """The arrays of the graphs of one block, as in Graphs."""
    return _graphs(structures, first_radius(structures, setting), setting).arrays()


def join(parts: Iterable[Mapping[str, NDArray[Any]]]) -> Graphs:
    """The graphs of several blocks, put together in their order. ValueError where some only have directions."""
    listed = [*parts]
    names = _names_in(listed[0] if listed else {})
    none = {name: np.empty((0, *_row(name)), ARRAYS[name][1]) for name in names}
    checked = [none, *(_checked(part, names) for part in listed)]
    return Graphs(
        **{
            name: np.concatenate([part[name] for part in checked]).astype(none[name].dtype, copy=False)
            for name in names
        }
    )


def concatenate(graphs: Iterable[Graphs]) -> Graphs:
    """Many graphs put together."""
    return join(g.arrays() for g in graphs)


def append(parts: Iterable[Mapping[str, NDArray[Any]]], writer: FlatWriter) -> None:
    """Write the graphs of several blocks, one block in memory at a time. ValueError as in `join`."""
    rest = iter(parts)
    first = [*islice(rest, 1)]
    names = _names_in(first[0] if first else {})
    for name in names:
        dim, dtype, units, about = ARRAYS[name]
        row = _row(name)
        writer.start(name, dtype, (dim, *["xyz"] * len(row)), row, units, about)
    for part in chain(first, rest):
        for name, values in _checked(part, names).items():
            writer.append(name, values)


def _names_in(part: Mapping[str, NDArray[Any]]) -> list[str]:
    return array_names(directions="direction" in part)


def _row(name: str) -> tuple[int, ...]:
    """The shape of an array's rows."""
    return (3,) if name == "direction" else ()


def _checked(part: Mapping[str, NDArray[Any]], names: Sequence[str]) -> dict[str, NDArray[Any]]:
    """The arrays of these names, which must be all that the part has."""
    if _names_in(part) != names:
        raise ValueError("graphs with directions and graphs without can't be put together: make all by one setting")
    return {name: part[name] for name in names}


def _graphs(structures: Structures, radius: Floats, setting: GraphSetting) -> Graphs:
    found, wider = edges(structures, radius, setting)
    graphs = (_merged if setting.quotient else _plain)(structures, found)
    lacking = np.flatnonzero(wider)
    if not len(lacking):
        return graphs
    # Only the few crystals whose neighbours lie farther than the first guess are searched once more.
    again = _graphs(structures.take(lacking), wider[lacking], setting)
    rows = np.arange(len(structures))
    rows[lacking] = len(structures) + np.arange(len(lacking))
    return concatenate([graphs, again]).take(rows)


def _plain(structures: Structures, found: Edges) -> Graphs:
    receiver = found.receiver
    graphs = _assembled(
        structures,
        found,
        structures.offsets,
        structures.numbers,
        np.ones(len(structures.numbers), np.int32),
        found.starts,
        receiver,
        found.sender,
        found.shell,
        np.ones(len(receiver), np.int32),
    )
    return graphs if found.image is None else replace(graphs, direction=_directions(structures, found, found.image))


def _directions(structures: Structures, found: Edges, image: Floats) -> NDArray[np.float32]:
    """(e, 3) unit vectors from each edge's receiver to its sender, which lies `image` (e, 3) lattice vectors on."""
    points, receiver = structures.cartesian(), found.receiver
    lattices = np.repeat(structures.lattices, structures.n_atoms, axis=0)[receiver]
    vectors = points[found.sender] - points[receiver] + np.einsum("ei,eij->ej", image, lattices)
    lengths = np.linalg.norm(vectors, axis=1, keepdims=True)
    if lengths.min(initial=np.inf) < SAME_PLACE:
        raise ValueError(
            "two atoms of a structure lie in one place, where neither has a direction to the other. Leave such entries "
            "out before graphs are made"
        )
    return np.asarray(vectors / lengths, dtype=np.float32)


def _merged(structures: Structures, found: Edges) -> Graphs:
    crystal = np.repeat(np.arange(len(structures)), structures.n_atoms)
    q = quotient(crystal, structures.numbers, found)
    return _assembled(
        structures,
        found,
        np.searchsorted(q.atom, structures.offsets),
        structures.numbers[q.atom],
        q.n_merged,
        q.starts,
        np.repeat(np.arange(len(q.atom)), np.diff(q.starts)),
        q.sender,
        q.shell,
        q.n_alike,
    )


def _assembled(
    structures: Structures,
    found: Edges,
    nodes: Ints,
    number: NDArray[np.uint8],
    node_multiplicity: NDArray[Any],
    starts: Ints,
    receiver: Ints,
    sender: Ints,
    shell: Ints,
    edge_multiplicity: NDArray[Any],
) -> Graphs:
    """Graphs from arrays that count through all crystals; `nodes` (m + 1,) where each crystal's nodes begin."""
    n_edges = np.diff(starts[nodes])
    first_node = np.repeat(nodes[:-1], n_edges)
    first_shell = np.repeat(_offsets(found.n_shells)[:-1], n_edges)
    return Graphs(
        n_atoms=structures.n_atoms.astype(np.int32),
        n_nodes=np.diff(nodes).astype(np.int32),
        n_edges=n_edges.astype(np.int32),
        n_distances=found.n_shells.astype(np.int32),
        widest=found.width,
        number=number,
        node_multiplicity=node_multiplicity.astype(np.int32),
        receiver=(receiver - first_node).astype(np.int32),
        sender=(sender - first_node).astype(np.int32),
        distance_index=(shell - first_shell).astype(np.int32),
        edge_multiplicity=edge_multiplicity.astype(np.int32),
        distance=found.distance,
    )


def _check(structures: Structures) -> None:
    # Cells that aren't finite are what is looked for: their volumes need no warning.
    with np.errstate(invalid="ignore"):
        is_good = np.isfinite(structures.lattices).all(axis=(1, 2)) & (structures.volumes > 0)
    atoms = np.flatnonzero(~np.isfinite(structures.positions).all(axis=1))
    is_good[np.searchsorted(structures.offsets, atoms, side="right") - 1] = False
    bad = np.flatnonzero(~is_good & (structures.n_atoms > 0))
    if len(bad):
        raise ValueError(
            f"structure {bad[0]} of {len(structures)} is no crystal: its cell has no volume, or holds numbers that "
            "aren't finite. Leave such entries out before graphs are made"
        )


def _offsets(counts: NDArray[Any]) -> Ints:
    offsets = np.zeros(len(counts) + 1, dtype=np.int64)
    np.cumsum(counts, out=offsets[1:])
    return offsets


def _places(counts: NDArray[Any], rows: Ints) -> Ints:
    """Where the entries of these rows lie, when each row has as many as `counts` says."""
    lengths = counts[rows].astype(np.int64)
    return np.arange(lengths.sum()) + np.repeat(_offsets(counts)[rows] - _offsets(lengths)[:-1], lengths)
