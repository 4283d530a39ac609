"""What becomes of a task whose worker went away while it ran: tried again, or given up, by what ended the worker."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum

from bigdata.display import duration
from bigdata.engine.execute import Token, failed_token
from bigdata.kind.stage import TaskId

# A task that has ended its worker so often, the last time with all the memory that there is, isn't tried again.
MOST_DEATHS = 3
# Nobody's fault, but something is: a task whose jobs were lost so often isn't tried again.
MOST_LOST = 10
# A task that had so much of its job's time and wasn't done won't be in the next job.
WHOLE_TIME = 0.8


class Cause(StrEnum):
    """What ended a worker, or its job."""

    DIED = "worker-died"
    """The process alone: most often its supervisor stopped it for its memory; or it crashed."""
    MEMORY = "memory"
    """The batch system stopped the job for its memory."""
    TIMEOUT = "timeout"
    """The job came to the end of its walltime."""
    LOST = "lost"
    """The job was cancelled or preempted, or its node was lost: nothing that the task did."""


@dataclass(frozen=True)
class Ending:
    """How a worker ended, and for timeouts the task's time on it and the job's walltime, in s."""

    cause: Cause
    seconds: float = 0.0
    walltime: float = 0.0


class Retries:
    """Counts what tasks went through. `larger` names the lane with more memory for each task, None where none has."""

    def __init__(self, larger: Callable[[str], str | None]) -> None:
        self.larger = larger
        self._counts: Counter[tuple[TaskId, Cause]] = Counter()
        self._idle_pauses: Counter[TaskId] = Counter()

    def after(self, task: TaskId, lane: str, ending: Ending) -> str | Token:
        """The lane in which a task is tried again; or the record of its failure."""
        cause = ending.cause
        if cause is Cause.TIMEOUT and ending.seconds < WHOLE_TIME * ending.walltime:
            cause = Cause.LOST  # it began late; in a new job it has more time
        self._counts[task, cause] += 1
        n = self._counts[task, cause]
        if cause is Cause.LOST:
            return lane if n < MOST_LOST else _failed(task, cause, _LOST.format(n))
        if cause is Cause.TIMEOUT:
            whole = _TIMEOUT.format(duration(ending.walltime), n)
            return lane if n < MOST_DEATHS - 1 else _failed(task, cause, whole)
        deaths = self._counts[task, Cause.DIED] + self._counts[task, Cause.MEMORY]
        if more := self.larger(lane):
            return more
        return lane if deaths < MOST_DEATHS else _failed(task, cause, _DIED.format(deaths))

    def after_pause(self, task: TaskId, lane: str, *, saved: bool) -> str | Token:
        """Where a task goes on that paused, unless it has done so again and again without having saved anything."""
        self._idle_pauses[task] = 0 if saved else self._idle_pauses[task] + 1
        n = self._idle_pauses[task]
        return lane if n < MOST_DEATHS else _failed(task, Cause.TIMEOUT, _IDLE.format(n))


_DIED = (
    "the worker died {} times while running this task, most likely because it ran out of memory, else by a crash of "
    "compiled code. Give the pool more memory per worker, or make the study's pieces smaller"
)
_LOST = "its jobs were cancelled, preempted or lost with their nodes {} times. Ask the site what ends them"
_TIMEOUT = (
    "a whole job of {} was too short for it, {} times. Give the pool more `walltime:`, or make the study's pieces "
    "smaller"
)
_IDLE = "its jobs ended {} times before it had anything new to save. Give the pool more `walltime:`"


def _failed(task: TaskId, cause: Cause, text: str) -> Token:
    return failed_token(*task, cause.value, text)
