"""What a user's shell says to a batch system's programs doesn't reach ours."""

from __future__ import annotations

from pathlib import Path

import pytest

from bigdata.jobs import batch
from bigdata.jobs.asking import Asks
from bigdata.jobs.script import JobScript, Refused
from bigdata.jobs.surroundings import options, without_options
from tests.slurm.cluster import Slurm

SHELL = {
    "SBATCH_PARTITION": "nowhere",
    "SBATCH_NO_REQUEUE": "1",
    "SBATCH_MEM_PER_NODE": "1T",
    "SBATCH_TIMELIMIT": "99-0",
    "SBATCH_ACCOUNT": "somebody",
    "SBATCH_CONSTRAINT": "nothing",
    "SQUEUE_STATES": "COMPLETED",
    "SQUEUE_PARTITION": "gpu",
    "SQUEUE_NAMES": "others",
    "SQUEUE_USERS": "nobody",
    "SCANCEL_STATE": "SUSPENDED",
    "SLURM_CLUSTERS": "elsewhere",
    "SLURM_MEM_PER_CPU": "1",
    "BSUB_QUIET": "Y",
    "LSB_DEFAULTQUEUE": "long",
    "PBS_DPREFIX": "#OTHER",
}
OURS = {"PATH": "/bin", "HOME": "/home/a", "SLURM_CONF": "/etc/slurm.conf", "LSF_ENVDIR": "/lsf", "PBS_CONF_FILE": "/p"}


def test_options_stay_behind_and_where_the_batch_system_is_goes_along() -> None:
    assert without_options({**SHELL, **OURS}) == OURS
    assert options({**SHELL, **OURS}) == sorted(name for name in SHELL if not name.startswith("SLURM_"))


def job(folder: Path, queue: str = "cpu") -> JobScript:
    return JobScript("bd-shell-1", folder / "log", Asks(1, 2**27), ("sleep 60",), walltime=60.0, queue=queue)


def test_a_job_of_slurm_is_the_same_whatever_the_shell_says(
    slurm: Slurm, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in SHELL.items():
        monkeypatch.setenv(name, value)
    number = job(tmp_path).submit("slurm")
    (seen,) = batch.jobs("slurm", "bd-shell-") or ()
    assert (seen.id, seen.name) == (number, "bd-shell-1")
    batch.remove("slurm", [number])
    for name in SHELL:
        monkeypatch.delenv(name)
    assert slurm.history(number) == "CANCELLED"
    said = slurm.command("scontrol", "-o", "show", "job", number)
    assert " Partition=cpu " in said
    assert " MinMemoryNode=128M " in said


def test_a_refusal_tells_what_of_the_shell_did_not_count(
    slurm: Slurm, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SBATCH_ACCOUNT", "mine")
    with pytest.raises(Refused, match="`SBATCH_ACCOUNT` of your shell didn't count: what jobs ask for is said in the"):
        job(tmp_path, "nowhere").submit("slurm")


def test_a_script_of_grid_engine_forgets_the_users_files_first_and_keeps_the_sites(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    site = tmp_path / "a root/default/common/sge_request"
    site.parent.mkdir(parents=True)
    site.write_text("-l h_vmem=1G\n")
    monkeypatch.setenv("SGE_ROOT", str(tmp_path / "a root"))
    monkeypatch.delenv("SGE_CELL", raising=False)
    lines = [line for line in job(tmp_path).text("sge").splitlines() if line.startswith("#$")]
    assert lines[:3] == ["#$ -clear", f"#$ -@ '{site}'", "#$ -N bd-shell-1"]
    site.unlink()
    assert job(tmp_path).text("sge").count("#$ -@") == 0
