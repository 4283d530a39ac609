"""A stage as it is planned: the key of each task, which have to run and why, and which are known already."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from bigdata.kind.stage import Rate, Stage, TaskId, Workload, address
from bigdata.planning.drawn import PlannedReport
from bigdata.planning.growing import Growing
from bigdata.planning.interval import QUANTILE, Interval, both
from bigdata.planning.keys import Keys
from bigdata.spec import Variant
from bigdata.spec.site import Site
from bigdata.spec.study import Input
from bigdata.store.known import Known

# What stages ask for by themselves; where a site has only one of the two, it stands in for the other.
USUAL_POOLS = ("cpu", "gpu")
# What a task may take beside its work, in opening what it reads and writes: most of the time of the smallest.
OVERHEAD_SECONDS = 0.02
# And the first task of a stage, in loading the packages that its code imports only then.
FIRST_SECONDS = 1.0
OPEN = "asked for as results come in"


@dataclass(frozen=True)
class PlannedStage:
    """A stage of one variant.

    `pool` is where it runs: on `wanted` where the site has that. `todo` are the tasks that have to run, each with the
    reason; `known` those whose results are taken over from elsewhere, and `copies` those whose results are those of
    another task of this run, which has to run first. The others are done. `growth` is that of a stage that grows.
    `measured_peak` is the peak of its largest task in bytes, where such tasks were measured on this site.
    """

    group: str
    stage: Stage
    keys: Keys
    pool: str
    wanted: str
    rate: Rate
    todo: dict[int, str]
    known: dict[int, Known]
    copies: dict[int, TaskId]
    ingredients: Mapping[str, Any]
    growth: Growing | None = None
    measured_peak: Interval | None = None

    @cached_property
    def path(self) -> str:
        """The stage's address in the run."""
        return address(self.group, self.stage.name)

    @property
    def n_tasks(self) -> int:
        """How many tasks it has; of one that grows, how many it may have as far as is known."""
        return self.growth.n_tasks if self.growth and self.growth.closed else self.stage.n_tasks

    @property
    def n_open(self) -> int:
        """Tasks that may still be asked for."""
        return self.n_tasks - len(self.growth.asked) if self.growth and not self.growth.closed else 0

    @property
    def n_todo(self) -> int:
        """Tasks that aren't done: to run, to be asked for, or to be copied from elsewhere."""
        return len(self.todo) + len(self.known) + len(self.copies) + self.n_open

    @property
    def reasons(self) -> dict[str, int]:
        """Why tasks are to run, and from where those come that aren't."""
        said = Counter(self.todo.values())
        said.update(f"known from {known.name}" for known in self.known.values())
        said.update(f"the same as {path}" for path, _ in self.copies.values())
        if self.n_open:
            said[OPEN] = self.n_open
        return dict(said)

    def is_done(self, index: int) -> bool:
        """Whether a task was done before, and holds; one that may still be asked for isn't known to be."""
        if self.growth and index >= len(self.growth.asked):
            return False
        return not any(index in some for some in (self.todo, self.known, self.copies))

    def key(self, index: int) -> str:
        return self.keys[self.stage.name, index]

    def work(self, index: int) -> float:
        """A task's amount of work, in units of the rate."""
        return self._work(index)

    @property
    def _work(self) -> Callable[[int], float]:
        """The same as a function: of hundreds of thousands of tasks, each call less counts."""
        return self._work_of_growth if self.growth else self.stage.work

    def _work_of_growth(self, index: int) -> float:
        return self.growth.work(index) if self.growth and index < len(self.growth.asked) else self.stage.work(index)

    def seconds(self, indices: Iterable[int]) -> float:
        """Predicted time of these tasks, one after the other, on the cores that each has."""
        return self.rate.seconds * sum(map(self._work, indices))

    @cached_property
    def todo_seconds(self) -> float:
        """The same of what has to run, tasks that may be asked for among them."""
        open_ones = range(self.n_tasks - self.n_open, self.n_tasks)
        return self.seconds(self.todo) + self.seconds(open_ones)

    @cached_property
    def todo_interval(self) -> Interval:
        """The same with its 90 % interval."""
        return self._interval(self.todo_seconds, len(self.todo) + self.n_open)

    @cached_property
    def longest_interval(self) -> Interval:
        """Predicted time of the longest task that has to run, on the cores that it has."""
        return self.interval_of(self.longest_work, 1 if self.todo or self.n_open else 0)

    def interval_of(self, work: float, n_tasks: int) -> Interval:
        """Predicted time of tasks that have so much work together."""
        return self._interval(self.rate.seconds * work, n_tasks)

    def _interval(self, seconds: float, n_tasks: int) -> Interval:
        """The interval of tasks that take `seconds` together: the scatter c of n tasks is averaged out as c/√n, and a
        log-normal distribution of that relative deviation has the width √ln(1 + c²/n).
        """
        scatter = math.exp(QUANTILE * math.sqrt(math.log1p(self.rate.scatter**2 / max(1, n_tasks))))
        within = Interval.within(seconds, both(self.rate.factor, scatter))
        beside = OVERHEAD_SECONDS * n_tasks + (FIRST_SECONDS if n_tasks else 0.0)
        return Interval(within.low, within.middle, within.high + beside)

    @property
    def peak(self) -> Interval:
        """Bytes of memory that its largest task takes: as measured, else at most what its kind declares."""
        return self.measured_peak or Interval(0.0, self.stage.memory, self.stage.memory)

    @cached_property
    def longest_work(self) -> float:
        """The work of the longest task that has to run."""
        return max(map(self._work, [*self.todo, *range(self.n_tasks - self.n_open, self.n_tasks)]), default=0.0)

    def has_pool(self, site: Site) -> bool:
        """Whether the site has the pool that is wanted, or one that stands in for it."""
        return self.wanted in site.pools or self.wanted in USUAL_POOLS

    @property
    def is_free(self) -> bool:
        """Whether all of its tasks are there, each to be run, and wait for nothing."""
        return not (self.growth or self.copies or self.stage.whole) and self.stage.needs is Stage.needs

    def needs(self, index: int) -> Iterator[TaskId]:
        """The tasks that this one waits for, by their addresses in the run; whole stages that it waits for aside."""
        if self.growth:
            after = self.growth.asked[index].after
            if after is not None:
                yield self.path, after
        for name, i in self.stage.needs(index):
            yield address(self.group, name), i

    @property
    def whole(self) -> tuple[str, ...]:
        """The stages that all of its tasks wait for to the end, by their addresses in the run."""
        return tuple(address(self.group, name) for name in self.stage.whole)


@dataclass(frozen=True)
class PlannedVariant:
    """One variant of the study: its workload, the inputs that it reads, and its part of the report."""

    group: str
    variant: Variant
    inputs: Mapping[str, Input]
    workload: Workload
    stages: tuple[PlannedStage, ...]
    report: PlannedReport

    @property
    def keys(self) -> Keys | None:
        """The keys of its tasks; None where it has no stages."""
        return self.stages[0].keys if self.stages else None
