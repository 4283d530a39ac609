"""How much a run's own work adds to Dask's: 5,000 tasks of 10 ms through `submit`, and as plain `client.map`.

    python -m tests.benchmarks.scheduling

Both use as many workers as there are cores, started anew each time; bar: submit takes at most 1.2 times as long. The
two alternate, since a machine's speed changes while it is measured.
"""

from __future__ import annotations

import os
import tempfile
import time
from pathlib import Path
from statistics import median

from distributed import Client, LocalCluster

from bigdata.spec.site import local

TASKS, SECONDS, ROUNDS, BAR = 5_000, 0.01, 3, 1.2


def through_submit() -> float:
    """Seconds from submitting to the finished run: workers' start, records and report included."""
    from tests.bench import PLUGIN, Bench

    os.environ["PYTHONPATH"] = str(PLUGIN)
    with tempfile.TemporaryDirectory() as name:
        bench = Bench(Path(name))
        spec = bench.trial(tasks=TASKS, seconds=SECONDS, write=False)
        started = time.perf_counter()
        done = bench.program("submit", spec, BIGDATA_CACHE=name)
        assert done.returncode == 0, done.stderr
        return time.perf_counter() - started


def by_dask_alone() -> float:
    """Seconds from starting the workers to the last result."""
    started = time.perf_counter()
    n_cores = local().cores("cpu")
    with (
        LocalCluster(n_workers=n_cores, threads_per_worker=1, dashboard_address=":0", silence_logs=50) as cluster,
        Client(cluster) as client,
    ):
        client.gather(client.map(_sleep, range(TASKS)))
    return time.perf_counter() - started


def _sleep(_number: int) -> None:
    time.sleep(SECONDS)


def main() -> None:
    print(f"{TASKS:,} tasks of {SECONDS * 1000:g} ms on {local().cores('cpu')} workers\n")
    print("round   client.map   submit   ratio")
    ratios = []
    for number in range(ROUNDS):
        plain, ours = by_dask_alone(), through_submit()
        ratios.append(ours / plain)
        print(f"{number + 1:5}   {plain:8.1f} s {ours:6.1f} s   {ours / plain:5.2f}", flush=True)
    print(f"\nmedian ratio {median(ratios):.2f} (bar {BAR:g}): {'reached' if median(ratios) <= BAR else 'MISSED'}")


if __name__ == "__main__":
    main()
