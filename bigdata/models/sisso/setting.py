"""What a search for formulas is told."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from bigdata.models.sisso.operators import CODES, Floats


@dataclass(frozen=True)
class Setting:
    """`operators` by name; `keep` expressions are screened for each dimension, for the residuals of the best
    `residuals` models of the last one; expressions have at most `max_operations` operators, and a largest value within
    [`smallest`, `largest`]. The best `near` models of each dimension are listed.

    `refinements`: so often at most the best models of a dimension are looked at with each of their terms left out, and
    the expressions that explain most of what is then missing, beside the other terms, come into the pool. The residuals
    of a model that misses a term are a mixture, in which another term may be far from the best; beside the other terms
    it is the best. See `refining`.
    """

    operators: Sequence[str]
    keep: int = 50
    residuals: int = 10
    max_operations: int | None = None
    smallest: float = 1e-3
    largest: float = 1e5
    near: int = 20
    refinements: int = 4

    @property
    def codes(self) -> list[int]:
        return sorted({CODES[name] for name in self.operators})


@dataclass(frozen=True, eq=False)
class Problem:
    """`columns` (p, n) finite float64 with their `units` (texts), and the `target` (n,).

    Samples of one task stand together: those of task t are `starts[t]` to `starts[t + 1]`.
    """

    columns: Floats
    units: Sequence[str]
    target: Floats
    starts: NDArray[np.int64]

    @property
    def n_samples(self) -> int:
        return len(self.target)
