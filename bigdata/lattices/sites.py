"""Atoms of a supercell put on the sites of a parent lattice, one atom to a site, as near as can be."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from itertools import product

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import linear_sum_assignment
from scipy.spatial import cKDTree
from scipy.spatial.distance import pdist

from bigdata.lattices.orientations import Orientation, reduction
from bigdata.lattices.parent import Parent
from bigdata.lattices.species import VACANCY

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

# So many distances (atoms × translations) are looked at to order the translations.
PROBED = 256
# Å², beyond any sum of squared displacements; with infinity scipy refuses what has no solution, without a reason.
_FORBIDDEN = 1e6
_IMAGES = np.array(list(product((-1, 0, 1), repeat=3)))


@dataclass(frozen=True)
class Placement:
    """m atoms on sites: `site` (m,) int64, cell × n_sites + site of the parent; `offset` (m, 3) angstrom from the site
    to the atom, their mean taken away; `lacking` is the first site that must not be empty and is, -1 for none."""

    site: Ints
    offset: Floats
    lacking: int = -1

    @cached_property
    def displacements(self) -> Floats:
        """(m,) in angstrom."""
        lengths: Floats = np.sqrt((self.offset**2).sum(axis=1))
        return lengths


@dataclass(frozen=True)
class _Kind:
    """The sites that the same species may be on, in the parent's cell and around it.

    `tree` of the images' points (angstrom); `site`, `cell` of the images, cells in units of the parent's vectors;
    `gap` the smallest distance between two of them.
    """

    sites: Ints
    tree: cKDTree
    points: Floats
    site: Ints
    cell: Ints
    gap: float


Groups = list[tuple[_Kind, Ints]]


class Sites:
    """The sites of a parent, searched for those nearest to atoms."""

    def __init__(self, parent: Parent) -> None:
        self.parent = parent
        self._to_reduced = reduction(parent.lattice)
        self._reduced = self._to_reduced @ parent.lattice
        self._inverse = np.linalg.inv(self._reduced)
        self._points = parent.positions @ parent.lattice
        self._must_be_full = np.flatnonzero(parent.codes[:, VACANCY] < 0)
        holds = parent.codes >= 0
        self._n_sites = holds.sum(axis=0)
        patterns, kind_of = np.unique(holds.T, axis=0, return_inverse=True)
        # The first pattern is that of all elements that the parent hasn't got: no site.
        self._kind_of = kind_of.ravel() - 1
        self._kinds = [self._kind(np.flatnonzero(pattern)) for pattern in patterns[1:]]
        self.gap = min(kind.gap for kind in self._kinds)

    def groups(self, numbers: NDArray[np.uint8]) -> Groups:
        """The atoms (their places in `numbers`, whose species must be on the parent) by the sites they may be on."""
        if len(self._kinds) == 1:
            return [(self._kinds[0], np.arange(len(numbers)))]
        kinds = self._kind_of[numbers]
        return [(self._kinds[k], np.flatnonzero(kinds == k)) for k in np.flatnonzero(np.bincount(kinds)).tolist()]

    def anchors(self, numbers: NDArray[np.uint8]) -> list[int]:
        """One or two atoms of the species with the fewest sites, and of these the one with the fewest atoms."""
        counts = np.bincount(numbers)
        species = np.flatnonzero(counts).tolist()
        best = min(species, key=lambda number: (self._n_sites[number], counts[number]))
        atoms = np.flatnonzero(numbers == best).tolist()
        # Two, since an atom that is displaced far itself would put all others off their sites.
        return [atoms[0], atoms[len(atoms) // 2]] if len(atoms) > 1 else atoms

    def shifts(self, points: Floats, anchor: int, groups: Groups, is_only: bool) -> list[tuple[float, Floats]]:
        """The translations that bring an atom onto a site of its own in the parent's cell, each with a score: the mean
        square (Å²) of the displacements of a part of the atoms. A single one isn't scored where the orientation
        `is_only` one as well."""
        (kind,) = (kind for kind, atoms in groups if anchor in atoms)
        shifts = self._points[kind.sites] - points[anchor]
        if is_only and len(shifts) == 1:
            return [(0.0, shifts[0])]
        n = len(points)
        n_probes = min(n, max(8, PROBED // len(shifts)))
        is_probe = np.zeros(n, dtype=np.bool_)
        is_probe[np.arange(n_probes) * n // n_probes] = True
        offsets = [
            self._nearest(kind, (points[atoms[is_probe[atoms]]] + shifts[:, None]).reshape(-1, 3))[2]
            for kind, atoms in groups
        ]
        together = np.concatenate([o.reshape(len(shifts), -1, 3) for o in offsets], axis=1)
        together -= together.mean(axis=1, keepdims=True)
        scores = (together**2).sum(axis=2).mean(axis=1)
        return [(round(score, 6), shift) for score, shift in zip(scores.tolist(), shifts, strict=True)]

    def nearest(self, points: Floats, groups: Groups, orientation: Orientation) -> Placement | None:
        """Each atom on its nearest site, the translation refined; None where two want the same, or a site is empty that
        must not be. `points` (m, 3) in angstrom, in the ideal supercell."""
        before: Ints | None = None
        for _ in range(6):
            site, offset, sure = self._all_nearest(points, groups, orientation)
            if sure or (before is not None and np.array_equal(site, before)):
                break
            before, points = site, points - _mean(offset)
        if not self._fits(site, orientation.supercell.n_cells):
            return None
        return Placement(site, offset - _mean(offset))

    def assigned(self, points: Floats, groups: Groups, orientation: Orientation) -> Placement:
        """The assignment with the least sum of squared displacements, sites that may be empty left empty at no cost.

        It is solved by scipy's `linear_sum_assignment` (D. F. Crouse, IEEE Trans. Aerosp. Electron. Syst. 52, 1679
        (2016), doi 10.1109/TAES.2016.140952). There must be as many sites as atoms at least.
        """
        n_cells, n_atoms = orientation.supercell.n_cells, len(points)
        site = np.empty(0, dtype=np.int64)
        for _ in range(4):
            offsets = self._offsets(points, orientation)
            cost = np.zeros((offsets.shape[1], offsets.shape[1]))
            # The rows behind the atoms are vacancies, so that the matrix is square and every site gets something.
            cost[n_atoms:].reshape(-1, n_cells, self.parent.n_sites)[:, :, self._must_be_full] = _FORBIDDEN
            cost[:n_atoms] = _FORBIDDEN
            for kind, atoms in groups:
                columns = (np.arange(n_cells)[:, None] * self.parent.n_sites + kind.sites).ravel()
                chosen = np.ix_(atoms, columns)
                cost[chosen] = (offsets[chosen] ** 2).sum(axis=-1)
            rows, columns = linear_sum_assignment(cost)
            before, site = site, columns[:n_atoms]
            offset = offsets[np.arange(n_atoms), site]
            if np.array_equal(site, before):
                break
            points = points - offset.mean(axis=0)
        impossible = columns[cost[rows, columns] >= _FORBIDDEN]
        lacking = int(impossible[-1]) if len(impossible) else -1
        return Placement(site, offset - offset.mean(axis=0), lacking)

    def _all_nearest(self, points: Floats, groups: Groups, orientation: Orientation) -> tuple[Ints, Floats, bool]:
        """Site and offset of each atom, and whether the sites stay the nearest when the mean offset is taken away."""
        site, offset = np.empty(len(points), dtype=np.int64), np.empty((len(points), 3))
        cell = np.empty((len(points), 3), dtype=np.int64)
        for kind, atoms in groups:
            site[atoms], cell[atoms], offset[atoms] = self._nearest(kind, points[atoms])
        apart = offset - _mean(offset)
        most = float((apart**2).sum(axis=1).max()) ** 0.5
        sure = most < 0.5 * min(kind.gap for kind, _ in groups)
        return orientation.supercell.index(cell) * self.parent.n_sites + site, offset, sure

    def _nearest(self, kind: _Kind, points: Floats) -> tuple[Ints, Ints, Floats]:
        """Site, cell and offset (angstrom) of the nearest site to each point (k, 3)."""
        cell = np.floor(points @ self._inverse)
        inside = points - cell @ self._reduced
        image = kind.tree.query(inside)[1]
        cells = cell.astype(np.int64) @ self._to_reduced + kind.cell[image]
        return kind.site[image], cells, inside - kind.points[image]

    def _fits(self, site: Ints, n_cells: int) -> bool:
        """Whether no site is taken twice, and none is empty that must not be."""
        n_atoms = np.bincount(site, minlength=n_cells * self.parent.n_sites)
        return bool(n_atoms.max() == 1) and bool(n_atoms.reshape(n_cells, -1)[:, self._must_be_full].all())

    def _offsets(self, points: Floats, orientation: Orientation) -> Floats:
        """(m, M, 3) angstrom from the nearest image of each of the supercell's M sites to each atom."""
        cells = orientation.supercell.cells @ self.parent.lattice
        sites = (cells[:, None] + self._points).reshape(-1, 3)
        vectors = reduction(orientation.vectors) @ orientation.vectors
        apart = points[:, None] - sites
        apart = apart - np.rint(apart @ np.linalg.inv(vectors)) @ vectors
        nearest, least = apart, (apart**2).sum(axis=-1)
        # Of reduced vectors, the nearest image is this one or one beside it.
        for image in _IMAGES @ vectors:
            moved = apart + image
            length = (moved**2).sum(axis=-1)
            # Of images equally near the first is kept, whatever the rounding.
            nearer = length < least - 1e-9
            nearest = np.where(nearer[..., None], moved, nearest)
            least = np.where(nearer, length, least)
        return nearest

    def _kind(self, sites: Ints) -> _Kind:
        """Those of the sites' images that may be the nearest to a point of the reduced cell.

        No point is farther from a site than half the root of the sum of the squared cell vectors.
        """
        inside = self._points[sites] @ self._inverse
        below = np.floor(inside + 1e-9).astype(np.int64)
        steps = np.array(list(product(range(-2, 3), repeat=3)))
        place = ((inside - below)[:, None] + steps).reshape(-1, 3)
        corners = np.array(list(product((-0.5, 0.5), repeat=3))) @ self._reduced
        reach = np.linalg.norm(corners, axis=1).max() + 0.5 * np.linalg.norm(self._reduced) + 1e-6
        near = np.linalg.norm((place - 0.5) @ self._reduced, axis=1) <= reach
        cell = (steps - below[:, None]).reshape(-1, 3) @ self._to_reduced
        points = place[near] @ self._reduced
        gap = float(pdist(points).min()) if len(points) > 1 else np.inf
        return _Kind(sites, cKDTree(points), points, np.repeat(sites, len(steps))[near], cell[near], gap)


def _mean(offset: Floats) -> Floats:
    """(3,) of (m, 3); numpy's own mean takes longer on few atoms."""
    total: Floats = offset.sum(axis=0)
    return total / len(offset)
