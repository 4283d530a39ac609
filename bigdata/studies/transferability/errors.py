"""How far predictions are from their targets, each measure with the interval that other groups of materials give."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

MEASURES = ("mae", "rmse", "r2", "bias")
# Percentiles between which 95 % of the draws lie.
TAILS = (2.5, 97.5)
# Draws are made so many weights at a time, 8 MB of them.
BLOCK_WEIGHTS = 1 << 20
# Less than this of the squares about the median, the variance of targets is rounding.
ROUNDING = 1e-12


class Estimate(NamedTuple):
    """A value, and the ends of its 95 % interval; NaN where they can't be told."""

    value: float
    low: float
    high: float


@dataclass(frozen=True)
class Errors:
    """Of n predictions p with targets t: `mae` = mean |p − t|, `rmse` = √mean (p − t)², `bias` = mean (p − t), in the
    target's unit; `r2` = 1 − Σ(p − t)² / Σ(t − mean t)², NaN where all targets are equal.

    `n_without` entries have no prediction that is a finite number, or no target, and count nowhere else.
    """

    mae: Estimate
    rmse: Estimate
    r2: Estimate
    bias: Estimate
    n: int
    n_without: int


def errors(prediction: Floats, target: Floats, groups: Ints, n_draws: int, seed: int) -> Errors:
    """The errors of `prediction` (n,) against `target` (n,), NaN where there is none; `groups` (n,) tell
    materials apart.

    Intervals run from the 2.5th to the 97.5th percentile of `n_draws` draws of as many groups as there are, with
    replacement: entries of one group are no independent evidence (cluster bootstrap; A. C. Davison, D. V. Hinkley,
    Bootstrap Methods and their Application, doi 10.1017/CBO9780511802843, sections 3.8 and 5.3). Predictions of the
    same entries meet the same draws. NaN without draws, or with fewer than two groups. ValueError for other lengths.
    """
    if not len(prediction) == len(target) == len(groups):
        raise ValueError(f"{len(prediction)} predictions, {len(target)} targets and {len(groups)} groups")
    known = np.isfinite(prediction) & np.isfinite(target)
    sums = _sums(prediction[known], target[known], groups[known])
    values = _measures(sums.sum(axis=0, keepdims=True))
    found = zip(MEASURES, np.concatenate([values, _interval(sums, n_draws, seed)], axis=1).tolist(), strict=True)
    estimates = {name: Estimate(*row) for name, row in found}
    return Errors(**estimates, n=int(known.sum()), n_without=int((~known).sum()))


def _sums(prediction: Floats, target: Floats, groups: Ints) -> Floats:
    """(G, 6) sums over each group's entries: number, |d|, d², d, t, t²; t from the median of all."""
    _, which = np.unique(groups, return_inverse=True)
    d = prediction - target
    # The variance is the same from any zero, and less is lost near the values; equal ones become zeros exactly.
    t = target - np.median(target) if target.size else target
    columns = (np.ones_like(d), np.abs(d), d**2, d, t, t**2)
    return np.stack([np.bincount(which, column) for column in columns], axis=1)


def _measures(sums: Floats) -> Floats:
    """(4, k) the MEASURES of k totals (k, 6) of `_sums`."""
    n, absolute, square, signed, t, t_square = sums.T
    n = np.where(n > 0, n, np.nan)
    variation = t_square - t**2 / n
    variation = np.where(variation > ROUNDING * t_square, variation, np.nan)
    return np.stack([absolute / n, np.sqrt(square / n), 1 - square / variation, signed / n])


def _interval(sums: Floats, n_draws: int, seed: int) -> Floats:
    """(4, 2) lower and upper ends of the MEASURES, from draws of rows of `sums`."""
    if n_draws < 1 or len(sums) < 2:
        return np.full((4, 2), np.nan)
    drawn = np.concatenate([_measures(weights @ sums) for weights in _draws(len(sums), n_draws, seed)], axis=1)
    return np.array([_ends(row) for row in drawn])


def _ends(drawn: Floats) -> Floats:
    """Of the draws in which the measure can be told; R² can't where all targets drawn are equal."""
    finite = drawn[np.isfinite(drawn)]
    return np.percentile(finite, TAILS) if finite.size else np.full(2, np.nan)


def _draws(n_groups: int, n_draws: int, seed: int) -> Iterator[Floats]:
    """(k, G) how often each group is in each of k draws, until there are `n_draws` of them."""
    rng = np.random.default_rng(seed)
    most = max(1, BLOCK_WEIGHTS // n_groups)
    for start in range(0, n_draws, most):
        k = min(most, n_draws - start)
        places = rng.integers(n_groups, size=(k, n_groups)) + n_groups * np.arange(k)[:, None]
        yield np.bincount(places.ravel(), minlength=k * n_groups).reshape(k, n_groups).astype(np.float64)
