"""What a controller needs of whoever has its tasks run: workers that take batches, and pools that they come from."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

from bigdata.engine.execute import Token
from bigdata.engine.retries import Cause, Ending
from bigdata.kind.order import Order
from bigdata.kind.stage import TaskId


@dataclass
class Worker:
    """What runs batches one after the other. It takes tasks of one lane (a pool, see `lanes`) while `is_open`.

    `ends` is when its job ends (Unix time, s).
    """

    address: str
    name: str
    lane: str
    is_open: bool
    ends: float = math.inf
    batches: dict[str, Batch] = field(default_factory=dict)


@dataclass
class Batch:
    """Tasks under way together, without those whose tokens have come."""

    future: Any
    tasks: dict[TaskId, None]


@dataclass(frozen=True)
class Lost:
    """A task that was in the hands of a worker that went away."""

    task: TaskId
    worker: Worker


@dataclass(frozen=True)
class Told:
    """A task's token has come."""

    token: Token


@dataclass(frozen=True)
class Arrived:
    """A worker is there."""

    worker: Worker


@dataclass(frozen=True)
class Left:
    """A worker went away with these tasks in hand: none of their tokens was sent before."""

    worker: Worker
    tasks: tuple[TaskId, ...]


@dataclass(frozen=True)
class Returned:
    """A batch ended without having come to these tasks: its worker's job was about to end."""

    tasks: tuple[TaskId, ...]


# One stream, since order is what it tells: a token that comes before its worker's end counts, and none comes after it.
Event = Told | Arrived | Left | Returned


@dataclass(frozen=True)
class Need:
    """Tasks of a lane that are ready or under way, and how long the next of them takes, in s."""

    n_tasks: int
    seconds: float


class Workers(Protocol):
    """Those of one run."""

    def here(self, lane: str | None = None) -> Sequence[Worker]:
        """The workers of a lane, or all."""

    def n_tasks(self, lane: str | None = None) -> int:
        """Tasks handed out, in one lane or in all, whose tokens haven't come."""

    def hand(self, worker: Worker, orders: Iterable[Order]) -> None:
        """Give a worker a batch."""

    def events(self, timeout: float) -> list[Event]:
        """What has happened since the last call, in its order; waits up to `timeout` seconds for something to happen.

        Each event is told once: a run has one reader.
        """

    def cancel(self) -> None:
        """Take back what hasn't started; what runs is ended with the workers."""


class Pools(Protocol):
    """Where a run's workers come from: this process, this machine, jobs, or somebody's Dask cluster."""

    @property
    def workers(self) -> Workers: ...

    def tend(self, needs: Mapping[str, Need]) -> None:
        """Start and let go workers by what each lane needs; soon back. SiteError where the site refuses for good, or
        where no worker will ever come.
        """

    def came(self, worker: Worker) -> None:
        """A worker has arrived."""

    def went(self, worker: Worker) -> None:
        """A worker has left."""

    def ending(self, lost: Lost) -> Ending | None:
        """What ended the worker of a task that it had begun; None where it isn't known yet."""

    def larger(self, lane: str) -> str | None:
        """The lane where the same tasks have more memory; None where none has."""

    def has_time(self, worker: Worker, seconds: float) -> bool:
        """Whether a worker may begin a task of so many seconds now: its job lasts long enough, its cores are free."""


class GivenPools:
    """The part of `Pools` where workers come and go without this process having asked for them."""

    def came(self, worker: Worker) -> None: ...
    def went(self, worker: Worker) -> None: ...

    def ending(self, lost: Lost) -> Ending:
        return Ending(Cause.DIED)

    def larger(self, lane: str) -> str | None:
        return None


def news(pools: Pools, timeout: float) -> list[Event]:
    """The events of the pools' workers, once the pools have been told who came and who went."""
    events = pools.workers.events(timeout)
    for event in events:
        if isinstance(event, Arrived):
            pools.came(event.worker)
        elif isinstance(event, Left):
            pools.went(event.worker)
    return events
