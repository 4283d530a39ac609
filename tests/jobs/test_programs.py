"""Foreign programs in jobs: whatever ends the job or the worker, nothing of them is left, nor of their folders."""

from __future__ import annotations

import os
import signal
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.bench import Running, events, until
from tests.jobs.conftest import CPU, Far
from tests.programs.test_program import processes
from tests.programs.test_programs_of_a_run import BAD, mark, places

ONE = {**CPU, "max_jobs": 1}


def start(far: Far, site: Path, **fields: Any) -> Running:
    """Submit a study of programs in a process of its own, and wait until they run."""
    where = str(far.bench.folder / "where")
    data = {"study": "calls", "name": mark(far.bench), "where": where, "tasks": 2, **fields}
    running = far.bench.start("submit", far.bench.write("calls.yaml", data), "--site", site)
    far.started.append(running)
    n = 2 * BAD.get(fields["program"][0], 1)
    until(lambda: len(processes(mark(far.bench))) >= n or running.process.poll() is not None, 120)
    assert running.process.poll() is None, running.err.read_text()
    return running


def folders(far: Far) -> set[Path]:
    """The folders in which the jobs that ran programs kept their workers' files."""
    top = Path(tempfile.gettempdir())
    return {next(p for p in scratch.parents if p.parent == top) for *_, scratch in places(far.bench)}


@pytest.fixture(autouse=True)
def nothing_left(far: Far) -> Iterator[None]:
    yield
    left = processes(mark(far.bench))
    for process in left:
        process.kill()
    assert not left, "processes were left"


def cancel_run(far: Far, running: Running) -> None:
    assert far.bench.bigdata("cancel", far.run).returncode == 0


def interrupt(far: Far, running: Running) -> None:
    running.process.send_signal(signal.SIGINT)


STOPS: dict[str, Callable[[Far, Running], None]] = {"bigdata cancel": cancel_run, "Ctrl-C": interrupt}


@pytest.mark.parametrize(
    ("how", "stop"),
    [
        ("leave-daemons-and-wait", "bigdata cancel"),
        pytest.param("be-deaf", "bigdata cancel", marks=pytest.mark.slow),
        pytest.param("be-deaf", "Ctrl-C", marks=pytest.mark.slow),
        pytest.param("leave-daemons-and-wait", "Ctrl-C", marks=pytest.mark.slow),
    ],
)
def test_a_stopped_run_leaves_no_program_and_no_folder(how: str, stop: str, far: Far) -> None:
    running = start(far, far.site({"cpu": ONE}), program=[how])
    STOPS[stop](far, running)
    assert running.process.wait(60) == 6
    until(lambda: not processes(mark(far.bench)) and not far.slurm.queue(), 15)
    until(lambda: not [f for f in folders(far) if f.exists()], 5)
    assert not events(far.run, "failed")


@pytest.mark.slow
@pytest.mark.parametrize("how", BAD)
def test_a_cancelled_job_leaves_no_program_and_no_folder(how: str, far: Far) -> None:
    """Its tasks are tried again in the next one."""
    running = start(far, far.site({"cpu": ONE}), program=[how])
    old, before = folders(far), processes(mark(far.bench))
    far.slurm.cancel(far.jobs("RUNNING"))
    until(lambda: not [p for p in before if p.is_running()], 15)
    until(lambda: not [f for f in old if f.exists()], 15)
    until(lambda: len(places(far.bench)) == 4, 60)
    # Before the run is cancelled, too: its tasks may pause then, which is the same word in the journal.
    assert set(far.again()) == {("lost", "cpu")}
    cancel_run(far, running)
    assert running.process.wait(60) == 6


@pytest.mark.slow
@pytest.mark.parametrize("how", BAD)
def test_a_killed_worker_leaves_no_program(how: str, far: Far) -> None:
    running = start(far, far.site({"cpu": ONE}), program=[how])
    before = processes(mark(far.bench))
    (_, worker, scratch), *_ = places(far.bench)
    os.kill(worker, signal.SIGKILL)
    until(lambda: len([p for p in before if p.is_running()]) == len(before) // 2, 15)
    until(lambda: not scratch.exists(), 15)
    cancel_run(far, running)
    assert running.process.wait(60) == 6
    logged = far.bench.bigdata("logs", far.run).stdout
    assert " was ended: the worker that had started it is gone\n" in logged


@pytest.mark.slow
@pytest.mark.parametrize("how", BAD)
def test_a_walltime_pauses_tasks_and_leaves_no_program(how: str, far: Far) -> None:
    """Slurm's shortest is a minute; a task is told to stop in good time before."""
    site = far.site({"cpu": {**ONE, "walltime": "1 min"}})
    running = start(far, site, program=[how])
    began = time.monotonic()
    until(lambda: len(events(far.run, "again")) == 2, 90)
    assert time.monotonic() - began < 60
    assert set(far.again()) == {("paused", "cpu")}
    cancel_run(far, running)
    assert running.process.wait(60) == 6
