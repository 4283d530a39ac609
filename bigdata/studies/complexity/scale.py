"""The scale on which models learn the target, and the way back from it."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]


class Scale(NamedTuple):
    """`learned` (n,) of values, `values` (n,) of what was learned; `unit(unit)` of what is learned, `fits` which values
    have a place on the scale."""

    learned: Callable[[Floats], Floats]
    values: Callable[[Floats], Floats]
    fits: Callable[[Floats], NDArray[np.bool_]]
    is_logarithmic: bool

    def unit(self, unit: str) -> str:
        """log10(eV/atom) where logarithms are learned."""
        return (
            f"log10({unit})" if self.is_logarithmic and unit not in ("", "1") else "1" if self.is_logarithmic else unit
        )


def _power(learned: Floats) -> Floats:
    # What lies beyond the largest float64 is infinite, and so are its errors.
    with np.errstate(over="ignore"):
        return np.asarray(10.0**learned)


SCALES = {
    "none": Scale(np.array, np.array, np.isfinite, False),
    "log10": Scale(np.log10, _power, lambda v: v > 0, True),
    # The sign is lost: what comes back is the absolute value.
    "log10-absolute": Scale(lambda v: np.log10(np.abs(v)), _power, lambda v: v != 0, True),
}
