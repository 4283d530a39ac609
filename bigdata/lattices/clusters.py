"""The clusters of a parent lattice: orbits of sites decorated with point functions, in the order of their size."""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bigdata.data.problem import DataProblem
from bigdata.lattices.basis import Basis
from bigdata.lattices.decorations import Decorated, decorations
from bigdata.lattices.orbits import Orbits, clusters_of, orbits_of
from bigdata.lattices.pairs import LIMIT, Floats, Ints, Pairs, TooMany, pairs_of, too_many
from bigdata.lattices.parent import Parent
from bigdata.spec.study import Finding

ARRAYS = (
    "order",
    "diameter",
    "multiplicity",
    "orbit",
    "member_cluster",
    "member_site",
    "member_function",
    "n_possible",
)
"""The arrays that a ClusterSpace is written as."""
_AT_ONCE = 200_000
"""Clusters that take about a second: so many are enumerated even where fewer are kept."""
# The number of neighbours grows with the cube of the diameter: by half each time.
_GROWTH = 1.15
MOST_FUNCTIONS = 10_000
"""More than any set of structures can tell apart."""
_WORDS = {1: "point", 2: "pair", 3: "triplet", 4: "quadruplet", 5: "quintuplet", 6: "sextuplet"}


@dataclass(frozen=True, eq=False)
class ClusterSpace:
    """p clusters, each an orbit of sites that carry point functions; the empty cluster, the constant 1, isn't one.

    `order` (p,) int64 points; `diameter` (p,) float64 angstrom, the largest distance of two points, 0 for one;
    `multiplicity` (p,) int64 decorated clusters in each primitive cell; `orbit` (p,) int64 numbers the orbits of sites.
    The r members, cluster by cluster: `member_cluster` (r,) int64; `member_site` (r, k, 4) int64, each point's cell
    x, y, z and site of the parent; `member_function` (r, k) int64, 1 … M - 1 for a site of M species. k is the largest
    order; points that a smaller cluster lacks are -1. `n_possible`: how many clusters the cutoffs give; None where
    they weren't all looked at, because the smallest of them were enough.
    """

    parent: Parent
    basis: Basis
    order: Ints
    diameter: Floats
    multiplicity: Ints
    orbit: Ints
    member_cluster: Ints
    member_site: Ints
    member_function: Ints
    n_possible: int | None

    def __len__(self) -> int:
        return len(self.order)

    @cached_property
    def first_member(self) -> Ints:
        """(p,) where each cluster's members begin."""
        return np.searchsorted(self.member_cluster, np.arange(len(self)))

    @cached_property
    def names(self) -> tuple[str, ...]:
        """(p,) different names for tables, such as `pair 2.89 Å (1,1)`: order, diameter and functions of the points."""
        met: Counter[str] = Counter()
        return tuple(_numbered(self._name(c), met) for c in range(len(self)))

    def _name(self, c: int) -> str:
        k = int(self.order[c])
        word = _WORDS.get(k, f"{k} points")
        functions = ",".join(map(str, self.member_function[self.first_member[c], :k]))
        return f"{word} ({functions})" if k == 1 else f"{word} {self.diameter[c]:.2f} Å ({functions})"

    @cached_property
    def digest(self) -> str:
        """Content hash."""
        sha = hashlib.sha256(f"{self.parent.digest} {self.basis}".encode())
        for array in (self.member_cluster, self.member_site, self.member_function):
            # Little-endian, so that the digest is the same on every machine.
            sha.update(np.ascontiguousarray(array, dtype="<i8").tobytes())
        return sha.hexdigest()

    def arrays(self) -> dict[str, NDArray[Any]]:
        """All but the parent and the basis, for a store; `n_possible` (1,) int64 is -1 where it isn't known."""
        n_possible = -1 if self.n_possible is None else self.n_possible
        return {name: getattr(self, name) for name in ARRAYS[:-1]} | {"n_possible": np.array([n_possible])}

    @classmethod
    def from_arrays(cls, parent: Parent, basis: Basis, arrays: Mapping[str, NDArray[Any]]) -> ClusterSpace:
        """What `arrays` wrote."""
        n_possible = int(arrays["n_possible"][0])
        parts = {name: arrays[name] for name in ARRAYS[:-1]}
        return cls(parent, basis, **parts, n_possible=n_possible if n_possible >= 0 else None)


def _numbered(name: str, met: Counter[str]) -> str:
    met[name] += 1
    return name if met[name] == 1 else f"{name} no. {met[name]}"


def cluster_space(
    parent: Parent,
    cutoffs: Mapping[int, float],
    keep: int | None = None,
    basis: Basis = "trigonometric",
) -> ClusterSpace:
    """All points, and the clusters of k active sites that lie within `cutoffs[k]` angstrom of each other.

    Clusters that an operation of the parent's spacegroup takes into each other are one, and so are decorations of one
    cluster that the operations which leave it in place take into each other. They are sorted by diameter, order,
    sum of all distances, clusters of the orbit in each primitive cell, then by the sites and the functions themselves:
    the same on every machine. `keep`: only the first orbits whose clusters number `keep` or fewer together; an orbit
    isn't divided. Raises DataProblem where no site has a choice, where `keep` is too small for the first orbit, and
    where the cutoffs give more than 5,000,000 clusters or 10,000 functions of them; ValueError for an order below 2.
    """
    if any(k < 2 for k in cutoffs):
        raise ValueError(f"cutoffs are for clusters of 2 points or more, not {min(cutoffs)}")
    if not parent.active.any():
        right = "name two species or more on one sublattice"
        raise DataProblem(Finding((), "no site of the parent can hold two species", right))
    try:
        return _space(parent, basis, *_enough(parent, cutoffs, keep), keep)
    except TooMany as e:
        raise too_many() from e


def _enough(parent: Parent, cutoffs: Mapping[int, float], keep: int | None) -> tuple[list[Orbits], bool]:
    """Orbits of each order, and whether they are all; where there are too many, those of the least diameters that have
    `keep` decorations."""
    longest = max(cutoffs.values(), default=0.0)
    limit = LIMIT if keep is None else _AT_ONCE
    try:
        return _orbits(parent, pairs_of(parent, longest, limit), cutoffs, longest, limit), True
    except TooMany:
        if keep is None:
            raise
    diameter = float(parent.volume / np.count_nonzero(parent.active)) ** (1 / 3)
    while True:
        pairs = pairs_of(parent, min(diameter, longest))
        found = _orbits(parent, pairs, cutoffs, diameter, LIMIT)
        n_found = sum(int(orbits.n_functions.sum()) for orbits in found)
        if n_found >= keep or diameter >= longest:
            return found, diameter >= longest
        diameter *= _GROWTH


def _orbits(parent: Parent, pairs: Pairs, cutoffs: Mapping[int, float], diameter: float, limit: int) -> list[Orbits]:
    n_functions = parent.n_species[pairs.sites] - 1
    orders = {1: 0.0} | {k: min(cutoffs[k], diameter) for k in sorted(cutoffs)}
    clusters = [clusters_of(pairs, k, cutoff, limit) for k, cutoff in orders.items()]
    if sum(map(len, clusters)) > limit:
        raise TooMany
    return [orbits_of(some, n_functions) for some in clusters]


def _space(parent: Parent, basis: Basis, found: list[Orbits], is_all: bool, keep: int | None) -> ClusterSpace:
    names = ("first", "size", "shell", "n_functions", "n_members")
    first, size, shell, n_functions, n_members = (np.concatenate([getattr(o, name) for o in found]) for name in names)
    length = np.concatenate([o.length for o in found])
    which = np.repeat(np.arange(len(found)), [len(o) for o in found])
    # lexsort's last key leads. Shells are whole numbers, so that equal diameters are equal on every machine.
    ranked = np.lexsort((first, size, length, which, shell))
    ranked = ranked[: _n_kept(n_functions[ranked], keep)]
    if n_members[ranked].sum() > LIMIT:
        raise TooMany
    if (n := int(n_functions[ranked].sum())) > MOST_FUNCTIONS:
        what, right = f"the cutoffs give {n:,} cluster functions", f"lower them, or keep {MOST_FUNCTIONS:,} at most"
        raise DataProblem(Finding(("cutoffs",), what, right))
    pairs = found[0].clusters.pairs
    row = np.concatenate([np.arange(len(o)) for o in found])
    choices = parent.n_species[pairs.sites] - 1
    decorated = [decorations(found[which[i]], int(row[i]), choices) for i in ranked]
    orbit = np.repeat(np.arange(len(ranked)), n_functions[ranked])
    # Points have shell -1: the last entry.
    diameter = np.append(pairs.distance, 0.0)[shell[ranked]][orbit]
    n_possible = int(n_functions.sum()) if is_all else None
    return _joined(parent, basis, [d for parts in decorated for d in parts], orbit, diameter, n_possible)


def _n_kept(n_functions: Ints, keep: int | None) -> int:
    """How many orbits, the first ones, have `keep` decorations or fewer together."""
    if keep is None:
        return len(n_functions)
    n_kept = int(np.searchsorted(np.cumsum(n_functions), keep, side="right"))
    if n_kept == 0:
        what = f"keep is {keep}, and the first orbit of sites alone has {n_functions[0]} clusters"
        raise DataProblem(Finding(("keep",), what, f"keep {n_functions[0]} or more"))
    return n_kept


def _joined(
    parent: Parent, basis: Basis, decorated: list[Decorated], orbit: Ints, diameter: Floats, n_possible: int | None
) -> ClusterSpace:
    order = np.array([d.site.shape[1] for d in decorated])
    multiplicity = np.array([len(d) for d in decorated])
    start = np.cumsum(multiplicity) - multiplicity
    site = np.full((multiplicity.sum(), order.max(), 4), -1)
    function = np.full((multiplicity.sum(), order.max()), -1)
    for d, at in zip(decorated, start, strict=True):
        site[at : at + len(d), : d.site.shape[1]] = d.site
        function[at : at + len(d), : d.site.shape[1]] = d.function
    member = np.repeat(np.arange(len(decorated)), multiplicity)
    return ClusterSpace(parent, basis, order, diameter, multiplicity, orbit, member, site, function, n_possible)
