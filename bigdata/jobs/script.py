"""A job's script, and handing it in: dask-jobqueue knows how each batch system wants it."""

from __future__ import annotations

import asyncio
import os
import re
import shlex
import signal
import subprocess
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import IO, Any

import dask

from bigdata.engine.dask_options import own_dask_configuration
from bigdata.errors import SiteError
from bigdata.jobs.asking import Asks
from bigdata.jobs.listing import MOST_LETTERS
from bigdata.jobs.surroundings import grid_engine_directives, options, without_options
from bigdata.places import cache_folder
from bigdata.spec import kinds
from bigdata.spec.pool import MEM_FREE, ControllerJob, Pool, slots
from bigdata.spec.site import Site
from bigdata.spec.words import listed

# What a job needs of the environment that it is submitted from; not every batch system hands it on. Nothing that could
# hold a secret: job scripts are kept where others may read them.
# Beside those that the study kinds name.
HANDED_ON = ("PATH", "PYTHONPATH", "SLURM_CONF")
# A batch system that hasn't answered by then is asked again later.
PATIENCE_SECONDS = 60.0


class Refused(SiteError):
    """The batch system didn't take a job; `words` are its own, `script` is what it was handed."""

    def __init__(self, scheduler: str, words: str, script: str) -> None:
        self.words, self.script = words, script
        super().__init__(f"{scheduler} didn't take the job: {words}{_ignored()}\nThe job was:\n{script}")


def _ignored() -> str:
    """What a refusal may come from: a shell in which other jobs are said what they ask for."""
    if not (names := options()):
        return ""
    return f"\n{listed(names)} of your shell didn't count: what jobs ask for is said in the site's file."


# Of dask-jobqueue, each in the module of its batch system's name.
_CLASSES = {
    "slurm": "SLURMJob",
    "pbs": "PBSJob",
    "moab": "MoabJob",
    "lsf": "LSFJob",
    "sge": "SGEJob",
    "oar": "OARJob",
    "htcondor": "HTCondorJob",
}


@dataclass(frozen=True)
class JobScript:
    """What one job asks for, and its shell `lines`. All that it says goes to the end of `log`."""

    name: str
    log: Path
    asks: Asks
    lines: tuple[str, ...]
    walltime: float | None = None
    queue: str | None = None
    account: str | None = None
    project: str | None = None
    resource_spec: str | None = None
    memory_resource: str | None = None
    disk: int | None = None
    directives: tuple[str, ...] = ()

    def text(self, scheduler: str) -> str:
        """The script as the batch system is handed it."""
        return str(self._job(scheduler).job_script())

    def submit(self, scheduler: str) -> str:
        """Hand the job in; its number. Raises Refused, or TimeoutError where the batch system doesn't answer."""
        job = self._job(scheduler)
        job._call = _call
        try:
            return asyncio.run(_submit(job, scheduler))
        except subprocess.TimeoutExpired as error:
            raise TimeoutError(str(error)) from None
        except (RuntimeError, OSError, ValueError) as error:
            raise Refused(scheduler, str(error), str(job.job_script())) from None

    def _job(self, scheduler: str) -> Any:
        """dask-jobqueue's job, with our lines in the place of its own worker's command."""
        with own_dask_configuration():
            jobqueue = _jobqueue()
            # Its own half an hour, where we say nothing.
            with dask.config.set({f"jobqueue.{scheduler}.walltime": None}):
                job = self._made(scheduler, jobqueue)
        # The log first, so that it holds what goes wrong in the prologue.
        lines = [f"exec >>{shlex.quote(str(self.log))} 2>&1", *self.lines]
        job._command_template = "\n".join(lines) if scheduler != "htcondor" else _one_line(lines)
        job.executable = "/bin/bash"
        if scheduler == "sge":
            job.job_header = "\n".join([*(f"#$ {line}" for line in grid_engine_directives()), job.job_header])
        if scheduler in ("pbs", "moab"):
            job.job_id_regexp = r"(?P<job_id>\S+)\s*$"  # `7.head`: its queue knows no `7`
        return job

    def _made(self, scheduler: str, jobqueue: Any) -> Any:
        memory = self.asks.mib * 2**20
        made = getattr(getattr(jobqueue, scheduler), _CLASSES[scheduler])
        return made(
            scheduler="none",
            name=self.name,
            # Torque, which runs Moab's jobs, allows no more. Nobody looks for Moab's jobs by their names.
            job_name=self.name[: MOST_LETTERS.get(scheduler)],
            cores=self.asks.cores,
            processes=1,
            memory=f"{memory} B",
            job_extra_directives=self._directives(scheduler),
            job_script_prologue=[],
            job_directives_skip=self._left_out(scheduler),
            log_directory=None,
            shebang="#!/usr/bin/env bash",
            python=sys.executable,
            **self._particular(scheduler),
        )

    def _left_out(self, scheduler: str) -> list[str]:
        """Lines of dask-jobqueue's that the job isn't to have."""
        # Without an account it takes that of the shell, PBS_ACCOUNT.
        without = ["#PBS -A "] if scheduler in ("pbs", "moab") and self.account is None else []
        return [*without, *self.asks.left_out(scheduler, self.directives)]

    def _particular(self, scheduler: str) -> dict[str, Any]:
        """What the class of one batch system asks for beside the others."""
        if scheduler == "htcondor":  # whole KiB, as it drops what is over
            return {"disk": f"{-(-(self.disk or 0) // 1024) * 1024} B"}
        asks, resources = self.asks, self.resource_spec or self.asks.resource_spec(scheduler)
        own: dict[str, dict[str, Any]] = {
            "slurm": {"account": self.account, "job_cpu": asks.cores, "job_mem": f"{asks.mib}M"},
            "pbs": {"account": self.account, "resource_spec": resources},
            "moab": {"account": self.account, "resource_spec": resources},
            "lsf": {"project": self.project, "ncpus": asks.cores, "lsf_units": asks.memory_unit},
            "sge": {"project": self.project, "resource_spec": resources or self._slot_memory()},
            "oar": {
                "project": self.project,
                "resource_spec": resources,
                "memory_per_core_property_name": "not_applicable",
            },
        }
        return {"queue": self.queue, "walltime": clock(self.walltime, scheduler), **own[scheduler]}

    def _slot_memory(self) -> str | None:
        """Grid Engine counts what a job asks for by the slot, rounded up."""
        if self.memory_resource == "none":
            return None
        return f"{self.memory_resource or MEM_FREE}={-(-self.asks.mib // slots(self.directives))}M"

    def _directives(self, scheduler: str) -> Any:
        """Ours and the user's; HTCondor's are a mapping."""
        lines = [*self._own(scheduler), *self.asks.directives(scheduler), *self.directives]
        if scheduler != "htcondor":
            return lines
        return {key.strip(): value.strip() for key, _, value in (line.partition("=") for line in lines)}

    def _own(self, scheduler: str) -> list[str]:
        """Directives that all of our jobs have: where the batch system's own words go, and that bash reads the lines,
        whatever shell the user or the queue has.
        """
        folder = shlex.quote(f"{self.log.parent}/")
        if scheduler == "slurm":
            # Into the log too; `%j` would be a job's number there.
            output = shlex.quote(str(self.log).replace("%", "%%"))
            return ["--nodes=1", f"--output={output}", "--open-mode=append", "--no-requeue"]
        if scheduler == "lsf":
            return [f"-o {shlex.quote(f'{self.log.parent}/{self.name}-%J.out')}"]
        if scheduler == "oar":
            file = f"{self.log.parent}/%jobname%.%jobid%"
            return [f"-O {shlex.quote(f'{file}.out')}", f"-E {shlex.quote(f'{file}.err')}"]
        if scheduler == "htcondor":
            file = f"{self.log.parent}/{self.name}.$(ClusterId)"
            return [f"Output = {file}.out", f"Error = {file}.err"]
        return [*([f"-e {folder}"] if scheduler != "sge" else []), f"-o {folder}", "-S /bin/bash"]


def pool_script(site: Site, pool: str, name: str, log: Path, lines: tuple[str, ...]) -> JobScript:
    """A job as a pool asks for it, with the prologues of site and pool before its lines."""
    asks = site.pool(pool)
    has = Asks(asks.cores, asks.memory, gpus=asks.gpus, gpu_type=asks.gpu_type, exclusive=asks.exclusive)
    return JobScript(
        name=name,
        log=log,
        asks=_as_the_site_wants(site, has),
        walltime=asks.walltime,
        queue=asks.queue,
        account=asks.account,
        project=asks.project,
        resource_spec=asks.resource_spec,
        memory_resource=asks.memory_resource,
        disk=asks.disk,
        directives=tuple(asks.directives),
        lines=(*exports(), *asks.prologue, *lines),
    )


def controller_script(site: Site, name: str, log: Path, command: str) -> JobScript:
    """The controller's job; what it doesn't say itself is as for the first pool."""
    own: ControllerJob = site.controller_job
    pool: Pool = site.pool(next(iter(site.pools)))
    return JobScript(
        name=name,
        log=log,
        asks=_as_the_site_wants(site, Asks(own.cores, own.memory)),
        walltime=own.walltime or pool.walltime,
        queue=own.queue or pool.queue,
        account=pool.account,
        project=pool.project,
        memory_resource=pool.memory_resource,
        disk=pool.disk,
        directives=tuple(own.directives),
        lines=(*exports(), *site.prologue, command),
    )


def _as_the_site_wants(site: Site, asks: Asks) -> Asks:
    return replace(
        asks,
        memory_directive=site.memory_directive,
        memory_unit=site.memory_unit,
        cores_directive=site.cores_directive,
    )


def exports(environment: Mapping[str, str] = os.environ) -> list[str]:
    """Shell lines that set variables as they are here, and the cache of this user: in an image, who may write in the
    folders above it can't be seen.
    """
    names = (*HANDED_ON, *kinds.variables())
    here = {name: environment[name] for name in names if name in environment}
    here["BIGDATA_CACHE"] = str(cache_folder().absolute())
    return [f"export {name}={shlex.quote(value)}" for name, value in here.items()]


def clock(seconds: float | None, scheduler: str) -> str | None:
    """A walltime as `h:mm:ss`, or `h:mm` for LSF, rounded up."""
    if seconds is None:
        return None
    if scheduler == "lsf":
        minutes = -int(-seconds // 60)
        return f"{minutes // 60:02d}:{minutes % 60:02d}"
    whole = -int(-seconds // 1)
    return f"{whole // 3600:02d}:{whole // 60 % 60:02d}:{whole % 60:02d}"


def _jobqueue() -> Any:
    """dask-jobqueue with the jobs of all its batch systems.

    When it is loaded it would take Ctrl-C for itself, and it can't be loaded in a thread for the same reason.
    """
    theirs = signal.signal
    signal.signal = lambda *_: None
    try:
        import dask_jobqueue
        from dask_jobqueue import core, htcondor, lsf, moab, oar, pbs, sge, slurm  # noqa: F401
    finally:
        signal.signal = theirs
    return dask_jobqueue


async def _submit(job: Any, scheduler: str) -> str:
    with job.job_file() as script:
        if scheduler == "lsf":
            # bsub reads the directives of what it is fed only. dask-jobqueue would throw away why it refuses a job.
            with Path(script).open() as text:
                said = await _call([job.submit_command], stdin=text)
        else:
            said = await job._submit_job(script)
        return str(job._job_id_from_submit_output(said))


async def _call(command: Sequence[str], *, stdin: IO[str] | None = None) -> str:
    """What a command prints, or RuntimeError with what it complains of.

    In the place of dask-jobqueue's, of which sbatch would be left: it goes on trying, and the job would be there later.
    """
    done = subprocess.run(
        command,
        stdin=stdin,
        env=without_options(),
        capture_output=True,
        text=True,
        timeout=PATIENCE_SECONDS,
        check=False,
    )
    if done.returncode:
        words = done.stderr.strip() or done.stdout.strip() or f"exit code {done.returncode}"
        raise RuntimeError(words.replace("sbatch: error: ", ""))
    return done.stdout


def _one_line(lines: Sequence[str]) -> str:
    """A shell command without line breaks that runs `lines`, for HTCondor, which would take `$(…)` for its own."""
    command = f"eval \"$(printf '%s\\n' {shlex.join(lines)})\""
    return re.sub(r"\$(?=\w*\()", "$(DOLLAR)", command)
