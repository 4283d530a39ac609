"""The controller as a job of Moab, whose programs a stand-in is here for: it queues, is held, and is cancelled."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from bigdata.run.status import status
from tests.bench import Bench

# A queue of one job, whose state is in a file; `checkjob` and `canceljob` say what Moab's own say.
MSUB = """sed -n 's/^#PBS -N //p' "$1" >{folder}/name
echo Idle >{folder}/state
printf '\\nMoab.7\\n'
"""
CHECKJOB = """echo "$1" >>{folder}/asked
[ "$1" = Moab.7 ] && [ -e {folder}/state ] || {{ echo "ERROR:  invalid job specified ($1)" >&2; exit 1; }}
printf 'job Moab.7\\n\\nAName: %s\\nState: %s \\n' "$(cat {folder}/name)" "$(cat {folder}/state)"
[ "$(cat {folder}/state)" = UserHold ] && echo 'BLOCK MSG: job hold active - User'
echo 'Creds:  user:ada  group:ada  class:batch'
"""
CANCELJOB = """[ "$1" = Moab.7 ] && rm {folder}/state && echo "job 'Moab.7' cancelled"
"""


@pytest.fixture
def moab(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The folder that holds the queue."""
    folder = tmp_path / "moab"
    folder.mkdir()
    for name, text in (("msub", MSUB), ("checkjob", CHECKJOB), ("canceljob", CANCELJOB)):
        (folder / name).write_text("#!/bin/sh\n" + text.format(folder=folder))
        (folder / name).chmod(0o755)
    monkeypatch.setenv("PATH", f"{folder}:{os.environ['PATH']}")
    return folder


@pytest.fixture
def site(bench: Bench) -> Path:
    pools = {"cpu": {"queue": "batch", "cores": 2, "memory": "1 GiB", "walltime": "10 min", "max_jobs": 1}}
    return bench.write("far.yaml", {"site": "far", "scheduler": "moab", "controller": "job", "pools": pools})


def test_a_controller_in_moabs_queue_is_shown_and_cancelled(bench: Bench, site: Path, moab: Path) -> None:
    done = bench.bigdata("submit", bench.trial(), "--site", site)
    assert done.returncode == 0, done.stderr
    assert "the controller waits in the queue as job Moab.7 (" in done.stderr
    folder = bench.run_folder().path
    assert status(folder).state == "queued"
    (moab / "state").write_text("UserHold\n")
    page = bench.bigdata("status", folder).stdout
    assert page.startswith(
        f"{folder}  held: the controller's job Moab.7 won't start by itself (job hold active - User)\n"
    )
    assert bench.bigdata("cancel", folder).stdout == f"{folder}: cancelled, before it began\n"
    assert not (moab / "state").exists(), "the job is gone"
    assert status(folder).state == "cancelled"


def test_a_job_of_moab_that_is_none_of_the_runs_is_left_alone(bench: Bench, site: Path, moab: Path) -> None:
    """Its number may have been given to another job meanwhile."""
    bench.bigdata("submit", bench.trial(), "--site", site)
    (moab / "name").write_text("mine\n")
    done = bench.bigdata("cancel", bench.run_folder().path)
    assert done.stdout == f"{bench.run_folder().path} is not running (interrupted)\n"
    assert (moab / "state").exists()


def test_moab_that_does_not_answer_has_ended_nothing(bench: Bench, site: Path, moab: Path) -> None:
    bench.bigdata("submit", bench.trial(), "--site", site)
    (moab / "checkjob").write_text("#!/bin/sh\necho 'ERROR: cannot connect to server' >&2\nexit 1\n")
    now = status(bench.run_folder().path)
    assert (now.state, now.job and now.job.reason) == ("queued", "moab doesn't answer")
