"""A search: a method proposes points, a rule says which trials are trained on, and both are asked for as tasks."""

from __future__ import annotations

import math
from collections import deque
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from bigdata.kind import Ask
from bigdata.studies.architecture_search.methods.method import Method, Told
from bigdata.studies.architecture_search.methods.setting import Searching
from bigdata.studies.architecture_search.space import Point, Space
from bigdata.studies.architecture_search.stopping.rule import Rule
from bigdata.studies.architecture_search.stopping.setting import Stopping

# The fraction of n times the golden ratio: evenly spread in every stretch of numbers, and in step with no cohort.
GOLDEN = (math.sqrt(5.0) - 1.0) / 2.0


class Objective(NamedTuple):
    """A number that each task returns, and whether less of it is better."""

    row: str
    minimize: bool = True


class Task(NamedTuple):
    """Which rung of which trial a task is."""

    trial: int
    rung: int


class Search:
    """Leads a stage whose tasks are the rungs of trials: `ask`, `tell` and `spent` are those of a `Proposer`.

    A payload is `{"trial": n, "rung": r, "point": {…}, "steps": [from, to]}`, or "seconds" for "steps". The n-th trial
    has the number n whenever it begins. What is asked next follows from what was told, in the order of the tasks'
    numbers; the stage's `lag` has to be the search's, which says what is told by then. So any number of workers makes
    the same trials. First go trials that run through and those that the rule lets go on, then new ones: also while a
    rule waits for the rest of a rung, so that workers have something to do.

    A task that failed, or returned a number that isn't finite, ends its trial; the others go on.

    `through` is the share of trials that run to the last rung whatever they show. They are evenly spread over the
    numbers, take no part in the rule's comparisons, and so change no decision: early ranks can be held against final
    ones there.
    """

    def __init__(
        self,
        method: Method,
        rule: Rule,
        objectives: Sequence[Objective],
        n_trials: int,
        through: float = 0.0,
        cohort: int | None = None,
    ) -> None:
        self.method, self.rule, self.objectives, self.through = method, rule, tuple(objectives), through
        self.n_trials = n_trials
        self.lag = cohort or (16 if len(rule.rungs) == 1 else 64)
        self.history: list[Told] = []
        self.tasks: list[Task] = []
        self.points: list[Point] = []
        self._last: dict[int, int] = {}  # of each trial, its last task
        self._running: dict[int, Point] = {}
        self._passing: deque[int] = deque()  # trials that go on whatever the rule says
        self._ready: int | None = None  # what the rule said when it was asked whether the search is at its end

    @classmethod
    def of(cls, space: Space, searching: Searching, stopping: Stopping, objectives: Sequence[Objective]) -> Search:
        """The search that a spec describes."""
        method = searching.on(space)
        n_trials = int(min(searching.trials, method.most))
        n_judged = sum(not runs_through(trial, stopping.share_through) for trial in range(n_trials))
        share = stopping.share_through
        return cls(method, stopping.rule(n_judged), objectives, n_trials, share, searching.cohort)

    def ask(self) -> list[Ask]:
        """The next task; none while the rule waits for results, or at the end."""
        if (trial := self._goes_on()) is not None:
            return [self._asked(trial, self.tasks[self._last[trial]].rung + 1)]
        if len(self.points) < self.n_trials:
            return [self._asked(self._begun(), 0)]
        return []

    def tell(self, number: int, rows: Mapping[str, Any] | None) -> None:
        """The rows of a task, in the order of their numbers; None where it failed."""
        trial, rung = self.tasks[number]
        values = self._values(rows)
        self.history.append(Told(trial, rung, self.points[trial], values))
        self._running.pop(trial, None)
        if not self.runs_through(trial):
            self.rule.tell(trial, rung, values[0] if values else None)
        elif values is not None and rung < self.rule.rungs.top:
            self._passing.append(trial)

    def spent(self) -> bool:
        """Whether nothing more will be asked for, whatever is told."""
        if not self._is_at_end() or self._passing:
            return False
        if self._ready is None:
            self._ready = self.rule.next(at_end=True)
        return self._ready is None

    def runs_through(self, trial: int) -> bool:
        """Whether a trial runs to the last rung whatever it shows."""
        return runs_through(trial, self.through)

    def counts(self) -> tuple[int, ...]:
        """About how many tasks each rung has, for a plan; never more than `n_trials` each."""
        n_through = sum(map(self.runs_through, range(self.n_trials)))
        return tuple(n + n_through for n in self.rule.counts(self.n_trials - n_through))

    def _is_at_end(self) -> bool:
        return len(self.points) == self.n_trials and len(self.history) == len(self.tasks)

    def _goes_on(self) -> int | None:
        if self._passing:
            return self._passing.popleft()
        ready, self._ready = self._ready, None
        return self.rule.next(self._is_at_end()) if ready is None else ready

    def _begun(self) -> int:
        trial = len(self.points)
        point = self.method.propose(trial, self.history, self._running)
        self.points.append(point)
        self._running[trial] = point
        if not self.runs_through(trial):
            self.rule.begin(trial)
        return trial

    def _asked(self, trial: int, rung: int) -> Ask:
        begin, end = self.rule.rungs.span(rung)
        payload = {"trial": trial, "rung": rung, "point": self.points[trial], self.rule.rungs.resource: [begin, end]}
        before = self._last.get(trial)
        self._last[trial] = len(self.tasks)
        self.tasks.append(Task(trial, rung))
        return Ask(payload, before, float(end - begin))

    def _values(self, rows: Mapping[str, Any] | None) -> tuple[float, ...] | None:
        """The objectives, turned so that less is better; None where one of them isn't a finite number."""
        if rows is None:
            return None
        values = tuple(float(rows[o.row]) * (1.0 if o.minimize else -1.0) for o in self.objectives)
        return values if all(map(math.isfinite, values)) else None


def runs_through(trial: int, share: float) -> bool:
    """Whether a trial is one of the share that is never stopped; the first is, where any are."""
    return (trial * GOLDEN) % 1.0 < share
