"""A look at a site's pools: a job of one minute in each tells what studies would find there."""

from __future__ import annotations

import os
import shutil
import tempfile
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from bigdata.engine.greeting import imported_environment
from bigdata.engine.hands import Need, Worker, news
from bigdata.engine.observer import Silent
from bigdata.environment import OPTIONAL, version
from bigdata.errors import SiteError
from bigdata.jobs.pools import JobPools, job_pools
from bigdata.places import cache_folder
from bigdata.spec.site import Site
from bigdata.store.folder import RunFolder

# Slurm counts in minutes.
WALLTIME = 60.0
# To import everything from a cold network file system.
PATIENCE_SECONDS = 50.0
LOOK_SECONDS = 0.2


@dataclass(frozen=True)
class Probe:
    """What one job of a pool saw, from the inside.

    `host` is the node that it ran on. `image` is the container image that it ran in, "" where the site names none.
    `versions` are those of Python and of the packages that studies need, by name; a package that can't be imported has
    the version "". `extras` are those that only some studies need, by name, "" where one isn't installed; they aren't
    imported, as TensorFlow takes 0.6 GB. `scratch` is the folder for temporary files there, with `scratch_free_bytes`
    bytes free. `scheduler_port` is the port at which the job reached the Dask scheduler by TLS. `gpus` are the devices
    that it may use, as CUDA_VISIBLE_DEVICES names them. `seconds` is the time from submitting to the answer.
    """

    pool: str
    host: str
    image: str
    versions: Mapping[str, str]
    extras: Mapping[str, str]
    scratch: str
    scratch_free_bytes: int
    scheduler_port: int
    gpus: tuple[str, ...]
    seconds: float


class _Reasons(Silent):
    """Passes on why a probe waits."""

    def __init__(self, say: Callable[[str], None]) -> None:
        self._say = say

    def message(self, text: str) -> None:
        self._say(text)


def probe(site: Site, pool: str, say: Callable[[str], None]) -> Probe:
    """Submit a job of one minute to a pool, and wait for its turn and its answer; `say` gets why that takes time.

    SiteError where the batch system refuses the job, or it ends without an answer.
    """
    small = site.pools[pool].model_copy(update={"walltime": WALLTIME, "max_jobs": 1})
    one = site.model_copy(update={"pools": {pool: small}}).read_from(site.file)
    probes = cache_folder() / "probes"
    probes.mkdir(parents=True, exist_ok=True)
    began = time.monotonic()
    with tempfile.TemporaryDirectory(prefix=f"probe-{pool}-", dir=probes) as name:
        folder = RunFolder(Path(name))
        folder.logs.mkdir()
        with job_pools(one, folder, _Reasons(say), compares=False) as pools:
            seen = _answer(pools, _first_worker(pools, pool, say))
            port = urlsplit(pools.scheduler).port or 0
    versions = {"python": seen["python"], **seen["packages"]}
    return Probe(
        pool=pool,
        host=seen["host"],
        image=str(site.image_path or ""),
        versions=versions,
        # An older bigdata, installed on the nodes, says nothing of them.
        extras=seen.get("extras", {}),
        scratch=seen["scratch"],
        scratch_free_bytes=seen["free"],
        scheduler_port=port,
        gpus=tuple(seen["gpus"]),
        seconds=round(time.monotonic() - began, 1),
    )


def _first_worker(pools: JobPools, pool: str, say: Callable[[str], None]) -> Worker:
    before = ""
    while not (ready := [w for w in pools.workers.here() if w.is_open]):
        pools.tend({pool: Need(1, 0.0)})
        news(pools, LOOK_SECONDS)
        if (reason := "; ".join(pools.reasons())) not in ("", before):
            say(reason)
            before = reason
    return ready[0]


def _answer(pools: JobPools, worker: Worker) -> dict[str, Any]:
    answer = pools.workers.call(worker, look)
    try:
        seen: dict[str, Any] = answer.result(PATIENCE_SECONDS)
    except Exception as error:  # whatever a strange environment raises
        raise SiteError(f"a worker came, and couldn't answer: {type(error).__name__}: {error}") from None
    return seen


def look() -> dict[str, Any]:
    """Run on a worker: where it is, and what it has there."""
    found = imported_environment()
    scratch = tempfile.gettempdir()
    return {
        "host": os.uname().nodename,
        "python": found.python,
        "packages": found.packages,
        "extras": {name: version(name) for name in OPTIONAL},
        "scratch": scratch,
        "free": shutil.disk_usage(scratch).free,
        "gpus": [gpu for gpu in os.environ.get("CUDA_VISIBLE_DEVICES", "").split(",") if gpu],
    }
