"""What one job asks its site's batch system for: the jobs of a pool of workers, and the controller's own."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Annotated

from pydantic import AfterValidator, Field

from bigdata.spec.study import SpecModel, WrongText
from bigdata.units import Bytes, Seconds


def _one_line(text: str) -> str:
    # What a site file says goes into job scripts, where a line break would begin a command of its own.
    if not text.strip() or not text.isprintable():
        what = "has to be one line of printable text" if text.strip() else "is empty"
        raise WrongText(what, "Write one line of text")
    return text


Line = Annotated[str, AfterValidator(_one_line), Field(json_schema_extra={"pattern": r"^[^\x00-\x1f\x7f]+$"})]
"""One line of text, as a job script holds it."""
Count = Annotated[int, Field(ge=1)]

GIB = 2**30
# Of Grid Engine's default resources the one that only chooses nodes: its others end jobs whose address space is larger.
MEM_FREE = "mem_free"


class Pool(SpecModel):
    """Workers of one kind: what one job of them asks for, and how many such jobs there may be.

    A job with GPUs runs one task at a time, which has all of the job; another job runs one task per core, or fewer
    where a stage's tasks take several cores each.
    """

    queue: Line | None = Field(default=None, description="The scheduler's queue or partition.")
    cores: Count = Field(description="Cores of one job; each runs one task, but a job with GPUs runs one task on all.")
    memory: Bytes = Field(description="Memory of one job, shared evenly by the tasks that it runs at one time.")
    walltime: Seconds | None = Field(default=None, description="How long one job may run.")
    gpus: int = Field(default=0, ge=0, description="GPUs of one job.")
    gpu_type: Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9_.-]*$")] | None = Field(
        default=None,
        description="Slurm, LSF and HTCondor: which GPUs, such as `a100`; the job is then asked for `gpus` of them "
        "without a line in `directives:`.",
    )
    exclusive: bool = Field(
        default=False, description="Slurm, PBS, LSF and Moab: whether a job has its node for itself."
    )
    interface: Line | None = Field(
        default=None, description="The network of the pool's nodes, where not the site's `interface:`."
    )
    max_jobs: Count = Field(default=1, description="Jobs at one time.")
    directives: list[Line] = Field(default=[], description="Further options for the scheduler, as it understands them.")
    account: Line | None = Field(
        default=None, description="Whom the pool's jobs are charged to, where not the site's `account:`."
    )
    project: Line | None = Field(
        default=None, description="Whom the pool's jobs are charged to, where not the site's `project:`."
    )
    prologue: list[Line] = Field(
        default=[], description="Shell lines of the pool's job scripts, after those of the site's `prologue:`."
    )
    resource_spec: Line | None = Field(
        default=None,
        description="PBS, SGE and OAR: what stands after `-l`, where what cores and memory make of it isn't right.",
    )
    memory_resource: Line | None = Field(
        default=None,
        description=f"SGE: the resource that memory is asked by, such as `h_vmem`; each slot gets its part. Else "
        f"`{MEM_FREE}`; `none` asks for none.",
    )
    disk: Bytes | None = Field(default=None, description="HTCondor: disk of one job.")

    @property
    def tasks_per_job(self) -> int:
        """Tasks of one core that one job runs at one time."""
        return self.tasks_at_once(1)

    def tasks_at_once(self, cores: int) -> int:
        """Tasks of so many cores each that one job runs at one time."""
        return 1 if self.gpus else max(1, self.cores // cores)


def slots(directives: Iterable[str]) -> int:
    """The slots that Grid Engine gives a job with these directives: the least of its parallel environment, or one."""
    found = [match[1] for line in directives if (match := re.search(r"(?:^|\s)-pe\s+\S+\s+(\d+)", line))]
    return int(found[-1]) if found else 1


class ControllerJob(SpecModel):
    """The small job that hosts Dask's scheduler and the controller, with `controller: job`."""

    queue: Line | None = Field(default=None, description="Its queue or partition, where not that of the first pool.")
    cores: Count = Field(default=1, description="Its cores.")
    memory: Bytes = Field(default=2 * GIB, description="Its memory.")
    walltime: Seconds | None = Field(default=None, description="Its walltime, where not that of the first pool.")
    directives: list[Line] = Field(default=[], description="Further options for the scheduler, as it understands them.")
