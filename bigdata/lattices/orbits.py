"""Clusters of the sites of a parent lattice, and which of them are equivalent by symmetry."""

from __future__ import annotations

from dataclasses import dataclass, field
from itertools import combinations

import numpy as np
from numpy.typing import NDArray

from bigdata.data.problem import DataProblem
from bigdata.lattices.pairs import LIMIT, Floats, Ints, Pairs, Points, TooMany
from bigdata.spec.study import Finding

_CHUNK = 4_000_000
"""Numbers that an intermediate table may hold."""
_SPARSEST = 10
"""Of n pairs of one site n²/2 times 15/32, the share of a sphere's pairs of points that lie within its radius, make
triplets: one in four. Where fewer than one in this many would be too many, they needn't be counted."""


@dataclass(frozen=True)
class Clusters:
    """m clusters of k active sites, each once up to translations, whole orbits of them, in lexicographic order.

    A cluster is its first point, in cell 0, and the pairs that this makes with the others; points are ordered as in
    Pairs. `pair` (m, k - 1); `keys` (one array for each point after the first) number the clusters' beginnings:
    key = (number of the beginning without its last point) · P + last pair, ascending.
    """

    pairs: Pairs
    pair: Ints
    keys: tuple[Ints, ...]

    def __len__(self) -> int:
        return len(self.pair)

    @property
    def order(self) -> int:
        """k, how many points a cluster has."""
        return int(self.pair.shape[1]) + 1

    def points(self, which: Ints) -> Points:
        """(r, k) the points of some clusters."""
        if self.order == 1:
            return Points(which[:, None], np.zeros((len(which), 1, 3), dtype=np.int64))
        pair = self.pair[which]
        cell = self.pairs.cell[pair]
        site = np.concatenate([self.pairs.first[pair[:, :1]], self.pairs.second[pair]], axis=1)
        return Points(site, np.concatenate([np.zeros_like(cell[:, :1]), cell], axis=1))

    def index(self, points: Points) -> Ints:
        """(…) which cluster each of (…, k) ordered points are. Raises DataProblem where one isn't here."""
        found = points.site[..., 0]
        for at, keys in enumerate(self.keys, start=1):
            pair = self.pairs.index(points.site[..., 0], points.site[..., at], points.cell[..., at, :])
            key = pair if at == 1 else found * len(self.pairs) + pair
            # Keys beyond the last, for which searchsorted gives the length, are told by the comparison.
            found = np.minimum(np.searchsorted(keys, key), len(keys) - 1)
            if not np.array_equal(keys[found], key):
                raise _not_a_group()
        return found

    def images(self, which: Ints) -> tuple[Ints, Ints]:
        """The clusters (r, g) that the operations make of some (r,), and from which of its points (r, g, k) each
        point of the image comes."""
        image, origin = self.points(which).moved(self.pairs.operations).ordered()
        return self.index(image).T, np.swapaxes(origin, 0, 1)

    def inner_pairs(self) -> Ints:
        """(m, k (k - 1) / 2) the pairs of points of each cluster."""
        between = [self.pair]
        for a, b in combinations(range(self.order - 1), 2):
            p, q = self.pair[:, a], self.pair[:, b]
            cell = self.pairs.cell[q] - self.pairs.cell[p]
            between.append(self.pairs.index(self.pairs.second[p], self.pairs.second[q], cell)[:, None])
        return np.concatenate(between, axis=1)


def clusters_of(pairs: Pairs, order: int, cutoff: float, limit: int = LIMIT) -> Clusters:
    """The clusters of `order` points with no distance beyond `cutoff` (angstrom). Raises TooMany beyond `limit`."""
    if order == 1:
        return Clusters(pairs, np.zeros((len(pairs.sites), 0), dtype=np.int64), ())
    chosen = pairs.within(cutoff)
    keys = [chosen]
    cliques = chosen[:, None]
    n_chosen = np.bincount(pairs.first[chosen], minlength=1)
    if order > 2 and np.square(n_chosen).sum() > _SPARSEST * limit:
        raise TooMany
    neighbors = _Neighbors.of(pairs, chosen if order > 2 else chosen[:0])
    for _ in range(order - 2):
        parent, last = neighbors.extended(cliques, limit)
        keys.append(parent * len(pairs) + last)
        cliques = np.concatenate([cliques[parent], last[:, None]], axis=1)
    if len(cliques) > limit:
        raise TooMany
    return Clusters(pairs, cliques, tuple(keys))


@dataclass(frozen=True)
class _Neighbors:
    """For each first site the pairs (n,) within a cutoff, and which two of them (n, n), the first before the second,
    have second points within it too."""

    site_of: Ints
    place: Ints
    pairs: list[Ints] = field(default_factory=list)
    near: list[NDArray[np.bool_]] = field(default_factory=list)

    @classmethod
    def of(cls, pairs: Pairs, chosen: Ints) -> _Neighbors:
        # The last entry, never chosen, answers for -1: no pair.
        is_chosen = np.zeros(len(pairs) + 1, dtype=bool)
        is_chosen[chosen] = True
        made = cls(pairs.first, np.zeros(len(pairs), dtype=np.int64))
        for site in range(len(pairs.sites)):
            own = chosen[pairs.first[chosen] == site]
            made.place[own] = np.arange(len(own))
            made.pairs.append(own)
            # Pairs hold the earlier point first, so only one of (p, q) and (q, p) is among them.
            rows = [is_chosen[_between(pairs, some, own)] for some in _parts(own, len(own))]
            made.near.append(np.concatenate(rows) if rows else np.zeros((0, 0), dtype=bool))
        return made

    def extended(self, cliques: Ints, limit: int) -> tuple[Ints, Ints]:
        """All clusters with one point more, that comes last: the one (m,) that it is added to, and the pair (m,)."""
        site = self.site_of[cliques[:, 0]] if len(cliques) else np.zeros(0, dtype=np.int64)
        parts = [(np.zeros(0, dtype=np.int64), np.zeros(0, dtype=np.int64))]
        n_found = 0
        for s, own in enumerate(self.pairs):
            for some in _parts(np.flatnonzero(site == s), len(own)):
                common = self.near[s][self.place[cliques[some]]].all(axis=1)
                n_found += int(np.count_nonzero(common))
                if n_found > limit:
                    raise TooMany
                row, column = np.nonzero(common)
                parts.append((some[row], own[column]))
        first, last = (np.concatenate(column) for column in zip(*parts, strict=True))
        return first, last


def _between(pairs: Pairs, some: Ints, own: Ints) -> Ints:
    """The pairs (r, n) that the second points of some pairs (r,) and of others (n,) make, -1 where they make none."""
    cell = pairs.cell[own] - pairs.cell[some][:, None]
    return pairs.index(pairs.second[some][:, None], pairs.second[own], cell)


def _parts(rows: Ints, n_columns: int) -> list[Ints]:
    """Rows so few at a time that a table of them with `n_columns` columns stays small."""
    step = max(1, _CHUNK // max(1, n_columns))
    return [rows[start : start + step] for start in range(0, len(rows), step)]


@dataclass(frozen=True)
class Orbits:
    """o orbits of clusters of one order: `first` (o,) the first cluster of each; `size` (o,) clusters per primitive
    cell; `shell` (o,) of the largest distance, -1 for points; `length` (o,) angstrom, all distances together;
    `n_functions` (o,) inequivalent decorations, `n_members` (o,) all decorations of all clusters."""

    clusters: Clusters
    first: Ints
    size: Ints
    shell: Ints
    length: Floats
    n_functions: Ints
    n_members: Ints

    def __len__(self) -> int:
        return len(self.first)


def orbits_of(clusters: Clusters, n_functions: Ints) -> Orbits:
    """The orbits of clusters under the operations, and how many decorations by the point functions are inequivalent;
    `n_functions` (a,) of each active site."""
    inner = clusters.inner_pairs()
    invariant = _invariant(clusters, inner)
    left = np.arange(len(clusters))
    is_known = np.zeros(len(clusters), dtype=bool)
    parts: list[tuple[Ints, ...]] = []
    # Several orbits may share an invariant, also by a collision of hashes: the others wait for the next turn.
    while len(left):
        # Clusters of one orbit share the invariant, so the first that has it is the first of its orbit.
        first = left[np.unique(invariant[left], return_index=True)[1]]
        for some in _parts(first, 8 * clusters.order * len(clusters.pairs.operations)):
            image, origin = clusters.images(some)
            is_known[image] = True
            weights = n_functions[clusters.points(some).site]
            size = _n_distinct(image)
            n_decorations = _n_decorations(image == some[:, None], origin, weights)
            parts.append((some, size, n_decorations, size * weights.prod(axis=1)))
        left = left[~is_known[left]]
    if not parts:
        nothing = np.zeros(0, dtype=np.int64)
        return Orbits(clusters, nothing, nothing, nothing, np.zeros(0), nothing, nothing)
    first, size, n_decorations, n_members = (np.concatenate(column) for column in zip(*parts, strict=True))
    shells = clusters.pairs.shell[inner[first]]
    # Lengths order the orbits: their last digits, which differ by machine, must not.
    length = clusters.pairs.distance[shells].sum(axis=1).round(4)
    return Orbits(clusters, first, size, shells.max(axis=1, initial=-1), length, n_decorations, n_members)


def _invariant(clusters: Clusters, inner: Ints) -> NDArray[np.uint64]:
    """(m,) a hash of the orbits of each cluster's points and pairs, which no operation changes."""
    site = clusters.pairs.site_orbit[clusters.points(np.arange(len(clusters))).site]
    pair = clusters.pairs.orbit[inner] + len(clusters.pairs.sites)
    total: NDArray[np.uint64] = _mixed(site).sum(axis=1) + _mixed(pair).sum(axis=1)
    return total


def _mixed(values: Ints) -> NDArray[np.uint64]:
    """Well-scattered numbers (the finaliser of splitmix64), so that sums of few of them differ."""
    # Overflow is meant: these are products modulo 2⁶⁴.
    z = values.astype(np.uint64) * np.uint64(0x9E3779B97F4A7C15) + np.uint64(0x632BE59BD9B4E019)
    z = (z ^ (z >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    z = (z ^ (z >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    mixed: NDArray[np.uint64] = z ^ (z >> np.uint64(31))
    return mixed


def _n_distinct(values: Ints) -> Ints:
    """(r,) how many different values stand in each row."""
    return np.asarray(1 + np.count_nonzero(np.diff(np.sort(values, axis=1), axis=1), axis=1))


def _n_decorations(is_fixed: NDArray[np.bool_], origin: Ints, weights: Ints) -> Ints:
    """(r,) orbits of decorations by Burnside's lemma: the mean over the operations (r, g) that fix a cluster of the
    decorations that they leave as they are, one choice of the point's functions (r, k) for each cycle of `origin`."""
    k = origin.shape[2]
    lowest = np.broadcast_to(np.arange(k), origin.shape).copy()
    reached = origin
    for _ in range(k - 1):
        lowest = np.minimum(lowest, reached)
        # A cycle is told by its lowest point, which takes as many steps as there are points but one.
        reached = np.take_along_axis(origin, reached, axis=2)
    choices = np.where(lowest == np.arange(k), weights[:, None, :], 1).prod(axis=2)
    return np.asarray((choices * is_fixed).sum(axis=1) // is_fixed.sum(axis=1))


def _not_a_group() -> DataProblem:
    what = "the parent's symmetry is only approximate: its operations make clusters that aren't its own"
    return DataProblem(Finding((), what, "give lattice vectors and positions with more digits"))
