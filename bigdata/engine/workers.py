"""The workers of one Dask scheduler: each is handed batches of tasks, and a token comes back for every task.

The controller itself says which worker gets a batch. So it knows what a worker had in hand when it went away, and
Dask, which would run that again by its own rules, starts nothing twice.
"""

from __future__ import annotations

import json
import os
import queue
import sys
from collections.abc import Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from distributed import Client, Future, SpecCluster, WorkerPlugin
from distributed.comm.core import CommClosedError
from distributed.diagnostics.plugin import SchedulerPlugin

from bigdata.engine.execute import TOKENS, Token, execute_batch
from bigdata.engine.hands import Batch, Lost, Worker
from bigdata.kind.order import Order
from bigdata.kind.stage import TaskId


@dataclass(frozen=True)
class _Arrived:
    address: str
    name: str
    resources: tuple[str, ...]


@dataclass(frozen=True)
class _Left:
    address: str


@dataclass(frozen=True)
class _Ended:
    address: str
    key: str


class DaskWorkers:
    """The `Workers` of one scheduler in this process; `opens` says whether a new worker takes tasks at once.

    `arrived` and `left` hold who came and went, until somebody takes them out.
    """

    def __init__(self, cluster: SpecCluster, client: Client, folder: Path, *, opens: bool) -> None:
        self._cluster: Any = cluster
        self._client, self._folder, self._opens = client, str(folder), opens
        self._events: queue.SimpleQueue[Any] = queue.SimpleQueue()
        self._here: dict[str, Worker] = {}
        self.arrived: list[Worker] = []
        self.left: list[Worker] = []
        self.lost: list[Lost] = []
        # Tasks of batches that ended without having come to them: their job was about to end.
        self.returned: list[TaskId] = []
        # A worker that dies just now breaks the word to all; the scheduler has it by then, for those that come.
        with suppress(OSError, CommClosedError):
            client.register_plugin(Quiet(str(folder / "logs")))
        cluster.sync(self._attend)
        self._sort_events(block=0)

    async def _attend(self) -> None:
        """Listen to the scheduler from inside its own thread, so that no worker comes unseen."""
        scheduler = self._cluster.scheduler
        scheduler.add_plugin(_Attendance(self._events))
        for address in scheduler.workers:
            _arrive(self._events, scheduler, address)

    def here(self, lane: str | None = None) -> list[Worker]:
        """The workers of a lane, or all."""
        return [w for w in self._here.values() if lane in (None, w.lane)]

    def n_tasks(self, lane: str | None = None) -> int:
        """Tasks handed out, in one lane or in all, whose tokens haven't come."""
        return sum(len(batch.tasks) for worker in self.here(lane) for batch in worker.batches.values())

    def hand(self, worker: Worker, orders: Iterable[Order]) -> None:
        """Give a worker a batch; tagged with the lane, which no worker of another has."""
        batch = tuple(orders)
        future = self._client.submit(
            execute_batch,
            self._folder,
            batch,
            worker.ends,
            pure=False,
            workers=[worker.address],
            allow_other_workers=False,
            resources={worker.lane: 1},
        )
        worker.batches[str(future.key)] = Batch(future, {order.task: None for order in batch})
        future.add_done_callback(lambda done: self._events.put(_Ended(worker.address, str(done.key))))

    def call(self, worker: Worker, function: Any, *arguments: Any) -> Future[Any]:
        """Run a function on a worker, before its first batch."""
        return self._client.submit(
            function, *arguments, pure=False, workers=[worker.address], allow_other_workers=False
        )

    def dismiss(self, worker: Worker) -> None:
        """End a worker that has nothing in hand, and with it its process."""
        worker.is_open = False
        self._cluster.loop.add_callback(self._cluster.scheduler.close_worker, worker.address)

    def give_up(self, worker: Worker) -> None:
        """Count a worker as gone, whether it still answers or not: its job has ended."""
        worker.is_open = False
        scheduler = self._cluster.scheduler
        self._cluster.sync(scheduler.remove_worker, worker.address, stimulus_id="bigdata", close=True)

    def drain(self, timeout: float) -> list[Token]:
        """The tokens that came since the last call; waits up to `timeout` seconds for something to happen."""
        return self._sort_events(block=timeout)

    def _sort_events(self, block: float) -> list[Token]:
        tokens: list[Token] = []
        for event in self._next_events(block):
            match event:
                case str():
                    tokens += self._reported(json.loads(event))
                case _Arrived():
                    lane = event.resources[0] if event.resources else ""
                    self._here[event.address] = worker = Worker(event.address, event.name, lane, self._opens)
                    self.arrived.append(worker)
                case _Left() if event.address in self._here:
                    self._leave(self._here.pop(event.address))
                case _Ended():
                    tokens += self._ended(event)
        return tokens

    def _next_events(self, block: float) -> Iterator[Any]:
        with suppress(queue.Empty):
            yield self._events.get(timeout=block) if block else self._events.get_nowait()
            while True:
                yield self._events.get_nowait()

    def _reported(self, message: dict[str, Any]) -> Iterator[Token]:
        """A token, unless its worker was given up meanwhile: the task is somebody else's then."""
        token, worker = message["token"], self._here.get(message["worker"])
        task = token["stage"], token["index"]
        for batch in worker.batches.values() if worker else ():
            if task in batch.tasks:
                del batch.tasks[task]
                yield token

    def _leave(self, worker: Worker) -> None:
        self.left.append(worker)
        self.lost += [Lost(task, worker) for batch in worker.batches.values() for task in batch.tasks]
        self._take_back(worker)

    def _ended(self, event: _Ended) -> Iterator[Token]:
        """A batch is over: what it hasn't come to goes back, unless the engine itself failed."""
        worker = self._here.get(event.address)
        batch = worker.batches.pop(event.key, None) if worker else None
        if batch is None:
            return
        if batch.future.status == "finished":
            self.returned += batch.tasks
            return
        for task in batch.tasks:
            yield _given_up(task, batch.future)

    def _take_back(self, worker: Worker) -> None:
        """Dask would keep a batch for a worker that will never come back."""
        futures = [batch.future for batch in worker.batches.values()]
        worker.batches.clear()
        if futures:
            self._client.cancel(futures, force=True)

    def cancel(self) -> None:
        """Take back what hasn't started; what runs is ended with the workers."""
        for worker in self.here():
            self._take_back(worker)


def _given_up(task: TaskId, future: Future[Any]) -> Token:
    """The failure record of a task that the engine gave up."""
    error = future.exception() if future.status == "error" else None
    text = f"{type(error).__name__}: {error}"[:400] if error else f"the scheduler gave the task up ({future.status})"
    return {"event": "failed", "stage": task[0], "index": task[1], "class": "engine", "error": text, "traceback": ""}


def _arrive(events: queue.SimpleQueue[Any], scheduler: Any, address: str) -> None:
    state = scheduler.workers[address]
    events.put(_Arrived(address, str(state.name), tuple(state.resources)))


class _Attendance(SchedulerPlugin):
    """Sits in the scheduler and passes on who comes, who goes, and the tokens, in the order in which they happen.

    Tokens travel with what workers tell the scheduler anyway: one that was sent isn't lost with its worker, as a
    result that waits in the worker's memory is.
    """

    name = "bigdata-attendance"

    def __init__(self, events: queue.SimpleQueue[Any]) -> None:
        self._events = events

    def add_worker(self, scheduler: Any, worker: str) -> None:
        _arrive(self._events, scheduler, worker)

    def remove_worker(self, scheduler: Any, worker: str, **_: Any) -> None:
        self._events.put(_Left(worker))

    def log_event(self, topic: str, msg: Any) -> None:
        if topic == TOKENS:
            self._events.put(msg)


class Quiet(WorkerPlugin):
    """Sends a worker's own output to its log."""

    name = "bigdata-quiet"

    def __init__(self, logs: str) -> None:
        self.logs = logs

    def setup(self, worker: Any) -> None:
        log = Path(self.logs) / f"worker-{os.uname().nodename}-{os.getpid()}.log"
        handle = os.open(log, os.O_CREAT | os.O_WRONLY | os.O_APPEND, 0o666)
        for stream in (sys.stdout, sys.stderr):
            stream.flush()
            os.dup2(handle, stream.fileno() if hasattr(stream, "fileno") else 2)
        os.close(handle)
