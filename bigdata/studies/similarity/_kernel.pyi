"""Similarities of fingerprints, many pairs at a time (compiled, optional: measures.py does without it)."""

import numpy as np
from numpy.typing import NDArray

_Bits = tuple[NDArray[np.uint8], NDArray[np.int32], NDArray[np.int32], NDArray[np.int32]]

def block(measure: int, a: _Bits, b: _Bits, out: NDArray[np.float64], /) -> None: ...
def nearest(
    measure: int,
    a: _Bits,
    b: _Bits,
    first_a: int,
    first_b: int,
    minimum: float,
    index: NDArray[np.int64],
    similarity: NDArray[np.float64],
    n_above: NDArray[np.int64],
    /,
) -> None: ...
