"""What tasks use up of a machine, and what those of a run have used up so far, from its journal."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

from bigdata.spec.site import Prices
from bigdata.spec.study import Budget, SpecModel
from bigdata.store.journal import History

if TYPE_CHECKING:
    from collections.abc import Mapping

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

    def times(self, factor: float) -> Use:
        return Use(self.core_hours * factor, self.gpu_hours * factor, self.gpu_core_hours * factor)

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


def recorded(per_hour: Mapping[str, Use], prices: Prices, budget: Budget | None) -> dict[str, Any]:
    """For the journal's word of a submission: what an hour of a task uses up, by stage; the site's prices; and what it
    may use up.
    """
    said = {"use": {path: asdict(use) for path, use in per_hour.items()}, "prices": prices.model_dump(mode="json")}
    return said | ({"budget": budget.model_dump(mode="json")} if budget else {})


def budget(past: History) -> Budget | None:
    """That of the last submission: the study's, or what stood for it."""
    said = past.submits[-1].get("budget") if past.submits else None
    return None if said is None else Budget.model_construct(**_numbers(Budget, said))


def prices(past: History) -> Prices:
    """Those of the last submission's site."""
    told = past.submits[-1].get("prices", {}) if past.submits else {}
    return Prices.model_construct(**_numbers(Prices, told))


def _numbers(model: type[SpecModel], told: Any) -> dict[str, Any]:
    """The fields of a model that were told, in base units; whoever wrote the journal may have written anything."""
    known = told.items() if isinstance(told, dict) else ()
    return {name: v for name, v in known if name in model.model_fields and isinstance(v, int | float)}


def used(past: History, stages: tuple[str, ...] = ()) -> Use:
    """What tasks have used up so far: of all stages where none is named. What was taken over cost nothing.

    It is counted as the last submission's site has it. Nothing is known of runs of older versions.
    """
    told = past.submits[-1].get("use", {}) if past.submits else {}
    rates = {path: _use_of(hour) for path, hour in told.items()}
    total = Use()
    for token in (*past.done.values(), *past.failed.values()):
        if "from" not in token and token["stage"] in rates and token["stage"] in (stages or rates):
            total += rates[token["stage"]].times(float(token.get("seconds", 0.0)) / HOUR)
    return total


def _use_of(told: Any) -> Use:
    """As `recorded` wrote it; whoever wrote the journal may have written anything."""
    names = ("core_hours", "gpu_hours", "gpu_core_hours")
    values = (told.get(name) if isinstance(told, dict) else None for name in names)
    return Use(*(float(value) if isinstance(value, int | float) else 0.0 for value in values))
