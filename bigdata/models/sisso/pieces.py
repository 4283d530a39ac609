"""Values of the two sides of a tile, piece by piece of the samples, in float32 and of a size near 1."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bigdata.models.sisso.buffers import Buffers, Reals
from bigdata.models.sisso.operators import Floats
from bigdata.models.sisso.space import Space

Rows = NDArray[np.int64]
Precision = type[Any]


@dataclass(frozen=True, eq=False)
class Sizes:
    """Of some rows of a table: the root mean square `size` (m,) and that of 1/f, where `divides` says that it has one;
    `means` (m, T) in each task, and `spread` (m,), the root of the sum of squares of what differs from these."""

    size: Floats
    inverse_size: Floats
    divides: NDArray[np.bool_]
    means: Floats
    spread: Floats


def sizes(space: Space, rows: Rows) -> Sizes:
    """In two passes over the samples: differences from the mean don't cancel."""
    n, counts = space.problem.n_samples, np.maximum(np.diff(space.problem.starts), 1)
    squares, inverse, spread = np.zeros((3, len(rows)))
    means = np.zeros((len(rows), len(counts)))
    with np.errstate(all="ignore"):
        for task, start, stop in space.chunks():
            values = space.values(rows, start, stop)
            squares += squares_of(values)
            inverse += squares_of(1 / values)
            means[:, task] += values.sum(axis=1) / counts[task]
    for task, start, stop in space.chunks():
        spread += squares_of(space.values(rows, start, stop) - means[:, task, None])
    # What is constant in each task has no spread, and stays 0 when it is divided by 1.
    spread = np.where(spread > 0, spread, 1.0)
    divides = np.isfinite(inverse)
    return Sizes(np.sqrt(squares / n), np.sqrt(np.where(divides, inverse, n) / n), divides, means, np.sqrt(spread))


def squares_of(values: Reals) -> Reals:
    return np.asarray(np.einsum("ij,ij->i", values, values))


@dataclass(frozen=True, eq=False)
class Piece:
    """Values of one side of a tile at some samples of a task, in a precision and of a size near 1: `scaled` by the root
    mean square, `inverse` likewise of 1/f (0 where there is none), and `centred` with the sum of squares 1 over all.
    They stand in buffers, under the side's name, until its next piece."""

    values: Floats
    task: int
    sizes: Sizes
    precision: Precision
    buffers: Buffers
    side: str

    @cached_property
    def scaled(self) -> Reals:
        return self._divided("scaled", self.values, self.sizes.size)

    @cached_property
    def squares(self) -> Reals:
        return np.square(self.scaled, out=self.buffer("squares"))

    @cached_property
    def inverse(self) -> Reals:
        with np.errstate(all="ignore"):
            found = self._divided("inverse", 1 / self.sizes.inverse_size, self.values)
        found[~self.sizes.divides] = 0
        return found

    @cached_property
    def inverse_squares(self) -> Reals:
        return np.square(self.inverse, out=self.buffer("inverse squares"))

    @cached_property
    def centred(self) -> Reals:
        left = self.buffers.get("left", self.values.shape)
        np.subtract(self.values, self.sizes.means[:, self.task, None], out=left)
        return self._divided("centred", left, self.sizes.spread)

    def buffer(self, name: str) -> Reals:
        """An array as the values', in the precision."""
        return self.buffers.get(f"{self.side} {name}", self.values.shape, self.precision)

    def _divided(self, name: str, a: Floats, b: Floats) -> Reals:
        """a / b, of which one is (m,): in float64, and rounded as it is written."""
        a, b = (x if x.ndim == 2 else x[:, None] for x in (a, b))
        return np.divide(a, b, out=self.buffer(name), casting="same_kind")
