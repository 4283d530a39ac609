"""The loop that runs a plan: hands out ready tasks, records what comes back, stops when told to."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Protocol

from bigdata.errors import SiteError
from bigdata.planning.plan import Plan
from bigdata.planning.stage import TaskId
from bigdata.run.execute import Token
from bigdata.run.graph import TaskGraph
from bigdata.run.lock import Lock
from bigdata.run.pool import DaskPool
from bigdata.store.journal import Journal

# Tasks handed out per worker, the running one counted: enough that none waits for the controller, few enough that little
# is lost with a worker.
WINDOW_PER_WORKER = 4
WAIT_SECONDS = 0.25


class Observer(Protocol):
    """Told of a run's progress as it happens; the command line draws bars from it."""

    def stage(self, path: str, done: int, total: int) -> None: ...
    def token(self, token: Token) -> None: ...
    def message(self, text: str) -> None: ...


class Silent:
    """An observer that doesn't look."""

    def stage(self, path: str, done: int, total: int) -> None: ...
    def token(self, token: Token) -> None: ...
    def message(self, text: str) -> None: ...


@dataclass
class Outcome:
    """How the tasks went."""

    tokens: list[Token] = field(default_factory=list)
    failed: dict[TaskId, Token] = field(default_factory=dict)
    skipped: dict[TaskId, TaskId] = field(default_factory=dict)
    cancelled: bool = False


class Controller:
    """Runs the tasks of one plan on one pool of workers."""

    def __init__(self, plan: Plan, journal: Journal, lock: Lock, observer: Observer) -> None:
        self.plan, self.journal, self.lock, self.observer = plan, journal, lock, observer
        self.graph = TaskGraph(plan.stages)
        self.outcome = Outcome()

    def run(self, pool: DaskPool, n_workers: int) -> Outcome:
        """Until all that can be done is done, the user cancels, or the machine refuses (SiteError)."""
        pools = sorted({s.pool for s in self.plan.stages})
        while not self._cancelled():
            for name in pools:
                pool.submit(self.graph.take(name, WINDOW_PER_WORKER * n_workers - pool.n_in_flight), name)
            if not pool.n_in_flight:
                break
            self.record(pool.drain(WAIT_SECONDS))
            self.lock.touch()
        if self.outcome.cancelled:
            pool.cancel()
        self.outcome.skipped = dict(self.graph.skipped)
        return self.outcome

    def _cancelled(self) -> bool:
        self.outcome.cancelled = self.outcome.cancelled or self.plan.folder.cancel.exists()
        return self.outcome.cancelled

    def record(self, results: list[tuple[TaskId, Token]]) -> None:
        """Write what came back to the journal first, then let the graph and the observer know."""
        self.journal.append(token for _, token in results)
        for task, token in results:
            self.outcome.tokens.append(token)
            self.observer.token(token)
            if token["event"] == "done":
                self.graph.done(task)
            else:
                self._failed(task, token)

    def _failed(self, task: TaskId, token: Token) -> None:
        self.outcome.failed[task] = token
        self.graph.failed(task)
        if "damaged" in token:
            self._mark_damaged(*token["damaged"])
        if token["class"] == "storage":
            raise SiteError(
                f"{task[0]}/{task[1]} could not write: {token['error']}. Make room below {self.plan.folder.path}, or check "
                "its permissions, then submit again: what is done stays done."
            )

    def _mark_damaged(self, array: str, shard: list[int]) -> None:
        """Record that a shard's writer has to run again."""
        writer = writer_of(self.plan, array, tuple(shard))
        if writer:
            path, index = writer
            self.journal.append([{"event": "stale", "stage": path, "index": index, "why": "its data were found damaged"}])


def writer_of(plan: Plan, array: str, shard: tuple[int, ...]) -> TaskId | None:
    """The task that writes a shard; None for what the controller itself writes."""
    group, _, name = array.rpartition("/")
    for stage in plan.stages:
        if stage.group == group and any(a.name == name for a in stage.stage.arrays):
            return next((stage.path, i) for i in range(stage.stage.n_tasks) if (name, shard) in stage.stage.shards(i))
    return None

