"""Sites: where studies run, with their pools, limits and prices. `local` and `process` are built in."""

from __future__ import annotations

import os
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Literal

from pydantic import Field, PrivateAttr

from bigdata import machine
from bigdata.errors import Place, Problem, SpecError
from bigdata.spec.checked import checked, valid_fields, written_fields
from bigdata.spec.layers import read_layers
from bigdata.spec.node import in_order
from bigdata.spec.pool import ControllerJob, Count, Line, Pool
from bigdata.spec.ports import Ports
from bigdata.spec.problems import from_finding
from bigdata.spec.recognition import RecognisedBy
from bigdata.spec.site_findings import WITHOUT_JOBS, findings
from bigdata.spec.study import SpecModel
from bigdata.spec.words import each, listed, meant
from bigdata.units import Bytes, Money

# From a job's start to its worker's first task (measured: 3-5 s on the host, 6-8 s in an image, whose packages
# the first job imports all).
START_SECONDS = 5.0
START_IN_IMAGE_SECONDS = 10.0
# The process that watches a job's workers (measured: 150 MiB).
WATCH_BYTES = 192 * 2**20


class Image(SpecModel):
    """The container image that workers run in."""

    apptainer: Line = Field(description="An Apptainer image, relative to the site file.")
    bind: list[Line] = Field(default=[], description="Folders of the host that are seen inside.")


class Limits(SpecModel):
    """What the site allows; a plan that would exceed it is refused."""

    files: Count | None = Field(default=None, description="Files of one run.")
    bytes: Bytes | None = Field(default=None, description="Bytes of one run.")
    submitted_jobs: Count | None = Field(
        default=None, description="Jobs in the queue at one time, a controller's job among them."
    )


class Security(SpecModel):
    """Certificates for a Dask scheduler that talks TLS, as files relative to the site file."""

    ca: Line = Field(description="The authority's certificate.")
    cert: Line = Field(description="The client's certificate.")
    key: Line = Field(description="The client's private key.")


Watts = Annotated[float, Field(gt=0)]


class Prices(SpecModel):
    """What the site costs. Jobs with GPUs are paid by the GPU where that has a price, else by their cores."""

    core_hour: Money | None = Field(default=None, description="Price of one core for an hour.")
    gpu_hour: Money | None = Field(default=None, description="Price of one GPU for an hour.")
    tb_month: Money | None = Field(default=None, description="Price of storing 1 TB for a month.")
    watts_per_core: Watts | None = Field(
        default=None, description="Power of one core with its share of the machine, in W; declared, not measured."
    )
    watts_per_gpu: Watts | None = Field(default=None, description="Power of one GPU, in W; declared, not measured.")


class Site(SpecModel):
    """A machine or cluster."""

    site: Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]*$", max_length=80)] = Field(
        description="The site's name: letters, digits, '.', '_' and '-'."
    )
    scheduler: Literal["local", "process", "dask", "slurm", "pbs", "lsf", "sge", "oar", "htcondor", "moab"] = Field(
        description="What runs the tasks: workers on this machine, the process of `submit` itself, a Dask cluster that "
        "is there already, or a batch system."
    )
    address: Line | None = Field(
        default=None, description="Dask: where its scheduler listens, such as `tls://scheduler.example.org:8786`."
    )
    security: Security | None = Field(default=None, description="Dask: the files that prove who may talk to it.")
    recognised_by: RecognisedBy | None = Field(
        default=None, description="How a machine of the site is known; there the site needn't be named."
    )
    controller: Literal["inline", "detached", "job"] = Field(
        default="inline",
        description="Where the controller runs: in this terminal, in the background, or in a small job.",
    )
    controller_job: ControllerJob = Field(default=ControllerJob(), description="The job of `controller: job`.")
    account: Line | None = Field(default=None, description="Whom jobs are charged to (Slurm, PBS and Moab: `-A`).")
    project: Line | None = Field(
        default=None, description="Whom jobs are charged to (LSF and SGE: `-P`, OAR: `--project`)."
    )
    prologue: list[Line] = Field(
        default=[], description="Shell lines that begin every job script, such as `module load apptainer`."
    )
    interface: Line | None = Field(
        default=None, description="The network by which jobs reach the scheduler, such as `ib0`."
    )
    controller_interface: Line | None = Field(
        default=None, description="What that network is called where the controller runs, if not as on the nodes."
    )
    ports: Ports = Field(default=Ports(), description="The ports that a firewall leaves open, where there is one.")
    memory_directive: Literal["per-node", "per-cpu", "none"] = Field(
        default="per-node",
        description="How a job asks for its memory: whole, for each core (Slurm, LSF, Moab), or not at all (these, PBS "
        "and HTCondor), where the site gives it by other rules.",
    )
    memory_unit: Literal["KB", "MB", "GB", "TB"] | None = Field(
        default=None, description="LSF: the unit of its memory limits, where lsf.conf can't be read here."
    )
    cores_directive: Literal["cpus-per-task", "tasks", "none"] = Field(
        default="cpus-per-task",
        description="Slurm: how a job asks for its cores: by `--cpus-per-task`, by `--ntasks`, or not at all.",
    )
    dashboard: bool = Field(
        default=False,
        description="Whether Dask's dashboard is opened, on loopback of the controller's machine; it needs bokeh.",
    )
    image: Image | None = Field(default=None, description="The container image that workers run in.")
    pools: dict[str, Pool] = Field(
        min_length=1, description="Workers by kind; studies ask for `cpu` and `gpu` where they don't name another."
    )
    limits: Limits = Field(default=Limits(), description="What the site allows.")
    prices: Prices = Field(default=Prices(), description="What the site costs.")

    _file: Path | None = PrivateAttr(default=None)

    @property
    def file(self) -> Path | None:
        """Where the site is written; None for `local`."""
        return self._file

    def read_from(self, path: Path | None) -> Site:
        """The same site, written in this file: its relative paths start there."""
        self._file = path
        return self

    @property
    def image_path(self) -> Path | None:
        """The image that workers run in, as an absolute path; it needn't exist."""
        return None if self.image is None else self._absolute(self.image.apptainer)

    @property
    def security_files(self) -> tuple[str, str, str] | tuple[None, None, None]:
        """The files of authority, certificate and key."""
        if self.security is None:
            return None, None, None
        own = self.security
        return str(self._absolute(own.ca)), str(self._absolute(own.cert)), str(self._absolute(own.key))

    def _absolute(self, path: str) -> Path:
        """A path of the site's file, which its own folder is the start of."""
        folder = self._file.parent if self._file else Path()
        return Path(os.path.normpath(Path.cwd() / folder / Path(path).expanduser()))

    @property
    def has_own_packages(self) -> bool:
        """Whether tasks find other packages than this process: those of an image, or of somebody's Dask cluster."""
        return self.scheduler == "dask" or (self.has_jobs and self.image is not None)

    @property
    def has_jobs(self) -> bool:
        """Whether its workers are jobs of a batch system."""
        return self.scheduler not in WITHOUT_JOBS

    def pool(self, name: str) -> Pool:
        """What a job of a pool asks for: the pool's own words, else the site's; the prologues of both."""
        pool = self.pools[name]
        more = {
            "account": pool.account or self.account,
            "project": pool.project or self.project,
            "prologue": [*self.prologue, *pool.prologue],
            "interface": pool.interface or self.interface,
        }
        return pool.model_copy(update=more)

    def n_jobs(self, pool: str) -> int:
        """Jobs of a pool at one time, where no other pool has any."""
        allowed = self.limits.submitted_jobs
        if allowed is None:
            return self.pools[pool].max_jobs
        # Where the controller's job is the only one, the plan is refused; its times are to be numbers all the same.
        return min(self.pools[pool].max_jobs, max(1, allowed - (self.controller == "job")))

    def cores(self, pool: str) -> int:
        """Cores of all jobs of a pool."""
        return self.pools[pool].cores * self.n_jobs(pool)

    def tasks_at_once(self, pool: str, cores: int = 1) -> int:
        """Tasks of so many cores each that all jobs of a pool run at one time."""
        if self.scheduler == "process":
            return 1
        return self.pools[pool].tasks_at_once(cores) * self.n_jobs(pool)

    def usable_memory(self, pool: Pool) -> int:
        """Bytes of a job that its tasks share; in a batch job, the program that watches them takes some."""
        # Of a small job no more than a fifth: its tasks would have nothing left.
        return pool.memory - min(WATCH_BYTES, pool.memory // 5) if self.has_jobs else pool.memory

    def worker_memory(self, pool: str, cores: int = 1) -> int:
        """Bytes for one task of so many cores."""
        if self.scheduler == "process":
            return self.pools[pool].memory
        return self.usable_memory(self.pools[pool]) // self.pools[pool].tasks_at_once(cores)

    @property
    def start_seconds(self) -> float:
        """From a job's start to its first task; none on this machine."""
        if not self.has_jobs:
            return 0.0
        return START_IN_IMAGE_SECONDS if self.image else START_SECONDS


def load_site(name: str | Path) -> Site:
    """`local`, `process`, a site of `specs/sites/` or `~/.config/bigdata/sites/` by its name, or a file by its path.

    Raises SpecError with all that is wrong.
    """
    path = Path(name)
    if str(name) in BUILT_IN:
        return BUILT_IN[str(name)]()
    return _read(path if path.suffix in (".yaml", ".yml") else _find(str(name)))


def site_names() -> list[str]:
    """The sites that `load_site` knows by name."""
    return [*BUILT_IN, *site_files()]


def site_files() -> dict[str, Path]:
    """The site files of `specs/sites/` and `~/.config/bigdata/sites/`, by their names; the latter, which are the user's
    own for certain, go first."""
    files = {path.stem: path for folder in (SHARED_SITES, _own_sites()) for path in folder.glob("*.yaml")}
    return {name: files[name] for name in sorted(files.keys() - BUILT_IN.keys())}


def local() -> Site:
    """This machine: the cores that this process may use, and all the memory that it may have."""
    pool = Pool.model_construct(cores=machine.n_cores(), memory=machine.memory())
    return Site.model_construct(site="local", scheduler="local", pools={"cpu": pool})


def process() -> Site:
    """This machine again, without workers: tasks run in the process that leads the run, one after the other."""
    return Site.model_construct(site="process", scheduler="process", pools=local().pools)


BUILT_IN = {"local": local, "process": process}


@dataclass(frozen=True)
class Chosen:
    """A site that nobody named, and why it was taken; empty where there was nothing to choose from."""

    site: Site
    because: str


def site_here() -> Chosen:
    """The site of the user's own that this machine is recognised to be of, where that is one; else `local`.

    Those of `specs/sites/` are taken by name alone: who works in a folder that came from a stranger must not run the
    lines of its sites by not naming one.
    """
    here: dict[str, tuple[Site, str]] = {}
    unreadable, unnamed = [], []
    files = site_files()
    for name, path in files.items():
        try:
            site = _read(path)
        except SpecError:
            unreadable.append(name)
            continue
        if site.recognised_by and (by := site.recognised_by.here()):
            if path.parent == SHARED_SITES:
                unnamed.append(name)
            else:
                here[name] = site, f"`{name}` ({path}) is recognised by {by}"
    unread = f"; can't be read: {each(unreadable)} (`bigdata sites list`)" if unreadable else ""
    if len(here) == 1:
        ((site, because),) = here.values()
        return Chosen(site, because + unread)
    if here:
        because = f"`local`: {listed(here)} are recognised here, and one can't be told from the other"
        return Chosen(local(), f"{because}; name one with --site{unread}")
    if unnamed:
        said = f"`local`: {listed(unnamed)} of {SHARED_SITES} would be recognised here, and a site of a folder is taken"
        return Chosen(local(), f"{said} by --site alone; a copy in {_own_sites()} is taken by itself{unread}")
    none = f"`local`: no other site of `bigdata sites list` is recognised here{unread}"
    return Chosen(local(), none if files else "")


SHARED_SITES = Path("specs/sites")


def _own_sites() -> Path:
    # By the XDG rules a variable that is set to nothing counts as not set.
    return Path(os.environ.get("XDG_CONFIG_HOME") or Path.home() / ".config") / "bigdata/sites"


def _find(name: str) -> Path:
    """The file of a site by its file's name, or else by the name that is written in it."""
    known = site_files()
    found = Path(name) if Path(name).is_file() else known.get(name) or _called(name, known.values())
    if found is None:
        right = f"Known: {each(site_names())}; a file is named by its path, such as `specs/sites/mine.yaml`"
        problem = Problem(Place(f"--site {name}"), "", f"there is no site `{name}`", right, meant(name, site_names()))
        raise SpecError([problem])
    return found


def _called(name: str, files: Iterable[Path]) -> Path | None:
    for path in files:
        try:
            if _read(path).site == name:
                return path
        except SpecError:  # another file's problems are none of this one's
            continue
    return None


def _read(path: Path) -> Site:
    layers = read_layers(path, meant_for="a site", start="Write `site: name`, `scheduler: slurm` and `pools:`")
    problems = layers.problems
    site = checked(Site, layers.root, problems, also=("extends",))
    fields = valid_fields(Site, layers.root) if site is None else written_fields(site, layers.root)
    problems += [from_finding(finding, layers.root) for finding in findings(fields)]
    if site is None or problems:
        raise SpecError(in_order(problems))
    return site.read_from(path)
