"""Classification: a few expressions in which the convex hulls of classes overlap least.

R. Ouyang et al. 2018 (doi 10.1103/PhysRevMaterials.2.083802), section II B. What is minimised is the number of samples
that lie in the hull of another class, and among equals how far the classes' ranges overlap. Overlaps are no sums over
samples, so the last rung is formed, a batch at a time.

Hulls alone mislead where expressions depend on each other: on a parabola (f, f²) no sample lies within the hull of any
others, however classes are mixed. So a separation counts no better than a linear rule in its terms tells classes apart.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from math import comb

import numpy as np
from numpy.typing import NDArray
from scipy.spatial import ConvexHull, QhullError

from bigdata.models.sisso.combining import candidates
from bigdata.models.sisso.fitting import Search
from bigdata.models.sisso.formula import compact
from bigdata.models.sisso.growing import grow
from bigdata.models.sisso.moments import Residuals
from bigdata.models.sisso.operators import Floats, Ints
from bigdata.models.sisso.rule import Rule
from bigdata.models.sisso.screening import Candidates, measured, merged, stored
from bigdata.models.sisso.setting import Problem, Setting
from bigdata.models.sisso.space import Space, evaluate

Labels = NDArray[np.int64]
# A sample this near a hull, relatively to the spread of the expressions, is within it.
TOUCHING = 1e-9
# Expressions formed at a time.
_BATCH = 2048
# Subsets of expressions of one dimension whose hulls are looked at, and those that a linear rule is tried for.
MOST_SUBSETS, MOST_RULES = 20_000, 200


@dataclass(frozen=True, eq=False)
class Separation:
    """`terms` (d,) of `nodes`, in which `n_overlapping` of the samples lie in the hull of another class, and `n_wrong`
    on the wrong side of the linear `rule`."""

    nodes: Ints
    terms: NDArray[np.int64]
    rule: Rule
    n_overlapping: int
    n_wrong: int
    operations: int

    @property
    def n_mixed(self) -> int:
        """By which separations are compared."""
        return max(self.n_overlapping, self.n_wrong)

    def descriptors(self, columns: Floats) -> Floats:
        """(d, n) values of the terms on columns (p, n)."""
        return evaluate(self.nodes, columns)[self.terms]


def separate(
    problem: Problem, setting: Setting, rung: int, dimensions: int, search: Search | None = None
) -> list[list[Separation]]:
    """The best separations of each dimension 1 … `dimensions`, best first; the problem's target are the classes, as
    whole numbers. The list ends where classes aren't mixed any more. Of many expressions, subsets are made of the first
    of each dimension's, so that there are at most MOST_SUBSETS. Raises Paused."""
    search = search or Search()
    labels = problem.target.astype(np.int64)
    space = grow(problem, setting, rung, search.check)
    looked_at = np.ones(len(labels), bool)
    members, places = _screened(space, labels, looked_at, None, search).only(slice(0, 0)), np.empty(0, np.int64)
    found = list[list[Separation]]()
    for dimension in range(1, dimensions + 1):
        new = _screened(space, labels, looked_at, members.signatures, search)
        members, places = members.with_more(new), np.concatenate((places, np.arange(len(new))))
        if len(members) < dimension:
            break
        subsets = itertools.combinations(_first_ones(places, dimension), dimension)
        best = _best(space, members, labels, subsets, search)
        found.append(best)
        if best[0].n_mixed == 0:
            break
        looked_at = _mixed(best[0], problem.columns, labels)
    return found


def _first_ones(places: NDArray[np.int64], dimension: int) -> list[int]:
    """The members that are first by their places in the screenings of their dimensions, as many as there may be."""
    most = len(places)
    while comb(most, dimension) > MOST_SUBSETS:
        most -= 1
    return sorted(np.argsort(places, kind="stable")[:most].tolist())


def _mixed(best: Separation, columns: Floats, labels: Labels) -> NDArray[np.bool_]:
    """(n,) which samples overlap or are on the wrong side."""
    values = best.descriptors(columns)
    return np.asarray(overlapping(values, labels) | (best.rule.predict(values) != labels))


def _screened(
    space: Space, labels: Labels, looked_at: NDArray[np.bool_], known: Floats | None, search: Search
) -> Candidates:
    """The best expressions for the samples that are looked at, none of them known."""
    none = Residuals(np.empty((0, space.problem.n_samples)), space.problem.starts)
    every = stored(space, none)
    best = every.only(slice(0, 0))
    for given in itertools.chain(_pieces(every), (measured(space, nodes, none) for nodes in _batches(space))):
        search.check()
        best = merged([best, _scored(space, given, labels, looked_at)], space.setting.keep, known)
    return best


def _pieces(every: Candidates) -> Iterator[Candidates]:
    return (every.only(slice(i, i + _BATCH)) for i in range(0, len(every), _BATCH))


def _batches(space: Space) -> Iterator[Ints]:
    for nodes in candidates(space.table, space.setting, space.rung) if space.rung else ():
        yield from (nodes[i : i + _BATCH] for i in range(0, len(nodes), _BATCH))


def _scored(space: Space, given: Candidates, labels: Labels, looked_at: NDArray[np.bool_]) -> Candidates:
    """With the gain −(samples in the range of another class) − (share of the range that classes have in common) / 2."""
    values, classes = space.all_formed(given.table.nodes)[:, looked_at], labels[looked_at]
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


def _best(
    space: Space, members: Candidates, labels: Labels, subsets: Iterable[tuple[int, ...]], search: Search
) -> list[Separation]:
    """The best of some subsets, by the samples that are mixed, those that overlap, and the operators."""
    values, counted = space.all_formed(members.table.nodes), []
    for rows in subsets:
        search.check()
        count = int(overlapping(values[list(rows)], labels).sum())
        counted.append((count, int(members.table.operations[list(rows)].sum()), rows))
    near, found = space.setting.near, list[Separation]()
    for count, _, rows in sorted(counted)[:MOST_RULES]:
        # A rule makes no separation better, so those that follow can't come before these.
        if len(found) >= near and found[near - 1].n_mixed <= count:
            break
        search.check()
        found.append(_separation(space, members, rows, values[list(rows)], labels, count))
        found.sort(key=lambda one: (one.n_mixed, one.n_overlapping, one.operations))
    return found[:near]


def _separation(
    space: Space, members: Candidates, rows: tuple[int, ...], values: Floats, labels: Labels, count: int
) -> Separation:
    whole = np.concatenate((space.table.nodes, members.table.nodes[list(rows)]))
    nodes, terms = compact(whole, len(space.table) + np.arange(len(rows)))
    rule = Rule.of(values, labels)
    n_wrong = int((rule.predict(values) != labels).sum())
    return Separation(nodes, terms, rule, count, n_wrong, int(members.table.operations[list(rows)].sum()))


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
    if dimension <= 1 or len(corners) <= dimension or not boxed.any():
        return boxed
    try:
        equations = ConvexHull(corners).equations
    except QhullError:
        return boxed
    boxed[boxed] = (points[boxed] @ equations[:, :-1].T + equations[:, -1] <= TOUCHING).all(axis=1)
    return boxed
