"""Workers that take tasks: a Dask scheduler behind four calls, so that the controller knows nothing of Dask."""

from __future__ import annotations

import os
import queue
import signal
import sys
import tempfile
import threading
from collections.abc import Iterable, Iterator, Mapping
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass
from multiprocessing import resource_tracker
from pathlib import Path
from typing import Any

import dask
import dask.config
from distributed import Client, Future, Nanny, Scheduler, SpecCluster, WorkerPlugin

from bigdata.planning.stage import TaskId
from bigdata.run.execute import Token, execute_batch

# Every option that a user's own Dask configuration could change under us.
DASK_OPTIONS = {
    # Counts every task assigned to a dying worker, not only the one that ran: our own marks decide about failure.
    "distributed.scheduler.allowed-failures": 1_000,
    "distributed.scheduler.worker-saturation": "inf",
    "distributed.scheduler.work-stealing": True,
    "distributed.worker.memory.target": False,
    "distributed.worker.memory.spill": False,
    "distributed.worker.memory.pause": False,
    "distributed.worker.memory.terminate": 0.95,
    "distributed.worker.daemon": True,
    "distributed.comm.timeouts.connect": "30s",
    "distributed.admin.log-format": "%(asctime)s %(name)s %(levelname)s %(message)s",
    "distributed.nanny.pre-spawn-environ": {
        "MALLOC_TRIM_THRESHOLD_": 65536,
        # One BLAS thread a worker: a worker has one core.
        "OMP_NUM_THREADS": 1,
        "MKL_NUM_THREADS": 1,
        "OPENBLAS_NUM_THREADS": 1,
    },
    "logging": {"distributed": "critical", "distributed.client": "critical", "distributed.nanny.memory": "critical"},
}


@contextmanager
def own_dask_configuration() -> Iterator[None]:
    """Dask with its defaults and our options, whatever the user's files and environment say; theirs again after."""
    before = dict(dask.config.config)
    dask.config.refresh(paths=[], env={})
    dask.config.set(DASK_OPTIONS)
    try:
        yield
    finally:
        dask.config.config.clear()
        dask.config.config.update(before)


class Quiet(WorkerPlugin):
    """Sends a worker's own output to its log."""

    name = "bigdata-quiet"

    def __init__(self, logs: str) -> None:
        self.logs = logs

    def setup(self, worker: Any) -> None:
        log = Path(self.logs) / f"worker-{os.uname().nodename}-{os.getpid()}.log"
        handle = os.open(log, os.O_CREAT | os.O_WRONLY | os.O_APPEND, 0o644)
        for stream in (sys.stdout, sys.stderr):
            stream.flush()
            os.dup2(handle, stream.fileno() if hasattr(stream, "fileno") else 2)
        os.close(handle)


Batch = tuple[TaskId, ...]
ENDED = ("finished", "error", "cancelled")


class DaskPool:
    """Batches of tasks to the workers of one Dask scheduler, and tokens back as they come."""

    def __init__(self, client: Client, folder: Path) -> None:
        self._client, self._folder = client, str(folder)
        self._ended: queue.SimpleQueue[Future[Any]] = queue.SimpleQueue()
        self._rerun: list[Future[Any]] = []
        self._batches: dict[Any, tuple[Future[Any], Batch, str]] = {}

    def n_batches(self, pool: str | None = None) -> int:
        """Batches handed out, to one pool or to all, and not come back."""
        return sum(pool in (None, its) for *_, its in self._batches.values())

    def submit(self, tasks: Iterable[TaskId], pool: str) -> None:
        """Hand a batch to the scheduler, tagged with its pool: an untagged one might land on any worker."""
        batch = tuple(tasks)
        future = self._client.submit(execute_batch, self._folder, batch, pure=False, resources={pool: 1})
        self._batches[future.key] = future, batch, pool
        future.add_done_callback(self._ended.put)

    def drain(self, timeout: float) -> list[Token]:
        """The tokens of the batches that ended since the last call; waits up to `timeout` seconds for the first."""
        # Should a worker die before its tokens are fetched, Dask runs its batch again, and tells nobody when that ends.
        ended, self._rerun = self._rerun, []
        with suppress(queue.Empty):
            ended.append(self._ended.get(timeout=timeout))
            while True:
                ended.append(self._ended.get_nowait())
        self._rerun = [future for future in ended if future.status not in ENDED]
        ended = [future for future in ended if future.status in ENDED]
        good = {future.key: future for future in ended if future.status == "finished"}
        found = self._client.gather(good, errors="skip") if good else {}
        tokens: list[Token] = []
        for future in ended:
            _, batch, _ = self._batches.pop(future.key, (future, (), ""))
            # A cancelled run's batch may come back empty; one that is gone comes back as None.
            of_batch = found.get(future.key)
            tokens += [_lost(task, future) for task in batch] if of_batch is None else of_batch
        return tokens

    def cancel(self) -> None:
        """Take back what hasn't started; what runs is ended with the workers."""
        self._client.cancel([future for future, *_ in self._batches.values()], force=True)
        self._batches.clear()


def _lost(task: TaskId, future: Future[Any]) -> Token:
    """The failure record of a task that the engine gave up."""
    error = future.exception() if future.status == "error" else None
    text = f"{type(error).__name__}: {error}"[:400] if error else f"the scheduler gave the task up ({future.status})"
    return {"event": "failed", "stage": task[0], "index": task[1], "class": "engine", "error": text, "traceback": ""}


@dataclass(frozen=True)
class Workers:
    """How many workers a pool has, one process and one core each, and the memory of each in bytes."""

    n: int
    memory: int


@contextmanager
def local_pool(folder: Path, pools: Mapping[str, Workers]) -> Iterator[DaskPool]:
    """Workers of all pools on this machine, under one scheduler."""
    with ExitStack() as stack:
        stack.enter_context(own_dask_configuration())
        scratch = stack.enter_context(tempfile.TemporaryDirectory(prefix="bigdata-"))
        workers = {
            f"{pool}-{i}": worker_options(pool, w.memory, scratch) for pool, w in pools.items() for i in range(w.n)
        }
        with interrupts_held_back():
            cluster = stack.enter_context(SpecCluster(workers=workers, scheduler=SCHEDULER, silence_logs=50))
            client = stack.enter_context(Client(cluster))
            client.register_plugin(Quiet(str(folder / "logs")))
        yield DaskPool(client, folder)


# No dashboard address would still open 8787.
SCHEDULER = {
    "cls": Scheduler,
    "options": {"host": "127.0.0.1", "port": 0, "dashboard_address": "127.0.0.1:0", "dashboard": True},
}


def worker_options(pool: str, memory: int, scratch: str) -> dict[str, Any]:
    options = {
        "host": "127.0.0.1",
        "nthreads": 1,
        "memory_limit": memory,
        "resources": {pool: 1},
        "local_directory": scratch,
        "dashboard": False,
        "silence_logs": 50,
    }
    return {"cls": Nanny, "options": options}


@contextmanager
def interrupts_held_back() -> Iterator[None]:
    """Ctrl-C and a polite kill wait until this is over: workers half started can't be stopped in order.

    Threads and processes started meanwhile, and theirs, never get Ctrl-C: a terminal sends it to all processes, but
    only the controller knows how to stop.
    """
    # Started with the first process otherwise, it would let the signal through again.
    resource_tracker.ensure_running()
    held: list[int] = []
    in_main = threading.current_thread() is threading.main_thread()
    polite = signal.signal(signal.SIGTERM, lambda number, _: held.append(number)) if in_main else None
    mask = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        yield
    finally:
        if in_main:
            signal.signal(signal.SIGTERM, polite)
        signal.pthread_sigmask(signal.SIG_SETMASK, mask)
    if held:
        raise KeyboardInterrupt
