"""`bigdata sites list | show`: the sites by name, and what one of them offers."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import click

from bigdata.cli.options import json_option
from bigdata.cli.text import table
from bigdata.display import duration, size
from bigdata.errors import SpecError
from bigdata.spec.site import BUILT_IN, Site, load_site, site_files, site_here

CONTROLLERS = {"inline": "in the terminal of `submit`", "detached": "in the background", "job": "in a job of its own"}


@click.command("list")
@json_option
def list_sites(as_json: bool) -> None:
    """List the sites: their pools, and whether this machine is one of theirs."""
    rows = [_row(name, path) for name, path in {**dict.fromkeys(BUILT_IN), **site_files()}.items()]
    if as_json:
        click.echo(json.dumps(rows, indent=2))
        return
    columns = ("site", "scheduler", "controller", "pools", "here", "file")
    cells = [(*(r[c] for c in columns[:3]), ", ".join(r["pools"]), r["recognised_by"], r["file"]) for r in rows]
    click.echo(table(columns, cells))
    chosen = site_here()
    if chosen.because:
        seconds = "; studies of less than 2 s run in this process" if chosen.site.site == "local" else ""
        click.echo(f"\nwithout --site  {chosen.because}{seconds}")
    for row in rows:
        if row["problems"]:
            click.echo(f"\n{row['problems']}", err=True)


def _row(name: str, path: Path | None) -> dict[str, Any]:
    row = {"site": name, "scheduler": "", "controller": "", "pools": [], "recognised_by": "", "problems": ""}
    row["file"] = str(path or "")
    try:
        site = load_site(path or name)
    except SpecError as error:
        return {**row, "scheduler": "can't be read", "problems": str(error)}
    here = site.recognised_by.here() if site.recognised_by else ""
    known = {"scheduler": site.scheduler, "controller": site.controller, "pools": [*site.pools]}
    return {**row, **known, "recognised_by": here}


@click.command()
@click.argument("site")
@json_option
def show(site: str, as_json: bool) -> None:
    """Show a site's pools, limits and prices."""
    found = load_site(site)
    if as_json:
        paths = {"file": str(found.file or ""), "image_path": str(found.image_path or "")}
        click.echo(json.dumps({**found.model_dump(mode="json"), **paths}, indent=2))
        return
    lines = [f"{found.site} ({found.scheduler})" + (f", {found.file}" if found.file else ""), ""]
    said = {what: text for what, text in _facts(found) if text}
    width = max(map(len, said), default=0)
    lines += [f"{what.ljust(width)}  {text}" for what, text in said.items()]
    click.echo("\n".join([*lines, "", _pools(found)]))


def _facts(site: Site) -> Iterator[tuple[str, str]]:
    yield "controller", _controller(site)
    yield "charged to", ", ".join(f"{f} {v}" for f in ("account", "project") if (v := getattr(site, f)))
    yield "interface", site.interface or ""
    yield "controller's interface", site.controller_interface or ""
    yield "ports", ", ".join(f"{whose} {text}" for whose, text in site.ports.model_dump(exclude_none=True).items())
    yield "jobs ask", ", ".join(_asking(site))
    path = site.image_path
    yield "image", "" if path is None else f"{path}{'' if path.exists() else ' (there is no such file yet)'}"
    yield "prologue", "; ".join(site.prologue)
    if site.recognised_by:
        by = [f"`{v}`" for v in (site.recognised_by.host, site.recognised_by.environment) if v]
        yield "recognised", f"by {' and '.join(by)}: {'this machine is' if site.recognised_by.here() else 'not here'}"
    limits, prices = site.limits, site.prices
    amounts = (
        (limits.files, "{:,} files"),
        (limits.bytes and size(limits.bytes), "{}"),
        (limits.submitted_jobs, "{:,} jobs in the queue"),
    )
    yield "limits", ", ".join(words.format(n) for n, words in amounts if n is not None)
    costs = ((prices.core_hour, "core-hour"), (prices.gpu_hour, "GPU-hour"), (prices.tb_month, "TB and month"))
    yield "prices", ", ".join(f"{usd:g} USD per {what}" for usd, what in costs if usd is not None)
    power = ((prices.watts_per_core, "core"), (prices.watts_per_gpu, "GPU"))
    yield "power", ", ".join(f"{watts:g} W per {what} (declared)" for watts, what in power if watts is not None)


def _asking(site: Site) -> Iterator[str]:
    """By which words jobs ask, where not by the usual ones."""
    if site.memory_directive != "per-node":
        yield {"per-cpu": "memory for each core", "none": "no memory"}[site.memory_directive]
    if site.cores_directive != "cpus-per-task":
        yield {"tasks": "cores as tasks", "none": "no cores"}[site.cores_directive]
    if site.memory_unit:
        yield f"memory in {site.memory_unit}"


def _controller(site: Site) -> str:
    where = CONTROLLERS[site.controller]
    if site.controller != "job":
        return where
    job, first = site.controller_job, next(iter(site.pools.values()))
    walltime = job.walltime or first.walltime
    asks = [f"queue {q}" for q in [job.queue or first.queue] if q]
    asks += [f"{job.cores} core{'s' * (job.cores > 1)}", size(job.memory)]
    asks += [duration(walltime)] if walltime else []
    return f"{where}: {', '.join(asks)}"


def _pools(site: Site) -> str:
    """A line per pool: what one job asks for, and what its tasks have."""
    columns = ("pool", "queue", "jobs", "cores", "GPUs", "memory", "walltime", "tasks at once", "memory of a task")
    rows = []
    for name, pool in site.pools.items():
        walltime = duration(pool.walltime) if pool.walltime else ""
        gpus = f"{pool.gpus} {pool.gpu_type}" if pool.gpu_type else pool.gpus
        cores = f"{pool.cores} (whole node)" if pool.exclusive else pool.cores
        asks = (pool.queue, site.n_jobs(name), cores, gpus, size(pool.memory), walltime)
        rows.append((name, *asks, site.tasks_at_once(name), size(site.worker_memory(name))))
    return table(columns, rows) + "\n\ncores, GPUs, memory and walltime are those of one job"
