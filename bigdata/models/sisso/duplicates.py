"""Expressions that are the same function, told by their projections on random directions within 1e-10.

Values are never rounded for it: a hash of rounded values parts equal functions whose values differ in the last digit.
"""

from __future__ import annotations

from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from bigdata.models.sisso.operators import Floats

N_PROBES = 3
TOLERANCE = 1e-10


@lru_cache(maxsize=2)
def probes(n_samples: int) -> Floats:
    """(N_PROBES, n) directions on which functions are projected; always the same."""
    return np.random.default_rng(216).standard_normal((N_PROBES, n_samples))


def classes(signatures: Floats) -> NDArray[np.int64]:
    """(m,) a number for each signature (m, s), the same where all s entries are within the tolerance."""
    found = np.zeros(len(signatures), np.int64)
    for projection in signatures.T:
        order = np.lexsort((projection, found))
        begins = (np.diff(projection[order]) > TOLERANCE) | (np.diff(found[order]) != 0)
        found[order] = np.concatenate(([0], np.cumsum(begins)))[: len(order)]
    return found


def first_of_each(signatures: Floats, order: NDArray[np.int64], n_known: int = 0) -> NDArray[np.int64]:
    """The rows that are the first of their class in `order`, in that order, without those that equal one of the first
    `n_known` rows, which `order` leaves out."""
    of = classes(signatures)
    _, first = np.unique(of[order], return_index=True)
    kept = order[np.sort(first)]
    return kept[~np.isin(of[kept], of[:n_known])] if n_known else kept
