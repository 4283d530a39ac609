"""Shells of neighbours: distances that are one but for noise get one value, and a shell is kept whole or not at all."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from bigdata.data.graphs.neighbors import Floats, Ints, Pairs, by_receiver, guessed_radius, pairs_within
from bigdata.data.graphs.setting import GraphSetting
from bigdata.data.materials.structures import Structures

# Wider clusters, in units of `snap`, are chains of distances that differ; they are cut again at finer gaps.
WIDEST = 20.0
FINER = 0.1
FINEST = 1e-4
# Relative room for rounding where a length of the input meets one of the setting, such as 4 Å and 4 Å.
ROUNDING = 1e-6


@dataclass(frozen=True)
class Clusters:
    """Distances of each crystal put into clusters.

    `index` (p,) the cluster of each pair, counted through all crystals, ascending; `crystal` (c,) whose it is;
    `distance` (c,) its mean in angstrom; `width` (c,) from its shortest to its longest; `is_whole` (c,) whether the
    search reached far enough to be sure that nothing of it is missing.
    """

    index: Ints
    crystal: Ints
    distance: Floats
    width: Floats
    is_whole: NDArray[np.bool_]


@dataclass(frozen=True)
class Edges:
    """Neighbours of all n atoms of m crystals, receiver by receiver, each with its distances ascending.

    `starts` (n + 1,) where each atom's edges begin; `sender` (e,) int64, atoms counted through all the crystals;
    `shell` (e,) int64, rows of `distance`; `distance` (s,) angstrom, crystal by crystal, ascending; `n_shells` (m,)
    how many of these each crystal has; `width` (m,) angstrom, the widest cluster that one of them stands for;
    `image` (e, 3) as in Pairs, None where the setting asks for no directions.
    """

    starts: Ints
    sender: Ints
    shell: Ints
    distance: Floats
    n_shells: Ints
    width: Floats
    image: Floats | None = None

    @property
    def receiver(self) -> Ints:
        """(e,) atoms counted through all the crystals."""
        return np.repeat(np.arange(len(self.starts) - 1), np.diff(self.starts))


def first_radius(structures: Structures, setting: GraphSetting) -> Floats:
    """(m,) angstrom to search first: enough for nearly all crystals, and for a cutoff enough for all."""
    if setting.cutoff is None:
        assert setting.neighbors is not None
        return guessed_radius(structures, setting.neighbors)
    # A cluster that begins below the cutoff must be seen to its end, to be kept or dropped whole.
    return np.full(len(structures), setting.cutoff + (WIDEST + 2) * setting.snap + 1e-3)


def edges(structures: Structures, radius: Floats, setting: GraphSetting) -> tuple[Edges, Floats]:
    """The neighbours that the setting keeps, as far as the radius (m,) shows them; and the radius (m,) with which to
    search again, where a crystal needs more, else 0. Such a crystal has no edges yet."""
    pairs = pairs_within(structures, radius, images=setting.directions)
    cut = clusters(pairs, setting.snap)
    order, starts = by_receiver(pairs)
    if setting.neighbors is None:
        last, lacking = _within(cut, pairs, setting)
    else:
        last, lacking = _nearest(cut, pairs, order, starts, setting.neighbors)
    shell = cut.index[order]
    n_found = np.diff(starts)
    kept = shell <= np.repeat(last, n_found)
    if setting.neighbors is not None and not setting.whole_shell:
        kept &= np.arange(len(order)) - np.repeat(starts[:-1], n_found) < setting.neighbors
    return _kept(cut, pairs, order[kept], shell[kept]), lacking


def clusters(pairs: Pairs, snap: float) -> Clusters:
    """Cut each crystal's sorted distances where the gap to the next exceeds `snap` (angstrom); a cluster's distance is
    the mean of its members.

    All distances of a crystal go in, so supercells, rotations and permutations have the same clusters. What this
    trades: shells closer than `snap` become one, and no distance moves by more than its cluster's width. Where
    distances lie so dense that they would chain into clusters wider than 20 · `snap`, as in glasses, these clusters
    are cut again at a tenth of the gap, as often as it takes.
    """
    ends = np.cumsum(pairs.counts)
    gap = np.diff(pairs.distance, prepend=0.0)
    gap[(ends - pairs.counts)[pairs.counts > 0]] = np.inf
    first, allowed = _cut(pairs.distance, gap, snap)
    n = np.diff(np.append(first, len(gap)))
    last = first + n - 1
    index = np.repeat(np.arange(len(first)), n)
    shortest = pairs.distance[first]
    # Sums of small differences: equal distances have exactly themselves as mean.
    excess = np.add.reduceat(pairs.distance - np.repeat(shortest, n), first) if len(first) else shortest
    crystal = np.searchsorted(ends, first, side="right")
    is_last = last == ends[crystal] - 1
    in_sight = pairs.distance[last] + allowed < pairs.radius[crystal] * (1 - ROUNDING)
    return Clusters(index, crystal, shortest + excess / n, pairs.distance[last] - shortest, ~is_last | in_sight)


def _cut(distance: Floats, gap: Floats, snap: float) -> tuple[Ints, Floats]:
    """The first pair of each cluster (c,), and the gap (c,) allowed within it."""
    allowed = snap * (1 + ROUNDING)
    first = np.flatnonzero(gap > allowed)
    allowances = np.full(len(first), allowed)
    while len(first):
        n = np.diff(np.append(first, len(gap)))
        too_wide = distance[first + n - 1] - distance[first] > WIDEST * snap
        allowances[too_wide] *= FINER
        too_wide &= allowances >= FINEST * snap
        if not too_wide.any():
            break
        inside = np.flatnonzero(np.repeat(too_wide, n))
        new = inside[gap[inside] > np.repeat(allowances[too_wide], n[too_wide])]
        found = np.union1d(first, new)
        allowances = allowances[np.searchsorted(first, found, side="right") - 1]
        first = found
    return first, allowances


def _within(cut: Clusters, pairs: Pairs, setting: GraphSetting) -> tuple[Ints, Floats]:
    """The last cluster of each atom (n,) whose distance is within the cutoff."""
    assert setting.cutoff is not None
    n_kept = np.bincount(cut.crystal[cut.distance <= setting.cutoff * (1 + ROUNDING)], minlength=len(pairs.counts))
    first = np.searchsorted(cut.crystal, np.arange(len(pairs.counts)))
    return np.repeat(first + n_kept - 1, np.diff(pairs.offsets)), np.zeros(len(pairs.counts))


def _nearest(cut: Clusters, pairs: Pairs, order: Ints, starts: Ints, n_neighbors: int) -> tuple[Ints, Floats]:
    """The cluster of each atom's (n,) n-th neighbour, -1 in crystals where one isn't known yet; and the radius (m,)
    with which to find it."""
    n_found = np.diff(starts)
    enough = n_found >= n_neighbors
    last = np.full(pairs.n_atoms, -1, dtype=np.int64)
    last[enough] = cut.index[order[starts[:-1][enough] + n_neighbors - 1]]
    enough[enough] = cut.is_whole[last[enough]]
    crystal = np.repeat(np.arange(len(pairs.counts)), np.diff(pairs.offsets))
    fewest = np.full(len(pairs.counts), np.iinfo(np.int64).max)
    np.minimum.at(fewest, crystal[~enough], n_found[~enough])
    lacks = fewest < np.iinfo(np.int64).max
    last[lacks[crystal]] = -1
    # Neighbours grow with the cube of the radius: by a quarter at least, so that the search ends, fourfold at most.
    growth = np.clip(np.cbrt(1.5 * n_neighbors / np.maximum(fewest, 1)), 1.07, 1.6)
    return last, np.where(lacks, pairs.radius * growth, 0.0)


def _kept(cut: Clusters, pairs: Pairs, chosen: Ints, shell: Ints) -> Edges:
    """The chosen pairs (e,), with the clusters that they use counted anew."""
    used = np.zeros(len(cut.distance), dtype=bool)
    used[shell] = True
    crystal = cut.crystal[used]
    starts = np.zeros(pairs.n_atoms + 1, dtype=np.int64)
    np.cumsum(np.bincount(pairs.receiver[chosen], minlength=pairs.n_atoms), out=starts[1:])
    width = np.zeros(len(pairs.counts))
    np.maximum.at(width, crystal, cut.width[used])
    return Edges(
        starts,
        pairs.sender[chosen],
        (np.cumsum(used) - 1)[shell],
        cut.distance[used],
        np.bincount(crystal, minlength=len(pairs.counts)),
        width,
        None if pairs.image is None else pairs.image[chosen],
    )
