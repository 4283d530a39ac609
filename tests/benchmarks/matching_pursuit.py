"""How fast orthogonal matching pursuit is, beside scikit-learn: python -m tests.benchmarks.matching_pursuit [--full].

All figures are from one run, with as many threads as the linear algebra takes. Columns are averages of products of
spins, correlated as cluster correlations are. What is here begins from the p columns and ends with the models of all
sizes; the others get the standardised matrix of all features as a gift. Refits are those of scikit-learn's estimator at
every size; those of the larger problem are timed at some sizes and summed by linear interpolation, unless `--full`.
"""

from __future__ import annotations

import sys
import time
import tracemalloc
from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray
from sklearn.linear_model import OrthogonalMatchingPursuit, orthogonal_mp

from bigdata.models.matching_pursuit import matching_pursuit
from bigdata.models.monomials import Monomials
from tests.models.conftest import spin_averages

Floats = NDArray[np.float64]
N_ROWS = 235
N_FEATURES = 200
SAMPLED = (1, 2, 5, 10, 20, 50, 100, 150, 200)
# Columns, degree, how many times the refits must be beaten, and whether they are few enough to be made at every size.
COMPARED = ((27, 3, 100.0, True), (176, 2, 80.0, False))
LARGE = (176, 3)


def main() -> None:
    full = "--full" in sys.argv
    print(f"{N_ROWS} rows, models with 1 to {N_FEATURES} features")
    print(f"{'':38}{'reference/s':>12}{'here/s':>12}{'ratio':>9}{'bar':>7}")
    for p, degree, bar, is_small in COMPARED:
        compare(p, degree, bar, full or is_small)
    print("* timed at some sizes")
    large(*LARGE)


def compare(p: int, degree: int, bar: float, full: bool) -> None:
    x, y = problem(p)
    z = standardised(x, degree)
    centred, columns, product = y - y.mean(), np.ascontiguousarray(z.T), np.empty(z.shape[1])
    here = best(lambda: matching_pursuit(Monomials(x, degree), y, N_FEATURES), 7)
    path = best(lambda: orthogonal_mp(z, centred, n_nonzero_coefs=N_FEATURES, return_path=True), 5)
    limit = N_FEATURES * best(lambda: np.dot(columns, centred, out=product), 50)
    naive = refits(z, centred, range(1, N_FEATURES + 1) if full else SAMPLED)
    again = best(lambda: matching_pursuit(Monomials(x, degree), y, N_FEATURES), 7)
    here, name = min(here, again), f"{N_ROWS} x {z.shape[1]:,}"
    show(f"{name}, refit at each size" + ("" if full else "*"), naive, here, bar)
    show(f"{name}, return_path=True", path, here, 1.0)
    show(f"{name}, {N_FEATURES} matrix-vector products", limit, here, None)


def large(p: int, degree: int) -> None:
    x, y = problem(p)
    features = Monomials(x, degree)
    seconds = best(lambda: matching_pursuit(Monomials(x, degree), y, N_FEATURES), 2)
    tracemalloc.start()
    # The peak is reached in the first steps: what grows with the features chosen is held from the start.
    matching_pursuit(features, y, 10)
    peak = tracemalloc.get_traced_memory()[1]
    matrix = 8 * N_ROWS * len(features)
    print(f"{f'{N_ROWS} x {len(features):,}':38}{'':12}{seconds:12.4f}")
    print(f"  at most {mib(peak)} held ({mib(features.held_bytes)} said); the matrix would take {mib(matrix)}")


def refits(z: Floats, y: Floats, sizes: range | tuple[int, ...]) -> float:
    """Seconds of a fit from nothing at each size."""
    seconds = [best(lambda k=k: OrthogonalMatchingPursuit(n_nonzero_coefs=k).fit(z, y), 1) for k in sizes]
    return float(np.interp(np.arange(1, N_FEATURES + 1), list(sizes), seconds).sum())


def problem(p: int) -> tuple[Floats, Floats]:
    x = spin_averages(N_ROWS, p)
    rng = np.random.default_rng(1)
    return x, x[:, :20] @ rng.normal(size=20) + 2 * x[:, 3] * x[:, 5] + 0.3 * rng.normal(size=N_ROWS)


def standardised(x: Floats, degree: int) -> Floats:
    features = Monomials(x, degree)
    columns = features.columns(np.flatnonzero(features.varies))
    columns = columns - columns.mean(axis=0)
    return np.ascontiguousarray(columns / np.linalg.norm(columns, axis=0))


def best(work: Callable[[], object], repeats: int) -> float:
    """Seconds of the fastest of some runs."""
    seconds = []
    for _ in range(repeats):
        start = time.perf_counter()
        work()
        seconds.append(time.perf_counter() - start)
    return min(seconds)


def show(what: str, reference: float, here: float, bar: float | None) -> None:
    ratio = reference / here
    verdict = "" if bar is None else f"{bar:6.0f}x {'ok' if ratio >= bar else 'BELOW'}"
    print(f"{what:38}{reference:12.4f}{here:12.4f}{ratio:8.1f}x{verdict}", flush=True)


def mib(n_bytes: int) -> str:
    return f"{n_bytes / 2**20:,.0f} MiB"


if __name__ == "__main__":
    main()
