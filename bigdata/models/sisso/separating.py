"""Classification: a few expressions in which the convex hulls of classes overlap least.

R. Ouyang et al. 2018 (doi 10.1103/PhysRevMaterials.2.083802), section II B. What is minimised is the number of samples
that lie in the hull of another class, and among equals how far the classes' ranges overlap. Overlaps are no sums over
samples, so the last rung is formed, a batch at a time.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray
from scipy.spatial import ConvexHull, QhullError

from bigdata.models.sisso.combining import candidates
from bigdata.models.sisso.fitting import Search
from bigdata.models.sisso.formula import compact
from bigdata.models.sisso.growing import grow
from bigdata.models.sisso.moments import Residuals
from bigdata.models.sisso.operators import Floats, Ints
from bigdata.models.sisso.screening import Candidates, measured, merged, stored
from bigdata.models.sisso.setting import Problem, Setting
from bigdata.models.sisso.space import Space, evaluate

Labels = NDArray[np.int64]
# A sample this near a hull, relatively to the spread of the expressions, is within it.
TOUCHING = 1e-9
# Expressions formed at a time.
_BATCH = 2048


@dataclass(frozen=True, eq=False)
class Separation:
    """`terms` (d,) of `nodes`, in which `n_overlapping` of the samples lie in the hull of another class."""

    nodes: Ints
    terms: NDArray[np.int64]
    n_overlapping: int
    operations: int

    def descriptors(self, columns: Floats) -> Floats:
        """(d, n) values of the terms on columns (p, n)."""
        return evaluate(self.nodes, columns)[self.terms]


def separate(
    problem: Problem, setting: Setting, rung: int, dimensions: int, search: Search | None = None
) -> list[list[Separation]]:
    """The best separations of each dimension 1 … `dimensions`, best first; the problem's target are the classes, as
    whole numbers. The list ends where classes don't overlap any more. Raises Paused."""
    search = search or Search()
    labels = problem.target.astype(np.int64)
    space = grow(problem, setting, rung, search.check)
    looked_at = np.ones(len(labels), bool)
    members, found = _screened(space, labels, looked_at, None, search).only(slice(0, 0)), list[list[Separation]]()
    for dimension in range(1, dimensions + 1):
        new = _screened(space, labels, looked_at, members.signatures, search)
        members = members.with_more(new)
        if len(members) < dimension:
            break
        best = _best(space, members, labels, dimension, search)
        found.append(best)
        if best[0].n_overlapping == 0:
            break
        looked_at = overlapping(best[0].descriptors(problem.columns), labels)
    return found


def _screened(
    space: Space, labels: Labels, looked_at: NDArray[np.bool_], known: Floats | None, search: Search
) -> Candidates:
    """The best expressions for the samples that are looked at, none of them known."""
    none = Residuals(np.empty((0, space.problem.n_samples)), space.problem.starts)
    best = _scored(space, stored(space, none), labels, looked_at)
    best = merged([best], space.setting.keep, known)
    for nodes in _batches(space):
        search.check()
        more = _scored(space, measured(space, nodes, none), labels, looked_at)
        best = merged([best, more], space.setting.keep, known)
    return best


def _batches(space: Space) -> Iterator[Ints]:
    for nodes in candidates(space.table, space.setting, space.rung) if space.rung else ():
        yield from (nodes[i : i + _BATCH] for i in range(0, len(nodes), _BATCH))


def _scored(space: Space, given: Candidates, labels: Labels, looked_at: NDArray[np.bool_]) -> Candidates:
    """With the gain −(samples in the range of another class) − (share of the range that classes have in common) / 2."""
    parts = [space.formed(given.table.nodes, start, stop) for _, start, stop in space.chunks()]
    values, classes = np.concatenate(parts, axis=1)[:, looked_at], labels[looked_at]
    ranges = [(of.min(axis=1), of.max(axis=1)) for of in (values[:, classes == c] for c in np.unique(classes))]
    within = np.zeros(values.shape, bool)
    common = np.zeros(len(values))
    for (c, (low, high)), (_, (other_low, other_high)) in itertools.permutations(
        zip(np.unique(classes), ranges, strict=True), 2
    ):
        within |= (classes == c) & (values >= other_low[:, None]) & (values <= other_high[:, None])
        common += np.minimum(high, other_high) - np.maximum(low, other_low)
    whole = np.maximum(np.ptp(values, axis=1), np.finfo(float).tiny) * max(1, len(ranges) * (len(ranges) - 1))
    return replace(given, gains=-within.sum(axis=1) - 0.5 * np.clip(common / whole, -1, 1))


def _best(space: Space, members: Candidates, labels: Labels, dimension: int, search: Search) -> list[Separation]:
    """All subsets of the pool, by the samples that overlap and then by their operators."""
    parts = [space.formed(members.table.nodes, start, stop) for _, start, stop in space.chunks()]
    values, found = np.concatenate(parts, axis=1), []
    for rows in itertools.combinations(range(len(members)), dimension):
        search.check()
        count = int(overlapping(values[list(rows)], labels).sum())
        found.append((count, int(members.table.operations[list(rows)].sum()), rows))
    return [_separation(space, members, *one) for one in sorted(found)[: space.setting.near]]


def _separation(space: Space, members: Candidates, count: int, operations: int, rows: tuple[int, ...]) -> Separation:
    whole = np.concatenate((space.table.nodes, members.table.nodes[list(rows)]))
    nodes, terms = compact(whole, len(space.table) + np.arange(len(rows)))
    return Separation(nodes, terms, count, operations)


def overlapping(values: Floats, labels: Labels) -> NDArray[np.bool_]:
    """(n,) which samples lie in the convex hull of another class, for values (d, n)."""
    spread = np.ptp(values, axis=1, keepdims=True)
    points = (values / np.where(spread > 0, spread, 1.0)).T
    found = np.zeros(len(labels), bool)
    for c in np.unique(labels):
        others = labels != c
        found[others] |= inside(points[labels == c], points[others])
    return found


def inside(corners: Floats, points: Floats) -> NDArray[np.bool_]:
    """Which points (n, d) lie in the convex hull of others (m, d); where these lie in a plane, in their box."""
    low, high = corners.min(axis=0) - TOUCHING, corners.max(axis=0) + TOUCHING
    boxed: NDArray[np.bool_] = np.asarray(((points >= low) & (points <= high)).all(axis=1))
    dimension = points.shape[1]
    if dimension == 1 or len(corners) <= dimension or not boxed.any():
        return boxed
    try:
        equations = ConvexHull(corners).equations
    except QhullError:
        return boxed
    boxed[boxed] = (points[boxed] @ equations[:, :-1].T + equations[:, -1] <= TOUCHING).all(axis=1)
    return boxed
