"""What a plan costs at its site's prices: core-hours, GPU-hours, and keeping the run."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from bigdata.planning.planned import PlannedStage
    from bigdata.spec.pool import Pool
    from bigdata.spec.site import Prices, Site

# Prices are for decimal terabytes.
TB = 10**12


@dataclass(frozen=True)
class Price:
    """Hours that have a price with it, and dollars: `compute` once and `month` for keeping the run a month.

    compute = core_hours × prices.core_hour + gpu_hours × prices.gpu_hour; a job with GPUs counts by them where they
    have a price, else by its cores. `compute` and `month` are None where the site has no such price.
    """

    prices: Prices
    core_hours: float
    gpu_hours: float
    n_bytes: int

    @property
    def compute(self) -> float | None:
        core, gpu = self.prices.core_hour, self.prices.gpu_hour
        if core is None and (gpu is None or not self.gpu_hours):
            return None
        return self.core_hours * (core or 0.0) + self.gpu_hours * (gpu or 0.0)

    @property
    def month(self) -> float | None:
        return None if self.prices.tb_month is None else self.prices.tb_month * self.n_bytes / TB


def cores_of_task(pool: Pool, cores: int) -> int:
    """The cores that a task has which asks for so many: a job with GPUs runs one task on all of its cores."""
    return pool.cores if pool.gpus else cores


def price(site: Site, stages: Iterable[PlannedStage], n_bytes: int) -> Price:
    """The price of what has to run, by the predicted times of tasks; waiting jobs cost nothing in it."""
    core_seconds = gpu_seconds = 0.0
    for stage in stages:
        pool, seconds = site.pools[stage.pool], stage.todo_seconds
        if pool.gpus and site.prices.gpu_hour is not None:
            gpu_seconds += seconds * pool.gpus
        else:
            core_seconds += seconds * cores_of_task(pool, stage.stage.cores)
    return Price(site.prices, core_seconds / 3600, gpu_seconds / 3600, n_bytes)
