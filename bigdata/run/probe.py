"""A probe: a few tasks of a plan for real, in a folder that is thrown away, so that the plan's times are measured ones.

Of each stage that no run has measured on the site, some of the smaller tasks are run here, one after the other, with
those that they need. The ledger keeps their rates until there is a run.
"""

from __future__ import annotations

import multiprocessing
import os
import signal
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from multiprocessing.connection import Connection
from pathlib import Path

from bigdata.engine.execute import Token, attempt, order_of
from bigdata.kind.stage import TaskId
from bigdata.main_module import require_guard
from bigdata.places import ledger_file
from bigdata.planning import ledger
from bigdata.planning import plan as make_plan
from bigdata.planning.ledger import PROBE, Ledger
from bigdata.planning.plan import Plan
from bigdata.planning.planned import PlannedStage
from bigdata.planning.tally import Tally
from bigdata.run.preparation import prepare
from bigdata.spec.site import process
from bigdata.store.folder import RunFolder
from bigdata.store.journal import read_history

# Of each stage; the smallest of all, and one a quarter and one half of the way to the largest.
SHARES = (0.0, 0.25, 0.5)
# Tasks among which these are looked for: of a million, the works of a thousand tell enough.
LOOKED_AT = 1000
# A task that needs more tasks before it isn't run: they are the study, not a probe.
MOST_NEEDED = 12
# The first task of a stage loads packages: where that counts, it is run again, and the second time is taken.
WARM_SECONDS = 2.0


@dataclass(frozen=True)
class Probed:
    """A stage's tasks that were run, and how long they took; where none was, why not."""

    path: str
    tally: Tally
    why_not: str = ""


def probe(plan: Plan, seconds: float) -> list[Probed]:
    """Run some tasks for at most so many seconds, all in all, and let the ledger keep what they took."""
    ends = time.monotonic() + seconds
    with tempfile.TemporaryDirectory(prefix="bigdata-probe-") as runs:
        trial = make_plan(plan.study, site=process(), runs=runs, fresh=True)
        trial.folder.path.mkdir(parents=True)
        journal, _ = prepare(trial, read_history(trial.folder.journal))
        journal.close()
        with _Prober(trial, ends) as prober:
            found = [prober.stage(s, _why_not(plan, s)) for s in plan.stages]
    rows = [
        ledger.row(plan.site, s.stage, s.pool, p.tally, PROBE)
        for s, p in zip(plan.stages, found, strict=True)
        if p.tally.work and p.tally.seconds
    ]
    ledger.remember(ledger_file(), rows)
    return found


def _why_not(plan: Plan, stage: PlannedStage) -> str:
    """Why a stage isn't probed; empty where it is."""
    pool = plan.site.pools[stage.pool]
    if not stage.todo:
        return "nothing of it has to run" if not stage.growth else "its tasks follow from results"
    if Ledger(ledger_file(), plan.site).has_runs(stage.stage, stage.pool):
        return "runs have measured it on this site"
    if pool.gpus:
        return "it runs on GPUs, and a probe on this machine's cores says nothing of them"
    return "its tasks follow from results" if stage.growth else ""


@dataclass
class _Prober:
    """Runs tasks in a process of its own, which can be ended with all that it has started."""

    plan: Plan
    ends: float
    _done: dict[TaskId, Token] = field(default_factory=dict)
    _over: str = ""

    def __enter__(self) -> _Prober:
        require_guard()
        context = multiprocessing.get_context("spawn")
        self._pipe, theirs = context.Pipe()
        self._process = context.Process(target=_child, args=(str(self.plan.folder.path), theirs), daemon=False)
        self._process.start()
        theirs.close()
        self._stages = {s.path: s for s in self.plan.stages}
        return self

    def __exit__(self, *_: object) -> None:
        self._pipe.close()
        self._process.join(1.0)
        if self._process.pid is not None and self._process.is_alive():
            # It leads a group of its own, and the programs that its tasks have started are in that too.
            with suppress(ProcessLookupError, PermissionError):
                os.killpg(self._process.pid, signal.SIGKILL)
        self._process.join()

    def stage(self, stage: PlannedStage, why_not: str) -> Probed:
        """Run some tasks of a stage, with those before them."""
        tally = Tally()
        if why_not or self._over:
            return Probed(stage.path, tally, why_not or self._over)
        for task in _some(stage):
            before = self._needed(task)
            if before is None:
                return Probed(stage.path, tally, f"it needs more than {MOST_NEEDED} tasks before it")
            why = next((w for each in [*before, task] if (w := self._run(each))), "")
            if why:
                return Probed(stage.path, tally, "" if tally.n_tasks else why)
            tally.done(self._done[task], stage.work(task[1]))
        return Probed(stage.path, tally)

    def _run(self, task: TaskId) -> str:
        """Run a task that wasn't yet; why it can't be, where it can't."""
        if task in self._done:
            return ""
        first = all(path != task[0] for path, _ in self._done)
        if why := self._attempt(task):
            return why
        return self._attempt(task) if first and self._done[task]["seconds"] < WARM_SECONDS else ""

    def _attempt(self, task: TaskId) -> str:
        needed = [self._done[t] for t in self._before(task)]
        left = self.ends - time.monotonic()
        try:
            self._pipe.send((task, needed))
            token = self._pipe.recv() if left > 0 and self._pipe.poll(left) else None
        except (EOFError, OSError):
            self._over = f"{task[0]}/{task[1]} ended its process"
            return self._over
        if token is None:
            self._over = "the time was over"
            return self._over
        if token["event"] != "done":
            return f"{task[0]}/{task[1]} failed: {token['error']}" if "error" in token else "it paused"
        self._done[task] = token
        return ""

    def _needed(self, task: TaskId) -> list[TaskId] | None:
        """What has to run before a task, in order; None where that is too much for a probe."""
        found: dict[TaskId, None] = {}
        ahead = [task]
        while ahead:
            for each in self._before(ahead.pop()):
                if each not in found and each not in self._done:
                    found[each] = None
                    ahead.append(each)
                if len(found) > MOST_NEEDED:
                    return None
        order = list(self._stages)
        return sorted(found, key=lambda t: (order.index(t[0]), t[1]))

    def _before(self, task: TaskId) -> Iterator[TaskId]:
        stage = self._stages[task[0]]
        yield from stage.needs(task[1])
        for path in stage.whole:
            yield from ((path, i) for i in range(self._stages[path].n_tasks))


def _some(stage: PlannedStage) -> list[TaskId]:
    """A few of the smaller tasks that have to run, the smallest first."""
    todo = list(stage.todo)
    looked_at = sorted(todo[:: max(1, len(todo) // LOOKED_AT)], key=stage.work)
    places = dict.fromkeys(int(share * (len(looked_at) - 1)) for share in SHARES)
    return [(stage.path, looked_at[i]) for i in places]


def _child(folder: str, pipe: Connection) -> None:
    """Run the tasks that are sent until nobody sends any more."""
    os.setsid()
    run = RunFolder(Path(folder))
    with suppress(EOFError):
        while True:
            task, needed = pipe.recv()
            pipe.send(_attempted(run, task, needed))


def _attempted(run: RunFolder, task: TaskId, needed: Sequence[Token]) -> Token:
    return attempt(run, order_of(run, *task, needed), _nothing)


def _nothing(_text: str) -> None:
    """For who keeps no log."""
