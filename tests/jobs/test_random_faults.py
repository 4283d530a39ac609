"""Faults at random moments, also while jobs are handed in: the same arrays, and nothing left anywhere.

How long a run took to get over each fault is printed as a table (`pytest -s`).
"""

from __future__ import annotations

import os
import random
import signal
import statistics
import sys
import time
from collections import defaultdict
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

import psutil
import pytest

from bigdata.store.folder import RunFolder
from tests.bench import Bench, Running, all_gone, chunks, events, until
from tests.gridengine.cluster import GridEngine
from tests.jobs.conftest import CPU, GRID, Cluster, Right
from tests.slurm.cluster import Slurm

TASKS, SECONDS = 200, 0.1
# Faults of one run, and how far apart they are: a run's first jobs are handed in after one or two seconds.
AT_ONCE, MOST_GAP_SECONDS = 5, 5.0
SILENCE_SECONDS = 3.0
SHARED_MEMORY = Path("/dev/shm")


@dataclass
class Trial:
    """A run that is ill-treated, again and again; `recovered` are the seconds from each fault to its mending."""

    cluster: Cluster
    rng: random.Random
    recovered: dict[str, list[float]]
    running: Running | None = None
    faults: list[tuple[str, float]] = field(default_factory=list)

    @property
    def nodes_tmp(self) -> Path:
        return self.cluster.bench.folder / "tmp"

    def start(self) -> None:
        self.nodes_tmp.mkdir(exist_ok=True)
        site = self.cluster.site(prologue=[f"export TMPDIR={self.nodes_tmp}"])
        self.running = self.cluster.start(site, tasks=TASKS, seconds=SECONDS)

    def heads(self) -> list[psutil.Process]:
        """The programs in the run's jobs, which start its workers."""
        found = []
        for process in psutil.process_iter():
            with suppress(psutil.Error):
                if "bigdata.jobs.worker" in process.cmdline() and str(self.nodes_tmp) == process.environ()["TMPDIR"]:
                    found.append(process)
        return found

    def a_head(self) -> list[psutil.Process]:
        heads = sorted(self.heads(), key=lambda head: head.pid)
        return [self.rng.choice(heads)] if heads else []

    def cancel_one(self) -> None:
        self.cluster.system.cancel(self.cluster.system.running()[:1])

    def cancel_all(self) -> None:
        self.cluster.system.cancel(list(self.cluster.system.queue()))

    def end_a_job(self) -> None:
        _signal(self.a_head(), signal.SIGTERM)

    def kill_a_job(self) -> None:
        """All its processes at once, as a node that goes down does."""
        for head in self.a_head():
            with suppress(psutil.Error):
                _signal([head, *head.children(recursive=True)], signal.SIGKILL)

    def kill_a_worker(self) -> None:
        for head in self.a_head():
            with suppress(psutil.Error):
                _signal([child for child in head.children() if "--multiprocessing-fork" in child.cmdline()][:1], 9)

    def silence(self) -> None:
        self.cluster.system.stop_controller()
        _signal(self.a_head(), signal.SIGTERM)
        time.sleep(SILENCE_SECONDS)
        self.cluster.system.start_controller()

    def kill_the_controller(self) -> None:
        assert self.running
        self.running.process.kill()
        self.running.process.wait()
        self.start()

    def is_over(self) -> bool:
        return self.running is None or self.running.process.poll() is not None

    def _is_over_by(self, end: float) -> bool:
        return self.is_over() or time.monotonic() > end

    def endure(self, n: int) -> None:
        """Up to `n` faults, and what must be so in the end."""
        self.start()
        for _ in range(n):
            end = time.monotonic() + self.rng.uniform(0.0, MOST_GAP_SECONDS)
            until(partial(self._is_over_by, end))
            if self.is_over():
                break
            kind = self.rng.choice(FAULTS)
            self.faults.append((kind, time.time()))
            getattr(self, kind)()
        assert self.running
        assert self.running.process.wait(300) == 0, self.running.err.read_text()
        self._note_recoveries()

    def _note_recoveries(self) -> None:
        """A fault is mended when all tasks that it broke off are done; one that broke none, when a task that began
        after it is.
        """
        run = self.cluster.run
        done = {(e["stage"], e["index"]): e["time"] for e in events(run, "done")}
        ends = [when for _, when in self.faults[1:]] + [time.time()]
        for (kind, when), end in zip(self.faults, ends, strict=True):
            broken = [done[e["stage"], e["index"]] for e in events(run, "again") if when < e["time"] < end]
            after = [t for t in done.values() if t > when + SECONDS]
            mended = max(broken) if broken else min(after, default=when)
            self.recovered[kind].append(mended - when)


FAULTS = ("cancel_one", "cancel_all", "end_a_job", "kill_a_job", "kill_a_worker", "silence", "kill_the_controller")


def _signal(processes: list[psutil.Process], number: int) -> None:
    for process in processes:
        with suppress(psutil.Error):
            process.send_signal(number)


def left_in_shared_memory() -> set[Path]:
    return set(SHARED_MEMORY.glob("*bigdata-*"))


def check(trial: Trial, right: dict[str, bytes]) -> None:
    """Equal arrays; nothing in the queue, on the nodes, or running."""
    assert chunks(trial.cluster.run) == right
    until(lambda: not trial.cluster.system.queue(), 60)
    until(lambda: all_gone(trial.heads()))
    assert [path.name for path in trial.nodes_tmp.iterdir()] == []
    assert not RunFolder(trial.cluster.run).lock.exists()


Suffer = Callable[[Slurm | GridEngine, int, int], None]


@pytest.fixture
def suffer(tmp_path: Path, right: Right) -> Iterator[Suffer]:
    """Faults on a batch system, so many, by a seed, in as many runs as they need."""
    recovered: dict[str, list[float]] = defaultdict(list)
    clusters: list[Cluster] = []

    def do(system: Slurm | GridEngine, n: int, seed: int) -> None:
        rng, before = random.Random(seed), left_in_shared_memory()
        while (made := sum(map(len, recovered.values()))) < n:
            folder = tmp_path / f"run-{len(clusters)}"
            folder.mkdir()
            scheduler, cpu = ("slurm", CPU) if isinstance(system, Slurm) else ("sge", GRID)
            clusters.append(Cluster(Bench(folder), system, scheduler, cpu))
            trial = Trial(clusters[-1], rng, recovered)
            trial.endure(min(AT_ONCE, n - made))
            check(trial, right(TASKS))
        # Those of others' runs on this machine come and go.
        until(lambda: not _dead(left_in_shared_memory() - before))
        _print(recovered)

    yield do
    for cluster in clusters:
        cluster.end()


def _dead(files: set[Path]) -> set[Path]:
    """Files of semaphores that no living process has."""
    if not files:
        return files
    used = set()
    for process in psutil.process_iter():
        with suppress(psutil.Error):
            used |= {Path(region.path) for region in process.memory_maps()}
    return {path for path in files if path.name.startswith("sem.") and path not in used}


def _print(recovered: dict[str, list[float]]) -> None:
    lines = [f"{'fault':<22}{'n':>4}{'median s':>10}{'worst s':>10}"]
    for kind, seconds in sorted(recovered.items()):
        lines.append(f"{kind:<22}{len(seconds):>4}{statistics.median(seconds):>10.1f}{max(seconds):>10.1f}")
    sys.stdout.write("\n".join(["", *lines, ""]))


SEED = int(os.environ.get("BIGDATA_FAULT_SEED", "20261129"))


def test_three_faults_on_slurm(slurm: Slurm, suffer: Suffer) -> None:
    suffer(slurm, 3, SEED)


def test_a_fault_on_grid_engine(grid_engine: GridEngine, suffer: Suffer) -> None:
    suffer(grid_engine, 1, SEED)


@pytest.mark.slow
def test_fifty_faults_on_slurm(slurm: Slurm, suffer: Suffer) -> None:
    suffer(slurm, int(os.environ.get("BIGDATA_FAULTS", "50")), SEED + 1)


@pytest.mark.slow
def test_ten_faults_on_grid_engine(grid_engine: GridEngine, suffer: Suffer) -> None:
    suffer(grid_engine, int(os.environ.get("BIGDATA_FAULTS", "10")), SEED + 1)
