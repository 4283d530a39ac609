"""The loop that runs a plan: hands out ready tasks, records what comes back, stops when told to.

The controller places batches of tasks on workers itself. Measured (distributed 2026.8, two workers, tasks of 1 ms),
that takes 1.07 ms of CPU a task, where `client.map` takes 2.47, a whole graph by `client.get` 3.62, windows of futures
4.32, and a graph in Dask's hands 4.5 kB of memory a task. It also keeps four promises that Dask's own placement
doesn't: a finished task isn't called again when the worker that had its result dies (495 of 1,500 after ten kills);
what a dead worker was executing is known; a death is blamed on the task that ran, not on all assigned
(distributed#5234); and a task goes on to a lane with more memory. `Plan.graph` gives the same tasks as a graph for any
other scheduler.
"""

from __future__ import annotations

from collections import Counter, deque
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

from bigdata.engine import lanes
from bigdata.engine.execute import Token
from bigdata.engine.graph import TaskGraph
from bigdata.engine.hands import Event, Left, Lost, Need, Pools, Returned, Told, Worker, Workers, news
from bigdata.engine.proposals import Proposals
from bigdata.engine.purse import Purse
from bigdata.engine.results import Results
from bigdata.engine.retries import Cause, Retries
from bigdata.engine.shift import ALWAYS, Shift
from bigdata.engine.taking import copy_of, take_over
from bigdata.errors import SiteError
from bigdata.kind.context import STOP_SECONDS
from bigdata.kind.stage import TaskId
from bigdata.planning.plan import Plan
from bigdata.planning.planned import PlannedStage
from bigdata.store.journal import History, Journal
from bigdata.store.lock import Lock

# Short tasks travel in batches that last about this long, or the engine's own work for each would outweigh theirs;
# a worker has two such batches at hand, so that it never waits and little is lost with it.
BATCH_SECONDS = 0.2
MOST_IN_BATCH = 50
BATCHES_PER_WORKER = 2
WAIT_SECONDS = 0.25
NOT_WHOLE = "its data in another run are damaged"
OTHER_ASK = "another task was asked for"


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
    tried again, by what ended their workers. `unbegun` are tasks that weren't begun, by stage, and `spent` says which
    part of the study's budget would not have held them.
    """

    tokens: dict[TaskId, Token] = field(default_factory=dict)
    failed: dict[TaskId, Token] = field(default_factory=dict)
    skipped: dict[TaskId, TaskId] = field(default_factory=dict)
    again: Counter[str] = field(default_factory=Counter)
    unbegun: Counter[str] = field(default_factory=Counter)
    spent: str = ""
    cancelled: bool = False
    relieved: bool = False


class Controller:
    """Runs the tasks of one plan on the pools of its site; `past` is what the run's journal says of it."""

    def __init__(
        self, plan: Plan, past: History, journal: Journal, lock: Lock, observer: Observer, shift: Shift = ALWAYS
    ) -> None:
        self.shift = shift
        self.plan, self.journal, self.lock, self.observer = plan, journal, lock, observer
        self.outcome, self._past = Outcome(), past
        self._stages = {s.path: s for s in plan.stages}
        self._lanes = {s.path: lanes.lane(plan.site, s.pool, s.stage.cores) for s in plan.stages}
        self.graph = TaskGraph(plan.stages, self._lanes)
        self._results = Results(self._stages, past)
        self._proposals = Proposals(plan, past, journal, observer.message)
        self._purse = Purse(plan, past, self._seconds)
        self._last_seconds: dict[str, deque[float]] = {s.path: deque(maxlen=20) for s in plan.stages}
        # Where a task is that isn't done: its lane, once it was handed out.
        self._lane: dict[TaskId, str] = {}
        self._unjudged: list[Lost] = []

    def run(self, pools: Pools) -> Outcome:
        """Until all that can be done is done, the user cancels, the shift ends, or the site refuses (SiteError)."""
        workers, retries = pools.workers, Retries(pools.larger)
        while not self._cancelled() and not self.shift.is_over():
            self._copy()
            self._grow()
            refused = self._fill(pools)
            if self._stop_stages(refused, workers):
                continue
            if not self._is_under_way(workers) and (self.shift.is_ending() or not self.graph.lanes()):
                break
            pools.tend(self._needs(workers))
            events = news(pools, WAIT_SECONDS)
            self._record(events, retries)
            self._take_back(events, pools, retries)
            self.lock.check()
        self.outcome.relieved = not self.outcome.cancelled and self._has_left_tasks(workers)
        if self.outcome.cancelled or self.outcome.relieved:
            self._record(news(pools, 0), retries)
            workers.cancel()
        else:
            self._sweep_checkpoints()
        self.outcome.skipped = dict(self.graph.skipped)
        return self.outcome

    def _sweep_checkpoints(self) -> None:
        """Remove those of stages that grew and are over: no task trains on from them any more."""
        for stage in self._stages.values():
            for index in range(len(stage.growth.asked) if stage.growth and stage.growth.closed else 0):
                self.plan.folder.checkpoint(stage.path, index, stage.key(index)).unlink(missing_ok=True)

    def known(self, tokens: Sequence[Token]) -> None:
        """What was taken over from other runs before this one began; it is in the journal already."""
        for token in tokens:
            self._done((token["stage"], token["index"]), token)

    def _is_under_way(self, workers: Workers) -> bool:
        return workers.n_tasks() > 0 or bool(self._unjudged)

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

    # What is handed out.

    def _fill(self, pools: Pools) -> dict[str, str]:
        """Hand out ready tasks until each worker has enough; none at the end of the shift.

        Returns the stages whose next tasks the budget can't end, with its words.
        """
        refused: dict[str, str] = {}
        waiting: set[str] = set()
        if self.shift.is_ending():
            return refused
        for lane in self.graph.lanes():
            if lanes.pool_of(lane) in waiting:
                continue
            free = [w for w in pools.workers.here(lane) if w.is_open]
            for n_batches in range(BATCHES_PER_WORKER):
                for worker in (w for w in free if len(w.batches) == n_batches):
                    self._hand(pools, worker, -(-self.graph.n_ready(lane) // len(free)), refused)
            # Tasks of several cores wait until so many are free: others, whose turn is later, must not take them first.
            if free and self.graph.n_ready(lane) and not any(w.batches for w in free):
                waiting.add(lanes.pool_of(lane))
        return refused

    def _hand(self, pools: Pools, worker: Worker, share: int, refused: dict[str, str]) -> None:
        """Give a worker its next batch: no second one where that would wait long while others may be free."""
        path = self.graph.next_stage(worker.lane)
        seconds = self._seconds(path) if path else 0.0
        if not path or path in refused or (worker.batches and seconds > BATCH_SECONDS):
            return
        if not pools.has_time(worker, self._job_seconds(path)):
            return
        n = min(share, self._batch_size(path))
        if self.plan.budget is not None:
            under_way = Counter(p for w in pools.workers.here() for b in w.batches.values() for p, _ in b.tasks)
            n = next((m for m in dict.fromkeys((n, 1)) if not self._purse.refusal(path, under_way, m)), 0)
            if not n:
                refused[path] = self._purse.refusal(path, under_way, 1)
                return
        tasks = self.graph.take(worker.lane, n)
        self._lane.update(dict.fromkeys(tasks, worker.lane))
        pools.workers.hand(worker, [self._results.order(task) for task in tasks])

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

    # What no worker does: results that are known, tasks that proposers ask for, and the end of a budget.

    def _copy(self) -> None:
        """Results that are those of another task of this run."""
        for task in self.graph.take_copies():
            stage, index = self._stages[task[0]], task[1]
            record = self.outcome.tokens[stage.copies[index]]
            token = take_over(stage, index, copy_of(record, self.plan.folder), self.plan.folder)
            self._take(stage, index, token)

    def _grow(self) -> None:
        """What proposers ask for now."""
        for stage in self._proposals.growing():
            assert stage.growth is not None
            for index in stage.growth.advance():
                self._proposals.note(stage, index)
                self._asked(stage, index)
            if stage.growth.closed:
                self._proposals.end(stage)
                self.observer.message(f"{stage.path}: {stage.growth.n_tasks:,} tasks, {stage.growth.closed}")
                self.graph.close(stage.path)

    def _asked(self, stage: PlannedStage, index: int) -> None:
        task = stage.path, index
        if index in stage.known:
            self._take(stage, index, take_over(stage, index, stage.known[index], self.plan.folder))
        elif index in stage.todo or index in stage.copies:
            if task in self._past.done:  # of another key: see `_stale` of a submission
                self.journal.append([{"event": "stale", "stage": stage.path, "index": index, "why": OTHER_ASK}])
            self.graph.add(task, stage.copies.get(index))
        else:  # done in an earlier submission
            self._results.add(self._past.done[task])
            self.observer.token(self._past.done[task])

    def _take(self, stage: PlannedStage, index: int, token: Token | None) -> None:
        """Record results that were taken over; where they weren't whole, the task has to run."""
        if token is not None:
            self.journal.append([token])
            self._done((stage.path, index), token)
            return
        stage.known.pop(index, None), stage.copies.pop(index, None)
        stage.todo[index] = NOT_WHOLE
        self.graph.add((stage.path, index))

    def _stop_stages(self, refused: Mapping[str, str], workers: Workers) -> bool:
        """End stages of which nothing is under way and whose next task the budget can't end; whether there was one."""
        under_way = {path for w in workers.here() for b in w.batches.values() for path, _ in b.tasks}
        over = {path: why for path, why in refused.items() if path not in under_way} if not self._unjudged else {}
        for path, why in over.items():
            stage = self._stages[path]
            left = self.graph.abandon(path)
            stage.keys.absent.update((stage.stage.name, index) for _, index in left)
            stage.keys.reset()
            self.outcome.unbegun[path] += len(left)
            self.outcome.spent = why
            if stage.growth:
                self.outcome.unbegun[path] += stage.n_open
                stage.growth.close(f"the budget: {why}", (index for _, index in left))
            else:  # what has to follow is missing
                self.outcome.cancelled = True
        return bool(over)

    # What comes back.

    def _record(self, events: Iterable[Event], retries: Retries) -> None:
        """Write the tokens that came to the journal first, then let the graph and the observer know."""
        tokens = [event.token for event in events if isinstance(event, Told)]
        judged = [self._judged_token(token, retries) for token in tokens]
        self.journal.append([token for token, (lane, _) in zip(tokens, judged, strict=True) if not lane])
        for token, (lane, why) in zip(tokens, judged, strict=True):
            task = token["stage"], token["index"]
            self._purse.pay(token)
            if lane:
                self._try_again(task, lane, why)
            elif token["event"] == "done":
                self._last_seconds[task[0]].append(token["seconds"])
                self._done(task, token)
            else:
                self.outcome.tokens[task] = token
                self.observer.token(token)
                self._failed(task, token)

    def _done(self, task: TaskId, token: Token) -> None:
        """A task's data are on disk and its record is in the journal."""
        stage = self._stages[task[0]]
        self.outcome.tokens[task] = token
        self.observer.token(token)
        self._lane.pop(task, None)
        self._results.add(token)
        self._purse.end(task[0])
        if stage.growth:
            stage.growth.end(task[1], token.get("rows"))
        elif stage.stage.checkpoints:  # of a stage that grows, another task may train on from it
            self.plan.folder.checkpoint(*task, token["key"]).unlink(missing_ok=True)
        self.graph.done(task)

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

    def _take_back(self, events: Sequence[Event], pools: Pools, retries: Retries) -> None:
        """What was handed out in vain is handed out again, or given up."""
        self._put_back(task for event in events if isinstance(event, Returned) for task in event.tasks)
        lost = [Lost(task, event.worker) for event in events if isinstance(event, Left) for task in event.tasks]
        if lost:
            self._lose(lost)
        self._judge(pools, retries)

    def _put_back(self, tasks: Iterable[TaskId]) -> None:
        for task in tasks:
            self.graph.again(task, self._lane[task])

    def _lose(self, lost: Iterable[Lost]) -> None:
        """Tasks that a worker had in hand and hadn't begun aren't to blame for its end."""
        begun = self.plan.folder.marks()
        for each in lost:
            if self.plan.folder.mark(*each.task).name in begun:
                self._unjudged.append(each)
            else:
                self._put_back([each.task])

    def _judge(self, pools: Pools, retries: Retries) -> None:
        """Decide on lost tasks as soon as it is known what ended their workers."""
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
        self.outcome.tokens[task] = verdict
        self.observer.token(verdict)
        self._failed(task, verdict)

    def _try_again(self, task: TaskId, lane: str, why: str) -> None:
        record: dict[str, Any] = {"event": "again", "stage": task[0], "index": task[1], "why": why, "lane": lane}
        self.journal.append([record])
        self.outcome.again[why] += 1
        self.graph.again(task, lane)

    def _failed(self, task: TaskId, token: Token) -> None:
        """A task has failed for good."""
        self.outcome.failed[task] = token
        self._purse.end(task[0])
        self._give_up([task, *self.graph.failed(task)])
        if token["class"] == "storage":
            raise SiteError(
                f"{task[0]}/{task[1]} could not write: {token['error']}. Make room below {self.plan.folder.path}, or "
                "check its permissions, then submit again: what is done stays done."
            )

    def _give_up(self, tasks: Iterable[TaskId]) -> None:
        """Tasks that failed, or were skipped since those did: who goes on without them goes on from other data."""
        for path, index in tasks:
            stage = self._stages[path]
            stage.keys.absent.add((stage.stage.name, index))
            stage.keys.reset()
            if stage.growth:
                stage.growth.end(index, None)
