"""Why a plan must not run on its site, each reason with the arithmetic and what to do about it."""

from __future__ import annotations

import math
import shutil
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path

from bigdata.disks import file_system
from bigdata.display import duration, size
from bigdata.planning.budget import exceeded, use
from bigdata.planning.extent import Extent
from bigdata.planning.planned import PlannedStage
from bigdata.planning.reach import reach
from bigdata.planning.waves import bytes_of_tasks, files_of_tasks, what_fits
from bigdata.spec.extras import build_command
from bigdata.spec.pool import GIB, Pool
from bigdata.spec.site import Site
from bigdata.spec.study import Budget
from bigdata.spec.words import each, meant
from bigdata.store.use import Use


def refusals(plan: Extent) -> list[str]:
    """All of them; empty where the plan may run."""
    return [
        *_unknown_pools(plan),
        *_no_image(plan),
        *_over_limits(plan),
        *_over_cores(plan),
        *_over_memory(plan),
        *_over_walltime(plan),
        *_over_budget(plan),
    ]


def _unknown_pools(plan: Extent) -> Iterator[str]:
    """Stages that the study puts on a pool that the site hasn't; `cpu` and `gpu` stand in for each other."""
    for name, wanted in {s.stage.name: s.wanted for s in plan.stages if not s.has_pool(plan.site)}.items():
        pools = plan.site.pools
        what = f"site `{plan.site.site}` has no pool `{wanted}`"
        problem = plan.study.problem(("pools", name), what, f"Its pools: {each(pools)}", meant(wanted, pools))
        yield str(replace(problem, place=replace(problem.place, text="")))


def _no_image(plan: Extent) -> Iterator[str]:
    """Jobs would start for nothing."""
    site, image = plan.site, plan.site.image_path
    if plan.n_todo and site.has_jobs and image is not None and not image.exists():
        build = f"`{build_command(site, plan.study.extra)}`"
        yield f"site `{site.site}` has no image {image} yet; build it with {build}, or name another by `image:`"


def _over_limits(plan: Extent) -> Iterator[str]:
    limits, site = plan.site.limits, plan.site.site
    n_bytes = plan.array_bytes + plan.other_bytes
    if limits.files is not None and plan.n_files > limits.files:
        fits = what_fits(plan, plan.n_files, limits.files, files_of_tasks(plan), "files")
        yield f"{plan.n_files:,} files would be written, and the site `{site}` allows {limits.files:,}{fits}"
    if limits.bytes is not None and n_bytes > limits.bytes:
        fits = what_fits(plan, n_bytes, limits.bytes, bytes_of_tasks(plan), "bytes")
        yield f"{n_bytes:,} bytes would be written, and the site `{site}` allows {limits.bytes:,}{fits}"
    if limits.submitted_jobs == 1 and plan.site.controller == "job":
        yield f"the controller's job is the only one that the site `{site}` allows, and none is left for the pools"
    missing = n_bytes - (plan.folder.n_bytes() if plan.folder.path.exists() else 0)
    place = _existing(plan.folder.path)
    # Of the whole file system: a user's quota isn't seen here, and shows when a write meets it.
    free = shutil.disk_usage(place).free
    if missing > free:
        yield (
            f"{missing:,} bytes more would be written, and {file_system(place)} has {free:,}. Remove something there, "
            "or choose another place with --runs"
        )


def _over_cores(plan: Extent) -> Iterator[str]:
    """Tasks of more cores than a job of their pool has."""
    site = plan.site
    for need in _greatest((s, s.stage.cores) for s in _running(plan)):
        stage, pool = need.stage, site.pools[need.stage.pool]
        if need.amount > pool.cores:
            enough = (name for name, p in _like(site, pool) if p.cores >= need.amount)
            yield (
                f"a task of stage `{stage.path}` needs {need.amount} cores, and a job of pool `{stage.pool}` has "
                f"{pool.cores}" + _instead(site, stage, enough, f"cores: {need.amount}")
            )


def _over_memory(plan: Extent) -> Iterator[str]:
    """A variant's stages are said once, by the one that needs most."""
    site = plan.site
    needs = ((s, s.peak.middle) for s in _running(plan))
    for need in _greatest(needs):
        stage, pool = need.stage, site.pools[need.stage.pool]
        memory, cores = site.worker_memory(stage.pool, stage.stage.cores), stage.stage.cores
        if need.amount <= memory:
            continue
        n_tasks, watched = pool.tasks_at_once(cores), pool.memory - site.usable_memory(pool)
        less = f", less {size(watched)} for the job's own program" if watched else ""
        shares = f", shared by {n_tasks} tasks" if n_tasks > 1 else ""
        shared = f" ({size(pool.memory)}{less}{shares})" if less or shares else ""
        enough = [name for name, _ in _like(site, pool) if site.worker_memory(name, cores) >= need.amount]
        yield (
            f"a task of stage `{stage.path}` needs about {need.amount:,.0f} bytes of memory{_measured(stage)}, and a "
            f"worker of pool `{stage.pool}` has {memory:,}{shared}{'' if enough else _most_memory(site, pool, cores)}"
            + _instead(site, stage, enough, f"memory: {math.ceil((need.amount * n_tasks + watched) / GIB)} GiB")
        )


def _most_memory(site: Site, pool: Pool, cores: int) -> str:
    """That no other pool has enough, where there are others."""
    others = [(site.worker_memory(name, cores), name) for name, p in _like(site, pool) if p is not pool]
    if not others:
        return ""
    memory, name = max(others)
    return f"; of the other pools `{name}` has most, {memory:,}, which is too little as well"


def _measured(stage: PlannedStage) -> str:
    return " (as measured on this site)" if stage.measured_peak else ""


def _over_walltime(plan: Extent) -> Iterator[str]:
    """Jobs that would end before their longest task: it could never finish, but for one that saves checkpoints."""
    site = plan.site
    if not site.has_jobs:
        return
    stages = (s for s in _running(plan) if not s.stage.checkpoints)
    needs = ((s, s.longest_work * s.rate.seconds + site.start_seconds) for s in stages)
    for need in _greatest(needs):
        stage, pool = need.stage, site.pools[need.stage.pool]
        walltime = pool.walltime
        if walltime is None or need.amount <= walltime:
            continue
        enough = (name for name, p in _like(site, pool) if p.walltime is None or p.walltime >= need.amount)
        yield (
            f"the longest task of stage `{stage.path}` takes about {_task_time(stage)} and saves no checkpoints, "
            f"its job {duration(site.start_seconds)} to start, and a job of pool `{stage.pool}` may run "
            f"{duration(walltime)}" + _instead(site, stage, enough, f"walltime: {_rounded(need.amount)}")
        )


def _over_budget(plan: Extent) -> Iterator[str]:
    """A budget that what can't be left out exceeds; stages that grow end when it is used up."""
    if (budget := plan.budget) is None:
        return
    fixed = (use(plan.site, s, s.todo_seconds) for s in plan.stages if not s.growth)
    wall_seconds = 0.0 if any(s.growth for s in plan.stages) else plan.task_seconds.middle
    held = _held(plan, budget)
    for amount in exceeded(budget, plan.site.prices, sum(fixed, Use()), wall_seconds):
        what = f"about {amount} by the study's `budget:` would be used{held}"
        yield f"{what}; allow more there, or make the study smaller"
    if budget.dollars is not None and plan.site.prices.core_hour is None and plan.site.prices.gpu_hour is None:
        yield (
            f"the study's `budget:` counts dollars, and site `{plan.site.site}` names no prices. Write `prices: "
            "{core_hour: 0.02 USD}` into its file, or `core_hours:` into the budget"
        )


def _held(plan: Extent, budget: Budget) -> str:
    """How far a budget gets: ` (it holds 120 of the 900 tasks of stage `fit`)`."""
    found = reach(plan, budget)
    if found.stage is None:
        return ""
    return f" (it holds {found.middle:,} of the {found.n_tasks:,} tasks of stage `{found.stage.path}`)"


def _running(plan: Extent) -> Iterator[PlannedStage]:
    """Stages with something to do on a pool that is there."""
    return (s for s in plan.stages if (s.todo or s.n_open) and s.has_pool(plan.site))


@dataclass(frozen=True)
class _Need:
    stage: PlannedStage
    amount: float


def _greatest(needs: Iterable[tuple[PlannedStage, float]]) -> Iterable[_Need]:
    """Of the variants of a stage on one pool, the one that needs most."""
    most: dict[tuple[str, str], _Need] = {}
    for stage, amount in needs:
        where = stage.stage.name, stage.pool
        if where not in most or amount > most[where].amount:
            most[where] = _Need(stage, amount)
    return most.values()


def _task_time(stage: PlannedStage) -> str:
    """`12 min 0 s (1,440 pairs of 0.5 s each)`."""
    work, rate = stage.longest_work, stage.rate
    whole = duration(work * rate.seconds)
    return whole if work == 1 else f"{whole} ({work:,.0f} × {rate.seconds:.2g} s per {rate.unit})"


def _rounded(seconds: float) -> str:
    """A time that leaves a fifth to spare, as a site file says it."""
    minutes = math.ceil(1.2 * seconds / 60)
    return f"{minutes} min" if minutes < 120 else f"{math.ceil(minutes / 60)} h"


def _like(site: Site, pool: Pool) -> Iterator[tuple[str, Pool]]:
    """Pools with GPUs for one with GPUs, others for others."""
    return ((name, p) for name, p in site.pools.items() if bool(p.gpus) == bool(pool.gpus))


def _instead(site: Site, stage: PlannedStage, enough: Iterable[str], right: str) -> str:
    """The next step: another pool, or a larger one; none is known for the built-in site."""
    other = next(iter(enough), None)
    if other is not None:
        return f"; pool `{other}` has enough: write `pools: {{{stage.stage.name}: {other}}}` into the study"
    return f"; give the pool `{right}` in {site.file}" if site.file else ""


def _existing(path: Path) -> Path:
    """The nearest folder above that exists."""
    return path if path.exists() else _existing(path.absolute().parent)
