"""The workers of one Dask scheduler: each is handed batches of tasks, and a token comes back for every task.

The controller itself says which worker gets a batch. So it knows what a worker had in hand when it went away, and
Dask, which would run that again by its own rules, starts nothing twice.
"""

from __future__ import annotations

import json
import queue
from collections.abc import Iterable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

from distributed import Client, Future, SpecCluster
from distributed.comm.core import CommClosedError

from bigdata.engine.attendance import Came, Ended, Note, Notes, Quiet, Said, Went, attend
from bigdata.engine.execute import Token, execute_batch
from bigdata.engine.hands import Arrived, Batch, Event, Left, Returned, Told, Worker
from bigdata.kind.order import Order
from bigdata.kind.stage import TaskId


class DaskWorkers:
    """The `Workers` of one scheduler in this process; `opens` says whether a new worker takes tasks at once."""

    def __init__(self, cluster: SpecCluster, client: Client, folder: Path, *, opens: bool) -> None:
        self._cluster: Any = cluster
        self._client, self._folder, self._opens = client, str(folder), opens
        self._notes: Notes = queue.SimpleQueue()
        self._here: dict[str, Worker] = {}
        # A worker that dies just now breaks the word to all; the scheduler has it by then, for those that come.
        with suppress(OSError, CommClosedError):
            client.register_plugin(Quiet(str(folder / "logs")))
        cluster.sync(attend, cluster.scheduler, self._notes)

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
            # Else a batch like an earlier one, such as tasks that are tried again, would be that one for Dask.
            pure=False,
            workers=[worker.address],
            allow_other_workers=False,
            resources={worker.lane: 1},
        )
        worker.batches[str(future.key)] = Batch(future, {order.task: None for order in batch})
        future.add_done_callback(lambda done: self._notes.put(Ended(worker.address, str(done.key))))

    def call(self, worker: Worker, function: Any, *arguments: Any) -> Future[Any]:
        """Run a function on a worker, before its first batch."""
        return self._client.submit(
            function, *arguments, pure=False, workers=[worker.address], allow_other_workers=False
        )

    def dismiss(self, worker: Worker) -> None:
        """End a worker that has nothing in hand, and with it its process."""
        worker.is_open = False
        # In the scheduler's thread, and not waited for: it asks the worker, which may not answer.
        self._cluster.loop.add_callback(self._cluster.scheduler.close_worker, worker.address)

    def give_up(self, worker: Worker) -> None:
        """Count a worker as gone, whether it still answers or not: its job has ended."""
        worker.is_open = False
        scheduler = self._cluster.scheduler
        self._cluster.sync(scheduler.remove_worker, worker.address, stimulus_id="bigdata", close=True)

    def events(self, timeout: float) -> list[Event]:
        """What has happened since the last call, in its order; waits up to `timeout` seconds for something."""
        return [event for note in self._new_notes(timeout) for event in self._understood(note)]

    def _new_notes(self, timeout: float) -> Iterator[Note]:
        with suppress(queue.Empty):
            yield self._notes.get(timeout=timeout) if timeout else self._notes.get_nowait()
            while True:
                yield self._notes.get_nowait()

    def _understood(self, note: Note) -> Iterator[Event]:
        """The events of a note; none where it is of a worker that was given up meanwhile."""
        match note:
            case Came(address, name, resources):
                lane = resources[0] if resources else ""
                self._here[address] = worker = Worker(address, name, lane, self._opens)
                yield Arrived(worker)
            case Went(address) if address in self._here:
                yield self._left(self._here.pop(address))
            case Said(text):
                yield from self._told(json.loads(text))
            case Ended(address, key):
                yield from self._ended(self._here.get(address), key)

    def _told(self, message: dict[str, Any]) -> Iterator[Event]:
        """A token, unless its worker was given up meanwhile: the task is somebody else's then.

        One that was sent before its worker's death comes before the word of it, and counts.
        """
        token, worker = message["token"], self._here.get(message["worker"])
        task = token["stage"], token["index"]
        for batch in worker.batches.values() if worker else ():
            if task in batch.tasks:
                del batch.tasks[task]
                yield Told(token)

    def _left(self, worker: Worker) -> Left:
        tasks = tuple(task for batch in worker.batches.values() for task in batch.tasks)
        self._take_back(worker)
        return Left(worker, tasks)

    def _ended(self, worker: Worker | None, key: str) -> Iterator[Event]:
        """A batch is over: what it hasn't come to goes back, unless the engine itself failed."""
        batch = worker.batches.pop(key, None) if worker else None
        if batch is None:
            return
        if batch.future.status == "finished":
            yield Returned(tuple(batch.tasks))
            return
        for task in batch.tasks:
            yield Told(_given_up(task, batch.future))

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
