"""The books of a run: of each task whether it is done, has failed or runs again. The journal has it first.

A controller may be killed between any two lines: what the journal doesn't say has not happened, for the next one.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from bigdata.engine import lanes
from bigdata.engine.execute import Token
from bigdata.engine.gathering import Gathering
from bigdata.engine.graph import TaskGraph
from bigdata.engine.observer import Observer
from bigdata.engine.pace import Pace
from bigdata.engine.purse import Purse
from bigdata.engine.results import Results
from bigdata.engine.taking import NOT_WHOLE
from bigdata.errors import DiskFull, SiteError
from bigdata.kind.stage import TaskId
from bigdata.planning.plan import Plan
from bigdata.planning.planned import PlannedStage
from bigdata.planning.tally import Tally
from bigdata.store.done import DoneTasks
from bigdata.store.journal import History, Journal


@dataclass
class Outcome:
    """How the tasks went: `done` are those of this submission, what it took over among them.

    `relieved` where the controller's own time ended before them. `again` counts tasks that were
    tried again, by what ended their workers. `unbegun` are tasks that weren't begun, by stage, and `spent` says which
    part of the study's budget would not have held them. `used` is what tasks took, by stage, and `held` how many
    seconds workers were there, by lane.
    """

    done: DoneTasks
    failed: dict[TaskId, Token] = field(default_factory=dict)
    skipped: dict[TaskId, TaskId] = field(default_factory=dict)
    again: Counter[str] = field(default_factory=Counter)
    unbegun: Counter[str] = field(default_factory=Counter)
    spent: str = ""
    used: dict[str, Tally] = field(default_factory=dict)
    held: Mapping[str, float] = field(default_factory=dict)
    cancelled: bool = False
    relieved: bool = False

    def count(self, stage: PlannedStage, token: Token) -> None:
        """A task has ended for good; what was taken over from elsewhere took nothing."""
        tally = self.used.setdefault(stage.path, Tally())
        if token["event"] == "failed":
            tally.failed(token)
        elif "from" not in token:
            tally.done(token, stage.work(token["index"]))


class Books:
    """What the parts of a controller share; `lane` is where a task is that isn't done, once it was handed out."""

    def __init__(self, plan: Plan, past: History, journal: Journal, observer: Observer) -> None:
        self.plan, self.past, self.journal, self.observer = plan, past, journal, observer
        self.outcome = Outcome(DoneTasks(plan.folder.journal))
        self.stages = {s.path: s for s in plan.stages}
        self.graph = TaskGraph(plan.stages, {s.path: lanes.lane(plan.site, s.pool, s.stage.cores) for s in plan.stages})
        self.results = Results(self.stages, past, plan.folder.journal)
        self.pace = Pace(plan.stages)
        self.purse = Purse(plan, past, self.pace.seconds)
        self.gathering = Gathering(plan)
        self.lane: dict[TaskId, str] = {}

    def done(self, task: TaskId, token: Token, at: int) -> None:
        """A task's data are on disk and its record is in the journal, from the byte `at` on."""
        stage = self.stages[task[0]]
        self.outcome.done.add(task, token["key"], at)
        self.outcome.count(stage, token)
        self.observer.token(token)
        self.lane.pop(task, None)
        self.results.add(token, at)
        self.purse.end(task[0])
        if stage.growth:
            stage.growth.end(task[1], token.get("rows"))
        elif stage.stage.checkpoints:  # of a stage that grows, another task may train on from it
            self.plan.folder.checkpoint(*task, token["key"]).unlink(missing_ok=True)
        self.gathering.done(token)
        self.graph.done(task)

    def take(self, stage: PlannedStage, index: int, token: Token | None) -> None:
        """Record results that were taken over; where they weren't whole, the task has to run."""
        if token is not None:
            (at,) = self.journal.append([token])
            self.done((stage.path, index), token, at)
            return
        stage.known.pop(index, None), stage.copies.pop(index, None)
        stage.todo[index] = NOT_WHOLE
        self.graph.add((stage.path, index))

    def put_back(self, tasks: Iterable[TaskId]) -> None:
        """Tasks were handed out, and nobody has begun them."""
        for task in tasks:
            self.graph.again(task, self.lane[task])

    def try_again(self, task: TaskId, lane: str, why: str) -> None:
        """A task was begun, and has neither ended nor failed for good."""
        record: dict[str, Any] = {"event": "again", "stage": task[0], "index": task[1], "why": why, "lane": lane}
        self.journal.append([record])
        self.outcome.again[why] += 1
        self.graph.again(task, lane)

    def failed(self, task: TaskId, token: Token) -> None:
        """A task has failed for good, and the journal says so. SiteError where the next one would fail alike."""
        self.observer.token(token)
        self.outcome.failed[task] = token
        self.outcome.count(self.stages[task[0]], token)
        self.purse.end(task[0])
        self.gathering.failed(token)
        self._give_up([task, *self.graph.failed(task)])
        if token["class"] in ("storage", "disk-full"):
            raise _refused_by_disk(task, token)

    def _give_up(self, tasks: Iterable[TaskId]) -> None:
        """Tasks that failed, or were skipped since those did: who goes on without them goes on from other data."""
        for path, index in tasks:
            stage = self.stages[path]
            stage.keys.absent.add((stage.stage.name, index))
            stage.keys.reset()
            if stage.growth:
                stage.growth.end(index, None)

    def stop(self, path: str, why: str) -> None:
        """End a stage whose next task the budget can't end; nothing of it may be under way."""
        stage, left = self.stages[path], self.graph.abandon(path)
        stage.keys.absent.update((stage.stage.name, index) for _, index in left)
        stage.keys.reset()
        self.outcome.unbegun[path] += len(left)
        self.outcome.spent = why
        if stage.growth:
            self.outcome.unbegun[path] += stage.n_open
            stage.growth.close(f"the budget: {why}", (index for _, index in left))
        else:  # what has to follow is missing
            self.outcome.cancelled = True


def _refused_by_disk(task: TaskId, token: Token) -> SiteError:
    """What a task couldn't write, no other can."""
    what = f"{task[0]}/{task[1]} could not write: {token['error'].removesuffix('.')}"
    if token["class"] == "disk-full":
        return DiskFull(f"{what}. Make room there, then submit again: what is done stays done.")
    return SiteError(f"{what}. Check the permissions there, then submit again: what is done stays done.")
