"""How jobs ask for memory, cores, GPUs and whole nodes: the lines, and what a real Slurm makes of them."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest

from bigdata.jobs.asking import Asks
from bigdata.jobs.script import JobScript, pool_script
from bigdata.spec.site import Site
from tests.slurm.cluster import Slurm

MIB = 2**20


def lines(scheduler: str, *directives: str, **asks: Any) -> list[str]:
    """The directives of a job of 4 cores and 10 GB."""
    has = Asks(**{"cores": 4, "memory": 10**10, **asks})
    job = JobScript("bd-x", Path("/logs/x"), has, ("true",), disk=1, directives=directives)
    head = job.text(scheduler).partition("\nexec ")[0].partition("\nArguments")[0]
    return [re.sub(r"^#(SBATCH|PBS|BSUB|OAR|\$) ", "", line) for line in head.splitlines()]


# How a batch system is asked, which lines there are then, and which beginnings none has.
WORDS: dict[str, tuple[str, dict[str, Any], list[str], list[str]]] = {
    "Slurm by core": (
        "slurm",
        {"memory_directive": "per-cpu"},
        ["--mem-per-cpu=2385M", "--cpus-per-task=4"],
        ["--mem="],
    ),
    "Slurm without memory": ("slurm", {"memory_directive": "none"}, ["--cpus-per-task=4"], ["--mem"]),
    "Slurm by tasks": ("slurm", {"cores_directive": "tasks"}, ["--ntasks=4", "--mem=9537M"], ["-n ", "--cpus-per"]),
    "Slurm without cores": ("slurm", {"cores_directive": "none"}, ["--nodes=1"], ["-n ", "--cpus-per", "--ntasks"]),
    "LSF by core": ("lsf", {"memory_directive": "per-cpu", "memory_unit": "MB"}, ["-M 2501", "-n 4"], []),
    "LSF without memory": ("lsf", {"memory_directive": "none"}, ["-n 4"], ["-M"]),
    "LSF in its site's unit": ("lsf", {"memory_unit": "GB"}, ["-M 11"], []),
    "Moab by core": ("moab", {"memory_directive": "per-cpu"}, ["-l nodes=1:ppn=4,pmem=2385mb"], []),
    "Moab without memory": ("moab", {"memory_directive": "none"}, ["-l nodes=1:ppn=4"], []),
    "PBS without memory": ("pbs", {"memory_directive": "none"}, ["-l select=1:ncpus=4"], []),
    "HTCondor without memory": (
        "htcondor",
        {"memory_directive": "none"},
        ["MY.DaskWorkerCores = 4"],
        ["RequestMemory"],
    ),
    "GPUs of Slurm": ("slurm", {"gpus": 2, "gpu_type": "a100"}, ["--gres=gpu:a100:2"], []),
    "GPUs of LSF": ("lsf", {"gpus": 2, "gpu_type": "a100"}, ['-gpu "num=2:gmodel=a100"'], []),
    "GPUs of HTCondor": (
        "htcondor",
        {"gpus": 2, "gpu_type": "a100"},
        ["request_gpus = 2", 'require_gpus = regexp("a100", DeviceName, "i")'],
        [],
    ),
    "GPUs of no type": ("slurm", {"gpus": 2}, [], ["--gres"]),
    "a node of Slurm": ("slurm", {"exclusive": True}, ["--exclusive"], []),
    "a node of PBS": ("pbs", {"exclusive": True}, ["-l place=excl"], []),
    "a node of LSF": ("lsf", {"exclusive": True}, ["-x"], []),
    "a node of Moab": ("moab", {"exclusive": True}, ["-l naccesspolicy=singlejob"], []),
}


@pytest.mark.parametrize("case", WORDS)
def test_a_batch_system_is_asked_in_the_sites_words(case: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LSF_ENVDIR", "/nowhere")
    scheduler, asks, there, never = WORDS[case]
    found = lines(scheduler, **asks)
    assert set(there) <= set(found), found
    assert not [line for line in found if line.startswith(tuple(never))] or not never


@pytest.mark.parametrize("directive", ["--mem-per-cpu=1000", "--mem-per-cpu 1000", "--mem-per-gpu=1G", "--mem=0"])
def test_a_users_own_word_for_the_memory_of_a_slurm_job_is_the_only_one(directive: str) -> None:
    assert [line for line in lines("slurm", directive) if "--mem" in line] == [directive]


@pytest.mark.parametrize("scheduler", ["pbs", "moab"])
def test_the_account_of_the_shell_is_not_charged(scheduler: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PBS_ACCOUNT", "somebody")
    assert not any("somebody" in line for line in lines(scheduler))


@pytest.mark.parametrize("memory", [1, MIB, 10**9, 10**10 + 1])
@pytest.mark.parametrize("cores", [1, 3, 7])
def test_what_is_asked_by_core_is_enough_for_the_job(memory: int, cores: int) -> None:
    mib = Asks(cores, memory, memory_directive="per-cpu").mib
    assert memory <= mib * cores * MIB < memory + 2 * cores * MIB


def site(**fields: Any) -> Site:
    pool = {"queue": "cpu", "cores": 3, "memory": "600 MiB", "walltime": "1 min", **fields.pop("pool", {})}
    return Site.model_validate({"site": "x", "scheduler": "slurm", "pools": {"cpu": pool}, **fields})


# What Slurm says of a job, by its own words.
SEEN: dict[str, tuple[dict[str, Any], dict[str, str]]] = {
    "as it is by itself": ({}, {"NumCPUs": "3", "MinMemoryNode": "600M", "NumTasks": "1", "OverSubscribe": "OK"}),
    "memory by core": ({"memory_directive": "per-cpu"}, {"NumCPUs": "3", "MinMemoryCPU": "200M"}),
    "no memory": ({"memory_directive": "none"}, {"NumCPUs": "3", "MinMemoryCPU": "500M"}),
    "cores by tasks": ({"cores_directive": "tasks"}, {"NumCPUs": "3", "NumTasks": "3", "MinMemoryNode": "600M"}),
    "no cores": ({"cores_directive": "none"}, {"NumCPUs": "1", "MinMemoryNode": "600M"}),
    "a whole node": ({"pool": {"exclusive": True}}, {"OverSubscribe": "NO"}),
    "typed GPUs": (
        {"pool": {"queue": "gpu", "gpus": 2, "gpu_type": "fake"}},
        {"NumCPUs": "3", "TresPerNode": "gres:gpu:fake:2"},
    ),
    "memory by a directive": ({"pool": {"directives": ["--mem-per-cpu=150"]}}, {"MinMemoryCPU": "150M"}),
}


@pytest.mark.parametrize("case", SEEN)
def test_slurm_understands_it(case: str, slurm: Slurm, tmp_path: Path) -> None:
    fields, wanted = SEEN[case]
    script = pool_script(site(**fields), "cpu", "bd-asks", tmp_path / "log", ("sleep 30",))
    job = script.submit("slurm")
    try:
        said = dict(word.split("=", 1) for word in slurm.command("scontrol", "show", "job", job).split() if "=" in word)
    finally:
        slurm.cancel([job])
    assert {name: said.get(name) for name in wanted} == wanted
