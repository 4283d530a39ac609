"""What is wrong with a site beyond the types of its fields: what its batch system doesn't know, or can't do without."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from bigdata.spec.pool import ControllerJob, Pool, slots
from bigdata.spec.ports import ports
from bigdata.spec.study import POOL_NAME, Finding
from bigdata.spec.words import listed

# The field that says whom a batch system charges, by its own word.
CHARGED = dict.fromkeys(("slurm", "pbs", "moab"), "account") | dict.fromkeys(("lsf", "sge", "oar"), "project")
# What runs tasks without a batch system.
WITHOUT_JOBS = ("local", "process", "dask")
# Fields that only some batch systems understand.
ONLY_FOR = {
    "resource_spec": ("pbs", "moab", "sge", "oar"),
    "disk": ("htcondor",),
    "memory_resource": ("sge",),
    "gpu_type": ("slurm", "lsf", "htcondor"),
    "exclusive": ("slurm", "pbs", "lsf", "moab"),
}
# The same of the site's own fields, by their values.
ONLY_WITH = {
    ("memory_directive", "per-cpu"): ("slurm", "lsf", "moab"),
    ("memory_directive", "none"): ("slurm", "lsf", "moab", "pbs", "htcondor"),
    ("cores_directive", "tasks"): ("slurm",),
    ("cores_directive", "none"): ("slurm",),
    **{("memory_unit", unit): ("lsf",) for unit in ("KB", "MB", "GB", "TB")},
}
# In which other field a batch system is told what it has no word of its own for.
ELSEWHERE = dict.fromkeys(("pbs", "sge", "oar", "moab"), "`resource_spec:`") | {"htcondor": "`directives:`"}


def findings(fields: Mapping[str, Any]) -> Iterator[Finding]:
    """All of it, given the top-level fields that are right."""
    scheduler, pools = fields.get("scheduler"), fields.get("pools", {})
    yield from _pool_names(pools)
    yield from _controller(fields)
    if scheduler:
        yield from _charged(scheduler, {(): fields} | {("pools", name): vars(p) for name, p in pools.items()})
        yield from _particular(scheduler, pools)
        yield from _by_value(scheduler, fields)
        if scheduler == "sge":
            yield from _slots(pools, fields.get("controller_job"))
        yield from _dask(fields)
    yield from _ports(fields, pools)
    recognition = fields.get("recognised_by")
    if recognition and recognition.environment is None and recognition.host is None:
        yield Finding(("recognised_by",), "is empty", "Write `environment: VAR=value`, `host: login*` or both")


def _pool_names(pools: Iterable[str]) -> Iterator[Finding]:
    for name in pools:
        if not re.fullmatch(POOL_NAME, name):
            right = "Write letters, digits, '_' and '-'"
            yield Finding(("pools", name), f"`{name}` can't be a pool's name", right, at_key=True)


def _controller(fields: Mapping[str, Any]) -> Iterator[Finding]:
    if fields.get("controller") != "job":
        return
    if (scheduler := fields.get("scheduler")) in WITHOUT_JOBS:
        what = f"`job` needs a batch system, and `scheduler: {scheduler}` is none"
        yield Finding(("controller",), what, "Write `detached`, which survives a logout")
    limits = fields.get("limits")
    if limits and limits.submitted_jobs == 1:
        what = "the controller's job is the only one allowed, and none is left for the pools"
        yield Finding(("limits", "submitted_jobs"), what, "Write at least 2, or `controller: detached`")


def _dask(fields: Mapping[str, Any]) -> Iterator[Finding]:
    """`scheduler: dask` has an address, and nothing else has."""
    is_dask = fields.get("scheduler") == "dask"
    if is_dask and fields.get("address") is None:
        yield Finding(("scheduler",), "a Dask cluster needs its `address:`", "Write `address: tls://host:8786`")
    for field in ("address", "security"):
        if not is_dask and fields.get(field) is not None:
            yield Finding((field,), f"`scheduler: {fields['scheduler']}` has none", "It is for `dask`", at_key=True)
    if is_dask and fields.get("image") is not None:
        what = "the workers of a Dask cluster are there already, and no image is started for them"
        yield Finding(("image",), what, "Leave it out", at_key=True)


def _charged(scheduler: str, holders: Mapping[tuple[str, ...], Mapping[str, Any]]) -> Iterator[Finding]:
    """`project:` where the batch system has accounts, and the other way round."""
    known = CHARGED.get(scheduler)
    right = f"Write `{known}:`" if known else "Write what it wants into `directives:`"
    for path, fields in holders.items():
        for field in ("account", "project"):
            if fields.get(field) is not None and field != known:
                what = f"jobs of `scheduler: {scheduler}` have no {field}"
                yield Finding((*path, field), what, right, at_key=True)


def _particular(scheduler: str, pools: Mapping[str, Pool]) -> Iterator[Finding]:
    for name, pool in pools.items():
        for field, schedulers in ONLY_FOR.items():
            if getattr(pool, field) and scheduler not in schedulers:
                right = f"It is for {listed(schedulers)}; leave it out"
                if scheduler in ELSEWHERE and field in ("gpu_type", "exclusive"):
                    right += f", and write what the site wants into {ELSEWHERE[scheduler]}"
                yield Finding(("pools", name, field), f"`{scheduler}` doesn't know it", right, at_key=True)
        if pool.gpu_type and not pool.gpus:
            what, right = "says which GPUs, and the pool has none", "Write how many beside it: `gpus: 1`"
            yield Finding(("pools", name, "gpu_type"), what, right, at_key=True)
        if scheduler == "htcondor" and pool.disk is None:
            yield Finding(("pools", name, "disk"), "is missing", "HTCondor needs it: write `disk: 10 GB`")


def _by_value(scheduler: str, fields: Mapping[str, Any]) -> Iterator[Finding]:
    for (field, value), schedulers in ONLY_WITH.items():
        if fields.get(field) == value and scheduler not in schedulers:
            right = f"It is for {listed(schedulers)}; leave it out"
            yield Finding((field,), f"`{scheduler}` can't be asked so", right)


def _ports(fields: Mapping[str, Any], pools: Mapping[str, Pool]) -> Iterator[Finding]:
    """A job's workers need a port each, and so do their nannies."""
    given, scheduler = fields.get("ports"), fields.get("scheduler")
    if given is None:
        return
    if scheduler in WITHOUT_JOBS and given.model_fields_set:
        yield Finding(("ports",), f"`scheduler: {scheduler}` opens none to others", "Leave them out", at_key=True)
        return
    for field in ("workers", "nannies"):
        text = getattr(given, field)
        most = max(pools.items(), key=lambda item: item[1].tasks_per_job, default=None)
        if text and most and len(ports(text)) < (n := most[1].tasks_per_job):
            what = f"{len(ports(text))} for the {n} workers that one job of pool `{most[0]}` has"
            yield Finding(("ports", field), what, f"Write a range of at least {n}")


def _slots(pools: Mapping[str, Pool], controller: ControllerJob | None) -> Iterator[Finding]:
    """Grid Engine gives a job one slot, whatever it runs there, unless it names a parallel environment."""
    asking: dict[tuple[str, ...], Pool | ControllerJob] = {("pools", name): pool for name, pool in pools.items()}
    for path, job in (asking | ({("controller_job",): controller} if controller else {})).items():
        if job.cores > (has := slots(job.directives)):
            what = f"{job.cores} cores are asked for, and Grid Engine gives this job {has}"
            right = (
                f'Write `directives: ["-pe smp {job.cores}"]`, with a parallel environment of `qconf -spl` for `smp`'
            )
            yield Finding((*path, "cores"), what, right)
