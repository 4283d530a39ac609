"""Errors of predictions, their intervals over groups, and whether two models differ by more than chance.

All errors are functions of sums over samples, so draws of groups are products of a matrix of counts with sums of
groups.

rmse, mae: of values, in the target's unit.
rmsle: where logarithms are learned, the root mean square difference of decimal logarithms of (absolute) values, as in
    section 5.2 of doi 10.1039/d4fd00102h; else √⟨(ln(1 + ŷ) − ln(1 + y))²⟩, where predictions below 0 count as 0 and
    targets below 0 are refused.
r2: 1 − Σ(ŷ − y)² / Σ(y − ⟨y⟩)² on the scale that is learned.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from bigdata.studies.complexity.model import Metric

Floats = NDArray[np.float64]
ENDS = (2.5, 97.5)


class Judged(NamedTuple):
    """The m samples tested: `target` and `prediction` (m,) values, both also as `learned` and `said` on the scale of
    models, whether that is `is_logarithmic`, and `group` (m,) int64."""

    target: Floats
    prediction: Floats
    learned: Floats
    said: Floats
    is_logarithmic: bool
    group: NDArray[np.int64]


def terms(metric: Metric, t: Judged) -> Floats:
    """(m, k) what each sample adds to the sums that the error is a function of: its number first, then its loss."""
    one = np.ones(len(t.target))
    # Predictions may be infinite; so are their errors, in all words.
    with np.errstate(over="ignore", invalid="ignore"):
        match metric:
            case "rmse":
                loss = (t.prediction - t.target) ** 2
            case "mae":
                loss = np.abs(t.prediction - t.target)
            case "rmsle" if t.is_logarithmic:
                loss = (t.said - t.learned) ** 2
            case "rmsle":
                loss = (np.log1p(np.maximum(t.prediction, 0)) - np.log1p(t.target)) ** 2
            case "r2":
                return np.stack([one, (t.said - t.learned) ** 2, t.learned, t.learned**2], axis=1)
    return np.stack([one, loss], axis=1)


def value(metric: Metric, sums: Floats) -> Floats:
    """(…) the error of sums (…, k); NaN where nothing was tested."""
    n, loss = sums[..., 0], sums[..., 1]
    with np.errstate(divide="ignore", invalid="ignore"):
        match metric:
            case "mae":
                return np.asarray(loss / n)
            case "r2":
                spread = sums[..., 3] - sums[..., 2] ** 2 / n
                # What is left of rounding isn't a spread.
                return np.asarray(np.where(spread > 1e-12 * sums[..., 3], 1 - loss / spread, np.nan))
        return np.sqrt(loss / n)


def errors(metrics: Sequence[Metric], t: Judged) -> Floats:
    """(metrics,) errors of the samples tested."""
    return np.array([float(value(metric, terms(metric, t).sum(axis=0))) for metric in metrics])


def draws(group: NDArray[np.int64], n_draws: int, seed: int) -> NDArray[np.int64]:
    """(n_draws, groups) how often each group is in each draw of as many groups, with replacement."""
    n = int(group.max()) + 1 if group.size else 0
    present = np.bincount(group, minlength=n) > 0
    counts = np.zeros((n_draws, n), np.int64)
    each = np.full(int(present.sum()), 1 / max(1, present.sum()))
    counts[:, present] = np.random.default_rng(seed).multinomial(len(each), each, size=n_draws)
    return counts


def drawn(metric: Metric, t: Judged, counts: NDArray[np.int64]) -> Floats:
    """(n_draws,) the error in each draw of groups."""
    return value(metric, counts @ _by_group(terms(metric, t), t.group, counts.shape[1]))


def _by_group(each: Floats, group: NDArray[np.int64], n: int) -> Floats:
    sums = np.zeros((n, each.shape[1]))
    np.add.at(sums, group, each)
    return sums


def interval(values: Floats) -> tuple[float, float]:
    """Both ends of the middle 95 % of draws; NaN where there are none."""
    finite = values[np.isfinite(values)]
    low, high = np.percentile(finite, ENDS) if finite.size else (np.nan, np.nan)
    return float(low), float(high)


def chance(metric: Metric, one: Judged, other: Judged, n_draws: int, seed: int) -> float:
    """How likely two models that are equally good differ by as much as these two on the same samples.

    A paired randomisation test (Fisher 1935): which of the two losses of a group is whose is changed at random; losses
    are those whose mean, or root of the mean, the error is. 1 where they don't differ, NaN without draws.
    """
    if not n_draws:
        return float("nan")
    n = int(one.group.max()) + 1
    loss = terms(metric, one)[:, 1:2] - terms(metric, other)[:, 1:2]
    by_group = _by_group(loss, one.group, n)[:, 0]
    signs = np.random.default_rng(seed).choice(np.array([-1.0, 1.0]), size=(n_draws, n))
    # Sums in another order differ in the last digits.
    as_far = np.abs(signs @ by_group) >= np.abs(by_group.sum()) * (1 - 1e-12)
    return float((1 + as_far.sum()) / (1 + n_draws))
