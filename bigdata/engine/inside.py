"""Tasks in this process itself, one after the other: no cluster is started, for small studies, tests and debugging."""

from __future__ import annotations

import os
from collections import deque
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager, redirect_stderr, redirect_stdout
from pathlib import Path
from typing import NoReturn

from threadpoolctl import threadpool_limits

from bigdata.engine import lanes
from bigdata.engine.execute import perform
from bigdata.engine.hands import Batch, Event, GivenPools, Need, Told, Worker
from bigdata.kind.order import Order
from bigdata.planning.plan import Plan
from bigdata.store.folder import RunFolder
from bigdata.threads import CORES, thread_environment


def what_ended_it(folder: RunFolder) -> str:
    """What is to be said of a run whose controller died and had its tasks in its own process; "" where none was begun.

    A task that crashes ends that process before anybody could tell of it.
    """
    if not (begun := folder.under_way()):
        return ""
    return (
        f"the process ended while task {begun[0]} ran in it: most likely by a crash of compiled code or a signal. With "
        "`--site local` tasks run in processes of their own, and one that ends its process is a failed task"
    )


class InsideWorkers:
    """The `Workers` of this process: one for each lane, and one task runs at a time, while somebody waits for it."""

    def __init__(self, folder: Path, lanes: Iterable[str]) -> None:
        self._folder = folder
        self._here = [Worker(lane, lane, lane, is_open=True) for lane in lanes]
        self._waiting: deque[tuple[Worker, Order]] = deque()

    def here(self, lane: str | None = None) -> Sequence[Worker]:
        return [worker for worker in self._here if lane in (None, worker.lane)]

    def n_tasks(self, lane: str | None = None) -> int:
        return sum(lane in (None, worker.lane) for worker, _ in self._waiting)

    def hand(self, worker: Worker, orders: Iterable[Order]) -> None:
        for order in orders:
            self._waiting.append((worker, order))
            worker.batches[f"{order.path}/{order.index}"] = Batch(None, {order.task: None})

    def events(self, timeout: float) -> list[Event]:
        """Run the next task; without `timeout` none."""
        if not self._waiting or not timeout:
            return []
        worker, order = self._waiting.popleft()
        del worker.batches[f"{order.path}/{order.index}"]
        with _talking_to(RunFolder(self._folder)), _going_on():
            return [Told(perform(str(self._folder), order))]

    def cancel(self) -> None:
        self._waiting.clear()


class InsidePools(GivenPools):
    """The `Pools` of this process."""

    def __init__(self, workers: InsideWorkers) -> None:
        self.workers = workers

    def tend(self, needs: Mapping[str, Need]) -> None:
        """Nothing comes or goes."""

    def has_time(self, worker: Worker, seconds: float) -> bool:
        """One after the other, so that a task that goes first and has just become ready is the next."""
        return not worker.batches


@contextmanager
def inside_pools(plan: Plan) -> Iterator[InsidePools]:
    """With as many threads in numerical libraries as workers have, or sums would have other last bits."""
    cores = max((s.stage.cores for s in plan.stages if s.n_todo), default=1)
    own = thread_environment(cores)
    del own[CORES]  # its tasks may have different numbers of cores
    before = {name: os.environ.get(name) for name in own}
    os.environ.update(own)
    of = dict.fromkeys(lanes.lane(plan.site, s.pool, s.stage.cores) for s in plan.stages)
    try:
        with threadpool_limits(cores):
            yield InsidePools(InsideWorkers(plan.folder.path.absolute(), of))
    finally:
        for name, value in before.items():
            os.environ.pop(name, None)
            if value is not None:
                os.environ[name] = value


@contextmanager
def _talking_to(run: RunFolder) -> Iterator[None]:
    """What a task prints goes to the log that workers write, since stdout is the program's own."""
    path = run.logs / f"worker-{os.uname().nodename}-{os.getpid()}.log"
    # Python's own streams only: the descriptors are those of the terminal, where progress is shown meanwhile.
    with path.open("a", errors="replace") as log, redirect_stdout(log), redirect_stderr(log):
        yield


@contextmanager
def _going_on() -> Iterator[None]:
    """A task's `os._exit` is an error of the task: it would end the whole program, without a word, as if all were well.

    Processes that the task forks may end so, as they should.
    """
    own, here = os._exit, os.getpid()

    def refuse(status: int) -> NoReturn:
        if os.getpid() != here:
            own(status)
        raise RuntimeError(f"the task called os._exit({status}), which would have ended the program that runs it")

    os._exit = refuse
    try:
        yield
    finally:
        os._exit = own
