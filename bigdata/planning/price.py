"""What a plan costs at its site's prices: core-hours, GPU-hours, the time that jobs stand idle, energy, and storage."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from bigdata.planning.budget import use
from bigdata.planning.interval import NOTHING, Interval, later
from bigdata.store.use import Use

if TYPE_CHECKING:
    from bigdata.planning.planned import PlannedStage
    from bigdata.spec.site import Prices, Site

# Prices are for decimal terabytes.
TB = 10**12


@dataclass(frozen=True)
class Price:
    """What has to run uses `busy` hours, and its jobs stand `idle` for others: while they start, and while a stage's
    last tasks leave cores without one. Each is at the low, the middle and the high end of the predicted times.

    compute = core_hours × prices.core_hour + gpu_hours × prices.gpu_hour, of busy and idle hours; a job with GPUs
    counts by them where they have a price, else by its cores. In dollars: `compute` once and `month` for keeping the
    run a month, None where the site has no such price.
    """

    prices: Prices
    busy: tuple[Use, Use, Use]
    idle: tuple[Use, Use, Use]
    n_bytes: int

    @property
    def core_hours(self) -> Interval:
        """Those that are paid, in tasks."""
        return Interval(*(u.paid_core_hours(self.prices) for u in self.busy))

    @property
    def gpu_hours(self) -> Interval:
        """Those that have a price, in tasks."""
        return Interval(*(u.paid_gpu_hours(self.prices) for u in self.busy))

    @property
    def compute(self) -> Interval | None:
        if self.prices.core_hour is None and (self.prices.gpu_hour is None or not self.gpu_hours.high):
            return None
        return self._of_all(lambda used: used.dollars(self.prices))

    @property
    def of_idle(self) -> float:
        """The part of `compute` that is paid for idle jobs, at its middle."""
        return self.idle[1].dollars(self.prices)

    @property
    def kwh(self) -> Interval | None:
        """Energy by the site's watts for each core and GPU, of idle ones as of busy ones; None where it names none."""
        if self.prices.watts_per_core is None and self.prices.watts_per_gpu is None:
            return None
        return self._of_all(lambda used: used.kwh(self.prices))

    @property
    def month(self) -> float | None:
        return None if self.prices.tb_month is None else self.prices.tb_month * self.n_bytes / TB

    def _of_all(self, amount: Callable[[Use], float]) -> Interval:
        return Interval(*(amount(b + i) for b, i in zip(self.busy, self.idle, strict=True)))


def price(site: Site, stages: Iterable[PlannedStage], n_bytes: int) -> Price:
    """The price of what has to run, by the predicted times of tasks; jobs that wait in a queue cost nothing."""
    stages = [s for s in stages if s.todo or s.n_open]
    busy, idle = (_added(site, stages, seconds) for seconds in (lambda s: s.todo_interval, lambda s: _idle(site, s)))
    return Price(site.prices, busy, idle, n_bytes)


def wall(site: Site, stage: PlannedStage) -> Interval:
    """Seconds from a stage's first task to its last: no schedule is shorter than its longest task, nor than all its
    work spread over all that may run at one time.
    """
    spread = stage.todo_interval.times(1 / site.tasks_at_once(stage.pool, stage.stage.cores))
    return later(stage.longest_interval, spread)


def _idle(site: Site, stage: PlannedStage) -> Interval:
    """Seconds for which the places of tasks in a stage's jobs are paid and have no task; none on a machine that isn't
    paid by jobs.
    """
    if not site.has_jobs:
        return NOTHING
    pool, n_tasks = site.pools[stage.pool], len(stage.todo) + stage.n_open
    n_jobs = min(site.n_jobs(stage.pool), math.ceil(n_tasks / pool.tasks_at_once(stage.stage.cores)))
    # A job's cores are paid also where they are too few for one more task.
    places = n_jobs * (1 if pool.gpus else pool.cores / stage.stage.cores)
    lasting, busy = wall(site, stage), stage.todo_interval
    ends = ((lasting.low, busy.low), (lasting.middle, busy.middle), (lasting.high, busy.high))
    return Interval(*(places * site.start_seconds + max(0.0, places * whole - used) for whole, used in ends))


def _added(
    site: Site, stages: Iterable[PlannedStage], seconds: Callable[[PlannedStage], Interval]
) -> tuple[Use, Use, Use]:
    ends = [[use(site, s, end) for end in seconds(s).ends] for s in stages]
    low, middle, high = (sum((row[i] for row in ends), Use()) for i in range(3))
    return low, middle, high
