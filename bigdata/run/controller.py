"""The loop that runs a plan: hands out ready tasks, records what comes back, stops when told to."""

from __future__ import annotations

from collections import Counter, deque
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol

from bigdata.errors import SiteError
from bigdata.planning.plan import Plan
from bigdata.planning.stage import TaskId
from bigdata.run.context import STOP_SECONDS
from bigdata.run.execute import Token
from bigdata.run.graph import TaskGraph
from bigdata.run.lock import Lock
from bigdata.run.retries import Cause, Ending, Retries
from bigdata.run.shift import ALWAYS, Shift
from bigdata.run.workers import Lost, Worker, Workers
from bigdata.store.journal import Journal

# Short tasks travel in batches that last about this long, or the engine's own work for each would outweigh theirs;
# a worker has two such batches at hand, so that it never waits and little is lost with it.
BATCH_SECONDS = 0.2
MOST_IN_BATCH = 50
BATCHES_PER_WORKER = 2
WAIT_SECONDS = 0.25


@dataclass(frozen=True)
class Need:
    """Tasks of a lane that are ready or under way, and how long the next of them takes, in s."""

    n_tasks: int
    seconds: float


class Pools(Protocol):
    """Where a run's workers come from: this machine, or jobs."""

    workers: Workers

    def tend(self, needs: Mapping[str, Need]) -> None:
        """Start and let go workers by what each lane needs; soon back. SiteError where the site refuses for good."""

    def ending(self, lost: Lost) -> Ending | None:
        """What ended the worker of a task that it had begun; None where it isn't known yet."""

    def larger(self, lane: str) -> str | None:
        """The lane where the same tasks have more memory; None where none has."""

    def has_time(self, worker: Worker, seconds: float) -> bool:
        """Whether a worker's job lasts long enough for a task."""


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
    """How the tasks went; `relieved` where the controller's own time ended before them. `again` counts tasks that were
    tried again, by what ended their workers.
    """

    tokens: list[Token] = field(default_factory=list)
    failed: dict[TaskId, Token] = field(default_factory=dict)
    skipped: dict[TaskId, TaskId] = field(default_factory=dict)
    again: Counter[str] = field(default_factory=Counter)
    cancelled: bool = False
    relieved: bool = False


class Controller:
    """Runs the tasks of one plan on the pools of its site."""

    def __init__(self, plan: Plan, journal: Journal, lock: Lock, observer: Observer, shift: Shift = ALWAYS) -> None:
        self.shift = shift
        self.plan, self.journal, self.lock, self.observer = plan, journal, lock, observer
        self.graph = TaskGraph(plan.stages)
        self.outcome = Outcome()
        self._stages = {s.path: s for s in plan.stages}
        self._last_seconds: dict[str, deque[float]] = {s.path: deque(maxlen=20) for s in plan.stages}
        # Where a task is that isn't done: its lane, once it was handed out.
        self._lane: dict[TaskId, str] = {}
        self._unjudged: list[Lost] = []

    def run(self, pools: Pools) -> Outcome:
        """Until all that can be done is done, the user cancels, the shift ends, or the site refuses (SiteError)."""
        workers, retries = pools.workers, Retries(pools.larger)
        while not self._cancelled() and not self.shift.is_over():
            self._fill(pools)
            if not self._is_under_way(workers) and (self.shift.is_ending() or not self.graph.lanes()):
                break
            pools.tend(self._needs(workers))
            self.record(workers.drain(WAIT_SECONDS), retries)
            self._take_back(pools, retries)
            self.lock.check()
        self.outcome.relieved = not self.outcome.cancelled and self._has_left_tasks(workers)
        if self.outcome.cancelled or self.outcome.relieved:
            self.record(workers.drain(0), retries)
            workers.cancel()
        self.outcome.skipped = dict(self.graph.skipped)
        return self.outcome

    def _is_under_way(self, workers: Workers) -> bool:
        return workers.n_tasks() > 0 or bool(self._unjudged or workers.lost or workers.returned)

    def _has_left_tasks(self, workers: Workers) -> bool:
        """Whether the shift ended before the tasks."""
        return self.shift.is_ending() and (bool(self.graph.lanes()) or self._is_under_way(workers))

    def _needs(self, workers: Workers) -> dict[str, Need]:
        """What is ready or under way in each lane; at the end of the shift only the latter."""
        ready = {} if self.shift.is_ending() else {lane: self.graph.n_ready(lane) for lane in self.graph.lanes()}
        under_way = Counter(w.lane for w in workers.here() for batch in w.batches.values() for _ in batch.tasks)
        return {
            lane: Need(ready.get(lane, 0) + under_way[lane], self._job_seconds(self.graph.next_stage(lane)))
            for lane in {**ready, **under_way}
        }

    def _fill(self, pools: Pools) -> None:
        """Hand out ready tasks until each worker has enough; none at the end of the shift."""
        if self.shift.is_ending():
            return
        for lane in self.graph.lanes():
            free = [w for w in pools.workers.here(lane) if w.is_open]
            for n_batches in range(BATCHES_PER_WORKER):
                for worker in (w for w in free if len(w.batches) == n_batches):
                    self._hand(pools, worker, share=-(-self.graph.n_ready(lane) // len(free)))

    def _hand(self, pools: Pools, worker: Worker, share: int) -> None:
        """Give a worker its next batch: no second one where that would wait long while others may be free."""
        path = self.graph.next_stage(worker.lane)
        seconds = self._seconds(path) if path else 0.0
        if not path or (worker.batches and seconds > BATCH_SECONDS):
            return
        if not pools.has_time(worker, self._job_seconds(path)):
            return
        tasks = self.graph.take(worker.lane, min(share, self._batch_size(path)))
        self._lane.update(dict.fromkeys(tasks, worker.lane))
        pools.workers.hand(worker, tasks)

    def _seconds(self, path: str) -> float:
        """How long a task of a stage takes, from how long its last ones took; else as planned."""
        last, stage = self._last_seconds[path], self._stages[path]
        return sum(last) / len(last) if last else stage.rate.seconds * stage.longest_work

    def _job_seconds(self, path: str) -> float:
        """What a task needs of its job's time; one that saves checkpoints only enough to go on for a while."""
        if not path:
            return 0.0
        return min(self._seconds(path), STOP_SECONDS) if self._stages[path].stage.checkpoints else self._seconds(path)

    def _batch_size(self, path: str) -> int:
        """How many tasks of a stage last about BATCH_SECONDS; one to begin with."""
        last = self._last_seconds[path]
        if not last:
            return 1
        return max(1, min(MOST_IN_BATCH, int(BATCH_SECONDS * len(last) / max(sum(last), 1e-6))))

    def _cancelled(self) -> bool:
        self.outcome.cancelled = self.outcome.cancelled or self.plan.folder.cancel.exists()
        return self.outcome.cancelled

    def record(self, tokens: list[Token], retries: Retries) -> None:
        """Write what came back to the journal first, then let the graph and the observer know."""
        judged = [self._judged_token(token, retries) for token in tokens]
        self.journal.append([token for token, (lane, _) in zip(tokens, judged, strict=True) if not lane])
        for token, (lane, why) in zip(tokens, judged, strict=True):
            task = token["stage"], token["index"]
            if lane:
                self._try_again(task, lane, why)
                continue
            self.outcome.tokens.append(token)
            self.observer.token(token)
            if token["event"] == "done":
                self._last_seconds[task[0]].append(token["seconds"])
                self._lane.pop(task, None)
                if self._stages[task[0]].stage.checkpoints:
                    self.plan.folder.checkpoint(*task, token["key"]).unlink(missing_ok=True)
                self.graph.done(task)
            else:
                self._failed(task, token)

    def _judged_token(self, token: Token, retries: Retries) -> tuple[str, str]:
        """The lane in which a task goes on that isn't done and hasn't failed for good, and why; else empty texts."""
        task = token["stage"], token["index"]
        if token["event"] == "paused":
            verdict = retries.after_pause(task, self._lane[task], saved=token["saved"])
            if isinstance(verdict, str):
                return verdict, "paused"
            token |= verdict
        elif token["event"] == "failed" and token["class"] == "memory" and (lane := retries.larger(self._lane[task])):
            return lane, "memory"
        return "", ""

    def _take_back(self, pools: Pools, retries: Retries) -> None:
        """What was handed out in vain is handed out again, or given up."""
        workers = pools.workers
        returned, workers.returned = workers.returned, []
        for task in returned:
            self.graph.again(task, self._lane[task])
        lost, workers.lost = workers.lost, []
        if lost:
            begun = self.plan.folder.marks()
            for each in lost:
                if self.plan.folder.mark(*each.task).name in begun:
                    self._unjudged.append(each)
                else:
                    self.graph.again(each.task, self._lane[each.task])
        unjudged, self._unjudged = self._unjudged, []
        for each in unjudged:
            ending = pools.ending(each)
            if ending is None:
                self._unjudged.append(each)
                continue
            self.plan.folder.mark(*each.task).unlink(missing_ok=True)
            self._judged(each.task, retries.after(each.task, self._lane[each.task], ending), ending.cause)

    def _judged(self, task: TaskId, verdict: str | Token, cause: Cause) -> None:
        if isinstance(verdict, str):
            self._try_again(task, verdict, cause.value)
            return
        self.journal.append([verdict])
        self.outcome.tokens.append(verdict)
        self.observer.token(verdict)
        self._failed(task, verdict)

    def _try_again(self, task: TaskId, lane: str, why: str) -> None:
        record: dict[str, Any] = {"event": "again", "stage": task[0], "index": task[1], "why": why, "lane": lane}
        self.journal.append([record])
        self.outcome.again[why] += 1
        self.graph.again(task, lane)

    def _failed(self, task: TaskId, token: Token) -> None:
        self.outcome.failed[task] = token
        self.graph.failed(task)
        if token["class"] == "storage":
            raise SiteError(
                f"{task[0]}/{task[1]} could not write: {token['error']}. Make room below {self.plan.folder.path}, or "
                "check its permissions, then submit again: what is done stays done."
            )
