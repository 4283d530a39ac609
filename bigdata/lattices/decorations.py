"""Clusters of sites decorated with point functions: which decorations symmetry makes one, and all their members."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from bigdata.lattices.orbits import Orbits
from bigdata.lattices.pairs import Ints


@dataclass(frozen=True)
class Decorated:
    """The r members of one decorated cluster of k points: `site` (r, k, 4) cells and sites of the parent, `function`
    (r, k) from 1."""

    site: Ints
    function: Ints

    def __len__(self) -> int:
        return len(self.site)


def decorations(orbits: Orbits, which: int, n_functions: Ints) -> list[Decorated]:
    """The inequivalent decorations of one orbit, in the order of their lowest functions; `n_functions` (a,) of each
    active site."""
    clusters = orbits.clusters
    first = orbits.first[which : which + 1]
    image, origin = (part[0] for part in clusters.images(first))
    chosen = _choices(n_functions[clusters.points(first).site[0]])
    label = _lowest(chosen, np.unique(origin[image == first], axis=0))
    member, operation = np.unique(image, return_index=True)
    points = clusters.points(member)
    site = np.concatenate([points.cell, clusters.pairs.sites[points.site][..., None]], axis=-1)
    return [_members(site, chosen[label == one][:, origin[operation]]) for one in np.unique(label)]


def _choices(n_functions: Ints) -> Ints:
    """(q, k) every choice of one function for each point, in lexicographic order."""
    return np.indices(tuple(n_functions)).reshape(len(n_functions), -1).T + 1


def _lowest(chosen: Ints, origins: Ints) -> Ints:
    """(q,) the first of the decorations (q, k) that each one is moved to by the rearrangements (s, k) of the points."""
    moved = np.moveaxis(chosen[:, origins] - 1, 2, 0)
    return np.asarray(np.ravel_multi_index(tuple(moved), tuple(chosen[-1])).min(axis=1))


def _members(site: Ints, function: Ints) -> Decorated:
    """Each choice (c, n, k) of functions on each of the clusters (n, k, 4), sorted by cluster, then by function."""
    c, n, k = function.shape
    function = np.swapaxes(function, 0, 1).reshape(n * c, k)
    # Which operation made a choice, and so its place among the others, is spglib's affair.
    order = np.lexsort((*function.T[::-1], np.repeat(np.arange(n), c)))
    return Decorated(np.repeat(site, c, axis=0), function[order])
