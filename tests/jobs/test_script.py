"""Job scripts: what every batch system is handed, that its shell runs it, and what it answers."""

from __future__ import annotations

import re
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psutil
import pytest

from bigdata.jobs import script
from bigdata.jobs.asking import Asks
from bigdata.jobs.script import JobScript, Refused, clock
from tests.jobs.golden import FOLDER, PARTICULAR, scripts

SCRIPTS = dict(scripts())


@pytest.mark.parametrize("name", SCRIPTS)
def test_a_pools_script_is_as_it_was_reviewed(name: str) -> None:
    assert SCRIPTS[name] == (FOLDER / name).read_text(), "if this is meant: python -m tests.jobs.golden"


def test_there_is_no_other_reviewed_script() -> None:
    assert {path.name for path in FOLDER.glob("*.sh")} == set(SCRIPTS)


def job(folder: Path, *lines: str, **more: Any) -> JobScript:
    """A job of two cores; what it asks for, and what the others are of it."""
    asks = {name: more.pop(name) for name in [*more] if name in Asks.__dataclass_fields__}
    return JobScript("bd-t-1a-cpu-3", folder / "job.log", Asks(**{"cores": 2, "memory": 2**30, **asks}), lines, **more)


UNITS = {"kb": 2**10, "mb": 2**20, "gb": 2**30, "m": 2**20, "": 2**20}
MEMORY = {
    "slurm": r"--mem=(\d+)(\w+)",
    "pbs": r":mem=(\d+)(\w+)",
    "moab": r",mem=(\d+)(\w+)",
    "lsf": r"-M (\d+)()",
    "htcondor": r"MY.DaskWorkerMemory = (\d+)()",
}


@pytest.mark.parametrize("scheduler", MEMORY)
@pytest.mark.parametrize("memory", [2**20 + 1, 10**9, 2**30, 10 * 2**30 - 1, 10 * 2**30 + 1, 10**13])
def test_a_job_has_at_least_the_memory_that_its_pool_asks_for(
    scheduler: str, memory: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "lsf.conf").write_text("LSF_UNIT_FOR_LIMITS=MB\n")
    monkeypatch.setenv("LSF_ENVDIR", str(tmp_path))
    text = job(tmp_path, memory=memory, disk=1).text(scheduler)
    (number, unit), *none = re.findall(MEMORY[scheduler], text)
    assert none == []
    # HTCondor's is rounded down to whole MiB, in the script.
    has = int(number) // 2**20 * 2**20 if scheduler == "htcondor" else int(number) * UNITS[unit.lower()]
    assert memory <= has <= 1.1 * memory + 2**21


@pytest.mark.parametrize(("unit", "said"), [("", "1073742"), ("KB", "1073742"), ("MB", "1074"), ("GB", "2")])
def test_lsf_is_asked_in_the_unit_that_it_is_set_up_with(
    unit: str, said: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "lsf.conf").write_text(f"LSF_UNIT_FOR_LIMITS={unit}\n" if unit else "")
    monkeypatch.setenv("LSF_ENVDIR", str(tmp_path))
    assert f"#BSUB -M {said}\n" in job(tmp_path).text("lsf")


@pytest.mark.parametrize(
    ("seconds", "scheduler", "said"),
    [
        pytest.param(None, "slurm", None, id="none is none"),
        pytest.param(59.2, "slurm", "00:01:00", id="up to whole seconds"),
        pytest.param(3600, "pbs", "01:00:00", id="whole hours stay"),
        pytest.param(90061.0, "sge", "25:01:01", id="days are hours"),
        pytest.param(61.0, "lsf", "00:02", id="LSF: up to whole minutes"),
        pytest.param(86400.0, "lsf", "24:00", id="LSF: a day"),
    ],
)
def test_walltimes_are_rounded_up(seconds: float | None, scheduler: str, said: str | None) -> None:
    assert clock(seconds, scheduler) == said


@pytest.mark.parametrize("scheduler", PARTICULAR)
def test_without_a_walltime_the_queue_says_how_long_a_job_may_run(scheduler: str) -> None:
    # dask-jobqueue would say half an hour.
    assert not re.search(r"walltime|h_rt|SBATCH -t|BSUB -W|\b00:", job(Path("/logs"), disk=1).text(scheduler))


@pytest.mark.parametrize("scheduler", PARTICULAR)
def test_the_shell_runs_all_lines_and_the_log_has_all_that_they_say(scheduler: str, tmp_path: Path) -> None:
    folder = tmp_path / "my 100% runs;"
    folder.mkdir()
    lines = [
        "# comments",
        "if [ -d / ]  # over several lines",
        """then export SAID='it'"'"'s'""",
        "fi",
        'echo "$SAID $(printf %s here) $((1 + 2)) ${NOTHING:-$((4))}"',
        "echo wrong >&2",
        """exec printf '%s|' '{"a": "b c"}' '$(not)' "$SAID" """,
    ]
    text = job(folder, *lines, disk=1).text(scheduler)
    command = list(condor_arguments(text)) if scheduler == "htcondor" else ["-c", text]
    done = subprocess.run(["bash", *command], capture_output=True, text=True, check=True)
    assert done.stdout + done.stderr == ""
    assert (folder / "job.log").read_text() == """it's here 3 4\nwrong\n{"a": "b c"}|$(not)|it's|"""


def condor_arguments(text: str) -> Iterator[str]:
    """The arguments that HTCondor's starter hands to the program, by the rules of its manual."""
    (line,) = re.findall(r'^Arguments = "(.*)"$', text, re.MULTILINE)
    line = line.replace('""', '"')
    macros = re.findall(r"\$\w*\((\w+)\)", line)
    assert set(macros) == {"DOLLAR"}
    assert not re.search(r"\$\w+\(", line.replace("$(DOLLAR)", ""))
    for argument in re.findall(r"(?:[^' ]|'(?:[^']|'')*')+", line.replace("$(DOLLAR)", "$")):
        yield re.sub(r"'((?:[^']|'')*)'", lambda m: m[1].replace("''", "'"), argument)


def program(folder: Path, name: str, text: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """A command of a batch system that isn't here."""
    path = folder / "bin" / name
    path.parent.mkdir(exist_ok=True)
    path.write_text(f"#!/bin/bash\n{text}\n")
    path.chmod(0o755)
    monkeypatch.setenv("PATH", str(path.parent), prepend=":")


ANSWERS = {
    "pbs": ("qsub", "7.head", "7.head"),
    "moab": ("msub", "\nMoab.7", "Moab.7"),
    "sge": ("qsub", 'Your job 7 ("bd-t2-1a-cpu-3") has been submitted', "7"),
    "lsf": ("bsub", "Job <7> is submitted to queue <normal>.", "7"),
    "oar": ("oarsub", "[ADMISSION RULE] Set default walltime to 7200.\nOAR_JOB_ID=7", "7"),
    "htcondor": ("condor_submit", "Submitting job(s).\n1 job(s) submitted to cluster 7.", "7.0"),
}


@pytest.mark.parametrize("scheduler", ANSWERS)
def test_a_jobs_number_is_the_one_that_the_queue_knows(
    scheduler: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    name, said, number = ANSWERS[scheduler]
    (tmp_path / "said").write_text(f"{said}\n")
    program(tmp_path, name, f"cat {tmp_path}/said", monkeypatch)
    assert job(tmp_path, disk=1).submit(scheduler) == number


@pytest.mark.parametrize("scheduler", ANSWERS)
@pytest.mark.parametrize("stream", ["1", "2"])
def test_the_batch_systems_own_words_are_kept(
    scheduler: str, stream: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    program(tmp_path, ANSWERS[scheduler][0], f"echo no such queue >&{stream}; exit 1", monkeypatch)
    with pytest.raises(Refused) as refused:
        job(tmp_path, disk=1).submit(scheduler)
    assert refused.value.words == "no such queue"
    assert "bd-t-1a" in refused.value.script


def test_bsub_is_fed_the_script(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    program(tmp_path, "bsub", f"cat >{tmp_path}/fed; echo 'Job <7> is submitted'", monkeypatch)
    one = job(tmp_path, "true")
    one.submit("lsf")
    assert (tmp_path / "fed").read_text() == one.text("lsf")


def test_a_submission_that_is_given_up_is_ended(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    program(tmp_path, "sbatch", f"echo $$ >{tmp_path}/pid; exec sleep 60", monkeypatch)
    monkeypatch.setattr(script, "PATIENCE_SECONDS", 0.5)
    began = time.monotonic()
    with pytest.raises(TimeoutError):
        job(tmp_path).submit("slurm")
    assert time.monotonic() - began < 10
    pid = int((tmp_path / "pid").read_text())
    assert not psutil.pid_exists(pid)
