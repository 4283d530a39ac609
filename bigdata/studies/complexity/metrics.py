"""Errors of predictions, their intervals over groups, and whether two models differ by more than chance.

All errors are functions of sums over samples, so draws of groups are products of a matrix of counts with sums of
groups.

rmse, mae: of values, in the target's unit.
rmsle: where logarithms are learned, the root mean square difference of decimal logarithms of (absolute) values, as in
    section 5.2 of doi 10.1039/d4fd00102h; else √⟨(ln(1 + ŷ) − ln(1 + y))²⟩, where predictions below 0 count as 0 and
    targets below 0 are refused.
r2: 1 − Σ(ŷ − y)² / Σ(y − ⟨y⟩)² on the scale that is learned.

Of classes, which are told by codes:
accuracy: the share of samples whose class is predicted.
balanced-accuracy: the mean of these shares over the classes of the samples, each for its own samples.
overlap: the share of samples that lie in the hull of another class of the training part, in a formula's descriptors.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from bigdata.studies.complexity.inside import losses
from bigdata.studies.complexity.model import Metric

Floats = NDArray[np.float64]
ENDS = (2.5, 97.5)
# Up to so many groups, all ways to change losses are gone through.
FEW_GROUPS = 12
LARGER_IS_BETTER = ("r2", "accuracy", "balanced-accuracy")


class Judged(NamedTuple):
    """The m samples tested: `target` and `prediction` (m,) values, both also as `learned` and `said` on the scale of
    models, whether that is `is_logarithmic`, and `group` (m,) int64. Of `n_labels` classes the values are codes, and
    `overlap` (m,) is 1 where a sample lies in another class's hull."""

    target: Floats
    prediction: Floats
    learned: Floats
    said: Floats
    is_logarithmic: bool
    group: NDArray[np.int64]
    overlap: Floats = np.empty(0)
    n_labels: int = 0


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
            case "accuracy":
                loss = losses(t.prediction, t.target, True)
            case "balanced-accuracy":
                return _by_label(t)
            case "overlap":
                loss = t.overlap
    return np.stack([one, loss], axis=1)


def _by_label(t: Judged) -> Floats:
    """(m, 2 + 2 labels) one; a loss whose mean is 1 − the balanced accuracy; for each class, whether the sample is of
    it, and whether it is and is predicted wrongly."""
    wrong, is_of = losses(t.prediction, t.target, True), (t.target[:, None] == np.arange(t.n_labels)).astype(np.float64)
    n = is_of.sum(axis=0)
    share = len(wrong) / (np.count_nonzero(n) * np.maximum(n, 1))
    return np.column_stack([np.ones(len(wrong)), wrong * (is_of @ share), is_of, is_of * wrong[:, None]])


def value(metric: Metric, sums: Floats) -> Floats:
    """(…) the error of sums (…, k); NaN where nothing was tested."""
    n, loss = sums[..., 0], sums[..., 1]
    with np.errstate(divide="ignore", invalid="ignore"):
        match metric:
            case "mae" | "overlap":
                return np.asarray(loss / n)
            case "accuracy":
                return np.asarray(1 - loss / n)
            case "balanced-accuracy":
                return _balanced(sums[..., 2:])
            case "r2":
                spread = sums[..., 3] - sums[..., 2] ** 2 / n
                # What is left of rounding isn't a spread.
                return np.asarray(np.where(spread > 1e-12 * sums[..., 3], 1 - loss / spread, np.nan))
        return np.sqrt(loss / n)


def _balanced(sums: Floats) -> Floats:
    """(…) the mean over classes that there are samples of, for sums (…, 2 labels) of these and of those wrong."""
    n, wrong = np.split(sums, 2, axis=-1)
    share = np.where(n > 0, 1 - wrong / np.maximum(n, 1), 0.0)
    return np.asarray(share.sum(axis=-1) / np.count_nonzero(n, axis=-1))


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
    by_group = by_group[np.unique(one.group)]
    exact = len(by_group) <= FEW_GROUPS
    signs = _all_signs(len(by_group)) if exact else _drawn_signs(len(by_group), n_draws, seed)
    # Sums in another order differ in the last digits.
    as_far = np.abs(signs @ by_group) >= np.abs(by_group.sum()) * (1 - 1e-12)
    # Of draws, the observed one is counted with the others, so that no chance is 0.
    return float(as_far.mean() if exact else (1 + as_far.sum()) / (1 + n_draws))


def _all_signs(n: int) -> Floats:
    """(2^n, n) every way to say whose is whose."""
    return np.asarray(1.0 - 2.0 * ((np.arange(2**n)[:, None] >> np.arange(n)) & 1), dtype=np.float64)


def _drawn_signs(n: int, n_draws: int, seed: int) -> Floats:
    return np.random.default_rng(seed).choice(np.array([-1.0, 1.0]), size=(n_draws, n))
