"""How far the labels of two databases differ for the same materials: the error that no model can do without."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from bigdata.studies.transferability.references import Ridge

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

N_FOLDS = 5


class Labels(NamedTuple):
    """Targets of a database's n entries: `values` (n,), NaN for none; `groups` (n,) int64, the same in all databases;
    `fractions` (n, 118) of their elements."""

    values: Floats
    groups: Ints
    fractions: Floats


class Differences(NamedTuple):
    """Of D databases with each other, (D, D): `n_groups` int64 that both have with a target, and over these, `mae` the
    mean |mean target in the one − mean target in the other|, and `mae_refit` what is left of it after a fit of the
    difference by elements; NaN where there are no groups, or too few to leave any out."""

    n_groups: Ints
    mae: Floats
    mae_refit: Floats


def label_differences(databases: Mapping[str, Labels], seed: int = 0) -> Differences:
    """The differences of each database from each, in their order.

    The fit is `Ridge`, made without the fifth of the groups (drawn by `seed`) whose differences it is taken from; it
    says how much of a difference is references of the elements rather than the materials themselves.
    """
    means = [_means(labels) for labels in databases.values()]
    found = [[_difference(one, other, seed) for other in means] for one in means]
    n, mae, refit = (np.array([[cell[i] for cell in row] for row in found]) for i in range(3))
    return Differences(n.astype(np.int64), mae, refit)


class _Means(NamedTuple):
    """Of the groups that a database has with a target: sorted, their mean targets, and mean fractions."""

    groups: Ints
    values: Floats
    fractions: Floats


def _means(labels: Labels) -> _Means:
    known = np.isfinite(labels.values)
    groups, which, n = np.unique(labels.groups[known], return_inverse=True, return_counts=True)
    fractions = np.zeros((len(groups), labels.fractions.shape[1]))
    np.add.at(fractions, which, labels.fractions[known])
    return _Means(groups, np.bincount(which, labels.values[known], len(groups)) / n, fractions / n[:, None])


def _difference(one: _Means, other: _Means, seed: int) -> tuple[int, float, float]:
    _, here, there = np.intersect1d(one.groups, other.groups, assume_unique=True, return_indices=True)
    if not here.size:
        return 0, np.nan, np.nan
    difference = one.values[here] - other.values[there]
    # Where a group is more than one composition, the two databases may hold different parts of it.
    left = _unfitted(difference, (one.fractions[here] + other.fractions[there]) / 2, seed)
    return here.size, float(np.abs(difference).mean()), float(np.abs(left).mean())


def _unfitted(difference: Floats, fractions: Floats, seed: int) -> Floats:
    """(G,) what of each difference a fit by elements to the other folds doesn't foresee."""
    fold = np.random.default_rng(seed).permutation(len(difference)) % N_FOLDS
    left = difference.copy()
    for k in range(N_FOLDS):
        fitted = Ridge.fit(fractions[fold != k], difference[fold != k])
        left[fold == k] -= fitted.apply(fractions[fold == k])
    return left
