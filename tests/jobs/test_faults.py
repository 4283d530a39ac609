"""Jobs die, and nothing is lost: all results are there and right, no job is left, little is done twice."""

from __future__ import annotations

import json
import os
import signal

import pytest

from bigdata.run.status import status
from tests.bench import Bench, Running, chunks, events, told, until
from tests.jobs.conftest import CPU, GPU, Far

TASKS, SECONDS = 500, 0.05
# Two jobs of two workers, each with a batch under way and one at hand.
WORKERS = 4


@pytest.fixture(scope="module")
def right(tmp_path_factory: pytest.TempPathFactory) -> dict[str, bytes]:
    """What all of these runs must end with."""
    bench = Bench(tmp_path_factory.mktemp("right"))
    bench.submit(bench.trial(tasks=TASKS))
    return chunks(bench.run_folder().path)


def check(far: Far, running: Running, right: dict[str, bytes]) -> None:
    """All results, nothing in the queue."""
    code = running.process.wait(180)
    assert code == 0, running.err.read_text()
    assert chunks(far.bench.run_folder().path) == right
    assert not far.slurm.queue()


def in_flight(far: Far) -> int:
    """Tasks that were handed out and not done: what a loss may repeat."""
    path = far.bench.run_folder().path
    batches = max(1, int(0.2 / SECONDS))
    return WORKERS * 2 * batches if path else 0


def test_every_job_is_cancelled_twice(far: Far, right: dict[str, bytes]) -> None:
    running = far.start(far.site(), tasks=TASKS, seconds=SECONDS)
    for n in (50, 250):
        far.wait_for(n, running)
        far.slurm.cancel(far.jobs("RUNNING"))
    check(far, running, right)
    assert 0 < far.n_repeated() <= 2 * in_flight(far)
    (end,) = events(far.bench.run_folder().path, "end")
    assert set(end["again"]) == {"lost"}


@pytest.mark.slow
def test_a_nodes_daemon_is_killed(far: Far, right: dict[str, bytes]) -> None:
    """Its jobs work on for a while; when Slurm counts the node as lost, they are replaced on another."""
    running = far.start(far.site(), tasks=TASKS, seconds=4 * SECONDS)
    far.wait_for(20, running)
    far.slurm.kill_node("cpu1")
    try:
        check(far, running, right)
    finally:
        far.slurm.start_node("cpu1")
        until(lambda: far.slurm.node("cpu1") == "idle")
    assert far.n_repeated() <= in_flight(far)


@pytest.mark.slow
def test_a_node_is_drained(far: Far, right: dict[str, bytes]) -> None:
    running = far.start(far.site(), tasks=TASKS, seconds=SECONDS)
    far.wait_for(20, running)
    far.slurm.update_node("cpu1", "drain")
    try:
        far.slurm.cancel(far.jobs("RUNNING"))
        check(far, running, right)
    finally:
        far.slurm.update_node("cpu1", "resume")
    assert far.n_repeated() <= in_flight(far)


@pytest.mark.slow
def test_the_controllers_job_is_killed(far: Far, right: dict[str, bytes]) -> None:
    """The workers that it leaves go with it, and the next controller finds what is done."""
    site = far.site(controller="job", controller_job={"memory": "1 GiB"})
    spec = far.bench.trial(tasks=TASKS, seconds=SECONDS, trace=str(far.trace))
    assert far.bench.bigdata("submit", spec, "--site", site).returncode == 0
    until(lambda: far.n_done() >= 50)
    folder = far.bench.run_folder()
    os.kill(json.loads(folder.lock.read_text())["pid"], signal.SIGKILL)
    until(lambda: not status(folder.path).is_live)
    again = far.bench.bigdata("submit", spec, "--site", site)
    assert again.returncode == 0, again.stderr
    until(lambda: not status(folder.path).is_live, 120)
    assert status(folder.path).state == "done"
    assert chunks(folder.path) == right
    until(lambda: not far.slurm.queue(), 30)
    assert far.n_repeated() <= in_flight(far)


@pytest.mark.slow
def test_tasks_with_gpus_run_on_gpu_jobs_only(far: Far) -> None:
    site = far.site({"cpu": CPU, "gpu": GPU})
    running = far.start(site, tasks=TASKS, seconds=SECONDS, gpus=True)
    assert running.process.wait(120) == 0, running.err.read_text()
    done = events(far.bench.run_folder().path, "done")
    first = [told(d) for d in done if d["stage"] == "first"]
    assert len(first) == TASKS
    assert {d["SLURM_JOB_PARTITION"] for d in first} == {"gpu"}
    devices = {(d["SLURM_JOB_ID"], d["CUDA_VISIBLE_DEVICES"]) for d in first}
    assert {device for _, device in devices} == {"0", "1"}
    assert len(devices) == len({job for job, _ in devices}) == 2


@pytest.mark.slow
def test_tasks_without_gpus_never_run_on_gpu_jobs(far: Far) -> None:
    site = far.site({"cpu": {**CPU, "max_jobs": 1}, "gpu": GPU})
    running = far.start(site, tasks=100, seconds=0.02, where=True)
    assert running.process.wait(120) == 0, running.err.read_text()
    done = events(far.bench.run_folder().path, "done")
    assert {told(d)["SLURM_JOB_PARTITION"] for d in done if d["stage"] == "first"} == {"cpu"}


@pytest.mark.slow
def test_tasks_that_save_checkpoints_outlast_their_jobs(far: Far) -> None:
    """Slurm's shortest walltime is a minute; tasks take one and a half."""
    short = {**CPU, "walltime": "1 min"}
    running = far.start(far.site({"cpu": short}), tasks=4, seconds=90, checkpoint=True)
    assert running.process.wait(400) == 0, running.err.read_text()
    (end,) = events(far.bench.run_folder().path, "end")
    assert set(end["again"]) == {"paused"}
    assert not far.slurm.queue()
