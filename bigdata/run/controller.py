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

# Short tasks travel in batches that last about this long, or the engine's own work for each would outweigh theirs; a worker
# has two batches at hand, so that it never waits and little is lost with it.
BATCH_SECONDS = 0.2
MOST_IN_BATCH = 50
BATCHES_PER_WORKER = 2
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
                self._fill(pool, name, n_workers)
            if not pool.n_batches:
                break
            self.record(pool.drain(WAIT_SECONDS))
            self.lock.touch()
        if self.outcome.cancelled:
            pool.cancel()
        self.outcome.skipped = dict(self.graph.skipped)
        return self.outcome

    def _fill(self, pool: DaskPool, name: str, n_workers: int) -> None:
        """Hand out ready tasks until every worker has enough at hand."""
        size = self._batch_size()
        for _ in range(BATCHES_PER_WORKER * n_workers - pool.n_batches):
            if not (batch := self.graph.take(name, size)):
                break
            pool.submit(batch, name)

    def _batch_size(self) -> int:
        """How many tasks last about BATCH_SECONDS, from how long the last ones took; one to begin with."""
        last = self.outcome.tokens[-20:]
        if not last:
            return 1
        mean = sum(t.get("seconds", 0.0) for t in last) / len(last)
        return max(1, min(MOST_IN_BATCH, int(BATCH_SECONDS / max(mean, 1e-6))))

    def _cancelled(self) -> bool:
        self.outcome.cancelled = self.outcome.cancelled or self.plan.folder.cancel.exists()
        return self.outcome.cancelled

    def record(self, tokens: list[Token]) -> None:
        """Write what came back to the journal first, then let the graph and the observer know."""
        self.journal.append(tokens)
        for token in tokens:
            task = token["stage"], token["index"]
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

