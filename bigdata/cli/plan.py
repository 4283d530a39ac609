"""`bigdata plan SPEC`: stages, tasks, files, bytes, hours and money of a study, before anything runs."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import click

from bigdata.cli.options import json_option, plan_options
from bigdata.cli.plan_data import as_data
from bigdata.cli.text import table
from bigdata.display import between, rounded, size, small_duration, span
from bigdata.errors import PlanRefused, SpecError
from bigdata.kind.stage import EXPECTED_SECOND
from bigdata.planning import Plan
from bigdata.planning.planned import PlannedStage
from bigdata.planning.price import Price
from bigdata.planning.reach import HIGH, LOW, MIDDLE, reach, share
from bigdata.planning.svg import drawing
from bigdata.spec.site import Site
from bigdata.spec.study import Budget
from bigdata.units import SECONDS, QuantityError


@click.command()
@plan_options
@click.option("--graph", type=click.Path(path_type=Path, dir_okay=False), metavar="FILE.svg", help="Draw its tasks.")
@click.option("--probe", is_flag=True, help="Run a few of its tasks here, to measure its times.")
@click.option("--probe-time", default="60 s", show_default=True, metavar="TIME", help="How long a probe may take.")
@json_option
def command(
    plan: Plan,
    graph: Path | None,
    probe: bool,
    probe_time: str,
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
    if probe:
        plan = _probed(plan, probe_time)
    click.echo(json.dumps(as_data(plan), indent=2) if as_json else as_text(plan))
    plan.require_packages()
    if plan.refusals():
        raise PlanRefused("the plan is refused")


def _probed(plan: Plan, probe_time: str) -> Plan:
    """The plan again, by what some of its tasks took here."""
    from bigdata.planning import plan as make_plan
    from bigdata.run.probe import probe

    try:
        seconds = SECONDS.parse(probe_time)
    except QuantityError as error:
        raise SpecError(f"--probe-time {probe_time}: {error}") from None
    plan.require_packages()
    for found in probe(plan, seconds):
        n = found.tally.n_tasks
        took = f"{n} task{'s' * (n > 1)} in {small_duration(found.tally.seconds)}"
        click.echo(f"probe: {found.path}: {took if n else f'not run, {found.why_not}'}", err=True)
    again = make_plan(plan.study, site=plan.site, runs=plan.folder.path.parent, fresh=plan.fresh)
    return replace(again, site_because=plan.site_because)


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
            span(*s.todo_interval.times(s.stage.cores).ends),
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
        f"time   {span(*plan.seconds.ends)} on {_workers(plan)}",
        f"work   {span(*plan.core_seconds.ends)} on one core",
        *(f"       {source}" for source in _sources(plan)),
        *_memory(plan),
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


def _memory(plan: Plan) -> list[str]:
    """The largest task's peak, by what it is known; nothing where nothing has to run."""
    running = [s for s in plan.stages if s.todo or s.n_open]
    if not running:
        return []
    most = max(running, key=lambda s: s.peak.high)
    if most.measured_peak is None:
        return [f"memory at most {size(most.peak.high)} a task ({most.path}), as its kind declares"]
    ends = f"{size(most.peak.low)}–{size(most.peak.high)}"
    return [f"memory {size(most.peak.middle)} ({ends}) a task ({most.path}), as measured on this site"]


def _price(price: Price) -> list[str]:
    """The arithmetic of the price, and the energy; nothing where the site has none."""
    amounts = (
        (price.core_hours.middle, "core-hours", price.prices.core_hour),
        (price.gpu_hours.middle, "GPU-hours", price.prices.gpu_hour),
    )
    terms = [f"{hours:.3g} {what} × {usd:g} USD" for hours, what, usd in amounts if usd is not None and hours]
    if price.of_idle:
        terms.append(f"{price.of_idle:.2f} USD while jobs start or stand idle")
    said = []
    if price.compute is not None:
        low, middle, high = price.compute.ends
        said.append(f"{middle:.2f} USD ({low:.2f}–{high:.2f} USD)" + (f": {' + '.join(terms)}" if terms else ""))
    if price.month is not None:
        said.append(f"{price.month:.2g} USD a month to keep it")
    kwh = [f"energy {between(*price.kwh.ends, 'kWh')} by the site's declared watts, not measured"] if price.kwh else []
    return [f"price  {'; '.join(said)}"] * bool(said) + kwh


def _budget(plan: Plan) -> list[str]:
    """What the study's budget allows; a search goes on as long as the next of its tasks fits."""
    if plan.budget is None:
        return []
    units = {"core_hours": "core-hours", "gpu_hours": "GPU-hours", "dollars": "USD", "wall_time": "s of wall time"}
    allowed = [f"{v:g} {units[k]}" for k, v in plan.budget.model_dump().items() if v is not None]
    ended = f"; it ended the last submission, where {plan.spent} would have been needed" if plan.spent else ""
    search = " for a search" * any(bool(s.growth) for s in plan.stages)
    return [f"budget {', '.join(allowed)}{search}{ended}: {_reach(plan, plan.budget)}"]


def _reach(plan: Plan, budget: Budget) -> str:
    """`holds all, 31 % is used (10–93 %)`, or the stage that it ends in."""
    found = reach(plan, budget)
    low, middle, high = (100 * share(plan, budget, which) for which in (LOW, MIDDLE, HIGH))
    if found.stage is None:
        return f"holds all; {rounded(middle)} % is used ({rounded(low)}–{rounded(high)} %)"
    held = f"{found.middle:,} ({found.fewest:,}–{found.most:,}) of the {found.n_tasks:,} tasks of `{found.stage.path}`"
    return f"holds {held}, and nothing after them; {rounded(middle)} % would be needed for all"


def _sources(plan: Plan) -> list[str]:
    """Where the estimates come from, each source once."""
    rates: dict[str, dict[str, None]] = {}
    for s in plan.stages:
        if s.todo or s.n_open:
            rates.setdefault(f"{s.rate.source}, within a factor of {s.rate.factor:.2g}", {})[_rate(s)] = None
    return [f"{source}: {', '.join(of)}" for source, of in rates.items()]


def _rate(stage: PlannedStage) -> str:
    """`symmetry 0.7 ms per structure`."""
    rate = stage.rate
    if rate.unit == EXPECTED_SECOND:
        return f"{stage.stage.name} {rate.seconds:.2g} × what its kind expects"
    return f"{stage.stage.name} {small_duration(rate.seconds)} per {rate.unit}"


def _why(reasons: dict[str, int]) -> str:
    if len(reasons) == 1:
        return next(iter(reasons))
    return ", ".join(f"{n} {reason}" for reason, n in reasons.items())
