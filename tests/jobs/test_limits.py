"""No more jobs than there may be, none longer than needed, and a batch system that is busy or silent is waited for."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from typing import Any

import pytest

from bigdata import load_study, submit
from bigdata.jobs import demand, queue, roster
from tests.bench import chunks, events, told, until
from tests.jobs.conftest import CPU, GPU, Far, Right

BOTH = {"grid": {"gpus": [True, False]}}


def finished(far: Far, running: Any) -> None:
    assert running.process.wait(90) == 0, running.err.read_text()
    assert not far.slurm.queue()


def test_never_more_jobs_than_allowed_and_every_pool_gets_one(far: Far) -> None:
    site = far.site({"cpu": CPU, "gpu": GPU}, limits={"submitted_jobs": 2})
    with far.watched() as seen:
        finished(far, far.start(site, tasks=60, seconds=0.1, sweep=BOTH))
    assert max(queue.total() for queue in seen) == 2
    assert {"cpu": 1, "gpu": 1} in seen
    done = events(far.run, "done")
    assert len(done) == 122
    # Those of the variant with GPUs say where they were.
    places = [told(d) for d in done if d["stage"] == "variant-0/first"]
    assert {place["SLURM_JOB_PARTITION"] for place in places} == {"gpu"}


@pytest.mark.slow
def test_idle_jobs_make_room_for_another_pools_stage(far: Far) -> None:
    site = far.site({"cpu": CPU, "gpu": GPU}, limits={"submitted_jobs": 2})
    with far.watched() as seen:
        finished(far, far.start(site, tasks=40, seconds=0.05, gpus=True))
    assert max(queue.total() for queue in seen) == 2
    done = events(far.run, "done")
    assert done[-1]["stage"] == "last"
    assert done[-1]["time"] - done[-2]["time"] < roster.IDLE_SECONDS


@pytest.mark.slow
def test_jobs_that_nobody_needs_are_let_go(far: Far, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(roster, "IDLE_SECONDS", 2.0)
    monkeypatch.setattr(demand, "WORTH_SECONDS", 1.0)
    small = {**CPU, "cores": 1, "memory": "800 MiB", "max_jobs": 4}
    spec = far.bench.trial(tasks=80, seconds=0.1, last_seconds=8)
    with far.watched() as seen:
        submit(load_study(spec), site=str(far.site({"cpu": small})), runs=far.bench.folder / "runs")
    assert max(queue.total() for queue in seen) == 4
    (last,) = (e for e in events(far.run, "done") if e["stage"] == "last")
    assert last["seconds"] < 9
    assert {"cpu": 1} in seen[seen.index({"cpu": 4}) :]
    assert not far.again()


@pytest.mark.slow
def test_a_silent_slurm_is_waited_for_while_jobs_work_on(
    far: Far, right: Right, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, seconds in (("CALM_SECONDS", 1.0), ("LEAST_WAIT", 1.0), ("MOST_WAIT", 2.0)):
        monkeypatch.setattr(queue, name, seconds)
    spec = far.bench.trial(tasks=300, seconds=0.2)

    def disturb() -> None:
        until(lambda: far.n_done() > 20)
        with silent(far):
            until(lambda: "slurm doesn't answer" in far.reasons())
            n = far.n_done()
            until(lambda: far.n_done() > n)
        until(lambda: not far.reasons())

    with ThreadPoolExecutor(1) as beside:
        disturbed = beside.submit(disturb)
        submit(load_study(spec), site=str(far.site()), runs=far.bench.folder / "runs")
        disturbed.result()
    assert chunks(far.run) == right(300)
    assert not far.again()


@contextmanager
def silent(far: Far) -> Iterator[None]:
    """Slurm's own controller is dead."""
    far.slurm.stop_controller()
    try:
        yield
    finally:
        far.slurm.start_controller()
        until(lambda: far.slurm.node("cpu1") in ("idle", "mixed", "allocated"))


@pytest.mark.slow
def test_a_slurm_that_is_silent_from_the_start_is_waited_for(far: Far) -> None:
    with silent(far):
        running = far.start(far.site(), tasks=4)
        until(lambda: "Unable to contact slurm controller" in far.reasons())
    finished(far, running)


@pytest.mark.slow
def test_a_partition_that_is_closed_is_waited_for(far: Far) -> None:
    partition = ("scontrol", "update", "partitionname=cpu")
    far.slurm.command(*partition, "state=drain")
    try:
        running = far.start(far.site(), tasks=4)
        until(lambda: "Required partition not available" in far.reasons())
        far.slurm.command(*partition, "state=down")
        until(lambda: "waits in the queue (PartitionDown)" in far.reasons())
    finally:
        far.slurm.command(*partition, "state=up")
    finished(far, running)


@pytest.mark.slow
def test_a_busy_cluster_is_waited_for(far: Far) -> None:
    hog = far.slurm.command("sbatch", "--parsable", "-N2", "--exclusive", "-o/dev/null", "--wrap=sleep 200").strip()
    until(lambda: hog in far.jobs("RUNNING"))
    running = far.start(far.site(), tasks=4)
    until(lambda: "of pool cpu waits in the queue (Resources)" in far.reasons())
    page = far.bench.bigdata("status", far.run).stdout
    assert "waiting: job" in page
    far.slurm.cancel([hog])
    finished(far, running)


@pytest.mark.slow
def test_little_is_left_of_many_small_tasks(far: Far) -> None:
    running = far.start(far.site(), tasks=2_000, seconds=0.002, write=False)
    far.wait_for(300, running)
    far.slurm.cancel(far.jobs("RUNNING"))
    finished(far, running)
    folder = far.bench.run_folder()
    assert len(events(folder.path, "done")) == 2_001
    assert folder.n_files() < 200
    assert not folder.waiting.exists()
    assert not folder.running.exists()
    assert [log.name for log in folder.logs.iterdir()] == ["tasks.log"]
