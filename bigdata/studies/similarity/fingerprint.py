"""From densities of states to fingerprints: the states in each column of a grid, and how high they fill it.

The bits of a column are a thermometer (bit m is set where threshold t_m ≤ states), so one number says it
all: its height, the count of set bits. Heights and sums equal those of the reference program of Kuban et al.
(Sci. Data 9, 646 (2022)) bit for bit, which is why sums are made in its order here.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from bigdata.studies.similarity.grid import Grid

Floats = NDArray[np.float64]
Integers = NDArray[np.int64]

# Spectra worked on at a time: the arrays between two lines of the arithmetic then stay in a core's cache.
_BATCH = 128


@dataclass(frozen=True)
class Fingerprints:
    """Fingerprints of m spectra on the columns of a grid.

    height         (m, n_columns) uint8, 0 … n_pix; 0 outside the covered columns
    first, last    (m,) int32: the spectrum covers the columns first ≤ i < last
    overflow       (m,) float64: states above the highest threshold of their column
    undersampling  (m,) float64: share of the states between two thresholds; NaN where there are no states
    filling        (m,) float64: share of bits set in the covered columns; NaN where none is covered
    states         (m, n_columns) float64: states in each column, 0 outside the covered ones; or None
    """

    height: NDArray[np.uint8]
    first: NDArray[np.int32]
    last: NDArray[np.int32]
    overflow: Floats
    undersampling: Floats
    filling: Floats
    states: Floats | None = None


def heights(
    energies: Floats,
    dos: Floats,
    shift: Floats | float,
    grid: Grid,
    columns: slice | None = None,
    keep_states: bool = False,
) -> Fingerprints:
    """Fingerprints of `dos` (m, n) in states/eV, at ascending `energies` (n,) in eV that all spectra share.

    `shift` in eV, one for all or (m,), is the energy that becomes 0. Of the grid, only `columns`
    (Grid.window) are kept, and the states in them too where `keep_states`. All numbers are finite.
    """
    columns = columns or slice(0, grid.n_columns)
    result = _empty(len(dos), columns.stop - columns.start, keep_states)
    # Where steps fall on an axis is worked out once for all spectra of one shift.
    zeros, group = np.unique(np.broadcast_to(np.asarray(shift, float), len(dos)), return_inverse=True)
    members = np.split(np.argsort(group, kind="stable"), np.cumsum(np.bincount(group))[:-1])
    for zero, rows in zip(zeros, members, strict=False):
        axis = _Axis(energies - zero - grid.e_ref, grid, columns)
        result.first[rows], result.last[rows] = axis.first - columns.start, axis.last - columns.start
        if axis.first < axis.last:
            for start in range(0, len(rows), _BATCH):
                _fill(result, rows[start : start + _BATCH], dos, axis, columns.start)
    return result


def _empty(m: int, n_columns: int, keep_states: bool) -> Fingerprints:
    first, last = np.zeros(m, np.int32), np.zeros(m, np.int32)
    overflow, undersampling, filling = np.zeros(m), np.full(m, np.nan), np.full(m, np.nan)
    height, states = np.zeros((m, n_columns), np.uint8), np.zeros((m, n_columns)) if keep_states else None
    return Fingerprints(height, first, last, overflow, undersampling, filling, states)


class _Axis:
    """Where the steps of a grid fall on one energy axis `x`, seen from the grid's reference energy.

    Step k goes from k·de_min to (k + 1)·de_min. A spectrum is known at points; knots are the edges of the
    steps in the covered columns, and the points between them, in ascending order.
    """

    def __init__(self, x: Floats, grid: Grid, columns: slice) -> None:
        self.x, self.grid = x, grid
        limits = x[[0, -1]]
        self.first, self.last = (int(i) for i in covered(limits, grid, columns))
        if self.first < self.last:
            begin, end = _steps_inside(limits, grid)
            self._place_knots(int(begin), int(end))

    def _place_knots(self, begin: int, end: int) -> None:
        x, step = self.x, round(self.grid.de_min * 1e9)
        column_edges = np.minimum(self.grid.steps[self.first : self.last + 1], end)
        k = np.arange(column_edges[0], column_edges[-1] + 1)
        # As the reference has them, rounded to nine digits; multiples of de_min itself would be rounded otherwise.
        edge = k * step / 1e9
        # `right` is the first point at or beyond an edge, and beyond the spectrum's first step edge.
        right = np.maximum(x.searchsorted(edge), x.searchsorted(max(begin * step / 1e9, x[0]), side="right"))
        if k[-1] == end:
            # The reference passes over the points inside the last step of a spectrum.
            right[-1] = right[-2]
        self.points = slice(right[0] - 1, right[-1] + 1)
        inside = np.arange(right[0], right[-1])
        self.left, self.right = right - right[0], right - right[0] + 1
        self.spacing = (x[right] - x[right - 1])[:, None]
        self.beyond_left = (edge - x[right - 1])[:, None]
        self.edge_knots = np.arange(len(k)) + self.left
        self.point_knots = np.arange(len(inside)) + right.searchsorted(inside, side="right")
        knots = np.empty(len(k) + len(inside))
        knots[self.edge_knots], knots[self.point_knots] = edge, x[inside]
        self.half_width = (np.diff(knots) / 2)[:, None]
        self.step_of_interval = np.repeat(np.arange(len(k) - 1), np.diff(self.edge_knots))
        self.column_of_step = np.repeat(np.arange(self.last - self.first), np.diff(column_edges))

    def states(self, dos: Floats) -> Floats:
        """(last - first, m) states in the covered columns of `dos` (m, n): exact trapezoids between knots."""
        d = np.ascontiguousarray(dos[:, self.points].T)
        knots = np.empty((len(self.half_width) + 1, d.shape[1]))
        left = d[self.left]
        knots[self.edge_knots] = left + (d[self.right] - left) / self.spacing * self.beyond_left
        knots[self.point_knots] = d[1:-1]
        trapezoids = (knots[:-1] + knots[1:]) * self.half_width
        return _sum_runs(_sum_runs(trapezoids, self.step_of_interval), self.column_of_step)


def covered(limits: Floats, grid: Grid, columns: slice) -> tuple[Integers, Integers]:
    """The columns first ≤ i < last, of the kept ones, that spectra between `limits` (…, 2) cover, as in the reference.

    Limits are in eV from the grid's reference energy; first and last (…,) count all columns of the grid. A column
    covered in part counts only at the upper end, and only where the spectrum lies inside the grid.
    """
    edges, (begin, end) = grid.steps, _steps_inside(limits, grid)
    lowest, highest = np.maximum(begin, edges[0]), np.minimum(end - 1, edges[-1])
    first, last = edges.searchsorted(lowest), edges.searchsorted(highest, side="right") - 1
    last = last + ((lowest == begin) & (highest == end - 1) & (highest > edges[last]))
    ends = np.where(lowest > highest, 0, [first, np.maximum(first, last)])
    first, last = np.clip(ends, columns.start, columns.stop)
    return first, last


def _steps_inside(limits: Floats, grid: Grid) -> tuple[Integers, Integers]:
    """The grid's steps begin ≤ k < end that lie wholly between limits (…, 2)."""
    begin, end = np.ceil(limits[..., 0] / grid.de_min), np.floor(limits[..., 1] / grid.de_min)
    return begin.astype(np.int64), end.astype(np.int64)


def _sum_runs(rows: Floats, run: Integers) -> Floats:
    """Sum `rows` (n, m) of the same run number, one after the other: a pairwise sum would round otherwise."""
    n_runs, m = int(run[-1]) + 1, rows.shape[1]
    bins = (run[:, None] * m + np.arange(m)).ravel()
    sums: Floats = np.bincount(bins, rows.ravel(), n_runs * m).astype(np.float64, copy=False)
    return sums.reshape(n_runs, m)


def _fill(result: Fingerprints, rows: Integers, dos: Floats, axis: _Axis, start: int) -> None:
    """Write the fingerprints of some rows of `dos`; `start` is the column of the grid that is kept first."""
    states = axis.states(dos[rows])
    height, rest = _climb(states, axis.grid.ladder[axis.first : axis.last])
    n_pix, kept = axis.grid.n_pix, slice(axis.first - start, axis.last - start)
    result.height[rows, kept] = height.T
    result.overflow[rows] = _total(np.where(height == n_pix, rest, 0))
    between = _total(np.where((height > 0) & (height < n_pix), rest, 0))
    with np.errstate(invalid="ignore"):
        result.undersampling[rows] = between / _total(states)
    result.filling[rows] = height.sum(axis=0) / (len(height) * n_pix)
    if result.states is not None:
        result.states[rows, kept] = states.T


def _climb(states: Floats, ladder: Floats) -> tuple[Integers, Floats]:
    """The heights h of `states` (columns, m), t_h ≤ states < t_(h+1), and what is left over, states - t_h."""
    n_rungs = ladder.shape[1]
    top = ladder[:, -2:-1]
    base = np.arange(len(ladder))[:, None] * n_rungs
    # Rungs are equally far apart but for their rounding: the one below is guessed, then corrected by one.
    rung = np.minimum(np.maximum(states * ((n_rungs - 2) / top), 0), n_rungs - 2).astype(np.int64) + base
    flat = ladder.ravel()
    rung += flat[rung + 1] <= states
    rung -= flat[rung] > states
    return rung - base, states - flat[rung]


def _total(columns: Floats) -> Floats:
    """Sums over the columns, one after the other."""
    return _sum_runs(columns, np.zeros(len(columns), np.int64)).ravel()
