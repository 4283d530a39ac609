"""The cluster that other tests stand on does what a cluster does."""

from __future__ import annotations

import subprocess
from contextlib import suppress
from pathlib import Path

import psutil
import pytest

from tests.bench import until
from tests.slurm.cluster import NODE_TIMEOUT_SECONDS, NODES, Slurm


def sleeps(slurm: Slurm, *more: str) -> str:
    """A job that runs, on the first node with processors unless `more` says otherwise."""
    ask = ["--parsable", "-w", "cpu1", "-o", "/dev/null", *more]
    job = slurm.command("sbatch", *ask, "--wrap", "exec sleep 600").strip()
    until(lambda: slurm.history(job) == "RUNNING")
    return job


def test_jobs_run_and_see_their_gpu(slurm: Slurm, tmp_path: Path) -> None:
    """Two at a time, each its own."""
    ask = ["--parsable", "-p", "gpu", "--gres=gpu:1", "-o", str(tmp_path / "%j")]
    jobs = [slurm.command("sbatch", *ask, "--wrap", "echo $CUDA_VISIBLE_DEVICES; sleep 2").strip() for _ in range(2)]
    until(lambda: all(slurm.history(job) == "COMPLETED" for job in jobs))
    assert {(tmp_path / job).read_text() for job in jobs} == {"0\n", "1\n"}


@pytest.mark.slow
def test_a_killed_node_loses_its_jobs_and_comes_back(slurm: Slurm) -> None:
    job = sleeps(slurm)
    slurm.kill_node("cpu1")
    try:
        until(lambda: slurm.history(job) == "NODE_FAIL", 4 * NODE_TIMEOUT_SECONDS)
        assert slurm.node("cpu1").startswith("down")
    finally:
        slurm.start_node("cpu1")
    until(lambda: slurm.node("cpu1") == "idle")
    assert not slurm.queue()


def test_a_drained_node_takes_no_jobs_until_it_is_resumed(slurm: Slurm) -> None:
    slurm.drain("cpu1")
    assert slurm.node("cpu1") == "drained"
    slurm.resume("cpu1")
    until(lambda: slurm.node("cpu1") == "idle")
    job = sleeps(slurm)
    assert slurm.queue() == {job: "wrap"}
    slurm.cancel([job])
    until(lambda: not slurm.queue())
    assert slurm.history(job) == "CANCELLED"


def test_a_paused_controller_does_not_answer(slurm: Slurm) -> None:
    slurm.pause()
    try:
        with pytest.raises(subprocess.TimeoutExpired):
            subprocess.run(["squeue"], timeout=1, capture_output=True, check=False)
    finally:
        slurm.go_on()
    assert slurm.queue() == {}


def test_stop_leaves_nothing_behind(slurm: Slurm, tmp_path_factory: pytest.TempPathFactory) -> None:
    """Not even where a node is lost and the controller hangs; the other cluster isn't touched."""
    other = Slurm(tmp_path_factory.mktemp("other"))
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("SLURM_CONF", "set by the cluster")
        try:
            other.start()
            sleeps(other)
            other.kill_node("cpu1")
            other.pause()
        finally:
            assert processes_of(other)
            other.stop()
    until(lambda: not processes_of(other))
    assert all(slurm.node(name) == "idle" for name in NODES)


def processes_of(cluster: Slurm) -> list[str]:
    """The commands of its daemons and jobs, which carry its configuration."""
    found = []
    for process in psutil.process_iter():
        with suppress(psutil.Error):
            if str(cluster.folder) in " ".join((*process.cmdline(), process.environ().get("SLURM_CONF", ""))):
                found.append(" ".join(process.cmdline()))
    return found
