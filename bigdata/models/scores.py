"""Classes are predicted by scores: of each sample, the class with the highest one."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]


def codes_of(scores: Floats, codes: NDArray[np.int64]) -> Floats:
    """(m,) codes of the classes with the highest scores (m, k), the first of equal ones, for the codes (k,) that the
    columns stand for; scores (m, k - 1) are those of the other classes relative to the first, which has 0.

    NaN where a score is.
    """
    if scores.shape[1] == len(codes) - 1:
        scores = np.concatenate([np.zeros((len(scores), 1)), scores], axis=1)
    best = codes[np.argmax(scores, axis=1)].astype(np.float64)
    return np.where(np.isnan(scores).any(axis=1), np.nan, best)
