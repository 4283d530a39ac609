"""What was predicted of a submission, and what it took: for its record, and for the ledger, by which plans are judged.

A stage is judged by the tasks that were done, also where a submission was stopped: predicted is the time of as much
work. The whole is judged where all that was planned was done, and nothing of it may be left out, as in a search.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from bigdata.planning import ledger
from bigdata.planning.budget import use
from bigdata.planning.extent import Extent
from bigdata.planning.interval import Interval
from bigdata.planning.planned import PlannedStage
from bigdata.planning.tally import Tally
from bigdata.spec.site import Site
from bigdata.store.use import Use

# Predictions of a site that are remembered when it is asked how they held: machines and programs change.
JUDGED = 50
CORE_TIME, WALL_TIME = "core time", "wall time"

Forecast = Mapping[str, Any]


def forecast(plan: Extent) -> Forecast:
    """What is said before: the plan's exact and predicted numbers. Intervals are [low, middle, high]."""
    price = plan.price
    return {
        "files": plan.n_files,
        "bytes": _ends(plan.n_bytes),
        "seconds": _ends(plan.seconds),
        "core_seconds": _ends(plan.core_seconds),
        "dollars": _ends(price.compute),
        "kwh": _ends(price.kwh),
        "is_open": any(s.growth for s in plan.stages),
    }


def account(
    plan: Extent, expected: Forecast, used: Mapping[str, Tally], held: Use | None, whole: bool
) -> dict[str, Any]:
    """What the end of a submission says of its costs, `expected` being its forecast.

    `held` are the hours that its jobs' workers were there, None where it had no jobs; `whole`, whether all that was
    planned was done.
    """
    stages = {s.path: _stage(s, tally) for s in plan.stages if (tally := used.get(s.path)) and tally.n_tasks}
    core_seconds = sum(row["seconds"] * row["cores"] for row in stages.values())
    in_tasks = _hours(plan, used)
    paid, prices = in_tasks if held is None else held, plan.site.prices
    totals = {
        "core_seconds": [expected["core_seconds"], round(core_seconds, 3)],
        "dollars": [expected["dollars"], round(paid.dollars(prices), 6)],
        "kwh": [expected["kwh"], round(paid.kwh(prices), 6)],
    }
    judged = whole and not expected["is_open"] and bool(stages)
    said = {name: row for name, row in totals.items() if judged and row[0] is not None}
    idle = {} if held is None else {"idle_hours": [round(held.hours - in_tasks.hours, 6), round(held.hours, 6)]}
    return {"stages": stages, **said, **idle}


def judgement(site: Site, what: str, ends: Sequence[float], measured: float) -> dict[str, Any]:
    """What the ledger keeps of a prediction and of what came of it."""
    return {"predicted": what, "site": ledger.place(site), "ends": list(ends), "measured": measured}


def held(path: Path, site: Site) -> dict[str, list[int]]:
    """How many of the last predictions on a site had the true number in their 90 % interval, and how many there were,
    by what was predicted.
    """
    found: dict[str, list[bool]] = {}
    for row in ledger.rows(path):
        if row.get("predicted") and row.get("site") == ledger.place(site):
            low, _, high = row["ends"]
            found.setdefault(row["predicted"], []).append(low <= row["measured"] <= high)
    return {what: [sum(each[-JUDGED:]), len(each[-JUDGED:])] for what, each in found.items()}


def _stage(stage: PlannedStage, tally: Tally) -> dict[str, Any]:
    return {
        "tasks": tally.n_tasks,
        "cores": stage.stage.cores,
        "predicted": _ends(stage.interval_of(tally.work, tally.n_tasks)),
        "seconds": round(tally.seconds, 4),
        "source": stage.rate.source,
        "peak": _ends(stage.peak),
        "memory": tally.memory,
        "is_bound": stage.measured_peak is None,
    }


def _hours(plan: Extent, used: Mapping[str, Tally]) -> Use:
    """In tasks, those that failed among them."""
    stages = ((s, used[s.path]) for s in plan.stages if s.path in used)
    return sum((use(plan.site, s, tally.seconds + tally.failed_seconds) for s, tally in stages), Use())


def _ends(interval: Interval | None) -> list[float] | None:
    return None if interval is None else [round(end, 6) for end in interval.ends]
