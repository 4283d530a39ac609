"""How alike two fingerprints are: Tanimoto, Dice, cosine of bits, or L1 of integrated densities of states.

With a and b set bits in the columns that both fingerprints cover, and c = Σ min(h, h') common ones,

    tanimoto  c / (a + b - c)        dice  2c / (a + b)        cosine  c / √(a b)

and 0 where this reads 0/0 (Willett et al., J. Chem. Inf. Comput. Sci. 38, 983 (1998)). Heights are 0 outside
the covered columns, so c needs no cropping. Bits are counted in integers: compiled or not, results agree.

With N(E) the density of states integrated from the first common column on, and D = ∫ |N - N'| dE the earth
mover's distance of the two,

    integrated-l1  1 - D / ∫ max(N, N') dE  =  (∫ N dE + ∫ N' dE - D) / (∫ N dE + ∫ N' dE + D).
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Literal, Self

import numpy as np
from numpy.typing import ArrayLike, NDArray

try:
    from bigdata.studies.similarity import _kernel
except ImportError:  # the extension is optional: without a compiler, bigdata installs all the same
    _compiled = False
else:
    _compiled = os.environ.get("BIGDATA_NO_KERNEL") != "1"

Floats = NDArray[np.float64]
BitMeasure = Literal["tanimoto", "dice", "cosine"]
Measure = Literal["tanimoto", "dice", "cosine", "integrated-l1"]
BIT_MEASURES: tuple[BitMeasure, ...] = ("tanimoto", "dice", "cosine")

_LANE = 32  # the kernel reads rows in pieces of this many bytes
_TILE = 1024  # rows of `b` that NumPy works on at a time, so that they stay in the cache


def path() -> Literal["compiled", "numpy"]:
    """What compares bits here: the compiled kernel, or NumPy (not built, or BIGDATA_NO_KERNEL=1)."""
    return "compiled" if _compiled else "numpy"


@dataclass(frozen=True)
class Bits:
    """Fingerprints, ready to be compared.

    height       (m, n_columns rounded up to 32) uint8, 0 outside the covered columns
    ones         (m, n_columns + 1) int32, bits set before each column
    first, last  (m,) int32, covered columns first ≤ i < last
    """

    height: NDArray[np.uint8]
    ones: NDArray[np.int32]
    first: NDArray[np.int32]
    last: NDArray[np.int32]

    def __len__(self) -> int:
        return len(self.height)

    def __getitem__(self, rows: slice) -> Self:
        return type(self)(self.height[rows], self.ones[rows], self.first[rows], self.last[rows])

    @property
    def buffers(self) -> tuple[NDArray[np.uint8], NDArray[np.int32], NDArray[np.int32], NDArray[np.int32]]:
        return self.height, self.ones, self.first, self.last


@dataclass(frozen=True)
class Integrals:
    """Integrated densities of states, ready to be compared.

    states       (m, n_columns + 1) float64, states before each column
    width        (n_columns,) float64, widths of the columns in eV
    first, last  (m,) int32, covered columns first ≤ i < last
    """

    states: Floats
    width: Floats
    first: NDArray[np.int32]
    last: NDArray[np.int32]

    def __len__(self) -> int:
        return len(self.states)

    def __getitem__(self, rows: slice) -> Self:
        return type(self)(self.states[rows], self.width, self.first[rows], self.last[rows])

    def areas(self, rows: NDArray[np.intp], first: int, last: int) -> Floats:
        """(len(rows), last - first) ∫ N(E) dE in each column, N counted from column `first` on."""
        counted = self.states[rows, first + 1 : last + 1] - self.states[rows, first, None]
        return counted * self.width[first:last]


@dataclass(frozen=True)
class Nearest:
    """The most similar others of m fingerprints, the best first; of equal ones, the lower index first.

    index       (m, k) int64, -1 where there are no more
    similarity  (m, k) float64, NaN where there are no more
    n_above     (m,) int64, others at least as similar as the minimum asked for, also those beyond the k kept
    """

    index: NDArray[np.int64]
    similarity: Floats
    n_above: NDArray[np.int64]


Prepared = Bits | Integrals


def prepare(height: NDArray[np.uint8], first: ArrayLike, last: ArrayLike) -> Bits:
    """Make heights (m, n_columns), 0 outside the covered columns first ≤ i < last, ready to be compared."""
    padded = _pad(height, -(-height.shape[1] // _LANE) * _LANE)
    return Bits(padded, _before(height, np.int32), _int32(first), _int32(last))


def integrate(states: Floats, first: ArrayLike, last: ArrayLike, width: ArrayLike) -> Integrals:
    """Make states (m, n_columns), in columns that are `width` (n_columns,) eV wide, ready to be compared."""
    return Integrals(_before(states, np.float64), np.asarray(width, float), _int32(first), _int32(last))


def block(a: Prepared, b: Prepared, measure: Measure, out: Floats | None = None) -> Floats:
    """(len(a), len(b)) float64 similarities, 0 … 1, of all rows of `a` and of `b`, in `out` if given."""
    similarity = np.empty((len(a), len(b))) if out is None else out
    if isinstance(a, Integrals) and isinstance(b, Integrals) and measure == "integrated-l1":
        similarity[...] = _integral_similarity(a, b)
    elif not (isinstance(a, Bits) and isinstance(b, Bits) and measure != "integrated-l1"):
        raise TypeError(f"{measure} doesn't compare {type(a).__name__} with {type(b).__name__}")
    elif _compiled:
        _kernel.block(BIT_MEASURES.index(measure), *a.buffers, *b.buffers, similarity)
    else:
        similarity[...] = _bit_similarity(a, b, measure)
    return similarity


def nearest(
    a: Prepared,
    b: Prepared,
    k: int,
    minimum: float = 0.0,
    measure: Measure = "tanimoto",
    first_row_of_a: int = 0,
    first_row_of_b: int = 0,
    running: Nearest | None = None,
) -> Nearest:
    """For each row of `a`, its `k` most similar rows of `b` of at least `minimum`, itself left out.

    Rows are numbered from `first_row_of_a` and `first_row_of_b` on. `running` is the answer for other blocks
    of rows of `b`, in any order: the new one holds for all, so that N rows are compared block by block.
    """
    found = _start(len(a), k) if running is None else _copy(running)
    minimum = max(minimum, 0.0)
    if _compiled and isinstance(a, Bits) and isinstance(b, Bits) and measure != "integrated-l1":
        _kernel.nearest(
            BIT_MEASURES.index(measure),
            *a.buffers,
            *b.buffers,
            first_row_of_a,
            first_row_of_b,
            minimum,
            found.index,
            found.similarity,
            found.n_above,
        )
        return found
    for start in range(0, len(b), _TILE):
        similarity = block(a, b[start : start + _TILE], measure)
        numbers = np.arange(first_row_of_b + start, first_row_of_b + start + similarity.shape[1])
        # Below all similarities: an entry isn't its own neighbour.
        similarity[np.equal.outer(np.arange(first_row_of_a, first_row_of_a + len(a)), numbers)] = -1
        found = _merge(found, similarity, numbers, minimum)
    return found


def _before(values: NDArray[Any], dtype: type) -> NDArray[Any]:
    """Sums of what lies before each column, and in the end of all."""
    sums = np.zeros((values.shape[0], values.shape[1] + 1), dtype)
    np.cumsum(values, axis=1, dtype=dtype, out=sums[:, 1:])
    return sums


def _int32(values: ArrayLike) -> NDArray[np.int32]:
    return np.ascontiguousarray(values, np.int32)


def _ratio(x: Floats, y: Floats) -> Floats:
    """x / y, and 0 where it reads 0/0."""
    quotient: Floats = np.divide(x, y + (y == 0))
    return quotient


def _bit_similarity(a: Bits, b: Bits, measure: BitMeasure) -> Floats:
    """What the kernel does, in NumPy."""
    bits_a, bits_b = _cropped(a, b)
    common = _common_bits(a.height, b.height)
    if measure == "tanimoto":
        return _ratio(common, bits_a + bits_b - common)
    if measure == "dice":
        return _ratio(2 * common, bits_a + bits_b)
    return _ratio(common, np.sqrt(bits_a * bits_b))


def _cropped(a: Bits, b: Bits) -> tuple[Floats, Floats]:
    """Set bits of both, in the columns that row i of `a` and row j of `b` cover; they broadcast to (i, j)."""
    firsts, lasts = np.concatenate([a.first, b.first]), np.concatenate([a.last, b.last])
    if (firsts == firsts[:1]).all() and (lasts == lasts[:1]).all():
        return a.ones[:, -1:].astype(np.float64), b.ones[:, -1].astype(np.float64)
    first = np.maximum.outer(a.first, b.first)
    last = np.maximum(np.minimum.outer(a.last, b.last), first)
    return _between(a.ones, first, last), _between(b.ones, first.T, last.T).T


def _between(ones: NDArray[np.int32], first: NDArray[np.int32], last: NDArray[np.int32]) -> Floats:
    """Set bits of row i in the columns first[i, j] ≤ k < last[i, j]."""
    bits = np.take_along_axis(ones, last, axis=1) - np.take_along_axis(ones, first, axis=1)
    return bits.astype(np.float64)


def _common_bits(a: NDArray[np.uint8], b: NDArray[np.uint8]) -> Floats:
    """(len(a), len(b)) sums of min(h, h').

    NumPy is fast while numbers stay small: as many columns are added in a byte as it holds, then these sums.
    """
    common = np.empty((len(a), len(b)))
    at_once = 255 // max(1, *(int(x.max(initial=0)) for x in (a, b)))
    n_columns = -(-a.shape[1] // at_once) * at_once
    total = np.min_scalar_type(255 * n_columns)
    columns_of_a = _pad(a, n_columns)[:, :, None]
    for start in range(0, len(b), _TILE):
        columns_of_b = np.ascontiguousarray(_pad(b[start : start + _TILE], n_columns).T)
        least = np.empty_like(columns_of_b)
        parts = least.reshape(at_once, -1, least.shape[1])
        for i, row in enumerate(columns_of_a):
            np.minimum(row, columns_of_b, out=least)
            common[i, start : start + _TILE] = parts.sum(axis=0, dtype=np.uint8).sum(axis=0, dtype=total)
    return common


def _pad(rows: NDArray[np.uint8], width: int) -> NDArray[np.uint8]:
    """Rows with zeros behind them up to `width`."""
    padded = np.zeros((len(rows), width), np.uint8)
    padded[:, : rows.shape[1]] = rows
    return padded


def _integral_similarity(a: Integrals, b: Integrals) -> Floats:
    from scipy.spatial.distance import cdist

    similarity = np.zeros((len(a), len(b)))
    for first_a, last_a, rows in _coverages(a):
        for first_b, last_b, columns in _coverages(b):
            first, last = max(first_a, first_b), min(last_a, last_b)
            if first < last:
                x, y = a.areas(rows, first, last), b.areas(columns, first, last)
                distance = cdist(x, y, "cityblock")
                sums = np.add.outer(x.sum(axis=1), y.sum(axis=1))
                # Rounding may go beyond 1 by the last digit.
                similarity[np.ix_(rows, columns)] = np.clip(_ratio(sums - distance, sums + distance), 0, 1)
    return similarity


def _coverages(of: Integrals) -> Iterator[tuple[int, int, NDArray[np.intp]]]:
    """The different (first, last) that occur, each with its rows."""
    different, number = np.unique(np.column_stack([of.first, of.last]), axis=0, return_inverse=True)
    for i, (first, last) in enumerate(different.tolist()):
        yield first, last, np.flatnonzero(number == i)


def _start(m: int, k: int) -> Nearest:
    return Nearest(np.full((m, k), -1, np.int64), np.full((m, k), np.nan), np.zeros(m, np.int64))


def _copy(found: Nearest) -> Nearest:
    return Nearest(found.index.copy(), found.similarity.copy(), found.n_above.copy())


def _merge(found: Nearest, similarity: Floats, numbers: NDArray[np.int64], minimum: float) -> Nearest:
    """Add the rows `numbers` of the other side, of these similarities to each row, to what was found."""
    m, k = found.index.shape
    n_above = found.n_above + (similarity >= minimum).sum(axis=1)
    index = np.concatenate([found.index, np.broadcast_to(numbers, similarity.shape)], axis=1)
    similarity = np.concatenate([np.where(found.index < 0, -1, found.similarity), similarity], axis=1)
    # Only what is among the k best of its row is sorted.
    least = np.maximum(minimum, np.partition(similarity, -k, axis=1)[:, -k])
    row, column = np.nonzero(similarity >= least[:, None])
    best = np.lexsort((index[row, column], -similarity[row, column], row))
    row, column = row[best], column[best]
    rank = np.arange(len(row)) - np.searchsorted(row, row)
    row, column, rank = row[rank < k], column[rank < k], rank[rank < k]
    merged = _start(m, k)
    merged.index[row, rank], merged.similarity[row, rank] = index[row, column], similarity[row, column]
    return Nearest(merged.index, merged.similarity, n_above)
