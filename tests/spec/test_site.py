"""Sites: the contract's file, the built-in one, and what is said of a wrong one."""

from __future__ import annotations

import socket
from pathlib import Path
from typing import get_args

import pytest

from bigdata.errors import SpecError
from bigdata.spec.ports import ports
from bigdata.spec.site import WATCH_BYTES, Site, load_site, site_here, site_names
from tests.bench import ROOT

CONTRACT = """\
site: example-slurm
scheduler: slurm
controller: job                       # inline | detached | job
image: {apptainer: bigdata.sif, bind: [/scratch]}
pools:
  cpu: {queue: cpu, cores: 2, memory: 2 GiB, walltime: 10 min, max_jobs: 4}
  gpu: {queue: gpu, cores: 2, gpus: 1, memory: 4 GiB, walltime: 10 min, max_jobs: 2, directives: ["--gres=gpu:1"]}
limits: {files: 1000000, bytes: 2 TB, submitted_jobs: 100}
prices: {core_hour: 0.02 USD, gpu_hour: 3.00 USD}
"""


def written(folder: Path, text: str) -> Site:
    (folder / "slurm.yaml").write_text(text)
    return load_site("slurm.yaml")


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))
    return tmp_path


def test_the_contract_is_accepted_as_it_stands(folder: Path) -> None:
    (folder / "slurm.yaml").write_text(CONTRACT)
    site = load_site("slurm.yaml")
    assert (site.site, site.scheduler, site.controller) == ("example-slurm", "slurm", "job")
    assert site.cores("cpu") == 8
    assert (site.tasks_at_once("cpu"), site.worker_memory("cpu")) == (8, (2 * 2**30 - WATCH_BYTES) // 2)
    assert site.pools["gpu"].directives == ["--gres=gpu:1"]
    assert site.pools["cpu"].walltime == 600
    assert (site.limits.files, site.limits.bytes) == (1_000_000, 2 * 10**12)
    assert (site.prices.core_hour, site.prices.tb_month) == (0.02, None)


def test_this_machine_is_built_in() -> None:
    site = load_site("local")
    assert site.scheduler == "local"
    assert site.cores("cpu") >= 1
    assert site.worker_memory("cpu") > 2**20
    assert site.limits.files is None


@pytest.mark.parametrize("place", ["specs/sites", "config/bigdata/sites"])
def test_a_site_is_found_by_its_name(folder: Path, place: str) -> None:
    (folder / place).mkdir(parents=True)
    (folder / place / "cluster.yaml").write_text(CONTRACT)
    assert load_site("cluster").site == "example-slurm"
    assert site_names() == ["local", "process", "cluster"]


def test_an_unknown_site_is_named_with_a_guess() -> None:
    with pytest.raises(SpecError) as caught:
        load_site("locla")
    assert str(caught.value) == (
        "--site locla: there is no site `locla`. Known: `local`, `process`; a file is named by its path, such as "
        "`specs/sites/mine.yaml`. Did you mean `local`?"
    )


def test_everything_wrong_is_said_at_once(folder: Path) -> None:
    text = (
        CONTRACT.replace("slurm\ncont", "slrum\ncont").replace("2 GiB", "2").replace("cores: 2, gpus", "core: 2, gpus")
    )
    (folder / "slurm.yaml").write_text(text)
    with pytest.raises(SpecError) as caught:
        load_site("slurm.yaml")
    lines = [line for line in str(caught.value).splitlines() if not line.startswith(" ")]
    assert lines == [
        "slurm.yaml:2:12: scheduler: `slrum` is not known here. Write `local`, `process`, `dask`, `slurm`, `pbs`, "
        "`lsf`, `sge`, `oar`, `htcondor` or `moab`. Did you mean `slurm`?",
        'slurm.yaml:6:39: pools.cpu.memory: 2 has no unit. Write an amount of bytes with its unit, such as "2 B".',
        "slurm.yaml:7:3: pools.gpu.cores: is missing. Write `cores:` with a whole number of at least 1.",
        "slurm.yaml:7:21: pools.gpu.core: unknown key. Known here: `queue`, `cores`, `memory`, `walltime`, `gpus`, "
        "`gpu_type`, `exclusive`, `interface`, `max_jobs`, `directives`, `account`, `project`, `prologue`, "
        "`resource_spec`, `memory_resource`, `disk`. Did you mean `cores`?",
    ]


def test_a_job_with_gpus_runs_one_task_which_has_all_of_it(folder: Path) -> None:
    site = written(folder, CONTRACT)
    assert (site.cores("gpu"), site.tasks_at_once("gpu"), site.worker_memory("gpu")) == (4, 2, 4 * 2**30 - WATCH_BYTES)


def test_a_controllers_job_is_one_of_those_allowed(folder: Path) -> None:
    few = CONTRACT.replace("submitted_jobs: 100", "submitted_jobs: 3")
    assert written(folder, few).n_jobs("cpu") == 2
    assert written(folder, few.replace("controller: job", "controller: detached")).n_jobs("cpu") == 3
    assert written(folder, CONTRACT).n_jobs("cpu") == 4


def test_the_image_is_beside_the_site_file(folder: Path) -> None:
    (folder / "sites").mkdir()
    (folder / "sites/slurm.yaml").write_text(CONTRACT)
    site = load_site("sites/slurm.yaml")
    assert site.image_path == folder / "sites/bigdata.sif"
    assert site.file == Path("sites/slurm.yaml")
    (folder / "sites/slurm.yaml").write_text(CONTRACT.replace("bigdata.sif", "~/images/x.sif"))
    assert load_site("sites/slurm.yaml").image_path == Path.home() / "images/x.sif"
    assert (load_site("local").file, load_site("local").image_path) == (None, None)


def test_a_pools_own_words_go_before_the_sites(folder: Path) -> None:
    both = CONTRACT + "account: mat-1\nprologue: [module load apptainer]\n"
    site = written(folder, both.replace("gpus: 1,", "gpus: 1, account: mat-1-gpu, prologue: [module load cuda],"))
    assert (site.pool("cpu").account, site.pool("cpu").prologue) == ("mat-1", ["module load apptainer"])
    assert (site.pool("gpu").account, site.pool("gpu").prologue) == (
        "mat-1-gpu",
        ["module load apptainer", "module load cuda"],
    )
    assert site.pool("gpu").memory == 4 * 2**30


def test_a_pools_own_network_goes_before_the_sites(folder: Path) -> None:
    site = written(folder, CONTRACT.replace("gpus: 1,", "gpus: 1, interface: ib1,") + "interface: ib0\n")
    assert (site.pool("cpu").interface, site.pool("gpu").interface) == ("ib0", "ib1")


@pytest.mark.parametrize(
    ("text", "known"), [("40000", range(40000, 40001)), ("40000-40009", range(40000, 40010))], ids=["one", "a range"]
)
def test_ports_are_one_or_a_range_with_both_ends(text: str, known: range, folder: Path) -> None:
    site = written(folder, CONTRACT + f"ports: {{scheduler: {text}}}\n")
    assert ports(site.ports.scheduler) == known
    assert ports(site.ports.workers) == range(1)


def test_jobs_are_asked_for_as_before_where_a_site_says_nothing(folder: Path) -> None:
    site = written(folder, CONTRACT)
    assert (site.memory_directive, site.cores_directive, site.memory_unit) == ("per-node", "cpus-per-task", None)
    assert not any(pool.exclusive or pool.gpu_type or pool.interface for pool in site.pools.values())


SHIPPED = sorted((ROOT / "specs/sites").glob("*.yaml"))


def test_a_site_of_every_batch_system_is_shipped() -> None:
    schedulers = get_args(Site.model_fields["scheduler"].annotation)
    assert {"local", "process", *(load_site(path).scheduler for path in SHIPPED)} == set(schedulers)
    assert all(load_site(path).recognised_by for path in SHIPPED if path.stem != "dask")


# What is written instead of what, and what is said of it.
WRONG = {
    "a project where there are accounts": (
        ("site: ", "project: mat-1\nsite: "),
        "1:1: project: jobs of `scheduler: slurm` have no project. Write `account:`.",
    ),
    "an account where there are projects": (
        ("scheduler: slurm", "scheduler: lsf\naccount: mat-1"),
        "3:1: account: jobs of `scheduler: lsf` have no account. Write `project:`.",
    ),
    "an account of one pool": (
        ("scheduler: slurm", "scheduler: htcondor", "cores: 2,", "account: mat-1, disk: 1 GB, cores: 2,"),
        "6:21: pools.cpu.account: jobs of `scheduler: htcondor` have no account. "
        "Write what it wants into `directives:`.",
        "7:21: pools.gpu.account: jobs of `scheduler: htcondor` have no account. "
        "Write what it wants into `directives:`.",
    ),
    "HTCondor without a disk": (
        ("scheduler: slurm", "scheduler: htcondor", "2 GiB", "2 GiB, disk: 1 GB"),
        "7:3: pools.gpu.disk: is missing. HTCondor needs it: write `disk: 10 GB`.",
    ),
    "what another batch system knows": (
        ("2 GiB", "2 GiB, resource_spec: select=1"),
        "6:46: pools.cpu.resource_spec: `slurm` doesn't know it. It is for `pbs`, `moab`, `sge` and `oar`; "
        "leave it out.",
    ),
    "a resource for memory where there is none": (
        ("2 GiB", "2 GiB, memory_resource: h_vmem"),
        "6:46: pools.cpu.memory_resource: `slurm` doesn't know it. It is for `sge`; leave it out.",
    ),
    "several cores on Grid Engine's one slot": (
        ("scheduler: slurm", "scheduler: sge", "--gres=gpu:1", "-pe smp 2-4"),
        "6:28: pools.cpu.cores: 2 cores are asked for, and Grid Engine gives this job 1. Write "
        '`directives: ["-pe smp 2"]`, with a parallel environment of `qconf -spl` for `smp`.',
    ),
    "fewer of Grid Engine's slots than cores": (
        ("scheduler: slurm", "scheduler: sge", "--gres=gpu:1", "-R y -pe smp 1"),
        "6:28: pools.cpu.cores: 2 cores are asked for, and Grid Engine gives this job 1. Write "
        '`directives: ["-pe smp 2"]`, with a parallel environment of `qconf -spl` for `smp`.',
        "7:28: pools.gpu.cores: 2 cores are asked for, and Grid Engine gives this job 1. Write "
        '`directives: ["-pe smp 2"]`, with a parallel environment of `qconf -spl` for `smp`.',
    ),
    "a pool with a strange name": (
        ("  cpu:", "  the fat one:"),
        "6:3: pools.the fat one: `the fat one` can't be a pool's name. Write letters, digits, '_' and '-'.",
    ),
    "a line break on its way into a job script": (
        ("queue: cpu", 'queue: "cpu\\nrm -r x"'),
        "6:16: pools.cpu.queue: has to be one line of printable text. Write one line of text.",
    ),
    "a controller's job without a batch system": (
        ("scheduler: slurm", "scheduler: local"),
        "3:13: controller: `job` needs a batch system, and `scheduler: local` is none. "
        "Write `detached`, which survives a logout.",
    ),
    "no job left for the pools": (
        ("submitted_jobs: 100", "submitted_jobs: 1"),
        "8:55: limits.submitted_jobs: the controller's job is the only one allowed, and none is left for the pools. "
        "Write at least 2, or `controller: detached`.",
    ),
    "a GPU's type where the batch system has no word for it": (
        ("scheduler: slurm", "scheduler: pbs", "gpus: 1,", "gpus: 1, gpu_type: a100,"),
        "7:40: pools.gpu.gpu_type: `pbs` doesn't know it. It is for `slurm`, `lsf` and `htcondor`; leave it out, and "
        "write what the site wants into `resource_spec:`.",
    ),
    "a type of no GPUs": (
        ("cores: 2, memory: 2 GiB", "cores: 2, gpu_type: a100, memory: 2 GiB"),
        "6:31: pools.cpu.gpu_type: says which GPUs, and the pool has none. Write how many beside it: `gpus: 1`.",
    ),
    "a whole node where that is a queue's business": (
        ("scheduler: slurm", "scheduler: sge", "cores: 2", "cores: 1", "2 GiB", "2 GiB, exclusive: true"),
        "6:46: pools.cpu.exclusive: `sge` doesn't know it. It is for `slurm`, `pbs`, `lsf` and `moab`; leave it out, "
        "and write what the site wants into `resource_spec:`.",
    ),
    "memory by core where it isn't asked for so": (
        ("scheduler: slurm", "scheduler: pbs\nmemory_directive: per-cpu"),
        "3:19: memory_directive: `pbs` can't be asked so. It is for `slurm`, `lsf` and `moab`; leave it out.",
    ),
    "no memory where it isn't asked for": (
        ("scheduler: slurm", "scheduler: sge\nmemory_directive: none", "cores: 2", "cores: 1"),
        "3:19: memory_directive: `sge` can't be asked so. It is for `slurm`, `lsf`, `moab`, `pbs` and `htcondor`; "
        "leave it out.",
    ),
    "Slurm's words for another": (
        ("scheduler: slurm", "scheduler: pbs\ncores_directive: tasks\nmemory_unit: GB"),
        "3:18: cores_directive: `pbs` can't be asked so. It is for `slurm`; leave it out.",
        "4:14: memory_unit: `pbs` can't be asked so. It is for `lsf`; leave it out.",
    ),
    "fewer ports than workers": (
        ("site: ", "ports: {workers: 40000, nannies: 40001-40002}\nsite: "),
        "1:18: ports.workers: 1 for the 2 workers that one job of pool `cpu` has. Write a range of at least 2.",
    ),
    "ports where nobody comes from outside": (
        ("scheduler: slurm", "scheduler: local\nports: {scheduler: 40000}", "controller: job ", "controller: inline "),
        "3:1: ports: `scheduler: local` opens none to others. Leave them out.",
    ),
    "no ports": (
        ("site: ", "ports: {workers: 40100-40000, nannies: any, scheduler: 80, dashboard: [8787]}\nsite: "),
        "1:18: ports.workers: `40100-40000` is no range of ports. Write the lower port first, from 1024 to 65535.",
        "1:40: ports.nannies: `any` is no range of ports. Write `40000-40100`, or one port.",
        "1:56: ports.scheduler: `80` is no range of ports. Write `40000-40100`, or one port.",
        "1:71: ports.dashboard: `[8787]` is no range of ports. Write `40000-40100`, or one port.",
    ),
    "recognised by nothing": (
        ("site: ", "recognised_by: {}\nsite: "),
        "1:16: recognised_by: is empty. Write `environment: VAR=value`, `host: login*` or both.",
    ),
}


@pytest.mark.parametrize("case", WRONG)
def test_what_a_type_cannot_see_is_located_too(case: str, folder: Path) -> None:
    text, (changes, *expected) = CONTRACT, WRONG[case]
    for before, after in zip(changes[::2], changes[1::2], strict=True):
        text = text.replace(before, after)
    with pytest.raises(SpecError) as caught:
        written(folder, text)
    assert [line for line in str(caught.value).splitlines() if line.startswith("slurm.yaml")] == [
        f"slurm.yaml:{line}" for line in expected
    ]


def test_a_site_is_found_by_the_name_that_is_written_in_it(folder: Path) -> None:
    (folder / "specs/sites").mkdir(parents=True)
    (folder / "specs/sites/mine.yaml").write_text(CONTRACT)
    (folder / "specs/sites/broken.yaml").write_text("site: [")
    assert load_site("example-slurm").file == Path("specs/sites/mine.yaml")


def test_ones_own_site_goes_before_one_of_the_working_folder(folder: Path) -> None:
    for place, name in (("specs/sites", "near"), ("config/bigdata/sites", "far")):
        (folder / place).mkdir(parents=True)
        (folder / place / "cluster.yaml").write_text(CONTRACT.replace("example-slurm", name))
    assert load_site("cluster").site == "far"


HOST = socket.gethostname()
HERE = {
    f"host: '{HOST}'": f"the host name `{HOST}`",
    f"host: '{HOST[:2]}*'": f"the host name `{HOST}`",
    "host: 'no-such-host-*'": "",
    "environment: AT_HOME": "`AT_HOME` in the environment",
    "environment: AT_HOME=yes": "`AT_HOME=yes` in the environment",
    "environment: AT_HOME=y*": "`AT_HOME=y*` in the environment",
    "environment: AT_HOME=no": "",
    "environment: AT_HOME=": "",
    "environment: NOT_AT_HOME": "",
    "environment: AT_HOME, host: '*'": f"the host name `{HOST}` and `AT_HOME` in the environment",
    "environment: AT_HOME, host: nowhere": "",
    "environment: NOT_AT_HOME, host: '*'": "",
}


@pytest.mark.parametrize("rule", HERE)
def test_a_site_is_recognised(rule: str, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AT_HOME", "yes")
    site = written(folder, CONTRACT + f"recognised_by: {{{rule}}}\n")
    assert site.recognised_by is not None
    assert site.recognised_by.here() == HERE[rule]


def test_the_one_site_that_is_recognised_is_taken(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AT_HOME", "yes")
    assert (site_here().site.site, site_here().because) == ("local", "")
    sites = folder / "config/bigdata/sites"
    sites.mkdir(parents=True)
    (sites / "a.yaml").write_text(CONTRACT + "recognised_by: {environment: NOT_AT_HOME}\n")
    none = "`local`: no other site of `bigdata sites list` is recognised here"
    assert (site_here().site.site, site_here().because) == ("local", none)
    (sites / "b.yaml").write_text(CONTRACT + "recognised_by: {environment: AT_HOME}\n")
    (sites / "c.yaml").write_text("site: [")
    because = f"`b` ({sites / 'b.yaml'}) is recognised by `AT_HOME` in the environment"
    broken = "; can't be read: `c` (`bigdata sites list`)"
    assert (site_here().site.site, site_here().because) == ("example-slurm", because + broken)
    (sites / "c.yaml").write_text(CONTRACT + "recognised_by: {environment: AT_HOME=yes}\n")
    both = "`local`: `b` and `c` are recognised here, and one can't be told from the other; name one with --site"
    assert (site_here().site.site, site_here().because) == ("local", both)


def test_a_site_of_the_folder_is_taken_by_its_name_alone(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Who unpacks a stranger's study and submits it must not run the lines of the site that came with it."""
    monkeypatch.setenv("AT_HOME", "yes")
    (folder / "specs/sites").mkdir(parents=True)
    (folder / "specs/sites/b.yaml").write_text(CONTRACT + "recognised_by: {environment: AT_HOME}\nprologue: [evil]\n")
    found = site_here()
    assert found.site.site == "local"
    assert found.because.startswith(
        "`local`: `b` of specs/sites would be recognised here, and a site of a folder is taken"
    )
    assert load_site("b").prologue == ["evil"]
    own = folder / "config/bigdata/sites"
    own.mkdir(parents=True)
    (own / "b.yaml").write_text(CONTRACT)
    assert load_site("b").prologue == []


def test_an_empty_file_is_told_what_a_site_needs(folder: Path) -> None:
    (folder / "empty.yaml").write_text("")
    with pytest.raises(SpecError, match="Write `site: name`, `scheduler: slurm` and `pools:`"):
        load_site("empty.yaml")
