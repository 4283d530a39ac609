"""A plan as JSON data: bytes, seconds and dollars as numbers, estimates with the ends of their 90 % intervals."""

from __future__ import annotations

from typing import Any

from bigdata.planning import Plan
from bigdata.planning.interval import Interval
from bigdata.planning.planned import PlannedStage

MEASURED, DECLARED = "measured on this site", "declared by the kind, at most"


def as_data(plan: Plan) -> dict[str, Any]:
    """An estimate is `{low, middle, high}`; the true number is below `low`, or above `high`, in one case of twenty."""
    price = plan.price
    return {
        "study": plan.study.name,
        "kind": plan.study.kind,
        "site": plan.site.site,
        "site_because": plan.site_because,
        "run": str(plan.folder.path),
        "stages": [_stage(s) for s in plan.stages],
        "files": {"exact": plan.n_files},
        "bytes": {
            "arrays_exact": plan.array_bytes,
            "other_estimate": plan.other_bytes,
            "packs_estimate": plan.pack_bytes,
            "all": estimate(plan.n_bytes),
        },
        "cache": [vars(kept) for kept in plan.kept],
        "seconds": estimate(plan.seconds),
        "core_seconds": estimate(plan.core_seconds),
        "dollars": estimate(price.compute),
        "price": {
            "core_hours": estimate(price.core_hours),
            "gpu_hours": estimate(price.gpu_hours),
            "dollars_of_idle_jobs": round(price.of_idle, 6),
            "dollars_a_month": price.month,
            "kwh_declared": estimate(price.kwh),
        },
        "notes": list(plan.notes),
        "refusals": plan.refusals(),
    }


def estimate(interval: Interval | None) -> dict[str, float] | None:
    """None where there is none, such as dollars at a site without prices."""
    if interval is None:
        return None
    low, middle, high = (round(end, 6) for end in interval.ends)
    return {"low": low, "middle": middle, "high": high}


def _stage(s: PlannedStage) -> dict[str, Any]:
    return {
        "stage": s.path,
        "pool": s.pool,
        "tasks": s.n_tasks,
        "to_run": len(s.todo) + s.n_open,
        "known": len(s.known) + len(s.copies),
        "done": s.n_tasks - s.n_todo,
        "reasons": s.reasons,
        "cores": s.stage.cores,
        "core_seconds": estimate(s.todo_interval.times(s.stage.cores)),
        "estimate": {
            "unit": s.rate.unit,
            "seconds_per_unit": s.rate.seconds,
            "factor": round(s.rate.factor, 3),
            "scatter": round(s.rate.scatter, 3),
            "source": s.rate.source,
        },
        "memory_bytes": estimate(s.peak),
        "memory_source": MEASURED if s.measured_peak else DECLARED,
    }
