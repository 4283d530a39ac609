"""`bigdata sites list | show | check`, as a user types them."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from bigdata.cli.sites.check import problems
from bigdata.environment import Environment
from bigdata.jobs.probing import Probe
from bigdata.spec.site import load_site
from tests.bench import ROOT, Bench

FAR = {
    "site": "far",
    "scheduler": "slurm",
    "recognised_by": {"environment": "AT_HOME"},
    "pools": {
        "cpu": {"queue": "cpu", "cores": 2, "memory": "2 GiB", "walltime": "10 min", "max_jobs": 4},
        "gpu": {"queue": "gpu", "cores": 2, "gpus": 1, "memory": "4 GiB", "max_jobs": 2},
    },
    "limits": {"files": 1000000, "submitted_jobs": 100},
    "prices": {"core_hour": "0.02 USD"},
}


@pytest.fixture
def far(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> Bench:
    """A folder with the site `far`."""
    monkeypatch.setenv("XDG_CONFIG_HOME", str(bench.folder / "config"))
    (bench.folder / "specs/sites").mkdir(parents=True)
    bench.write("specs/sites/far.yaml", FAR)
    return bench


def test_the_list(far: Bench) -> None:
    done = far.bigdata("sites", "list", AT_HOME="yes")
    assert done.stdout.splitlines() == [
        "site     scheduler  controller  pools     here                          file",
        "local    local      inline      cpu       -                             -",
        "process  process    inline      cpu       -                             -",
        "far      slurm      inline      cpu, gpu  `AT_HOME` in the environment  specs/sites/far.yaml",
        "",
        "without --site  `local`: `far` of specs/sites would be recognised here, and a site of a folder is taken by "
        f"--site alone; a copy in {far.folder}/config/bigdata/sites is taken by itself; studies of less than 2 s "
        "run in this process",
    ]
    rows = json.loads(far.bigdata("sites", "list", "--json").stdout)
    assert [row["site"] for row in rows] == ["local", "process", "far"]
    assert rows[2]["pools"] == ["cpu", "gpu"]


def test_a_site_that_cannot_be_read_is_listed_with_what_is_wrong(far: Bench) -> None:
    far.write("specs/sites/odd.yaml", {**FAR, "scheduler": "slrum"})
    done = far.bigdata("sites", "list")
    assert "\nodd      can't be read" in done.stdout
    assert "specs/sites/odd.yaml:1:30: scheduler: `slrum` is not known here." in done.stderr
    assert "; can't be read: `odd` (`bigdata sites list`)" in done.stdout


def test_its_own_words_are_shown(far: Bench) -> None:
    gpu = {**FAR["pools"]["gpu"], "gpu_type": "a100", "exclusive": True}
    own = {"ports": {"scheduler": 40000, "workers": "40001-40100"}, "memory_directive": "none", "interface": "ib0"}
    own |= {"controller_interface": "eth0", "cores_directive": "tasks"}
    far.write("specs/sites/odd.yaml", {**FAR, **own, "site": "odd", "pools": {"gpu": gpu}})
    lines = far.bigdata("sites", "show", "odd").stdout.splitlines()
    for line in (
        "interface               ib0",
        "controller's interface  eth0",
        "ports                   scheduler 40000, workers 40001-40100",
        "jobs ask                no memory, cores as tasks",
    ):
        assert line in lines, lines
    assert any(line.split()[:8] == ["gpu", "gpu", "2", "2", "(whole", "node)", "1", "a100"] for line in lines), lines


def test_one_is_shown(far: Bench) -> None:
    done = far.bigdata("sites", "show", "far")
    assert done.stdout.splitlines() == [
        "far (slurm), specs/sites/far.yaml",
        "",
        "controller  in the terminal of `submit`",
        "recognised  by `AT_HOME`: not here",
        "limits      1,000,000 files, 100 jobs in the queue",
        "prices      0.02 USD per core-hour",
        "",
        "pool  queue  jobs  cores  GPUs  memory   walltime    tasks at once  memory of a task",
        "cpu   cpu       4      2     0  2.0 GiB  10 min 0 s              8  928.0 MiB",
        "gpu   gpu       2      2     1  4.0 GiB  -                       2  3.8 GiB",
        "",
        "cores, GPUs, memory and walltime are those of one job",
    ]


@pytest.mark.parametrize("path", sorted((ROOT / "specs/sites").glob("*.yaml")), ids=lambda path: path.stem)
def test_every_shipped_site_can_be_shown(path: Path, far: Bench) -> None:
    done = far.bigdata("sites", "show", path)
    assert (done.returncode, done.stderr) == (0, "")
    data = json.loads(far.bigdata("sites", "show", path, "--json").stdout)
    assert (data["site"], data["file"]) == (path.stem, str(path))


def test_this_machine_needs_no_check(far: Bench) -> None:
    done = far.bigdata("sites", "check")
    words = "site `local` has no batch system: there are no jobs to check\n"
    assert (done.returncode, done.stdout) == (0, words)
    assert json.loads(far.bigdata("sites", "check", "local", "--json").stdout) == {"site": "local", "pools": []}


def test_a_pool_that_is_not_there_cannot_be_checked(far: Bench) -> None:
    done = far.bigdata("sites", "check", "far", "--pool", "gup")
    assert (done.returncode, done.stderr) == (
        2,
        "--pool gup: site `far` has no pool `gup`. Its pools: `cpu`, `gpu`. Did you mean `gpu`?\n",
    )


def test_no_job_is_submitted_without_the_image(far: Bench) -> None:
    far.write("specs/sites/far.yaml", {**FAR, "image": {"apptainer": "x.sif"}})
    done = far.bigdata("sites", "check", "far")
    assert (done.returncode, done.stdout) == (4, "")
    assert done.stderr == (
        f"bigdata: there is no image {far.folder}/specs/sites/x.sif. Build it with "
        "`bigdata sites image build specs/sites/far.yaml`, or name another by `image:`.\n"
    )


def seen(**more: Any) -> Probe:
    fields: dict[str, Any] = {
        "pool": "gpu",
        "host": "gpu1",
        "image": "",
        "versions": {"python": "3.11.2", "numpy": "2.1.0", "zarr": "3.1.6"},
        "extras": {"tensorflow": "2.21.0", "graph-nets": ""},
        "scratch": "/tmp",
        "scratch_free_bytes": 2**40,
        "scheduler_port": 40001,
        "gpus": ("0",),
        "seconds": 3.0,
    }
    return Probe(**fields | more)


HERE = Environment("3.11.9", {"numpy": "2.1.0", "zarr": "3.1.6"}, {}, "", True)
WRONG = {
    "nothing": (seen(), HERE, []),
    "another version": (
        seen(),
        replace(HERE, packages={"numpy": "2.4.1", "zarr": ""}),
        ["its versions are others than this environment's: numpy 2.1.0 there, 2.4.1 here; zarr 3.1.6 there, none here"],
    ),
    "another TensorFlow": (
        seen(),
        replace(HERE, packages={**HERE.packages, "tensorflow": "2.22.0", "graph-nets": "1.1.0"}),
        ["its versions are others than this environment's: tensorflow 2.21.0 there, 2.22.0 here"],
    ),
    "another Python": (
        seen(versions={"python": "3.13.1"}),
        replace(HERE, packages={}),
        ["its versions are others than this environment's: python 3.13.1 there, 3.11.9 here"],
    ),
    "a package that is missing": (
        seen(versions={"python": "3.11.2", "numpy": "", "zarr": ""}),
        HERE,
        ["`numpy`, `zarr` can't be imported there"],
    ),
    "no GPU": (
        seen(gpus=()),
        HERE,
        ["its job sees 0 of 1 GPUs; ask for them in the pool's `directives:` (Slurm: `--gres=gpu:1`)"],
    ),
    "a full scratch": (
        seen(scratch_free_bytes=5),
        HERE,
        ["its scratch /tmp has 5 B free; set TMPDIR in `prologue:`"],
    ),
}


@pytest.mark.parametrize("case", WRONG)
def test_what_is_wrong_with_a_pool(case: str, far: Bench) -> None:
    probe, here, expected = WRONG[case]
    assert list(problems(load_site(far.folder / "specs/sites/far.yaml"), probe, here)) == expected
