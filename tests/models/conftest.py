"""Columns like cluster correlations: averages over a cell of products of spins, with a composition in common."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import numpy as np
import pytest
from numpy.typing import NDArray
from threadpoolctl import threadpool_limits

N_SITES = 48
Correlations = Callable[..., NDArray[np.float64]]


@pytest.fixture(scope="package", autouse=True)
def one_thread() -> Iterator[None]:
    """Threads that wait for each other make small products a hundred times slower on a busy machine."""
    with threadpool_limits(1):
        yield


@pytest.fixture(scope="session")
def correlations() -> Correlations:
    return spin_averages


def spin_averages(n: int, p: int, seed: int = 0) -> NDArray[np.float64]:
    """(n, p) correlations of one to four sites, of n decorations of a cell."""
    rng = np.random.default_rng(seed)
    spins = np.where(rng.random((n, N_SITES)) < rng.uniform(0.1, 0.9, (n, 1)), 1.0, -1.0)
    columns = []
    for k in range(p):
        sites = [rng.permutation(N_SITES)[: N_SITES // 2] for _ in range(1 + k % 4)]
        columns.append(np.prod([spins[:, s] for s in sites], axis=0).mean(axis=1))
    return np.array(columns).T.copy()
