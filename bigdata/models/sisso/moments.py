"""What has to be known of an expression's values: sums over the samples, in float64, in one pass over chunks."""

from __future__ import annotations

import itertools
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bigdata.models.sisso.duplicates import N_PROBES, probes
from bigdata.models.sisso.operators import Floats, Ints
from bigdata.models.sisso.setting import Problem
from bigdata.models.sisso.space import Space

# Values of so many expressions are formed at a time.
BATCH = 128
# Values that spread less than this, relatively to the greatest, are a constant.
CONSTANT = 1e-9
# Of which a smaller share is at right angles to what terms have already, that adds nothing to these.
TAKEN = 1e-4


@dataclass(frozen=True, eq=False)
class Residuals:
    """R targets (R, n) to correlate with: centred in each task, and scaled so that the sum of squares is 1.

    `taken` (K, n) are directions that terms have already, centred, of length 1 and at right angles in each task: of an
    expression only what is at right angles to these counts.
    """

    values: Floats
    starts: NDArray[np.int64]
    taken: Floats | None = None

    @classmethod
    def of(cls, problem: Problem, residuals: Floats, terms: Floats | None = None) -> Residuals:
        """Those of (R, n) values that aren't zero throughout; they are what `terms` (K, n), if any, leave over."""
        values = _centred(residuals, problem.starts)
        norms = np.linalg.norm(values, axis=1)
        varies = norms > 1e-13 * np.linalg.norm(residuals, axis=1)
        taken = None if terms is None else _directions(_centred(terms, problem.starts), problem.starts)
        return cls(values[varies] / norms[varies, None], problem.starts, taken)

    @property
    def directions(self) -> Floats:
        """(R + K, n) all that sums of products are needed with."""
        return self.values if self.taken is None else np.concatenate((self.values, self.taken))

    def __len__(self) -> int:
        return len(self.values)

    @property
    def shares(self) -> Floats:
        """(R, T) of the sum of squares that is each task's: no expression can explain more there."""
        squares = np.concatenate((np.zeros((len(self), 1)), np.cumsum(self.values**2, axis=1)), axis=1)
        return np.asarray(np.diff(squares[:, self.starts], axis=1))


def _centred(values: Floats, starts: NDArray[np.int64]) -> Floats:
    """In each task."""
    found = values.copy()
    for start, stop in itertools.pairwise(starts.tolist()):
        if stop > start:
            found[:, start:stop] -= found[:, start:stop].mean(axis=1, keepdims=True)
    return found


def _directions(terms: Floats, starts: NDArray[np.int64]) -> Floats:
    """What the terms span in each task, at right angles; zeros where they span less."""
    found = np.zeros_like(terms)
    norms = np.linalg.norm(terms, axis=1, keepdims=True)
    scaled = np.divide(terms, norms, out=np.zeros_like(terms), where=norms > 0)
    for start, stop in itertools.pairwise(starts.tolist()):
        if stop > start:
            _, sizes, rows = np.linalg.svd(scaled[:, start:stop], full_matrices=False)
            found[: len(rows), start:stop] = np.where((sizes > CONSTANT * sizes[0])[:, None], rows, 0.0)
    return found


@dataclass(frozen=True, eq=False)
class Sums:
    """Of m expressions f, with f₀ the value at the first sample: `first` (m,); `sums` (m, T) Σ (f − f₀) and `squares`
    (m, T) Σ (f − f₀)² of each task; `projections` (m, 3) Σ (f − f₀) u; `lowest`, `highest` (m,). Differences from a
    value that occurs don't cancel where the mean is large."""

    first: Floats
    sums: Floats
    squares: Floats
    projections: Floats
    lowest: Floats
    highest: Floats
    counts: NDArray[np.int64]
    directions: Floats

    def only(self, rows: NDArray[Any]) -> Sums:
        return Sums(
            **{name: getattr(self, name)[rows] for name in _ROWS}, counts=self.counts, directions=self.directions
        )

    def valid(self, smallest: float, largest: float) -> NDArray[np.bool_]:
        """Which are finite, not constant, and of a size within the bounds."""
        size = np.maximum(np.abs(self.lowest), np.abs(self.highest))
        with np.errstate(invalid="ignore"):
            spreads = self.highest - self.lowest > CONSTANT * size
            return spreads & np.isfinite(size) & (size >= smallest) & (size <= largest)

    @property
    def variances(self) -> Floats:
        """(m, T) Σ (f − mean)² within each task; 0 where f is constant there."""
        found = self.squares - self.sums**2 / np.maximum(self.counts, 1)
        return np.where(found > CONSTANT**2 * self.squares.sum(axis=1, keepdims=True), found, 0.0)

    @property
    def spread(self) -> Floats:
        """(m,) Σ (f − mean)² over all samples."""
        return np.asarray(self.squares.sum(axis=1) - self.sums.sum(axis=1) ** 2 / self.counts.sum())

    @property
    def of_lines(self) -> Floats:
        """(m, 3) signatures that f and a f + c share: projections of (f − mean) / |f − mean|, the first positive."""
        shift = self.sums.sum(axis=1, keepdims=True) / self.counts.sum()
        projections = (self.projections - shift * self.directions) / np.sqrt(self.spread)[:, None]
        return np.asarray(np.where(projections[:, :1] < 0, -projections, projections))

    @property
    def of_values(self) -> Floats:
        """(m, 4) signatures that equal functions alone share: projections of f / |f|, and the logarithm of |f|."""
        n, first = self.counts.sum(), self.first
        total = self.squares.sum(axis=1) + 2 * first * self.sums.sum(axis=1) + n * first**2
        norms = np.sqrt(total)
        whole = self.projections + first[:, None] * self.directions
        return np.column_stack((whole / norms[:, None], np.log(norms)))

    def gains(self, residuals: Residuals, products: Floats) -> Floats:
        """(m,) the greatest share of a residual's sum of squares that a line in f explains, one for each task, from
        `products` (m, R + K, T) Σ (f − f₀) r with the residuals and with what terms have already."""
        wanted, taken = np.split(products, [len(residuals)], axis=1)
        own = self.variances
        left = own - (taken**2).sum(axis=1)
        variances = np.where(left > TAKEN * own, left, 0.0)[:, None, :]
        explained = np.divide(wanted**2, variances, out=np.zeros_like(wanted), where=variances > 0)
        return np.asarray(explained.sum(axis=2).max(axis=1, initial=0.0))


_ROWS = ("first", "sums", "squares", "projections", "lowest", "highest")


@dataclass(frozen=True, eq=False)
class Known:
    """Expressions (m, 3) made of a space's stored ones, with their sums, for any residuals."""

    nodes: Ints
    own: Sums

    def only(self, rows: NDArray[Any]) -> Known:
        return Known(self.nodes[rows], self.own.only(rows))

    def gains(self, space: Space, residuals: Residuals) -> Floats:
        along, pieces = residuals.directions, _pieces(self.nodes)
        found = [_products(space, self.nodes[rows], self.own.first[rows], along) for rows in pieces]
        return self.own.gains(residuals, np.concatenate(found))


def row_bytes(n_tasks: int) -> int:
    """That an expression with its sums takes."""
    return 12 + 8 * (3 + N_PROBES + 2 * n_tasks)


def sums(space: Space, nodes: Ints) -> Sums:
    """Of expressions made of the space's stored ones."""
    return _added(space, nodes, _nothing(space))[0]


def sums_and_gains(space: Space, nodes: Ints, residuals: Residuals) -> tuple[Sums, Floats]:
    """The sums of expressions made of the space's stored ones, and the gains (m,) for some residuals."""
    own, products = _added(space, nodes, residuals.directions)
    return own, own.gains(residuals, products)


def _nothing(space: Space) -> Floats:
    return np.empty((0, space.problem.n_samples))


def _pieces(nodes: Ints) -> list[slice]:
    return [slice(i, i + BATCH) for i in range(0, max(1, len(nodes)), BATCH)]


def _products(space: Space, nodes: Ints, first: Floats, along: Floats) -> Floats:
    """(m, q, T) with directions (q, n) of what has the values `first` (m,) at the first sample."""
    found = np.zeros((len(nodes), len(along), len(space.problem.starts) - 1))
    for task, start, stop in space.chunks():
        values = space.formed(nodes, start, stop)
        values -= first[:, None]
        found[:, :, task] += values @ along[:, start:stop].T
    return found


def _added(space: Space, nodes: Ints, along: Floats) -> tuple[Sums, Floats]:
    """The sums, and the products (m, q, T) with directions (q, n)."""
    parts = [_batch(space, nodes[rows], along) for rows in _pieces(nodes)]
    joined = {name: np.concatenate([getattr(own, name) for own, _ in parts]) for name in _ROWS}
    own = Sums(**joined, counts=parts[0][0].counts, directions=parts[0][0].directions)
    return own, np.concatenate([products for _, products in parts])


def _batch(space: Space, nodes: Ints, along: Floats) -> tuple[Sums, Floats]:
    m, starts = len(nodes), space.problem.starts
    n_tasks, directions = len(starts) - 1, probes(space.problem.n_samples)
    sums, squares = np.zeros((m, n_tasks)), np.zeros((m, n_tasks))
    products = np.zeros((m, len(along), n_tasks))
    projections, first = np.zeros((m, N_PROBES)), np.full(m, np.nan)
    lowest, highest = np.full(m, np.inf), np.full(m, -np.inf)
    with np.errstate(all="ignore"):
        for task, start, stop in space.chunks():
            values = space.formed(nodes, start, stop)
            lowest, highest = np.minimum(lowest, values.min(axis=1)), np.maximum(highest, values.max(axis=1))
            first = np.where(np.isnan(first), values[:, 0], first)
            values -= first[:, None]
            sums[:, task] += values.sum(axis=1)
            squares[:, task] += np.einsum("ij,ij->i", values, values)
            if len(along):
                products[:, :, task] += values @ along[:, start:stop].T
            projections += values @ directions[:, start:stop].T
    counts = np.diff(starts)
    return Sums(first, sums, squares, projections, lowest, highest, counts, directions.sum(axis=1)), products
