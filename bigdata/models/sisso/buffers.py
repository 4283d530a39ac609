"""Arrays whose memory is used again: to get fresh memory takes longer than to compute what is put into it."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from bigdata.models.sisso.operators import Floats, Ints

Reals = NDArray[Any]


class Buffers:
    """Arrays by name, each valid until the next call with its name. One thread uses them."""

    def __init__(self) -> None:
        self._flat: dict[tuple[str, Any], Reals] = {}

    def get(self, name: str, shape: tuple[int, ...], dtype: type[Any] = np.float64) -> Reals:
        """An array of any content."""
        size = int(np.prod(shape))
        if (name, dtype) not in self._flat or self._flat[name, dtype].size < size:
            self._flat[name, dtype] = np.empty(size, dtype)
        return self._flat[name, dtype][:size].reshape(shape)

    def rows(self, name: str, values: Floats, rows: Ints) -> Floats:
        """Some rows of values."""
        found = self.get(name, (len(rows), values.shape[1]))
        if values.flags.c_contiguous:
            # Without "clip", NumPy first writes to memory of its own.
            return values.take(rows, axis=0, out=found, mode="clip")
        found[:] = values[rows]
        return found
