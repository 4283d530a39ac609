"""Several objectives: which trials no other one beats in all of them."""

from __future__ import annotations

from operator import le

import numpy as np
from numpy.typing import ArrayLike, NDArray


def dominates(a: tuple[float, ...], b: tuple[float, ...]) -> bool:
    """Whether `a` is nowhere worse than `b`, and somewhere better; less is better."""
    return a != b and all(map(le, a, b))


def front(values: ArrayLike) -> NDArray[np.int64]:
    """The places of those of (n, objectives) values that none dominates, by the first objective; less is better.

    Equal ones are all there. Rows with NaN, of trials that failed, are never there.
    """
    array = np.asarray(values, dtype=np.float64)
    known = np.flatnonzero(np.isfinite(array).all(axis=1))
    # In this order none dominates one that stands before it.
    order = known[np.lexsort(array[known].T[::-1])]
    kept = np.empty((0, array.shape[1]))
    found = list[int]()
    for place in order:
        row = array[place]
        if not np.any((kept <= row).all(axis=1) & (kept < row).any(axis=1)):
            found.append(int(place))
            kept = np.vstack((kept, row))
    return np.array(found, dtype=np.int64)
