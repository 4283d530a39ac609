"""What happens at a Dask scheduler in this process, noted in its own thread: who comes, who goes, what workers say."""

from __future__ import annotations

import os
import queue
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from distributed import WorkerPlugin
from distributed.diagnostics.plugin import SchedulerPlugin

from bigdata.engine.execute import TOKENS


@dataclass(frozen=True)
class Came:
    """A worker of these resources has joined the scheduler."""

    address: str
    name: str
    resources: tuple[str, ...]


@dataclass(frozen=True)
class Went:
    """The scheduler has no such worker any more."""

    address: str


@dataclass(frozen=True)
class Said:
    """A worker's message with a token, as text."""

    text: str


@dataclass(frozen=True)
class Ended:
    """The future of a batch is over, whichever way."""

    address: str
    key: str


Note = Came | Went | Said | Ended
# Put from the scheduler's own thread, which all workers wait for: this queue never makes it wait.
Notes = queue.SimpleQueue[Note]


class Attendance(SchedulerPlugin):
    """Sits in the scheduler and passes on who comes, who goes, and the tokens, in the order in which they happen.

    Tokens travel with what workers tell the scheduler anyway: one that was sent isn't lost with its worker, as a
    result that waits in the worker's memory is.
    """

    name = "bigdata-attendance"

    def __init__(self, notes: Notes) -> None:
        self._notes = notes

    def add_worker(self, scheduler: Any, worker: str) -> None:
        state = scheduler.workers[worker]
        self._notes.put(Came(worker, str(state.name), tuple(state.resources)))

    def remove_worker(self, scheduler: Any, worker: str, **_: Any) -> None:
        self._notes.put(Went(worker))

    def log_event(self, topic: str, msg: Any) -> None:
        if topic == TOKENS:
            self._notes.put(Said(msg))


async def attend(scheduler: Any, notes: Notes) -> None:
    """Note what happens from now on, and the workers that are there; in the scheduler's thread, so that no worker comes
    unseen in between.
    """
    plugin = Attendance(notes)
    scheduler.add_plugin(plugin)
    for address in scheduler.workers:
        plugin.add_worker(scheduler, address)


class Quiet(WorkerPlugin):
    """Sends a worker's own output to its log."""

    name = "bigdata-quiet"

    def __init__(self, logs: str) -> None:
        self.logs = logs

    def setup(self, worker: Any) -> None:
        log = Path(self.logs) / f"worker-{os.uname().nodename}-{os.getpid()}.log"
        # The descriptors, since compiled code and programs that are started know nothing of Python's own streams.
        handle = os.open(log, os.O_CREAT | os.O_WRONLY | os.O_APPEND, 0o666)
        for stream in (sys.stdout, sys.stderr):
            stream.flush()
            os.dup2(handle, stream.fileno() if hasattr(stream, "fileno") else 2)
        os.close(handle)
