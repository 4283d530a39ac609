"""What a study uses up, against what its `budget:` allows."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from bigdata.spec.study import Budget
from bigdata.store.use import HOUR, Use

if TYPE_CHECKING:
    from bigdata.planning.planned import PlannedStage
    from bigdata.spec.site import Prices, Site


def use(site: Site, stage: PlannedStage, seconds: float) -> Use:
    """What tasks of a stage use up that take `seconds`, all together."""
    return use_of_hour(site, stage).times(seconds / HOUR)


def use_of_hour(site: Site, stage: PlannedStage) -> Use:
    """What an hour of a task of a stage uses up."""
    pool = site.pools[stage.pool]
    # A job with GPUs runs one task, which so uses up all of the job's cores too.
    if pool.gpus:
        return Use(gpu_hours=pool.gpus, gpu_core_hours=pool.cores)
    return Use(core_hours=stage.stage.cores)


def exceeded(budget: Budget, prices: Prices, used: Use, wall_seconds: float = 0.0) -> Iterator[str]:
    """Each part of a budget that is exceeded, with the arithmetic."""
    for what, allowed, needed in parts(budget, prices, used, wall_seconds):
        if needed > allowed:
            yield f"{needed:.3g} {what}, of {allowed:.3g} allowed,"


def parts(budget: Budget, prices: Prices, used: Use, wall_seconds: float) -> Iterator[tuple[str, float, float]]:
    """What a budget names, in words, how much of it is allowed, and how much is used."""
    amounts = (
        ("core-hours", budget.core_hours, used.core_hours),
        ("GPU-hours", budget.gpu_hours, used.gpu_hours),
        ("USD", budget.dollars, used.dollars(prices)),
        ("hours of wall time", budget.wall_time and budget.wall_time / HOUR, wall_seconds / HOUR),
    )
    for what, allowed, needed in amounts:
        if allowed is not None:
            yield what, allowed, needed
