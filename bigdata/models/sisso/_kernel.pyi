"""Sums of absolute differences, and least squares of triples (compiled, optional: kernel.py does without it)."""

import numpy as np
from numpy.typing import NDArray

def differences(
    n: int,
    a: NDArray[np.float32],
    b: NDArray[np.float32],
    residuals: NDArray[np.float32],
    wanted: NDArray[np.bool_],
    sums: NDArray[np.float32],
    squares: NDArray[np.float32],
    products: NDArray[np.float32],
    /,
) -> None: ...
def triples(
    products: NDArray[np.float64],
    targets: NDArray[np.float64],
    row: int,
    least: float,
    dependent: float,
    rows: NDArray[np.int64],
    shares: NDArray[np.float64],
    /,
) -> int: ...
