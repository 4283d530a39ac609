"""Statistics of the blocks of a similarity matrix: how alike are two sets of settings (blocks a … n of Fig. 4)?"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray


class Statistics:
    """Mean, minimum and maximum over the pairs of every two blocks, gathered piece by piece of the upper triangle.

    An entry's similarity with itself says nothing and is left out; a block of one entry has no pairs: NaN.
    """

    def __init__(self, n_blocks: int) -> None:
        shape = (n_blocks, n_blocks)
        self._sum, self._count = np.zeros(shape), np.zeros(shape, np.int64)
        self._min, self._max = np.full(shape, np.inf), np.full(shape, -np.inf)

    def add(
        self, similarity: NDArray[np.float64], rows: NDArray[np.int64], columns: NDArray[np.int64], same: bool
    ) -> None:
        """Add a piece (m, n) whose rows and columns lie in these blocks, (m,) and (n,).

        `same` where both are the same entries: every pair is seen twice then, and the diagonal isn't one.
        """
        for row in np.unique(rows):
            part = similarity[rows == row]
            own = np.flatnonzero(rows == row)
            for column in np.unique(columns):
                wanted = np.flatnonzero(columns == column)
                values = part[:, wanted]
                if same:
                    values = values[own[:, None] < wanted]
                self._take(int(row), int(column), values)

    def _take(self, row: int, column: int, values: NDArray[np.float64]) -> None:
        if not values.size:
            return
        a, b = sorted((row, column))
        self._sum[a, b] += values.sum()
        self._count[a, b] += values.size
        self._min[a, b] = min(self._min[a, b], values.min())
        self._max[a, b] = max(self._max[a, b], values.max())

    def result(self) -> dict[str, NDArray[np.float64]]:
        """`mean`, `min` and `max`, each (n_blocks, n_blocks) and symmetric."""
        with np.errstate(invalid="ignore"):
            found = {"mean": self._sum / self._count, "min": self._min, "max": self._max}
        for values in found.values():
            values[self._count == 0] = np.nan
        return {name: np.where(np.tri(len(v), k=-1, dtype=bool), v.T, v) for name, v in found.items()}
