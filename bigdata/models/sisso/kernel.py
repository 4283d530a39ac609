"""The two loops that are no matrix products: sums of |a − b|, and least squares of all triples. Compiled, or in NumPy.

Shares of triples are the same in every bit. Sums of |a − b| are added in another order, which the screen allows for.
"""

from __future__ import annotations

import os
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from bigdata.models.sisso.operators import Floats

try:
    from bigdata.models.sisso import _kernel
except ImportError:  # the extension is optional: without a compiler, bigdata installs all the same
    _compiled = False
else:
    _compiled = os.environ.get("BIGDATA_NO_KERNEL") != "1"

Reals = NDArray[Any]
Rows = NDArray[np.int64]

# The kernel reads rows in pieces of so many samples.
_LANES = 16
# A feature of which so little, relatively, is left when others are projected out of it depends on them.
DEPENDENT = 1e-8


def path() -> Literal["compiled", "numpy"]:
    """What runs the loops here: the compiled kernel, or NumPy (not built, or BIGDATA_NO_KERNEL=1)."""
    return "compiled" if _compiled else "numpy"


def differences(a: Reals, b: Reals, residuals: Reals, wanted: NDArray[np.bool_]) -> tuple[Reals, Reals, Reals]:
    """Σ |a − b| and Σ |a − b|² (m_a, m_b) and Σ |a − b| r (R, m_a, m_b) of the pairs of rows that are `wanted` (m_a,
    m_b), 0 elsewhere; a (m_a, n), b (m_b, n) and residuals (R, n) are float32 or float64."""
    sums, squares = np.zeros(wanted.shape, a.dtype), np.zeros(wanted.shape, a.dtype)
    products = np.zeros((len(residuals), *wanted.shape), a.dtype)
    if _compiled and a.dtype == np.float32 and len(residuals):
        a, b, residuals = (np.pad(part, ((0, 0), (0, -part.shape[1] % _LANES))) for part in (a, b, residuals))
        _kernel.differences(a.shape[1], a, b, residuals, np.ascontiguousarray(wanted), sums, squares, products)
        return sums, squares, products
    for i in np.flatnonzero(wanted.any(axis=1)):
        (rows,) = wanted[i].nonzero()
        found = np.abs(b[rows] - a[i])
        sums[i, rows] = found.sum(axis=1)
        squares[i, rows] = np.einsum("ij,ij->i", found, found)
        products[:, i, rows] = residuals @ found.T
    return sums, squares, products


def pairs(products: Floats, targets: Floats, rows: range, least: float, keep: int) -> tuple[Rows, Floats]:
    """(q, 2) the best `keep` pairs of one of the `rows` with a later one that explain more than `least`, and their
    shares (q,); see `subsets` for products (T, m, m) and targets (T, m)."""
    first, later = np.arange(rows.start, rows.stop), np.arange(rows.start + 1, products.shape[1])
    own = np.diagonal(products, axis1=1, axis2=2)
    shares = _shares(
        products[:, rows.start : rows.stop, rows.start + 1 :],
        own[:, first, None],
        targets[:, first, None],
        own[:, None, later],
        targets[:, None, later],
    )
    best = _best(np.where(first[:, None] < later, shares, -1.0).ravel(), least, keep)
    j, k = np.divmod(best, len(later))
    return np.column_stack((first[j], later[k])), shares[j, k]


def triples(products: Floats, targets: Floats, row: int, least: float, keep: int) -> tuple[Rows, Floats]:
    """(q, 3) the best `keep` triples of `row` and two later ones that explain more than `least`, and their shares."""
    if _compiled:
        rows, shares = np.full((keep, 3), row, np.int64), np.empty(keep)
        n = _kernel.triples(products, targets, row, least, DEPENDENT, rows, shares)
        return rows[:n], shares[:n]
    n_later, own = products.shape[1] - row - 1, products[:, row, row]
    inverse = np.divide(1.0, own, out=np.zeros_like(own), where=own > DEPENDENT)[:, None]
    with_row = products[:, row, row + 1 :]
    left = products[:, row + 1 :, row + 1 :] - with_row[:, :, None] * with_row[:, None, :] * inverse[:, :, None]
    gains = targets[:, row + 1 :] - with_row * (targets[:, row, None] * inverse)
    sizes = np.ascontiguousarray(np.diagonal(left, axis1=1, axis2=2))
    explained = sum((b * b * share for b, share in zip(targets[:, row], inverse[:, 0], strict=True)), start=0.0)
    shares = _shares(left, sizes[:, :, None], gains[:, :, None], sizes[:, None, :], gains[:, None, :])
    shares = np.where(np.triu(np.ones((n_later, n_later), bool), 1) & (shares >= 0), shares + explained, -1.0).ravel()
    best = _best(shares, least, keep)
    j, k = np.divmod(best, n_later)
    return np.column_stack((np.full(len(best), row), j + row + 1, k + row + 1)), shares[best]


def _shares(g: Floats, d1: Floats, b1: Floats, d2: Floats, b2: Floats) -> Floats:
    """What pairs explain, summed over the tasks (the first axis); −1 where the two depend on each other in all tasks.

    Where they do in one task, the better of the two explains what the pair does there.
    """
    determinant = d1 * d2 - g * g
    free = (determinant > DEPENDENT * d1) & (determinant > DEPENDENT * d2) & (d1 > DEPENDENT) & (d2 > DEPENDENT)
    share = (b1 * b1 * d2 + b2 * b2 * d1 - 2 * g * b1 * b2) / np.where(free, determinant, 1.0)
    one = np.maximum(_alone(d1, b1), _alone(d2, b2))
    total: Floats = np.zeros(g.shape[1:])
    for part in np.where(free, share, one):
        total = total + part
    return np.where(free.any(axis=0), total, -1.0)


def _alone(d: Floats, b: Floats) -> Floats:
    return np.where(d > DEPENDENT, b * b / np.where(d > DEPENDENT, d, 1.0), 0.0)


def _best(shares: Floats, least: float, keep: int) -> Rows:
    """The positions of the greatest, the earlier one first of equals."""
    above = np.flatnonzero(shares > max(least, 0.0))
    return above[np.argsort(-shares[above], kind="stable")[:keep]]
