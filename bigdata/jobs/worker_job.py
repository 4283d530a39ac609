"""The batch job that hosts the workers of a lane."""

from __future__ import annotations

import shlex
import sys
from pathlib import Path

from bigdata.engine import lanes
from bigdata.jobs import batch
from bigdata.jobs.image import execute_in, in_image
from bigdata.jobs.script import JobScript, pool_script
from bigdata.jobs.worker import Work
from bigdata.places import cache_folder
from bigdata.spec.site import Site
from bigdata.store.folder import RunFolder


def worker_job(site: Site, folder: RunFolder, name: str, lane: str, scheduler: str, certificates: Path) -> JobScript:
    """The job `name`, such as `cpu-3`, whose workers find Dask's scheduler at an address, with TLS."""
    pool = lanes.pool_of(lane)
    asks = site.pool(pool)
    work = Work(
        scheduler=scheduler,
        name=name,
        lane=lane,
        n=lanes.tasks_per_job(site, lane),
        memory=lanes.task_memory(site, lane),
        threads=lanes.threads(site, lane),
        # The way to the key only: a job's script and its command line can be read by others.
        certificates=str(certificates),
        gpus=asks.gpus or None,
        more_memory=lanes.larger(site, lane) is not None or None,
        interface=asks.interface,
        worker_ports=site.ports.workers,
        nanny_ports=site.ports.nannies,
    )
    lines = (_end_time(asks.walltime), *_command(site, folder, work, gpus=asks.gpus > 0))
    return pool_script(site, pool, f"{batch.prefix(folder)}{name}", job_log(folder, name), lines)


def job_log(folder: RunFolder, name: str) -> Path:
    """Where all goes that a job says."""
    return folder.logs / f"{batch.prefix(folder)}{name}.log"


def _end_time(walltime: float | None) -> str:
    """Tells the workers when their job ends: Slurm says it to its jobs, others are counted on."""
    counted = f"$(($(date +%s)+{int(walltime)}))" if walltime else ""
    return f'export BIGDATA_JOB_ENDS="${{SLURM_JOB_END_TIME:-{counted}}}"'


def _command(site: Site, folder: RunFolder, work: Work, *, gpus: bool) -> list[str]:
    """The lines that run the workers' program, on the host or in the site's image."""
    program = ["-P", "-m", "bigdata.jobs.worker", work.as_text()]
    if site.image is None or site.image_path is None:
        return [f"exec {shlex.join([sys.executable, *program])}"]
    folders = [folder.path, cache_folder().absolute()]
    command = execute_in(site.image_path, folders, site.image.bind, gpus=gpus)
    return [*in_image(), f"exec {shlex.join([*command, 'python3', '-s', *program])}"]
