"""Compositions in blocks of equally many elements, so that no arithmetic is done on padding."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bigdata.data.materials.compositions import Compositions

# A block's properties, 2,048 × 3 × 22 numbers, about fill a core's cache.
_ROWS = 2048


@dataclass(frozen=True)
class Block:
    """m compositions of k elements each: their places in the whole (m,), `numbers` and `fractions` (m, k)."""

    rows: NDArray[np.int64]
    numbers: NDArray[np.uint8]
    fractions: NDArray[np.float64]

    def __len__(self) -> int:
        return len(self.rows)

    @property
    def n_elements(self) -> int:
        return int(self.numbers.shape[1])

    def only(self, which: NDArray[Any]) -> Block:
        """Some of the compositions, by place in the block or mask."""
        return Block(self.rows[which], self.numbers[which], self.fractions[which])


def blocks(of: Compositions) -> Iterator[Block]:
    """All compositions with elements."""
    n_elements = of.n_elements
    for k in range(1, n_elements.max(initial=0) + 1):
        rows = np.flatnonzero(n_elements == k)
        for start in range(0, len(rows), _ROWS):
            some = rows[start : start + _ROWS]
            yield Block(some, of.numbers[some, :k], of.fractions[some, :k])
