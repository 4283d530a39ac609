"""The two loops that are no matrix products: sums of |a − b|, and least squares of all triples. Compiled, or in NumPy.

Both ways add in their own order: sums differ in the last digits, which the bounds of the screen allow for.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

Reals = NDArray[Any]


def differences(
    a: Reals, b: Reals, residuals: Reals, wanted: NDArray[np.bool_], sums: Reals, squares: Reals, products: Reals
) -> None:
    """Add Σ |a − b|, Σ |a − b|² and Σ |a − b| r of the pairs of rows that are `wanted` (m_a, m_b), for a (m_a, n), b
    (m_b, n) and residuals (R, n), to `sums` and `squares` (m_a, m_b) and `products` (R, m_a, m_b)."""
    for i in np.flatnonzero(wanted.any(axis=1)):
        (rows,) = wanted[i].nonzero()
        found = np.abs(b[rows] - a[i])
        sums[i, rows] += found.sum(axis=1)
        squares[i, rows] += np.einsum("ij,ij->i", found, found)
        products[:, i, rows] += residuals @ found.T
