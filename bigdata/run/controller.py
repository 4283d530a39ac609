"""The loop that runs a plan: hands out ready tasks, records what comes back, stops when told to."""

from __future__ import annotations

from collections import deque
from collections.abc import Mapping
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

# Short tasks travel in batches that last about this long, or the engine's own work for each would outweigh theirs;
# a worker has two batches at hand, so that it never waits and little is lost with it.
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
    """Runs the tasks of one plan on the pools of its site."""

    def __init__(self, plan: Plan, journal: Journal, lock: Lock, observer: Observer) -> None:
        self.plan, self.journal, self.lock, self.observer = plan, journal, lock, observer
        self.graph = TaskGraph(plan.stages)
        self.outcome = Outcome()
        self._last_seconds: dict[str, deque[float]] = {s.path: deque(maxlen=20) for s in plan.stages}

    def run(self, workers: DaskPool, n_workers: Mapping[str, int]) -> Outcome:
        """Until all that can be done is done, the user cancels, or the machine refuses (SiteError)."""
        while not self._cancelled():
            for pool, n in n_workers.items():
                self._fill(workers, pool, n)
            if not workers.n_batches():
                break
            self.record(workers.drain(WAIT_SECONDS))
            self.lock.check()
        if self.outcome.cancelled:
            self.record(workers.drain(0))
            workers.cancel()
        self.outcome.skipped = dict(self.graph.skipped)
        return self.outcome

    def _fill(self, workers: DaskPool, pool: str, n: int) -> None:
        """Hand out ready tasks until each of a pool's n workers has enough at hand."""
        while workers.n_batches(pool) < BATCHES_PER_WORKER * n and (path := self.graph.next_stage(pool)):
            share = -(-self.graph.n_ready(pool) // n)
            workers.submit(self.graph.take(pool, min(share, self._batch_size(path))), pool)

    def _batch_size(self, path: str) -> int:
        """How many tasks of a stage last about BATCH_SECONDS, from how long its last ones took; one to begin with."""
        last = self._last_seconds[path]
        if not last:
            return 1
        return max(1, min(MOST_IN_BATCH, int(BATCH_SECONDS * len(last) / max(sum(last), 1e-6))))

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
                self._last_seconds[task[0]].append(token["seconds"])
                self.graph.done(task)
            else:
                self._failed(task, token)

    def _failed(self, task: TaskId, token: Token) -> None:
        self.outcome.failed[task] = token
        self.graph.failed(task)
        if token["class"] == "storage":
            raise SiteError(
                f"{task[0]}/{task[1]} could not write: {token['error']}. Make room below {self.plan.folder.path}, or "
                "check its permissions, then submit again: what is done stays done."
            )
