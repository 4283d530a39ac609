"""The error of samples left out inside the training part, by which options and models are chosen: of numbers the root
mean square on the scale that is learned, of classes the share that is wrong."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]


def error(said: Floats, learned: Floats, of_classes: bool) -> Floats:
    """(…) of what was said (…, m) of samples with the targets (m,); NaN where nothing was said of one."""
    if of_classes:
        return np.asarray(losses(said, learned, of_classes).mean(axis=-1))
    return np.asarray(np.sqrt(losses(said, learned, of_classes).mean(axis=-1)))


def losses(said: Floats, learned: Floats, of_classes: bool) -> Floats:
    """(…, m) whose mean the error is, or the root of it."""
    if of_classes:
        return np.where(np.isnan(said), np.nan, said != learned)
    return np.asarray((said - learned) ** 2)


def standard_error(loss: Floats, group: NDArray[np.int64], of_classes: bool) -> float:
    """Of the error of losses (m,), from the spread of groups' means: for an RMSE, σ(RMSE) = σ(MSE) / (2 RMSE)."""
    _, code = np.unique(group, return_inverse=True)
    n_groups, mean = int(code.max()) + 1 if code.size else 0, loss.mean() if loss.size else np.nan
    if n_groups < 2 or not mean:
        return 0.0 if mean == 0 else float("nan")
    # Groups differ in size: what varies is the sum of each group's excess over the mean.
    excess = np.bincount(code, weights=loss - mean)
    error_of_mean = np.sqrt(n_groups / (n_groups - 1) * (excess**2).sum()) / len(loss)
    return float(error_of_mean if of_classes else error_of_mean / (2 * np.sqrt(mean)))
