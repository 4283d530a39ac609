"""Many crystal graphs made ready for a network, and batches of them as plain arrays."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from bigdata.data.graphs import Graphs
from bigdata.models.networks.elements import N_ELEMENTS
from bigdata.models.networks.setting import Network

Batch = Mapping[str, NDArray[np.generic]]
Rows = NDArray[np.int64]
# A padded batch is brought to one of few sizes, each so much larger than the one before: each is compiled once.
NEXT_SIZE = 1.25


class Crystals:
    """The graphs of m crystals, weighted as a network sums them.

    A node counts as often as atoms were merged into it, over the cell's atoms for a mean; an edge as often as its
    receiver has such neighbours, over all of them for a mean. In float64 for comparisons only.
    """

    def __init__(self, graphs: Graphs, network: Network, dtype: type[np.floating] = np.float32) -> None:
        self.graphs, self._sums = graphs, network.readout == "sum"
        self.n_edges, self.n_nodes = graphs.n_edges, graphs.n_nodes
        self._nodes, self._edges, self._shells = graphs.node_offsets, graphs.edge_offsets, graphs.distance_offsets
        self._element = graphs.number.astype(np.int32) - 1
        n_atoms = 1 if self._sums else np.repeat(graphs.n_atoms, graphs.n_nodes)
        self._weight = (graphs.node_multiplicity / n_atoms).astype(dtype)
        is_mean = getattr(network, "aggregation", "sum") == "mean"
        self._multiplicity = (_shares(graphs) if is_mean else graphs.edge_multiplicity).astype(dtype)
        self._distance = graphs.distance.astype(dtype)

    def __len__(self) -> int:
        return len(self.graphs)

    @cached_property
    def per_atom(self) -> NDArray[np.float64]:
        """(m,) what a quantity of one atom is multiplied with: the cell's atoms where the network sums over them."""
        n_atoms = self.graphs.n_atoms.astype(np.float64)
        return n_atoms if self._sums else np.ones(len(self))

    @cached_property
    def fractions(self) -> NDArray[np.float64]:
        """(m, 118) the elements' shares of each crystal's atoms."""
        found = np.zeros((len(self), N_ELEMENTS))
        crystal = np.repeat(np.arange(len(self)), self.n_nodes)
        n_atoms = np.maximum(self.graphs.n_atoms, 1)[crystal]
        np.add.at(found, (crystal, self._element), self.graphs.node_multiplicity / n_atoms)
        return found

    def batch(self, rows: Rows) -> Batch:
        """The arrays of some crystals, one after the other; nodes and distances are counted through all of them."""
        nodes, edges, shells = (_slices(offsets, rows) for offsets in (self._nodes, self._edges, self._shells))
        n_node, n_edge, n_shell = self.n_nodes[rows], self.n_edges[rows], self.graphs.n_distances[rows]
        first_node = np.repeat(np.cumsum(n_node, dtype=np.int32) - n_node, n_edge)
        first_shell = np.repeat(np.cumsum(n_shell, dtype=np.int32) - n_shell, n_edge)
        graphs = self.graphs
        found: dict[str, NDArray[np.generic]] = {
            "element": _joined(self._element, nodes),
            "weight": _joined(self._weight, nodes),
            "sender": _joined(graphs.sender, edges) + first_node,
            "receiver": _joined(graphs.receiver, edges) + first_node,
            "shell": _joined(graphs.distance_index, edges) + first_shell,
            "multiplicity": _joined(self._multiplicity, edges),
            "distance": _joined(self._distance, shells),
            "graph": np.repeat(np.arange(len(rows), dtype=np.int32), n_node),
            "n_node": n_node,
            "n_edge": n_edge,
        }
        if (direction := getattr(graphs, "direction", None)) is not None:
            found["direction"] = _joined(direction, edges)
        return found

    def by_size(self, rows: Rows, n: int) -> Iterator[Rows]:
        """The rows in batches of n crystals of like size, which waste the least where the largest decides."""
        ordered = rows[np.argsort(self.n_edges[rows], kind="stable")]
        for start in range(0, len(ordered), n):
            yield ordered[start : start + n]


def padded(batch: Batch) -> Batch:
    """A batch brought to one of few sizes by a last graph that weighs nothing, for programs compiled for each size."""
    n_nodes, n_edges, n_shells = len(batch["element"]), len(batch["sender"]), len(batch["distance"])
    # One at least of each: the padding's edges join its own node, over its own distance.
    nodes, edges, shells = (_size(n + 1) - n for n in (n_nodes, n_edges, n_shells))
    return {
        name: np.concatenate([array, np.full((_more(name, nodes, edges, shells), *array.shape[1:]), fill, array.dtype)])
        for name, array in batch.items()
        for fill in [_fill(name, len(batch["n_node"]), n_nodes, n_shells, nodes, edges)]
    }


def _more(name: str, nodes: int, edges: int, shells: int) -> int:
    if name in ("n_node", "n_edge"):
        return 1
    return {"element": nodes, "weight": nodes, "graph": nodes, "distance": shells}.get(name, edges)


def _fill(name: str, n_graphs: int, n_nodes: int, n_shells: int, nodes: int, edges: int) -> float:
    places = {"sender": n_nodes, "receiver": n_nodes, "shell": n_shells, "graph": n_graphs}
    places |= {"n_node": nodes, "n_edge": edges}
    # PaiNN divides by distances: 0 would make numbers that aren't any, and 0 times these isn't 0.
    return places.get(name, 1.0 if name == "distance" else 0.0)


def _size(n: int) -> int:
    size = 64
    while size < n:
        size = int(size * NEXT_SIZE)
    return size


def _shares(graphs: Graphs) -> NDArray[np.float64]:
    """(e,) each edge's part of all neighbours of its receiver."""
    receiver = graphs.receiver + np.repeat(graphs.node_offsets[:-1], graphs.n_edges)
    n_neighbors = np.bincount(receiver, weights=graphs.edge_multiplicity, minlength=len(graphs.number))
    return np.asarray(graphs.edge_multiplicity / n_neighbors[receiver])


def _slices(offsets: NDArray[np.int64], rows: Rows) -> list[slice]:
    return [slice(a, b) for a, b in zip(offsets[rows].tolist(), offsets[rows + 1].tolist(), strict=True)]


def _joined(array: NDArray[np.generic], parts: list[slice]) -> NDArray[np.generic]:
    return np.concatenate([array[part] for part in parts])


def plain(graphs: Graphs) -> Graphs:
    """The same graphs with a distance of its own for each edge: nothing is shared, for comparisons."""
    from dataclasses import replace

    counted = [np.arange(n, dtype=np.int32) for n in graphs.n_edges]
    index = np.concatenate([np.empty(0, np.int32), *counted])
    return replace(graphs, n_distances=graphs.n_edges, distance_index=index, distance=graphs.edge_distances())
