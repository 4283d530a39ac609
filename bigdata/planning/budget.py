"""What a study uses up, against what its `budget:` allows."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

from bigdata.spec.study import Budget
from bigdata.store.use import HOUR, Use

if TYPE_CHECKING:
    from bigdata.planning.planned import PlannedStage
    from bigdata.spec.site import Prices, Site


def use(site: Site, stage: PlannedStage, seconds: float) -> Use:
    """What tasks of a stage use up that take `seconds`, all together."""
    return of_workers(site, stage.pool, stage.stage.cores, seconds)


def of_workers(site: Site, name: str, cores: int, seconds: float) -> Use:
    """What workers of a pool use up that have so many cores each and are there for `seconds`, all together."""
    pool = site.pools[name]
    # A job with GPUs runs one task, which so uses up all of the job's cores too.
    hour = Use(gpu_hours=pool.gpus, gpu_core_hours=pool.cores) if pool.gpus else Use(core_hours=cores)
    return hour.times(seconds / HOUR)


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

    @property
    def left(self) -> float:
        return max(0.0, self.allowed - self.needed)


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
