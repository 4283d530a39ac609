"""Equivalent atoms: those that no network of scalars on the graph can tell apart, found by Weisfeiler–Leman colouring.

Atoms start with their element as colour; each round a new colour stands for the own colour and the multiset of
(neighbour's colour, distance), until no colour divides any more (B. Weisfeiler and A. Leman, 1968; "colour
refinement"). Atoms of one colour have equal features in every layer of a network that takes sums or means over
neighbours, so that one of them, weighted, stands for all.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bigdata.data.graphs.neighbors import Ints
from bigdata.data.graphs.shells import Edges

Hashes = NDArray[np.uint64]
# Among a million hashes of 64 bits, two collide about once in 40 million blocks.
ATTEMPTS = 4


@dataclass(frozen=True)
class Quotient:
    """Atoms of one colour merged, and the edges of one kind (neighbour's colour, distance) with them.

    `atom` (q,) the first atom of each colour, ascending; `n_merged` (q,) how many atoms it stands for; `color` (n,) the
    row of each atom; `starts` (q + 1,) where each colour's edges begin; `sender` (e,) rows of `atom`; `shell` (e,) as
    in Edges; `n_alike` (e,) how many edges of this kind each atom of the receiving colour has.
    """

    atom: Ints
    n_merged: Ints
    color: Ints
    starts: Ints
    sender: Ints
    shell: Ints
    n_alike: Ints


def quotient(crystal: Ints, numbers: NDArray[Any], edges: Edges) -> Quotient:
    """Merge the equivalent atoms of each crystal.

    `crystal` (n,) to which crystal each atom belongs, `numbers` (n,) atomic numbers. Colours come from 64-bit hashes;
    that atoms of one colour do have the same multisets is then checked, so no collision can merge what differs.
    """
    for attempt in range(ATTEMPTS):
        atom, color = _colors(crystal, numbers, edges, 3 * attempt)
        kinds = _sorted_kinds(color, len(atom), edges)
        alike = atom[color]
        same = np.array_equal(crystal, crystal[alike]) and np.array_equal(numbers, numbers[alike])
        if same and _is_equitable(alike, edges.starts, kinds):
            return _merged(atom, color, edges, kinds)
    raise RuntimeError(f"atoms could not be put into classes: {ATTEMPTS} hashes collided, one after the other")


def _colors(crystal: Ints, numbers: NDArray[Any], edges: Edges, seed: int) -> tuple[Ints, Ints]:
    """The first atom of each colour, and each atom's colour, when these divide no more."""
    # A byte holds any atomic number, so that no two crystals share a colour.
    start = _mixed(crystal.astype(np.uint64) * np.uint64(256) + numbers.astype(np.uint64), seed)
    atom, color = _classes(start)
    n_edges = np.diff(edges.starts).astype(np.uint64)
    shell = _mixed(edges.shell.astype(np.uint64), seed + 1)
    while True:
        kind = _mixed(color[edges.sender].astype(np.uint64) + shell, seed)
        total = np.concatenate([np.zeros(1, np.uint64), np.cumsum(kind, dtype=np.uint64)])
        # Sums modulo 2^64: the differences are right however often they wrap around.
        around = total[edges.starts[1:]] - total[edges.starts[:-1]] + n_edges
        finer, new = _classes(_mixed(color.astype(np.uint64) + _mixed(around, seed + 2), seed))
        if len(finer) == len(atom):
            return atom, color
        atom, color = finer, new


def _mixed(values: Hashes, seed: int) -> Hashes:
    """64-bit numbers scattered: the finalizer of SplitMix64 (G. L. Steele et al., doi:10.1145/2660193.2660195)."""
    mixed = values + np.uint64((0x9E3779B97F4A7C15 * (2 * seed + 1)) % 2**64)
    mixed ^= mixed >> np.uint64(30)
    mixed *= np.uint64(0xBF58476D1CE4E5B9)
    mixed ^= mixed >> np.uint64(27)
    mixed *= np.uint64(0x94D049BB133111EB)
    mixed ^= mixed >> np.uint64(31)
    return mixed


def _classes(hashes: Hashes) -> tuple[Ints, Ints]:
    """The first place of each value, ascending, and for each place (n,) which of the values it has."""
    values, inverse = np.unique(hashes, return_inverse=True)
    first = np.empty(len(values), dtype=np.int64)
    # The last assignment wins, so the first place is assigned last.
    first[inverse[::-1]] = np.arange(len(hashes))[::-1]
    order = np.argsort(first)
    rank = np.empty_like(order)
    rank[order] = np.arange(len(order))
    return first[order], rank[inverse]


def _sorted_kinds(color: Ints, n_colors: int, edges: Edges) -> Ints:
    """(e,) one number for the distance and the neighbour's colour of each edge, ascending within each receiver."""
    # Numbers for (receiver, distance, colour) fit into 63 bits for blocks of up to two million of each.
    n_kinds = len(edges.distance) * n_colors
    shift = edges.receiver * n_kinds
    kinds = shift + edges.shell * n_colors + color[edges.sender]
    kinds.sort()
    kinds -= shift
    return kinds


def _is_equitable(alike: Ints, starts: Ints, kinds: Ints) -> bool:
    """Whether each atom has exactly the edges of the atom that it is said to be alike (n,)."""
    n_edges = np.diff(starts)
    if not np.array_equal(n_edges, n_edges[alike]):
        return False
    there = np.arange(len(kinds)) + np.repeat(starts[alike] - starts[:-1], n_edges)
    return np.array_equal(kinds, kinds[there])


def _merged(atom: Ints, color: Ints, edges: Edges, kinds: Ints) -> Quotient:
    n_edges = np.diff(edges.starts)[atom]
    receiver = np.repeat(np.arange(len(atom)), n_edges)
    ends = np.cumsum(n_edges)
    kinds = kinds[np.arange(len(receiver)) + np.repeat(edges.starts[atom] - ends + n_edges, n_edges)]
    is_new = np.ones(len(kinds), dtype=bool)
    is_new[1:] = (kinds[1:] != kinds[:-1]) | (receiver[1:] != receiver[:-1])
    first = np.flatnonzero(is_new)
    starts = np.searchsorted(receiver[first], np.arange(len(atom) + 1))
    return Quotient(
        atom,
        np.bincount(color, minlength=len(atom)),
        color,
        starts,
        kinds[first] % len(atom),
        kinds[first] // len(atom),
        np.diff(np.append(first, len(kinds))),
    )
