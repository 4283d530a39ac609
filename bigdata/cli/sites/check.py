"""`bigdata sites check`: a one-minute job in each pool tells what studies would find there."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import click

from bigdata.cli.options import json_option
from bigdata.cli.text import table
from bigdata.display import duration, size
from bigdata.environment import Environment, differences, environment
from bigdata.errors import Place, Problem, SiteError, SpecError
from bigdata.spec.site import Site, load_site, site_here
from bigdata.spec.words import each, meant

if TYPE_CHECKING:
    from bigdata.jobs.probing import Probe

ROOM = 2**30


@click.command()
@click.argument("site", required=False)
@click.option("--pool", "only", multiple=True, help="This pool only; may be given again.")
@json_option
def check(site: str | None, only: tuple[str, ...], as_json: bool) -> None:
    """Submit a one-minute job to each pool of SITE and report what it saw: host, image, versions, scratch, the port at
    which it reached the scheduler by TLS, GPUs. Exit code 4 where a pool can't be used.

    Without SITE it is the one that this machine is recognised to be of.
    """
    found = load_site(site) if site else site_here().site
    pools = _wanted(found, only)
    if not found.has_jobs:
        click.echo(json.dumps({"site": found.site, "pools": []}) if as_json else NOTHING.format(found.site))
        return
    _refuse_without_image(found)
    checked = [_checked(found, pool) for pool in pools]
    click.echo(json.dumps(_as_data(found, checked), indent=2) if as_json else _as_text(checked))
    if wrong := [f"  {c.pool}: {problem}" for c in checked for problem in c.problems]:
        n = len({c.pool for c in checked if c.problems})
        of = f"{n} of {len(checked)} pools" if len(checked) > 1 else "the pool"
        raise SiteError(
            f"{of} of `{found.site}` can't be used as {'they are' if n > 1 else 'it is'}:\n" + "\n".join(wrong)
        )


NOTHING = "site `{}` has no batch system: there are no jobs to check"


@dataclass(frozen=True)
class Checked:
    """What a pool's job saw, None where there was none, and what is wrong with it."""

    pool: str
    probe: Probe | None
    problems: tuple[str, ...]


def _wanted(site: Site, only: tuple[str, ...]) -> list[str]:
    for name in only:
        if name not in site.pools:
            what = f"site `{site.site}` has no pool `{name}`"
            right = f"Its pools: {each(site.pools)}"
            raise SpecError([Problem(Place(f"--pool {name}"), "", what, right, meant(name, site.pools))])
    return [name for name in site.pools if not only or name in only]


def _refuse_without_image(site: Site) -> None:
    """Jobs would start for nothing."""
    image = site.image_path
    if image is not None and not image.exists():
        raise SiteError(
            f"there is no image {image}. Build it with `bigdata sites image build {site.file}`, or name another by "
            "`image:`."
        )


def _checked(site: Site, pool: str) -> Checked:
    click.echo(f"{pool}: submitting a job, and waiting for it", err=True)
    from bigdata.jobs.probing import probe

    try:
        seen = probe(site, pool, lambda text: click.echo(f"  {text}", err=True))
    except SiteError as error:
        return Checked(pool, None, (str(error),))
    here = environment([name for name in (*seen.versions, *seen.extras) if name != "python"], imported=False)
    return Checked(pool, seen, tuple(problems(site, seen, here)))


def problems(site: Site, probe: Probe, here: Environment) -> Iterator[str]:
    """What would hinder studies: packages other than `here`, GPUs that can't be seen, a full scratch."""
    if missing := [name for name, version in probe.versions.items() if not version]:
        yield f"{each(missing)} can't be imported there"
    if other := [
        f"{name} {v} there, {own or 'none'} here" for name, v, own in _other({**probe.versions, **probe.extras}, here)
    ]:
        yield f"its versions are others than this environment's: {'; '.join(other)}"
    wanted, n = site.pools[probe.pool].gpus, len(probe.gpus)
    if n < wanted:
        # Each batch system has its own words for it, and often each site.
        how = " (Slurm: `--gres=gpu:1`)" if site.scheduler == "slurm" else ""
        yield f"its job sees {n} of {wanted} GPUs; ask for them in the pool's `directives:`{how}"
    if probe.scratch_free_bytes < ROOM:
        yield f"its scratch {probe.scratch} has {size(probe.scratch_free_bytes)} free; set TMPDIR in `prologue:`"


def _other(versions: Mapping[str, str], here: Environment) -> Iterator[tuple[str, str, str]]:
    """Names, versions there and here, where both are there to be compared."""
    packages = {name: version for name, version in versions.items() if name != "python"}
    # A probe says nothing of what else an environment is told by.
    there = replace(here, python=versions.get("python", here.python), packages=packages)
    return (found for found in differences(there, here) if found[1])


def _as_data(site: Site, checked: list[Checked]) -> dict[str, Any]:
    rows = [
        {"pool": c.pool, "probe": _plain(c.probe) if c.probe else None, "problems": list(c.problems)} for c in checked
    ]
    return {"site": site.site, "pools": rows}


def _plain(probe: Probe) -> dict[str, Any]:
    return {**vars(probe), "versions": dict(probe.versions), "extras": dict(probe.extras)}


def _as_text(checked: list[Checked]) -> str:
    """A line per pool, then the versions that they have."""
    columns = ("pool", "host", "image", "scratch", "free", "TLS port", "GPUs", "answered after", "")
    rows = [(c.pool, *_seen(c.probe), "problem" if c.problems else "ok") for c in checked]
    said: dict[str, list[str]] = {}
    for c in checked:
        if c.probe:
            found = {**c.probe.versions, **c.probe.extras}
            versions = ", ".join(f"{name} {version or 'missing'}" for name, version in found.items())
            said.setdefault(versions, []).append(c.pool)
    return "\n".join([table(columns, rows), *(f"\n{', '.join(pools)}: {versions}" for versions, pools in said.items())])


def _seen(probe: Probe | None) -> tuple[Any, ...]:
    if probe is None:
        return ("",) * 7
    gpus, free = ",".join(probe.gpus), size(probe.scratch_free_bytes)
    return probe.host, probe.image, probe.scratch, free, probe.scheduler_port, gpus, duration(probe.seconds)
