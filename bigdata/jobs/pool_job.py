"""A job of a pool, as the controller knows it, and what its end says of the tasks that it had."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from typing import Any

from bigdata.engine.greeting import Greeting
from bigdata.engine.hands import Worker
from bigdata.engine.retries import Cause
from bigdata.jobs.batch import Job

# All other ends are nothing that a task did.
ENDINGS = {
    "TIMEOUT": Cause.TIMEOUT,
    "DEADLINE": Cause.TIMEOUT,
    "OUT_OF_MEMORY": Cause.MEMORY,
    # What Slurm says of a job that it stopped for its memory, where it has no control groups to do that with.
    "FAILED": Cause.DIED,
}
# Ends of a job that had no worker yet, which the next one will have too.
STILLBORN = ("FAILED", "COMPLETED", "OUT_OF_MEMORY", "TIMEOUT", "")


@dataclass
class PoolJob:
    """A job of a lane. `id` is "" until the batch system has taken it; `seen` is what the queue last said of it.

    `greeted` is what its first worker said. A job that is `leaving` gets no more tasks, one that is `removing` was
    told to end, and `over` is how it ended, in the batch system's word. Times are Unix times in s, infinity for never:
    since when it has nothing to do, and since when it runs, or is said to, without a worker.
    """

    name: str
    lane: str
    id: str = ""
    seen: Job | None = None
    missed: int = 0
    workers: dict[str, Worker] = field(default_factory=dict)
    greeting: Any = None
    greeted: Greeting | None = None
    leaving: bool = False
    removing: bool = False
    idle_since: float = math.inf
    silent_since: float = math.inf
    over: str | None = None

    @property
    def n_batches(self) -> int:
        return sum(len(w.batches) for w in self.workers.values())

    @property
    def ends(self) -> float:
        return self.greeted.ends if self.greeted else math.inf


def name_of_job(worker: Worker) -> str:
    """`cpu-3` for the worker `cpu-3:0`."""
    return worker.name.partition(":")[0]
