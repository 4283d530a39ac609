"""Sites: the machines that studies run on, with their pools, limits and prices. `local` is built in."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated, Literal

from pydantic import Field

from bigdata.errors import Place, Problem, SpecError
from bigdata.spec.checked import checked
from bigdata.spec.layers import read_layers
from bigdata.spec.node import in_order
from bigdata.spec.study import SpecModel
from bigdata.spec.words import each, meant
from bigdata.units import Bytes, Money, Seconds

Count = Annotated[int, Field(ge=1)]


class Image(SpecModel):
    """The container image that workers run in."""

    apptainer: str = Field(description="An Apptainer image, relative to the site file.")
    bind: list[str] = Field(default=[], description="Folders of the host that are seen inside.")


class Pool(SpecModel):
    """Workers of one kind: what one job of them asks for, and how many such jobs there may be."""

    queue: str | None = Field(default=None, description="The scheduler's queue or partition.")
    cores: Count = Field(description="Cores of one job; each runs one task.")
    memory: Bytes = Field(description="Memory of one job, shared evenly by its cores.")
    walltime: Seconds | None = Field(default=None, description="How long one job may run.")
    gpus: int = Field(default=0, ge=0, description="GPUs of one job.")
    max_jobs: Count = Field(default=1, description="Jobs at one time.")
    directives: list[str] = Field(default=[], description="Further options for the scheduler, as it understands them.")


class Limits(SpecModel):
    """What the site allows; a plan that would exceed it is refused."""

    files: Count | None = Field(default=None, description="Files of one run.")
    bytes: Bytes | None = Field(default=None, description="Bytes of one run.")
    submitted_jobs: Count | None = Field(default=None, description="Jobs in the queue at one time.")


class Prices(SpecModel):
    """What the site costs."""

    core_hour: Money | None = Field(default=None, description="Price of one core for an hour.")
    gpu_hour: Money | None = Field(default=None, description="Price of one GPU for an hour.")
    tb_month: Money | None = Field(default=None, description="Price of storing 1 TB for a month.")


class Site(SpecModel):
    """A machine or cluster."""

    site: Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]*$", max_length=80)] = Field(
        description="The site's name: letters, digits, '.', '_' and '-'."
    )
    scheduler: Literal["local", "slurm", "pbs", "sge", "lsf", "oar", "htcondor"] = Field(
        description="What starts the workers: this machine, or a batch system."
    )
    controller: Literal["inline", "detached", "job"] = Field(
        default="inline",
        description="Where the controller runs: in this terminal, in the background, or in a small job.",
    )
    image: Image | None = None
    pools: dict[str, Pool] = Field(
        min_length=1, description="Workers by kind; `cpu` and `gpu` are what studies ask for."
    )
    limits: Limits = Limits()
    prices: Prices = Prices()

    def cores(self, pool: str) -> int:
        """Cores of all jobs of a pool: how many tasks run at one time."""
        return self.pools[pool].cores * self.pools[pool].max_jobs

    def worker_memory(self, pool: str) -> int:
        """Bytes for one worker, which has one core."""
        return self.pools[pool].memory // self.pools[pool].cores


def load_site(name: str | Path) -> Site:
    """`local`, a site of `specs/sites/` or `~/.config/bigdata/sites/` by its name, or a file by its path.

    Raises SpecError with all that is wrong.
    """
    path = Path(name)
    if str(name) == "local":
        return local()
    return _read(path if path.suffix in (".yaml", ".yml") else _find(str(name)))


def site_names() -> list[str]:
    """The sites that `load_site` knows by name."""
    return [
        "local",
        *sorted({path.stem for folder in _folders() for path in folder.glob("*.yaml")} - {"local"}),
    ]


def local() -> Site:
    """This machine: the cores that this process may use, and all the memory that it may have."""
    n_cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    pool = Pool.model_construct(cores=n_cores, memory=min(_memory()))
    return Site.model_construct(site="local", scheduler="local", pools={"cpu": pool})


def _memory() -> Iterator[int]:
    """Bytes of memory of this machine, and of the container or job that this process is in."""
    yield os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    group = Path("/sys/fs/cgroup/memory.max")
    if group.is_file() and (text := group.read_text().strip()).isdigit():
        yield int(text)


def _folders() -> list[Path]:
    config = Path(os.environ.get("XDG_CONFIG_HOME") or Path.home() / ".config")
    return [Path("specs/sites"), config / "bigdata/sites"]


def _find(name: str) -> Path:
    candidates = [Path(name), *(folder / f"{name}.yaml" for folder in _folders())]
    found = next((path for path in candidates if path.is_file()), None)
    if found is None:
        right = f"Known: {each(site_names())}; a file is named by its path, such as `specs/sites/mine.yaml`"
        problem = Problem(Place(f"--site {name}"), "", f"there is no site `{name}`", right, meant(name, site_names()))
        raise SpecError([problem])
    return found


def _read(path: Path) -> Site:
    layers = read_layers(path, meant_for="a site", start="Write `site: name`, `scheduler: slurm` and `pools:`")
    site = checked(Site, layers.root, layers.problems)
    if site is None or layers.problems:
        raise SpecError(in_order(layers.problems))
    return site
