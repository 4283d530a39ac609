"""Sites: where studies run, with their pools, limits and prices. `local` and `process` are built in."""

from __future__ import annotations

import os
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import Field, PrivateAttr

from bigdata.errors import Place, Problem, SpecError
from bigdata.spec.checked import checked, valid_fields, written_fields
from bigdata.spec.layers import read_layers
from bigdata.spec.node import in_order
from bigdata.spec.pool import ControllerJob, Count, Line, Pool
from bigdata.spec.problems import from_finding
from bigdata.spec.recognition import RecognisedBy
from bigdata.spec.study import POOL_NAME, Finding, SpecModel
from bigdata.spec.words import each, listed, meant
from bigdata.units import Bytes, Money

# The field that says whom a batch system charges, by its own word.
CHARGED = dict.fromkeys(("slurm", "pbs", "moab"), "account") | dict.fromkeys(("lsf", "sge", "oar"), "project")
# What runs tasks without a batch system.
WITHOUT_JOBS = ("local", "process", "dask")
# Fields that only some batch systems understand.
ONLY_FOR = {"resource_spec": ("pbs", "moab", "sge", "oar"), "disk": ("htcondor",)}
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

    @classmethod
    def check(cls, fields: Mapping[str, Any]) -> Iterator[Finding]:
        """What is wrong beyond types, given the top-level fields that are right."""
        scheduler, pools = fields.get("scheduler"), fields.get("pools", {})
        yield from _pool_names(pools)
        yield from _controller(fields)
        if scheduler:
            yield from _charged(scheduler, {(): fields} | {("pools", name): vars(p) for name, p in pools.items()})
            yield from _particular(scheduler, pools)
            yield from _dask(fields)
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
            if getattr(pool, field) is not None and scheduler not in schedulers:
                right = f"It is for {listed(schedulers)}; leave it out"
                yield Finding(("pools", name, field), f"`{scheduler}` doesn't know it", right, at_key=True)
        if scheduler == "htcondor" and pool.disk is None:
            yield Finding(("pools", name, "disk"), "is missing", "HTCondor needs it: write `disk: 10 GB`")


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
    """The site files of `specs/sites/` and `~/.config/bigdata/sites/`, by their names; the former go first."""
    files = {path.stem: path for folder in reversed(_folders()) for path in folder.glob("*.yaml")}
    return {name: files[name] for name in sorted(files.keys() - BUILT_IN.keys())}


def local() -> Site:
    """This machine: the cores that this process may use, and all the memory that it may have."""
    # A process that is bound to some cores has only these; a container's quota of their time isn't seen. Not on macOS.
    n_cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    pool = Pool.model_construct(cores=n_cores, memory=min(_memory()))
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
    """The site that this machine is recognised to be of, where that is one; else `local`."""
    here: dict[str, tuple[Site, str]] = {}
    unreadable = []
    files = site_files()
    for name, path in files.items():
        try:
            site = _read(path)
        except SpecError:
            unreadable.append(name)
            continue
        if site.recognised_by and (by := site.recognised_by.here()):
            here[name] = site, f"`{name}` ({path}) is recognised by {by}"
    unread = f"; can't be read: {each(unreadable)} (`bigdata sites list`)" if unreadable else ""
    if len(here) == 1:
        ((site, because),) = here.values()
        return Chosen(site, because + unread)
    if here:
        because = f"`local`: {listed(here)} are recognised here, and one can't be told from the other"
        return Chosen(local(), f"{because}; name one with --site{unread}")
    none = f"`local`: no other site of `bigdata sites list` is recognised here{unread}"
    return Chosen(local(), none if files else "")


def _memory() -> Iterator[int]:
    """Bytes of memory of this machine, and of the container or job that this process is in."""
    yield os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    # Of control groups, version 2; it holds the word `max` where there is no limit.
    group = Path("/sys/fs/cgroup/memory.max")
    if group.is_file() and (text := group.read_text().strip()).isdigit():
        yield int(text)


def _folders() -> list[Path]:
    # By the XDG rules a variable that is set to nothing counts as not set.
    config = Path(os.environ.get("XDG_CONFIG_HOME") or Path.home() / ".config")
    return [Path("specs/sites"), config / "bigdata/sites"]


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
    problems += [from_finding(finding, layers.root) for finding in Site.check(fields)]
    if site is None or problems:
        raise SpecError(in_order(problems))
    return site.read_from(path)
