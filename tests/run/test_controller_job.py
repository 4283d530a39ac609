"""The controller's own job: its script for every batch system, and when its shift ends."""

from __future__ import annotations

import math
import shlex
import subprocess
import time
from typing import Any

import pytest

from bigdata.engine.shift import LEAVING_SECONDS, MOST_SECONDS, shift_of_job
from bigdata.jobs import batch
from bigdata.jobs.script import controller_script
from bigdata.run.controller_job import CONTROLLER, controller_command
from bigdata.run.orders import Orders, read_orders
from bigdata.spec.site import Site, load_site
from bigdata.store.folder import RunFolder
from tests.bench import Bench

POOL = {"cpu": {"queue": "work", "cores": 4, "memory": "8 GiB", "walltime": "4 h"}}
DISK = {"cpu": {"cores": 4, "memory": "8 GiB", "walltime": "4 h", "disk": "10 GB"}}


def site(bench: Bench, scheduler: str, pools: Any = POOL, **fields: Any) -> Site:
    data = {"site": "far", "scheduler": scheduler, "controller": "job", "pools": pools, **fields}
    return load_site(bench.write("far.yaml", data))


def script(site: Site, folder: RunFolder) -> str:
    command = f"exec {shlex.join(controller_command(folder))}"
    job = controller_script(site, f"{batch.prefix(folder)}{CONTROLLER}", folder.controller_log, command)
    return job.text(site.scheduler)


HEADS = {
    "slurm": (
        *("#SBATCH -J {name}", "#SBATCH -p work", "#SBATCH -n 1", "#SBATCH --cpus-per-task=1"),
        *("#SBATCH --mem=2048M", "#SBATCH -t 04:00:00", "#SBATCH --nodes=1", "#SBATCH --open-mode=append"),
    ),
    "pbs": ("#PBS -N {name}", "#PBS -q work", "#PBS -l select=1:ncpus=1:mem=2048MB"),
    "moab": (
        "#PBS -N {name}",
        "#PBS -q work",
        "#PBS -l nodes=1:ppn=1,mem=2048mb",
        "#PBS -l walltime=04:00:00",
    ),
    "lsf": ("#BSUB -J {name}", "#BSUB -q work", "#BSUB -n 1", "#BSUB -W 04:00"),
    "sge": ("#$ -N {name}", "#$ -q work", "#$ -l h_rt=04:00:00"),
    "oar": ("#OAR -n {name}", "#OAR -q work", "#OAR -l /nodes=1/core=1,walltime=04:00:00"),
    "htcondor": ("batch_name = {name}", "MY.DaskWorkerCores = 1", "MY.DaskWorkerMemory = 2147483648"),
}


@pytest.mark.parametrize("scheduler", HEADS)
def test_the_job_of_every_batch_system(scheduler: str, bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("BIGDATA_CACHE", "/big/cache")
    monkeypatch.setenv("MP_API_KEY", "hunter2")
    # A user's own settings for dask-jobqueue are for other jobs.
    monkeypatch.setenv("DASK_JOBQUEUE__SLURM__QUEUE", "theirs")
    pools = DISK if scheduler == "htcondor" else POOL
    folder = RunFolder(bench.folder / "runs/t-1a")
    text = script(site(bench, scheduler, pools, prologue=["module load this"]), folder)
    lines = text.splitlines()
    name = f"{batch.prefix(folder)}controller"
    name = name[:15] if scheduler == "moab" else name
    assert {line.format(name=name) for line in HEADS[scheduler]} <= set(lines)
    command = " ".join(controller_command(folder))
    body = [
        f"exec >>{folder.controller_log} 2>&1",
        "export BIGDATA_CACHE=/big/cache",
        "module load this",
        f"exec {command}",
    ]
    if scheduler == "htcondor":
        at = [text.index(part) for part in body]
        assert at == sorted(at)
    else:
        assert [line for line in lines if line in body] == body
        assert lines[-1] == body[-1]
    assert "hunter2" not in text
    assert "theirs" not in text


def test_the_controllers_job_has_its_own_words(bench: Bench) -> None:
    own = {"queue": "serial", "cores": 2, "memory": "512 MiB", "walltime": "24 h", "directives": ["--qos=long"]}
    text = script(site(bench, "slurm", account="m1", controller_job=own), RunFolder(bench.folder / "runs/t-1a"))
    for line in ("-p serial", "-A m1", "--cpus-per-task=2", "--mem=512M", "-t 24:00:00", "--qos=long"):
        assert f"#SBATCH {line}\n" in text


def test_a_folder_with_odd_letters_is_quoted(bench: Bench) -> None:
    folder = RunFolder(bench.folder / "my 100% runs;/t-1a")
    text = script(site(bench, "slurm"), folder)
    command = text.rstrip().splitlines()[-1].removeprefix("exec ")
    words = subprocess.run(["bash", "-c", f"printf '%s\\n' {command}"], capture_output=True, text=True, check=True)
    assert words.stdout.splitlines() == controller_command(folder)
    assert "my 100%% runs;" in next(line for line in text.splitlines() if "--output" in line)


@pytest.mark.parametrize(
    ("walltime", "stop", "end"),
    [
        pytest.param(None, math.inf, math.inf, id="without a walltime it never ends"),
        pytest.param(60.0, 25.0, 45.0, id="of a minute, two thirds are left for tasks to end and for the next"),
        pytest.param(600.0, 435.0, 585.0, id="of ten minutes, a quarter"),
        pytest.param(86400.0, 86400 - MOST_SECONDS - LEAVING_SECONDS, 86400 - LEAVING_SECONDS, id="of a day, minutes"),
    ],
)
def test_a_shift_ends_before_the_job(
    walltime: float | None, stop: float, end: float, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("SLURM_JOB_END_TIME", raising=False)
    shift = shift_of_job(1000.0, walltime)
    assert (shift.stop - 1000, shift.end - 1000) == (stop, end)


def test_what_slurm_says_of_the_end_counts(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SLURM_JOB_END_TIME", str(int(time.time()) + 60))
    assert shift_of_job(time.time(), 86400).end < time.time() + 60


CONTRACT = {
    "site": "example-slurm",
    "scheduler": "slurm",
    "controller": "job",
    "image": {"apptainer": "bigdata.sif", "bind": ["/scratch"]},
    "pools": {
        "cpu": {"queue": "cpu", "cores": 2, "memory": "2 GiB", "walltime": "10 min", "max_jobs": 4},
        "gpu": {"queue": "gpu", "cores": 2, "gpus": 1, "memory": "4 GiB", "directives": ["--gres=gpu:1"]},
    },
    "limits": {"files": 1000000, "bytes": "2 TB", "submitted_jobs": 100},
    "prices": {"core_hour": "0.02 USD", "gpu_hour": "3.00 USD"},
}


def test_orders_are_read_back_as_they_were_given(bench: Bench) -> None:
    found = load_site(bench.write("contract.yaml", CONTRACT))
    plan = bench.plan(bench.trial(seconds=1.5), site=found)
    plan.folder.path.mkdir(parents=True)
    Orders.of(plan).in_job("7").write(plan.folder)
    orders = read_orders(plan.folder)
    assert orders
    study, again = orders.to_run()
    assert again == found
    assert again.image_path == found.image_path
    assert [v.model for v in study.variants] == [v.model for v in plan.study.variants]
    assert (study.text, study.folder) == (plan.study.text, plan.study.folder)
    assert (orders.job, orders.scheduler, orders.n) == ("7", "slurm", 1)


def test_torn_orders_are_said_to_be_torn(bench: Bench) -> None:
    bench.submit(bench.trial())
    folder = bench.run_folder()
    folder.launch.write_text('{"job": ')
    done = bench.bigdata("status", folder.path)
    assert done.returncode == 4
    assert f"{folder.launch} isn't what bigdata writes (Invalid JSON: EOF" in done.stderr
    assert "Remove it and submit again" in done.stderr
