"""Validation of models of growing size: folds, the size that is worth it, errors, and how sure these are."""

from __future__ import annotations

import heapq
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from bigdata.models.monomials import Floats, Ints

# Draws of the bootstrap that are held together.
AT_ONCE_BYTES = 2**26


def folds(n: int, k: int, seed: int, groups: ArrayLike | None = None) -> Ints:
    """(n,) int64, the fold 0 to k - 1 of each row, at random; k = n leaves one out at a time.

    Folds differ by one row at most. With `groups` (n,) labels, the rows of a group are in one fold: groups, greatest
    first, equals at random, go to the fold that has fewest rows so far. The same arguments give the same folds.
    ValueError where there are fewer than two folds, or more than rows or groups.
    """
    labels = np.arange(n) if groups is None else np.unique(np.asarray(groups), return_inverse=True)[1]
    if labels.shape != (n,):
        raise ValueError(f"there are {n} rows and {len(labels)} labels of groups; one label for each row is needed")
    sizes = np.bincount(labels) if n else np.empty(0, dtype=np.int64)
    if not 2 <= k <= len(sizes):
        what = "rows" if groups is None else "groups"
        raise ValueError(f"{k} folds were asked for; from 2 to the number of {what}, {len(sizes)}, can be made")
    return _dealt(sizes, k, seed)[labels]


def _dealt(sizes: Ints, k: int, seed: int) -> Ints:
    """The fold of each group."""
    shuffled = np.random.default_rng(seed).permutation(len(sizes))
    order = shuffled[np.argsort(-sizes[shuffled], kind="stable")]
    filled = [(0, fold) for fold in range(k)]
    fold_of = np.empty(len(sizes), dtype=np.int64)
    for group in order:
        n_rows, fold = filled[0]
        fold_of[group] = fold
        heapq.heapreplace(filled, (n_rows + int(sizes[group]), fold))
    return fold_of


@dataclass(frozen=True, eq=False)
class Recommended:
    """How many features cross-validation speaks for; sizes are counted from 1.

    `size_of_least` has the least error; `size` is the smallest within one standard error of it. `rmse` (sizes,) in the
    target's unit; `standard_error` (sizes,) that of the mean squared error, in its square. Both are NaN for sizes that
    some fold has no model for.
    """

    size_of_least: int
    size: int
    rmse: Floats
    standard_error: Floats


def recommended(squared_errors: Floats, fold: Ints) -> Recommended:
    """Choose a size from squared errors (n, sizes) of rows left out, each by its fold (n,).

    One-standard-error rule: the smallest model whose mean squared error is no greater than the least plus its standard
    error, s / sqrt(k) with s the standard deviation of the k folds' mean squared errors (T. Hastie, R. Tibshirani,
    J. Friedman, The Elements of Statistical Learning, 2nd ed., section 7.10); with one row in each fold, that is over
    the rows. Sizes with NaN in any row are left out. ValueError where nothing is left, or there are fewer than two
    folds.
    """
    _, of_row, counts = np.unique(fold, return_inverse=True, return_counts=True)
    if len(counts) < 2:
        raise ValueError("a standard error over folds needs at least 2 folds")
    of_fold = np.zeros((len(counts), squared_errors.shape[1]))
    # `of_fold[of_row] += …` would add one row only for each fold.
    np.add.at(of_fold, of_row, squared_errors)
    mean = of_fold.sum(axis=0) / len(fold)
    error = (of_fold / counts[:, None]).std(axis=0, ddof=1) / np.sqrt(len(counts))
    if np.isnan(mean).all():
        raise ValueError("no size has a model in every fold; ask for fewer features or fewer folds")
    least = int(np.nanargmin(mean))
    # NaN compares as False: a size without a model is never the smallest.
    smallest = int(np.argmax(mean <= mean[least] + error[least]))
    return Recommended(least + 1, smallest + 1, np.sqrt(mean), error)


def bootstrap_rmse(squared_errors: Floats, n_draws: int, seed: int, level: float = 0.95) -> tuple[Floats, Floats]:
    """Percentile interval (low, high), each (sizes,), of the RMSE at each size, rows (n, sizes) drawn with replacement.

    B. Efron and R. J. Tibshirani, An Introduction to the Bootstrap, section 13.3. NaN where a row has NaN.
    """
    n, rng = len(squared_errors), np.random.default_rng(seed)
    at_once = max(1, AT_ONCE_BYTES // (8 * n))
    # How often each row is drawn makes the means one matrix product, which NumPy is fast at for floats only.
    means = [
        rng.multinomial(n, np.full(n, 1 / n), min(at_once, n_draws - start)).astype(np.float64) @ squared_errors / n
        for start in range(0, n_draws, at_once)
    ]
    return _interval(np.sqrt(np.concatenate(means)), level)


def bootstrap_coefficients(
    columns: Floats, y: Floats, n_draws: int, seed: int, level: float = 0.95
) -> tuple[Floats, Floats]:
    """Percentile interval (low, high), each (k,), of the coefficients of least squares with intercept.

    `columns` (n, k) those of a fixed set of features, `y` (n,); rows are drawn with replacement, pairs of columns and
    target together (Efron and Tibshirani, section 9.5). Where a draw leaves columns dependent, its solution is the one
    of least norm.
    """
    n, rng = len(y), np.random.default_rng(seed)
    # The scale of the columns must not decide which of them lstsq takes for dependent.
    scales = columns.std(axis=0)
    scales[scales == 0] = 1
    design = np.column_stack([(columns - columns.mean(axis=0)) / scales, np.ones(n)])
    draws = (rng.integers(0, n, n) for _ in range(n_draws))
    drawn = np.array([np.linalg.lstsq(design[rows], y[rows], rcond=None)[0][:-1] for rows in draws])
    return _interval(drawn / scales, level)


def _interval(drawn: Floats, level: float) -> tuple[Floats, Floats]:
    if not 0 < level < 1:
        raise ValueError(f"the level of an interval is {level}; between 0 and 1 is needed")
    low, high = np.quantile(drawn, [(1 - level) / 2, (1 + level) / 2], axis=0)
    return low, high


@dataclass(frozen=True)
class ErrorSummary:
    """Root mean square, mean absolute and greatest absolute error of n predictions; NaN where n is 0."""

    n: int
    rmse: float
    mae: float
    greatest: float

    @classmethod
    def of(cls, deviations: Floats) -> ErrorSummary:
        if len(deviations) == 0:
            return cls(0, np.nan, np.nan, np.nan)
        absolute = np.abs(deviations)
        return cls(len(absolute), *map(float, (np.sqrt((absolute**2).mean()), absolute.mean(), absolute.max())))


@dataclass(frozen=True)
class Errors:
    """Errors of all predictions, of those at the bound, and of the rest."""

    all: ErrorSummary
    at_bound: ErrorSummary
    rest: ErrorSummary


def errors(target: Floats, prediction: Floats, at_bound: NDArray[np.bool_]) -> Errors:
    """Errors of predictions (n,) of a target (n,), in its unit; `at_bound` (n,) marks those to be told apart."""
    deviations = prediction - target
    return Errors(*map(ErrorSummary.of, (deviations, deviations[at_bound], deviations[~at_bound])))
