"""Workers of this machine: one process for each task that runs at one time, under a scheduler in this process."""

from __future__ import annotations

import signal
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from multiprocessing import resource_tracker
from typing import Any

from distributed import Client, Nanny, Scheduler, SpecCluster

from bigdata.engine import lanes
from bigdata.engine.dashboard import how_to_reach, scheduler_options
from bigdata.engine.dask_options import own_dask_configuration
from bigdata.engine.hands import GivenPools, Need, Worker
from bigdata.engine.main_guard import unguarded
from bigdata.engine.node_folder import NodeFolder
from bigdata.engine.observer import Observer
from bigdata.engine.workers import DaskWorkers
from bigdata.errors import SiteError
from bigdata.planning.plan import Plan
from bigdata.threads import thread_environment

# A worker that died is there again after 2 s, or 10 on a busy machine. Nobody is left to bring back those that aren't.
NO_WORKER_SECONDS = 120.0


@dataclass(frozen=True)
class Size:
    """How many workers a lane has, the memory of each in bytes, and the cores of each one's tasks."""

    n: int
    memory: int
    cores: int = 1


def sizes(plan: Plan) -> dict[str, Size]:
    """The workers that a plan's lanes need."""
    site = plan.site
    n_todo: dict[str, int] = {}
    for stage in plan.stages:
        if stage.n_todo:
            lane = lanes.lane(site, stage.pool, stage.stage.cores)
            n_todo[lane] = n_todo.get(lane, 0) + stage.n_todo
    return {
        lane: Size(
            min(n, lanes.tasks_per_job(site, lane) * site.n_jobs(lanes.pool_of(lane))),
            lanes.task_memory(site, lane),
            lanes.threads(site, lane),
        )
        for lane, n in n_todo.items()
    }


class LocalPools(GivenPools):
    """The `Pools` of this machine: there from the beginning, and a worker that dies is replaced by Dask's own nanny.

    Lanes of one pool share its cores: `cores` says how many each pool has.
    """

    def __init__(self, workers: DaskWorkers, sizes: Mapping[str, Size], cores: Mapping[str, int]) -> None:
        self.workers = workers
        self._sizes, self._cores = sizes, cores
        self._seen = time.monotonic()

    def tend(self, needs: Mapping[str, Need]) -> None:
        now = time.monotonic()
        if all(self.workers.here(lane) for lane, need in needs.items() if need.n_tasks):
            self._seen = now
        elif now - self._seen > NO_WORKER_SECONDS:
            raise SiteError(
                f"there are tasks and no workers on this machine, and none came back in {NO_WORKER_SECONDS:.0f} s. Is "
                "it out of memory? Submit again: what is done stays done."
            )

    def has_time(self, worker: Worker, seconds: float) -> bool:
        """Where a pool's lanes together have more workers than cores, those that are busy leave none to the others."""
        pool = lanes.pool_of(worker.lane)
        ours = (w for w in self.workers.here() if w.batches and lanes.pool_of(w.lane) == pool)
        busy = sum(self._sizes[w.lane].cores for w in ours)
        return bool(worker.batches) or busy + self._sizes[worker.lane].cores <= self._cores[pool]


@contextmanager
def local_pools(plan: Plan, observer: Observer) -> Iterator[LocalPools]:
    """Workers for all that a plan has to run, under one scheduler."""
    dashboard, of = plan.site.dashboard, sizes(plan)
    scheduler = local_scheduler(dashboard=dashboard)
    with ExitStack() as stack:
        stack.enter_context(own_dask_configuration())
        scratch = stack.enter_context(NodeFolder())
        workers = {
            f"{lane}-{i}": worker_options(lane, size.memory, scratch, size.cores)
            for lane, size in of.items()
            for i in range(size.n)
        }
        with interrupts_held_back():
            cluster = stack.enter_context(_started(workers, scheduler))
            client = stack.enter_context(Client(cluster))
            found = DaskWorkers(cluster, client, plan.folder.path.absolute(), opens=True)
        if dashboard:
            observer.message(how_to_reach(cluster))
        yield LocalPools(found, of, {pool: plan.site.cores(pool) for pool in plan.site.pools})


def _started(workers: Mapping[str, Any], scheduler: Mapping[str, Any]) -> SpecCluster:
    """The cluster. SiteError where its workers can't import the program that asks for them."""
    try:
        return SpecCluster(workers=workers, scheduler=scheduler, silence_logs=50)
    except RuntimeError:
        if why := unguarded():
            raise SiteError(why) from None
        raise


def local_scheduler(*, dashboard: bool = False) -> dict[str, Any]:
    # Its connections aren't encrypted, and whoever reached it could run what they like: this machine alone does.
    options = {"host": "127.0.0.1", "port": 0, **scheduler_options(dashboard=dashboard)}
    return {"cls": Scheduler, "options": options}


class Threaded(Nanny):
    """A nanny that starts its worker with the thread variables of so many cores.

    Dask's own option of variables to be set before a process is started is one for all workers, and those of its `env=`
    come too late: libraries read them when they are loaded.
    """

    def __init__(self, *words: Any, cores: int, **options: Any) -> None:
        super().__init__(*words, **options)
        self.pre_spawn_env.update(thread_environment(cores))
        self.env.update(thread_environment(cores))


def worker_options(lane: str, memory: int, scratch: str, cores: int = 1) -> dict[str, Any]:
    options = {
        "host": "127.0.0.1",
        # One task to a process: Dask's nanny ends processes by their memory, and it must be known whose that was.
        "nthreads": 1,
        "memory_limit": memory,
        "resources": {lane: 1},
        "local_directory": scratch,
        "dashboard": False,
        "silence_logs": 50,
        "cores": cores,
    }
    return {"cls": Threaded, "options": options}


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
