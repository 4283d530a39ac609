"""`bigdata plan SPEC`: stages, tasks, files, bytes, hours and money of a study, before anything runs."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import click

from bigdata.cli.options import json_option, plan_options
from bigdata.cli.text import table
from bigdata.display import duration, size
from bigdata.errors import PlanRefused, SpecError
from bigdata.planning import Plan
from bigdata.planning.price import Price
from bigdata.planning.svg import drawing
from bigdata.spec.site import Site


@click.command()
@plan_options
@click.option("--graph", type=click.Path(path_type=Path, dir_okay=False), metavar="FILE.svg", help="Draw its tasks.")
@json_option
def command(
    plan: Plan,
    graph: Path | None,
    as_json: bool,
) -> None:
    """Show what SPEC, a study file or a run's folder, will do and cost. Exit code 3 where the site can't take it, and 2
    where packages that its tasks import are missing here.
    """
    if graph is not None and graph.suffix != ".svg":
        raise SpecError(f"--graph {graph}: the picture is an SVG. Name a file that ends in `.svg`.")
    if graph is not None:
        graph.write_text(drawing(plan), encoding="utf-8")
        click.echo(f"graph: {graph}", err=True)
    click.echo(json.dumps(as_data(plan), indent=2) if as_json else as_text(plan))
    plan.require_packages()
    if plan.refusals():
        raise PlanRefused("the plan is refused")


def as_data(plan: Plan) -> dict[str, Any]:
    """The plan as JSON data: bytes, seconds and dollars as numbers."""
    return {
        "study": plan.study.name,
        "kind": plan.study.kind,
        "site": plan.site.site,
        "site_because": plan.site_because,
        "run": str(plan.folder.path),
        "stages": [
            {
                "stage": s.path,
                "pool": s.pool,
                "tasks": s.n_tasks,
                "to_run": len(s.todo) + s.n_open,
                "known": len(s.known) + len(s.copies),
                "done": s.n_tasks - s.n_todo,
                "reasons": s.reasons,
                "cores": s.stage.cores,
                "core_seconds": round(s.todo_seconds * s.stage.cores, 3),
                "estimate": {"unit": s.rate.unit, "seconds_per_unit": s.rate.seconds, "source": s.rate.source},
                "memory_bytes": s.stage.memory,
            }
            for s in plan.stages
        ],
        "files": {"exact": plan.n_files},
        "bytes": {
            "arrays_exact": plan.array_bytes,
            "other_estimate": plan.other_bytes,
            "packs_estimate": plan.pack_bytes,
        },
        "cache": [vars(kept) for kept in plan.kept],
        "seconds": round(plan.seconds, 1),
        "core_seconds": round(plan.core_seconds, 1),
        "dollars": plan.price.compute,
        "price": {
            "core_hours": plan.price.core_hours,
            "gpu_hours": plan.price.gpu_hours,
            "dollars_a_month": plan.price.month,
        },
        "notes": list(plan.notes),
        "refusals": plan.refusals(),
    }


def as_text(plan: Plan) -> str:
    """The plan as a page to read."""
    rows = [
        (
            s.path,
            s.pool,
            s.n_tasks,
            s.n_tasks - s.n_todo,
            len(s.known) + len(s.copies),
            len(s.todo) + s.n_open,
            duration(s.todo_seconds),
            _why(s.reasons),
        )
        for s in plan.stages
    ]
    lines = [
        f"{plan.study.name} ({plan.study.kind}) at {plan.site.site}, into {plan.folder.path}",
        *([f"site   {plan.site_because}"] if plan.site_because else []),
        "",
        table(("stage", "pool", "tasks", "done", "known", "to run", "core time", "because"), rows),
        "",
        f"files  {plan.n_files:,} (exact)",
        f"bytes  {plan.array_bytes:,} in arrays (exact), about {size(plan.other_bytes - plan.pack_bytes)} for the "
        "record and the report",
        *_packs(plan),
        *_cache(plan),
        f"time   about {duration(plan.seconds)} on {_workers(plan)}",
        *(f"       {source}" for source in _sources(plan)),
        *_price(plan.price),
        *_budget(plan),
        *(f"note   {note}" for note in plan.notes),
        *(f"REFUSED: {reason}" for reason in plan.refusals()),
    ]
    return "\n".join(lines)


def _packs(plan: Plan) -> list[str]:
    """The raw files that tasks leave; nothing where none does."""
    if not plan.n_packs:
        return []
    held = f"{plan.n_packs:,} in {plan.n_pack_files:,} of these files, about {size(plan.pack_bytes)}"
    return [f"packs  {held}: the raw files of each task in one"]


def _cache(plan: Plan) -> list[str]:
    """What is kept beside the run; nothing where that isn't known."""
    if not plan.kept:
        return []
    files, n_bytes = sum(k.n_files for k in plan.kept), sum(k.n_bytes for k in plan.kept)
    said = ", ".join(f"{k.what} {size(k.n_bytes)}" for k in plan.kept)
    return [f"cache  about {files:,} files, {size(n_bytes)}: {said}"]


def _workers(plan: Plan) -> str:
    """`8 cores; …`, or `up to 4 jobs of `cpu` (2 tasks each); …`, and what the time holds."""
    site, pools = plan.site, dict.fromkeys(s.pool for s in plan.stages)
    if site.scheduler == "process":
        return "one core of this process, the report included"
    if site.scheduler == "local":
        cores = sum(site.cores(pool) for pool in pools)
        return f"{cores} core{'s' * (cores > 1)}, start and report included"
    return f"{', '.join(_jobs(site, pool) for pool in pools)}; start and report included, waiting in the queue not"


def _jobs(site: Site, pool: str) -> str:
    n, n_tasks = site.n_jobs(pool), site.pools[pool].tasks_per_job
    return f"up to {n} job{'s' * (n > 1)} of `{pool}` ({n_tasks} task{'s' * (n_tasks > 1)} each)"


def _price(price: Price) -> list[str]:
    """The arithmetic of the price; nothing where the site has none."""
    amounts = (
        (price.core_hours, "core-hours", price.prices.core_hour),
        (price.gpu_hours, "GPU-hours", price.prices.gpu_hour),
    )
    terms = [f"{hours:.3g} {what} × {usd:g} USD" for hours, what, usd in amounts if usd is not None and hours]
    said = []
    if price.compute is not None:
        said.append(f"about {price.compute:.2f} USD" + (f": {' + '.join(terms)}" if terms else ""))
    if price.month is not None:
        said.append(f"{price.month:.2g} USD a month to keep it")
    return [f"price  {'; '.join(said)}"] if said else []


def _budget(plan: Plan) -> list[str]:
    """What the study's budget allows; a search goes on as long as the next of its tasks fits."""
    if plan.budget is None:
        return []
    units = {"core_hours": "core-hours", "gpu_hours": "GPU-hours", "dollars": "USD", "wall_time": "s of wall time"}
    allowed = [f"{v:g} {units[k]}" for k, v in plan.budget.model_dump().items() if v is not None]
    ended = f"; it ended the last submission, where {plan.spent} would have been needed" if plan.spent else ""
    return [f"budget {', '.join(allowed)}{' for a search' * any(bool(s.growth) for s in plan.stages)}{ended}"]


def _sources(plan: Plan) -> list[str]:
    """Where the estimates come from, each source once."""
    rates: dict[str, dict[str, None]] = {}
    for s in plan.stages:
        rates.setdefault(s.rate.source, {})[f"{s.stage.name} {s.rate.seconds:.2g} s per {s.rate.unit}"] = None
    return [f"{source}: {', '.join(of)}" for source, of in rates.items()]


def _why(reasons: dict[str, int]) -> str:
    if len(reasons) == 1:
        return next(iter(reasons))
    return ", ".join(f"{n} {reason}" for reason, n in reasons.items())
