"""What tasks use up of a machine, and what those of a run have used up so far, from its journal."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

from bigdata.spec.site import Prices
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

    def dollars(self, prices: Prices) -> float:
        """What it costs: a job with GPUs counts by them where they have a price, else by its cores."""
        cores, gpus = prices.core_hour or 0.0, prices.gpu_hour
        of_gpu_jobs = self.gpu_core_hours * cores if gpus is None else self.gpu_hours * gpus
        return self.core_hours * cores + of_gpu_jobs


def recorded(per_hour: Mapping[str, Use], prices: Prices) -> dict[str, Any]:
    """For the journal's word of a submission: what an hour of a task uses up, by stage, and the site's prices."""
    return {"use": {path: asdict(use) for path, use in per_hour.items()}, "prices": prices.model_dump(mode="json")}


def prices(past: History) -> Prices:
    """Those of the last submission's site."""
    # As they were read: in US dollars, and checked.
    return Prices.model_construct(**(past.submits[-1].get("prices", {}) if past.submits else {}))


def used(past: History, stages: tuple[str, ...] = ()) -> Use:
    """What tasks have used up so far: of all stages where none is named. What was taken over cost nothing.

    It is counted as the last submission's site has it. Nothing is known of runs of older versions.
    """
    rates = past.submits[-1].get("use", {}) if past.submits else {}
    total = Use()
    for token in (*past.done.values(), *past.failed.values()):
        if "from" not in token and token["stage"] in rates and token["stage"] in (stages or rates):
            total += Use(**rates[token["stage"]]).times(float(token.get("seconds", 0.0)) / HOUR)
    return total
