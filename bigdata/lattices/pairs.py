"""Pairs of the active sites of a parent lattice, with their distances and symmetry orbits: what clusters grow from."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from bigdata.data.problem import DataProblem
from bigdata.lattices.operations import Operations, operations
from bigdata.lattices.parent import Parent
from bigdata.spec.study import Finding

Ints = NDArray[np.int64]
Floats = NDArray[np.float64]

SHELL = 1e-5
"""Distances (angstrom) that differ by less are one."""
MARGIN = 1e-6
"""How far (angstrom) beyond a cutoff a distance may lie and still be within."""
LIMIT = 5_000_000
"""The largest number of clusters that is enumerated."""
_SLACK = 1e-2
_WIDE = 1 << 16


class TooMany(Exception):
    """Cutoffs give more clusters than are to be enumerated."""


@dataclass(frozen=True)
class Points:
    """Points of the lattice, in any shape (…): `site` (…) counts the active sites, `cell` (…, 3) the cells."""

    site: Ints
    cell: Ints

    @property
    def rank(self) -> Ints:
        """(…) a number that grows with (x, y, z, site): an order of points that no translation changes."""
        x, y, z = np.moveaxis(self.cell + _WIDE // 2, -1, 0)
        # Three coordinates of 16 bits leave 15 for the site.
        return np.asarray((((x * _WIDE + y) * _WIDE + z) << 15) + self.site)

    def ordered(self) -> tuple[Points, Ints]:
        """The points along the last axis sorted, the first of them in cell 0; and where each comes from."""
        order = np.argsort(self.rank, axis=-1)
        cell = np.take_along_axis(self.cell, order[..., None], axis=-2)
        return Points(np.take_along_axis(self.site, order, axis=-1), cell - cell[..., :1, :]), order

    def moved(self, by: Operations) -> Points:
        """(g, …) the points to which g operations move these; `by` is between active sites."""
        cell = np.einsum("gab,...b->g...a", by.rotations, self.cell) + by.shifts[:, self.site]
        return Points(by.images[:, self.site], cell)


@dataclass(frozen=True)
class Pairs:
    """P pairs of active sites of which the first lies in cell 0 and comes before the second, whole orbits of them.

    Points are ordered by (x, y, z, site), which no translation changes, so each pair is here once. They are sorted
    by the first site, then by the second point. `sites` (a,) the active sites among the parent's; `operations` between
    active sites; `first`, `second` (P,) active sites; `cell` (P, 3) that of the second; `orbit` (P,); `shell` (P,)
    numbers the distances, ascending, `distance` (s,) angstrom.
    """

    sites: Ints
    operations: Operations
    first: Ints
    second: Ints
    cell: Ints
    orbit: Ints
    shell: Ints
    distance: Floats

    def __len__(self) -> int:
        return len(self.first)

    @property
    def points(self) -> Points:
        """(P, 2) both points of each pair."""
        cell = np.stack([np.zeros_like(self.cell), self.cell], axis=1)
        return Points(np.stack([self.first, self.second], axis=1), cell)

    @cached_property
    def site_orbit(self) -> Ints:
        """(a,) the lowest active site that is equivalent to each."""
        return np.asarray(self.operations.images.min(axis=0))

    @cached_property
    def _table(self) -> NDArray[np.int32]:
        """The number of each pair by its sites and its cell, with a border of -1."""
        reach = self._reach
        table = np.full((len(self.sites), len(self.sites), *(2 * reach + 1)), -1, dtype=np.int32)
        table[self.first, self.second, *(self.cell + reach).T] = np.arange(len(self))
        return table

    @cached_property
    def _reach(self) -> Ints:
        return np.asarray(np.abs(self.cell).max(axis=0, initial=0) + 1)

    def index(self, first: Ints, second: Ints, cell: Ints) -> Ints:
        """(…) the number of each pair, -1 where there is none."""
        place = np.clip(cell, -self._reach, self._reach) + self._reach
        return np.asarray(self._table[first, second, *np.moveaxis(place, -1, 0)], dtype=np.int64)

    def within(self, cutoff: float) -> Ints:
        """The pairs no longer than a cutoff (angstrom)."""
        return np.flatnonzero(self.distance[self.shell] <= cutoff + MARGIN)


def pairs_of(parent: Parent, cutoff: float, limit: int = LIMIT) -> Pairs:
    """The pairs of active sites with distances up to `cutoff` (angstrom); equivalent pairs have one distance.

    Raises TooMany where they would be more than `limit`.
    """
    sites = np.flatnonzero(parent.active)
    # Estimated by the volume of a sphere, each pair counted once, before any table is made.
    if len(sites) ** 2 * (4 / 3 * np.pi * cutoff**3 / parent.volume) / 2 > limit:
        raise TooMany
    between = _between_active(operations(parent), sites, parent.n_sites)
    # Where the symmetry is approximate, the cutoff may lie between the lengths of equivalent pairs.
    first, second, cell, length = _searched(parent, sites, cutoff + _SLACK)
    found = Pairs(sites, between, first, second, cell, first, np.zeros_like(first), length)
    orbit, longest = _orbits(found, length)
    shell, distance = _shells(longest)
    kept = distance[shell] <= cutoff + MARGIN
    shell, orbit = shell[kept], np.unique(orbit[kept], return_inverse=True)[1]
    n_shells = shell.max(initial=-1) + 1
    return Pairs(sites, between, first[kept], second[kept], cell[kept], orbit, shell, distance[:n_shells])


def _between_active(every: Operations, sites: Ints, n_sites: int) -> Operations:
    place = np.full(n_sites, -1)
    place[sites] = np.arange(len(sites))
    return Operations(every.rotations, place[every.images[:, sites]], every.shifts[:, sites])


def _searched(parent: Parent, sites: Ints, cutoff: float) -> tuple[Ints, Ints, Ints, Floats]:
    """First site, second site, its cell and the distance of each pair within the cutoff, sorted as Pairs are."""
    # Distances of lattice planes: in a skewed cell a sphere reaches over more cells than the vectors' lengths say.
    heights = 1 / np.linalg.norm(np.linalg.inv(parent.lattice), axis=0)
    reach = np.ceil(cutoff / heights).astype(np.int64) + 1
    # Half of the box: the other half holds the pairs seen from their second point.
    steps = [np.arange(-n if i else 0, n + 1) for i, n in enumerate(reach)]
    box = np.stack(np.meshgrid(*steps, indexing="ij"), axis=-1).reshape(-1, 3)
    cells = np.repeat(box, len(sites), axis=0)
    seconds = np.tile(np.arange(len(sites)), len(box))
    rank = Points(seconds, cells).rank
    places = (cells + parent.positions[sites][seconds]) @ parent.lattice
    parts = []
    for i, origin in enumerate(parent.positions[sites] @ parent.lattice):
        length = np.linalg.norm(places - origin, axis=1)
        here = Points(np.asarray(i), np.zeros(3, dtype=np.int64)).rank
        chosen = np.flatnonzero((length <= cutoff) & (rank > here))
        parts.append((np.full(len(chosen), i), seconds[chosen], cells[chosen], length[chosen]))
    first, second, cell, length = (np.concatenate(column) for column in zip(*parts, strict=True))
    return first, second, cell, length


def _orbits(pairs: Pairs, length: Floats) -> tuple[Ints, Floats]:
    """The lowest pair (P,) equivalent to each, and the greatest length (P,) of an orbit; inf where one isn't here."""
    orbit = np.arange(len(pairs))
    longest = length.copy()
    # One operation at a time: images of all pairs by all of them would take up to 48 times the memory.
    for g in range(len(pairs.operations)):
        one = Operations(*(part[g : g + 1] for part in vars(pairs.operations).values()))
        image, _ = pairs.points.moved(one).ordered()
        index = pairs.index(image.site[0, :, 0], image.site[0, :, 1], image.cell[0, :, 1])
        orbit = np.minimum(orbit, index)
        longest = np.maximum(longest, np.where(index < 0, np.inf, length[index]))
    return orbit, longest


def _shells(length: Floats) -> tuple[Ints, Floats]:
    """The shell (P,) of each length and the shells' distances (s,): lengths are cut where they differ by SHELL."""
    order = np.argsort(length, kind="stable")
    ordered = length[order]
    new = np.diff(ordered, prepend=-np.inf) > SHELL
    # Differences of what is infinite aren't numbers.
    new[np.isinf(ordered)] = False
    shell = np.empty(len(length), dtype=np.int64)
    shell[order] = np.cumsum(new) - 1
    distance = ordered[new]
    if np.isinf(ordered).any():
        shell[np.isinf(length)] = len(distance)
        distance = np.append(distance, np.inf)
    return shell, distance


def too_many() -> DataProblem:
    """The error that says so."""
    what = f"the cutoffs give more than {LIMIT:,} decorated clusters in each primitive cell of the parent"
    return DataProblem(Finding(("cutoffs",), what, "make them shorter; clusters of many points grow in number fastest"))
