"""Cluster correlations of structures on a parent lattice: the variables of a cluster expansion (section 4).

The products of point functions are formed for thousands of cells at once. Where the functions are multiples of small
integers, as those of two, three, four and six species are, so are the products, and they are exact.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bigdata.lattices.basis import point_functions
from bigdata.lattices.clusters import ClusterSpace
from bigdata.lattices.mapped import Mapped
from bigdata.lattices.neighbors import neighbors
from bigdata.lattices.pairs import Floats, Ints, Points
from bigdata.lattices.products import ProductSums, Rows

_BYTES = 8192
"""Of each row of products, as many as keep them in the processor's cache."""
_TYPES: tuple[type, ...] = (np.int8, np.int16, np.int32)


def correlations(space: ClusterSpace, mapped: Mapped) -> Floats:
    """(m, p) float64, the mean of the product of point functions over each cluster's members and the cells:

        X_c = 1 / (N n_c) Σ_cells Σ_members Π_i φ_αi(σ_i)

    for a structure of N primitive cells and a cluster of n_c members in each of them (J. M. Sanchez, F. Ducastelle
    and D. Gratias, Physica A 128, 334 (1984), doi 10.1016/0378-4371(84)90096-7). NaN for structures that aren't
    mapped. Raises ValueError where `mapped` has another number of sites than the parent.
    """
    n_sites = mapped.occupation.shape[1]
    if n_sites != space.parent.n_sites:
        raise ValueError(f"the structures have {n_sites} sites in a cell, the parent has {space.parent.n_sites}")
    terms = _Terms.of(space)
    total = np.zeros((len(mapped), len(space)))
    for batch in _batches(mapped, terms.n_columns):
        sums = np.add.reduceat(terms.sums(batch.rows(terms, mapped)), batch.starts, axis=1, dtype=terms.total_type)
        total[batch.structures] += sums.T
    total *= terms.scale
    total /= space.multiplicity
    total /= np.where(mapped.n_cells > 0, mapped.n_cells, np.nan)[:, None]
    return total


@dataclass(frozen=True)
class _Terms:
    """The members of all clusters as products of rows: a row is a function of a site in one of several cells.

    `offsets` (d, 3) those cells; `row_offset`, `row_function` (u,) of each row; `functions` (s, M) each function of
    each site, by species, in the narrowest type that holds their products; `function_site` (s,); `scale` (p,) what the
    sums are to be multiplied with.
    """

    offsets: Ints
    row_offset: Ints
    row_function: Ints
    functions: Rows
    function_site: Ints
    scale: Floats
    sums: ProductSums

    @property
    def n_columns(self) -> int:
        """Cells that are worked through together."""
        return _BYTES // self.functions.dtype.itemsize

    @property
    def total_type(self) -> Any:
        """The type of sums over cells."""
        return np.float64 if self.functions.dtype.kind == "f" else np.int64

    @classmethod
    @lru_cache(maxsize=8)
    def of(cls, space: ClusterSpace) -> _Terms:
        functions, unit, start = _functions(space)
        is_point = space.member_function > 0
        site, function = space.member_site[is_point], space.member_function[is_point]
        rank = Points(np.zeros(len(site), dtype=np.int64), site[:, :3]).rank
        _, first, offset = np.unique(rank, return_index=True, return_inverse=True)
        key = offset * len(functions) + start[site[:, 3]] + function - 1
        rows, row = np.unique(key, return_inverse=True)
        factors = np.full(is_point.shape, -1)
        factors[is_point] = row
        row_function = rows % len(functions)
        # -1, of points that a smaller cluster lacks, picks the entry put at the end.
        padded = np.append(row_function, -1)[factors[space.first_member]]
        scale = np.append(unit, 1.0)[padded].prod(axis=1)
        largest = np.append(np.abs(functions).max(axis=1), 1.0)[padded].prod(axis=1)
        kind, most = _narrowest(functions, float(largest.max())), space.multiplicity
        total = _narrowest(functions, float((largest * most).max()))
        if kind is not np.float64:
            most = (np.iinfo(kind).max / largest).astype(np.int64)
        sums = ProductSums.of(factors, space.member_cluster, most, total)
        sites = np.repeat(np.arange(space.parent.n_sites), space.parent.n_species - 1)
        return cls(site[first, :3], rows // len(functions), row_function, functions.astype(kind), sites, scale, sums)


def _narrowest(functions: Floats, largest: float) -> type:
    """The narrowest type of number that holds the functions and whole numbers up to `largest` exactly."""
    if not np.array_equal(functions, np.rint(functions)):
        return np.float64
    return next((kind for kind in _TYPES if largest <= np.iinfo(kind).max), np.float64)


def _functions(space: ClusterSpace) -> tuple[Floats, Floats, Ints]:
    """The functions (s, M) of all sites, one site after the other, in units (s,) that make them integers where there is
    such a one; and where each site's begin (n,)."""
    counts = space.parent.n_species - 1
    values = np.zeros((counts.sum(), space.parent.n_species.max()))
    start = np.cumsum(counts) - counts
    for at, n in zip(start, counts, strict=True):
        values[at : at + n, : n + 1] = point_functions(space.basis, int(n) + 1).T
    unit = np.where(values == 0, np.inf, np.abs(values)).min(axis=1)
    whole = np.rint(values / unit[:, None])
    # Of cosines and sines only those of multiples of 60 or 90 degrees have a common measure.
    is_whole = np.abs(whole * unit[:, None] - values).max(axis=1) < 1e-14
    return np.where(is_whole[:, None], whole, values), np.where(is_whole, unit, 1.0), start


@dataclass(frozen=True)
class _Batch:
    """Cells worked through together: those numbered `first` to `last` - 1 of each of b structures, all for most.

    `structures` (b,), those of one supercell in turn; `starts` (b,) where each one's cells begin among them all.
    """

    structures: Ints
    starts: Ints
    first: int = 0
    last: int = np.iinfo(np.int64).max

    def rows(self, terms: _Terms, mapped: Mapped) -> Rows:
        """(u, T) the rows of the terms for these cells."""
        cells, _ = _ranges(mapped.offsets[self.structures], mapped.n_cells[self.structures])
        values = _values(terms, mapped.occupation[cells])
        counts = np.minimum(mapped.n_cells[self.structures], self.last) - self.first
        rows = np.empty((len(terms.row_offset), counts.sum()), dtype=values.dtype)
        ends = np.searchsorted(terms.row_offset, np.arange(len(terms.offsets)), side="right").tolist()
        start = 0
        for end, moved in zip(ends, self._moved(terms, mapped, counts), strict=True):
            for row in range(start, end):
                # All are within: clipping only saves numpy the check, and the copy that goes with it.
                np.take(values[terms.row_function[row]], moved, out=rows[row], mode="clip")
            start = end
        return rows

    def _moved(self, terms: _Terms, mapped: Mapped, counts: Ints) -> Iterator[Ints]:
        """For each of the terms' offsets the cells (T,) to which it moves these, counted through the structures."""
        forms, n_cells = mapped.forms[self.structures], mapped.n_cells[self.structures]
        is_new = np.append(True, np.any(forms[1:] != forms[:-1], axis=(1, 2)))
        number, form = _ranges(np.full(np.count_nonzero(is_new), self.first), counts[is_new])
        begins = (np.cumsum(counts[is_new]) - counts[is_new])[np.cumsum(is_new) - 1]
        column, structure = _ranges(begins, counts)
        before = (np.cumsum(n_cells) - n_cells)[structure]
        all_differ = bool(is_new.all())
        for moved in neighbors(forms[is_new], form, number, terms.offsets):
            place = moved if all_differ else moved.take(column, mode="clip")
            place += before
            yield place


def _ranges(starts: Ints, counts: Ints) -> tuple[Ints, Ints]:
    """The whole numbers from each start on, `counts` of them, one range after the other; and each one's range."""
    which = np.repeat(np.arange(len(starts)), counts)
    return np.arange(len(which)) + (starts - np.cumsum(counts) + counts)[which], which


def _values(terms: _Terms, occupation: NDArray[np.int8]) -> Rows:
    """(s, T) the functions of all sites in each cell."""
    which = np.arange(len(terms.functions))[:, None]
    return np.asarray(terms.functions[which, occupation.T[terms.function_site]])


def _batches(mapped: Mapped, enough: int) -> Iterator[_Batch]:
    """All cells of all structures, those of one supercell in turn, about `enough` at a time; only a structure that has
    more is divided, so that what is beside it doesn't change the order of its sums."""
    order = np.lexsort(mapped.forms.reshape(-1, 9).T)
    order = order[mapped.n_cells[order] > 0]
    ends = np.cumsum(mapped.n_cells[order])
    at, done = 0, 0
    while at < len(order):
        stop = max(at + 1, int(np.searchsorted(ends, done + enough, side="right")))
        starts = np.append(0, ends[at : stop - 1] - done)
        n_first = int(ends[at]) - done
        if n_first > enough:
            for first in range(0, n_first, enough):
                yield _Batch(order[at:stop], starts, first, first + enough)
        else:
            yield _Batch(order[at:stop], starts)
        at, done = stop, int(ends[stop - 1])
