"""What a study uses up, against what its `budget:` allows."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

from bigdata.spec.study import Budget

if TYPE_CHECKING:
    from bigdata.planning.planned import PlannedStage
    from bigdata.spec.site import Prices, Site

HOUR = 3600.0


@dataclass(frozen=True)
class Use:
    """Hours of cores in jobs without GPUs, and of GPUs with the cores of their jobs."""

    core_hours: float = 0.0
    gpu_hours: float = 0.0
    gpu_core_hours: float = 0.0

    def __add__(self, other: Use) -> Use:
        return Use(
            self.core_hours + other.core_hours,
            self.gpu_hours + other.gpu_hours,
            self.gpu_core_hours + other.gpu_core_hours,
        )

    @property
    def hours(self) -> float:
        """Core-hours, whatever their jobs have beside cores."""
        return self.core_hours + self.gpu_core_hours

    def dollars(self, prices: Prices) -> float:
        """What it costs: a job with GPUs counts by them where they have a price, else by its cores."""
        cores, gpus = prices.core_hour or 0.0, prices.gpu_hour or 0.0
        return self.paid_core_hours(prices) * cores + self.paid_gpu_hours(prices) * gpus

    def paid_core_hours(self, prices: Prices) -> float:
        return self.core_hours + (self.gpu_core_hours if prices.gpu_hour is None else 0.0)

    def paid_gpu_hours(self, prices: Prices) -> float:
        return 0.0 if prices.gpu_hour is None else self.gpu_hours

    def kwh(self, prices: Prices) -> float:
        """Energy by the watts that the site declares for each core and each GPU."""
        cores = (self.core_hours + self.gpu_core_hours) * (prices.watts_per_core or 0.0)
        return (cores + self.gpu_hours * (prices.watts_per_gpu or 0.0)) / 1000


def use(site: Site, stage: PlannedStage, seconds: float) -> Use:
    """What tasks of a stage use up that take `seconds`, all together."""
    return of_workers(site, stage.pool, stage.stage.cores, seconds)


def of_workers(site: Site, name: str, cores: int, seconds: float) -> Use:
    """What workers of a pool use up that have so many cores each and are there for `seconds`, all together."""
    pool, hours = site.pools[name], seconds / HOUR
    # A job with GPUs runs one task, which so uses up all of the job's cores too.
    if pool.gpus:
        return Use(gpu_hours=hours * pool.gpus, gpu_core_hours=hours * pool.cores)
    return Use(core_hours=hours * cores)


@dataclass(frozen=True)
class Amount:
    """A part of a budget, and what is needed of it."""

    what: str
    allowed: float
    needed: float

    @property
    def share(self) -> float:
        """1 is all of it."""
        return self.needed / self.allowed


def amounts(budget: Budget, prices: Prices, used: Use, wall_seconds: float) -> Iterator[Amount]:
    """The parts that a budget has."""
    parts = (
        ("core-hours", budget.core_hours, used.core_hours),
        ("GPU-hours", budget.gpu_hours, used.gpu_hours),
        ("USD", budget.dollars, used.dollars(prices)),
        ("hours of wall time", budget.wall_time and budget.wall_time / HOUR, wall_seconds / HOUR),
    )
    yield from (Amount(what, allowed, needed) for what, allowed, needed in parts if allowed is not None)


def exceeded(budget: Budget, prices: Prices, used: Use, wall_seconds: float = 0.0) -> Iterator[str]:
    """Each part of a budget that is exceeded, with the arithmetic."""
    for part in amounts(budget, prices, used, wall_seconds):
        if part.needed > part.allowed:
            yield f"{part.needed:.3g} {part.what}, of {part.allowed:.3g} allowed,"
