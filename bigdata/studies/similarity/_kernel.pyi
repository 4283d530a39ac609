"""Similarities of fingerprints, many pairs at a time (compiled, optional: measures.py does without it)."""

import numpy as np
from numpy.typing import NDArray

def block(
    measure: int,
    height_a: NDArray[np.uint8],
    ones_a: NDArray[np.int32],
    first_a: NDArray[np.int32],
    last_a: NDArray[np.int32],
    height_b: NDArray[np.uint8],
    ones_b: NDArray[np.int32],
    first_b: NDArray[np.int32],
    last_b: NDArray[np.int32],
    out: NDArray[np.float64],
    /,
) -> None: ...
def nearest(
    measure: int,
    height_a: NDArray[np.uint8],
    ones_a: NDArray[np.int32],
    first_a: NDArray[np.int32],
    last_a: NDArray[np.int32],
    height_b: NDArray[np.uint8],
    ones_b: NDArray[np.int32],
    first_b: NDArray[np.int32],
    last_b: NDArray[np.int32],
    first_row_of_a: int,
    first_row_of_b: int,
    minimum: float,
    index: NDArray[np.int64],
    similarity: NDArray[np.float64],
    n_above: NDArray[np.int64],
    /,
) -> None: ...
