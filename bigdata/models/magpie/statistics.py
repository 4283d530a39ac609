"""Statistics of the elements' properties over a composition (Ward et al. 2016, doi 10.1038/npjcompumats.2016.28)."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from bigdata.models.magpie.blocks import Block

STATISTICS = ("minimum", "maximum", "range", "mean", "avg_dev", "mode")
# Amounts that differ by less are equally large for the mode, as for matminer, which compares by NumPy's isclose.
_SAME, _SAME_SHARE = 1e-8, 1e-5


def statistics(block: Block, properties: NDArray[np.float64]) -> NDArray[np.float64]:
    """(m, q, 6) of `properties` (z, q) by atomic number, in the properties' units; m compositions with fractions f.

    minimum, maximum and their difference, range; mean = Σ f p; avg_dev = Σ f |p − mean|; mode = the property of the
    element with the largest fraction, the smallest property where several have it.
    """
    values = properties[block.numbers]
    fractions = block.fractions[:, :, None]
    minimum, maximum = values.min(axis=1), values.max(axis=1)
    # Counted from the minimum, the deviation of equal values is 0, not what rounding leaves of it.
    above = values - minimum[:, None]
    mean = (fractions * above).sum(axis=1)
    deviation = (fractions * np.abs(above - mean[:, None])).sum(axis=1)
    mode = np.where(_largest(fractions), values, np.inf).min(axis=1)
    return np.stack([minimum, maximum, maximum - minimum, minimum + mean, deviation, mode], axis=2)


def _largest(fractions: NDArray[np.float64]) -> NDArray[np.bool_]:
    largest = fractions.max(axis=1, keepdims=True)
    found: NDArray[np.bool_] = largest - fractions <= _SAME + _SAME_SHARE * largest
    return found
