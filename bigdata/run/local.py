"""Workers of this machine: one process and one core each, under a scheduler in this process."""

from __future__ import annotations

import signal
import threading
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from multiprocessing import resource_tracker
from pathlib import Path
from typing import Any

from distributed import Client, Nanny, Scheduler, SpecCluster

from bigdata.run.controller import Need, Observer
from bigdata.run.dashboard import how_to_reach, scheduler_options
from bigdata.run.dask_options import own_dask_configuration
from bigdata.run.node_folder import NodeFolder
from bigdata.run.retries import Cause, Ending
from bigdata.run.workers import Lost, Worker, Workers


@dataclass(frozen=True)
class Size:
    """How many workers a pool has, and the memory of each in bytes."""

    n: int
    memory: int


class LocalPools:
    """The `Pools` of this machine: there from the beginning, and a worker that dies is replaced by Dask's own nanny."""

    def __init__(self, workers: Workers) -> None:
        self.workers = workers

    def tend(self, needs: Mapping[str, Need]) -> None:
        self.workers.arrived.clear()
        self.workers.left.clear()

    def ending(self, lost: Lost) -> Ending:
        return Ending(Cause.DIED)

    def larger(self, lane: str) -> None:
        return None

    def has_time(self, worker: Worker, seconds: float) -> bool:
        return True


@contextmanager
def local_pools(
    folder: Path, pools: Mapping[str, Size], observer: Observer, *, dashboard: bool = False
) -> Iterator[LocalPools]:
    """Workers of all pools on this machine, under one scheduler."""
    scheduler = local_scheduler(dashboard=dashboard)
    with ExitStack() as stack:
        stack.enter_context(own_dask_configuration())
        scratch = stack.enter_context(NodeFolder())
        workers = {
            f"{pool}-{i}": worker_options(pool, size.memory, scratch)
            for pool, size in pools.items()
            for i in range(size.n)
        }
        with interrupts_held_back():
            cluster = stack.enter_context(SpecCluster(workers=workers, scheduler=scheduler, silence_logs=50))
            client = stack.enter_context(Client(cluster))
            found = Workers(cluster, client, folder, opens=True)
        if dashboard:
            observer.message(how_to_reach(cluster))
        yield LocalPools(found)


def local_scheduler(*, dashboard: bool = False) -> dict[str, Any]:
    options = {"host": "127.0.0.1", "port": 0, **scheduler_options(dashboard=dashboard)}
    return {"cls": Scheduler, "options": options}


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
