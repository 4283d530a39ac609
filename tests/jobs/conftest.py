"""Sites on the test clusters, and a look at what its jobs did."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from threading import Event, Thread
from typing import Any

import pytest

from bigdata.run.status import Status, status
from tests.bench import Bench, Running, chunks, events, until
from tests.gridengine.cluster import GridEngine
from tests.slurm.cluster import Slurm

CPU = {"queue": "cpu", "cores": 2, "memory": "1600 MiB", "walltime": "10 min", "max_jobs": 2}
GRID = {**CPU, "queue": "all.q", "directives": ["-pe smp 2"]}
GPU = {**CPU, "queue": "gpu", "gpus": 1, "directives": ["--gres=gpu:1"]}


@dataclass(frozen=True)
class Cluster:
    """A bench whose studies run on a batch system, here called by its name in a site's file."""

    bench: Bench
    system: Slurm | GridEngine
    scheduler: str
    cpu: dict[str, Any]
    started: list[Running] = field(default_factory=list)

    def site(self, pools: dict[str, Any] | None = None, **fields: Any) -> Path:
        data = {"site": "far", "scheduler": self.scheduler, "pools": pools or {"cpu": self.cpu}, **fields}
        return self.bench.write("far.yaml", data)

    @property
    def trace(self) -> Path:
        return self.bench.folder / "trace"

    def start(self, site: Path, **fields: Any) -> Running:
        """Submit a trial in a process of its own."""
        spec = self.bench.trial(trace=str(self.trace), **fields)
        self.started.append(self.bench.start("submit", spec, "--site", site))
        return self.started[-1]

    def n_done(self) -> int:
        runs = list(self.bench.folder.glob("runs/*/journal.jsonl"))
        return len(events(runs[0].parent, "done")) if runs else 0

    def wait_for(self, n: int, running: Running) -> None:
        until(lambda: self.n_done() >= n or running.process.poll() is not None, 120)
        assert running.process.poll() is None, running.err.read_text()

    @property
    def run(self) -> Path:
        return self.bench.run_folder().path

    def status(self) -> Status:
        return status(self.run)

    def reasons(self) -> str:
        """Why the run waits, as its status says it."""
        return "; ".join(self.status().waiting) if list(self.bench.folder.glob("runs/*/resolved.json")) else ""

    def again(self) -> Counter[tuple[str, str]]:
        """What was tried again: for each reason and lane, how many tasks."""
        return Counter((e["why"], e["lane"]) for e in events(self.run, "again"))

    def n_repeated(self) -> int:
        """How many tasks began more than once."""
        began = Counter(line.split()[0] for line in self.trace.read_text().splitlines())
        return began.total() - len(began)

    def end(self) -> None:
        """Nothing that was started there is left."""
        for running in self.started:
            running.process.kill()
            running.process.wait()
        left = list(self.system.queue())
        self.system.cancel(left)
        until(lambda: not self.system.queue())
        assert not left, "jobs were left in the queue"


class Far(Cluster):
    """Such a bench on Slurm."""

    @property
    def slurm(self) -> Slurm:
        assert isinstance(self.system, Slurm)
        return self.system

    def jobs(self, *states: str) -> list[str]:
        """The numbers of the run's jobs that are in the queue in these states, or in any."""
        asked = self.slurm.command("squeue", "-h", "-o", "%A %T").splitlines()
        return [job for job, state in map(str.split, asked) if not states or state in states]

    @contextmanager
    def watched(self) -> Iterator[list[Counter[str]]]:
        """What the queue held, seen several times a second: for each partition, how many jobs."""
        seen, over = [Counter[str]()], Event()

        def look() -> None:
            while not over.wait(0.2):
                seen.append(Counter(self.slurm.command("squeue", "-h", "-o", "%P").split()))

        thread = Thread(target=look)
        thread.start()
        try:
            yield seen
        finally:
            over.set()
            thread.join()


Right = Callable[[int], dict[str, bytes]]


@pytest.fixture
def far(bench: Bench, slurm: Slurm) -> Iterator[Far]:
    yield from on_cluster(bench, slurm)


def on_cluster(bench: Bench, slurm: Slurm) -> Iterator[Far]:
    here = Far(bench, slurm, "slurm", CPU)
    yield here
    here.end()


@pytest.fixture
def grid(bench: Bench, grid_engine: GridEngine) -> Iterator[Cluster]:
    here = Cluster(bench, grid_engine, "sge", GRID)
    yield here
    here.end()


@pytest.fixture(scope="session")
def right(tmp_path_factory: pytest.TempPathFactory) -> Right:
    """What a trial of so many tasks must end with."""

    @cache
    def run(tasks: int) -> dict[str, bytes]:
        bench = Bench(tmp_path_factory.mktemp("right"))
        bench.submit(bench.trial(tasks=tasks))
        return chunks(bench.run_folder().path)

    return run
