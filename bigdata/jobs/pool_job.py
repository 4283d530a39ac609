"""A job of a pool, as the controller knows it, and what its end says of the tasks that it had."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from typing import Any

from bigdata.engine.greeting import Greeting
from bigdata.engine.hands import Worker
from bigdata.engine.retries import Cause
from bigdata.jobs.listing import Job

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
# A process that died is brought back by its supervisor, and has a new address. Where that isn't so after this time,
# and the job is said to live, it was the process alone that died.
LINGER_SECONDS = 15.0


@dataclass
class PoolJob:
    """A job of a lane. `id` is "" until the batch system has taken it; `seen` is what the queue last said of it.

    `greeted` is what its first worker said. A job that is `leaving` gets no more tasks, one that is `removing` was
    told to end, `unfit` is why where it was of no use, and `over` is how it ended, in the batch system's word. Times
    are Unix times in s, infinity for never: when it was handed in, when the batch system was asked for what was `seen`,
    and for that of it alone, when its last worker went, since when it has nothing to do, since when it runs, or is
    said to, without a worker, and since when it is suspended, ending or out of its batch system's sight.
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
    unfit: str = ""
    handed_in: float = math.inf
    seen_at: float = -math.inf
    asked_at: float = -math.inf
    left_at: float = -math.inf
    idle_since: float = math.inf
    silent_since: float = math.inf
    stuck_since: float = math.inf
    over: str | None = None

    @property
    def n_batches(self) -> int:
        return sum(len(w.batches) for w in self.workers.values())

    @property
    def is_orphaned(self) -> bool:
        """Whether its workers are gone, and its batch system hasn't told for long enough since that it lives."""
        return not self.workers and self.left_at + LINGER_SECONDS > self.seen_at

    @property
    def ends(self) -> float:
        return self.greeted.ends if self.greeted else math.inf


def name_of_job(worker: Worker) -> str:
    """`cpu-3` for the worker `cpu-3:0`."""
    return worker.name.partition(":")[0]
