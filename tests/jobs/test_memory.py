"""Tasks that need more memory than their share, or more than there is; and those that end their workers."""

from __future__ import annotations

import os
import signal
from pathlib import Path
from typing import Any

import pytest

from tests.bench import chunks, events
from tests.jobs.conftest import CPU, Far, Right

TASKS, SECONDS, MIB = 40, 0.1, 2**20
# A job has 1600 MiB for two tasks at one time.
MORE_THAN_A_SHARE, MORE_THAN_HALF, MORE_THAN_ALL = 900 * MIB, 850 * MIB, 1700 * MIB
# Two workers, each with a batch under way and one at hand, of two tasks at most.
IN_FLIGHT = 8


@pytest.fixture(autouse=True)
def own_measurements(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """The memory that these tasks take is no measure of others of their stage."""
    monkeypatch.setenv("BIGDATA_CACHE", str(tmp_path / "cache"))


def run(far: Far, code: int = 0, jobs: int = 2, **fields: Any) -> str:
    """Run to the end; what it said."""
    site = far.site({"cpu": {**CPU, "max_jobs": jobs}})
    running = far.start(site, **{"tasks": TASKS, "seconds": SECONDS, **fields})
    assert running.process.wait(120) == code, running.err.read_text()
    assert not far.slurm.queue()
    return running.err.read_text()


def values(data: dict[str, bytes], *but: int) -> dict[str, bytes]:
    """Of all that is stored, what the tasks wrote, without some of them."""
    left_out = {f"value/c/{i}" for i in but}
    return {path: data for path, data in data.items() if path.startswith("value/") and path not in left_out}


def test_each_task_gets_the_memory_that_it_needs_or_fails(far: Far, right: Right) -> None:
    share, error, eats, dies = 5, 11, 17, 23
    troubled = {"hold": [share], "hold_bytes": MORE_THAN_A_SHARE, "ask": [error], "eat": [eats], "die": [dies]}
    said = run(far, code=5, **troubled)
    assert values(chunks(far.run)) == values(right(TASKS), error, eats, dies)
    failed = {e["index"]: e for e in events(far.run, "failed")}
    assert failed.keys() == {error, eats, dies}
    assert failed[error]["class"] == "memory"
    for task in (eats, dies):
        assert f"first/{task}: the worker died 3 times while running this task, most likely because it ran" in said
    again = [(e["index"], e["lane"]) for e in events(far.run, "again")]
    assert sorted(again) == [(task, "cpu.1") for task in (share, error, eats, eats, dies, dies)]
    assert far.n_repeated() == len(again)


@pytest.mark.slow
def test_a_job_that_slurm_ends_for_its_memory_is_told_from_one_that_was_cancelled(far: Far, right: Right) -> None:
    """Dask doesn't see what a worker's children take: two such tasks at one time are too many for a job, one isn't.

    Without control groups Slurm says FAILED of such a job, as of one that anybody ended by kill -9.
    """
    # So long that they travel one by one, and the last two at one time.
    run(far, jobs=1, tasks=12, seconds=0.25, hold=[10, 11], child_bytes=MORE_THAN_HALF)
    assert chunks(far.run) == right(12)
    assert far.again() == {("worker-died", "cpu.1"): 2}
    assert far.n_repeated() == 2


@pytest.mark.slow
def test_a_task_whose_children_need_more_than_a_job_fails(far: Far, right: Right) -> None:
    said = run(far, code=5, hold=[11], child_bytes=MORE_THAN_ALL)
    assert "first/11: the worker died 3 times" in said
    assert values(chunks(far.run)) == values(right(TASKS), 11)
    assert far.n_repeated() <= 2 + IN_FLIGHT


@pytest.mark.slow
def test_a_killed_worker_comes_back_while_its_job_lives(far: Far, right: Right) -> None:
    """Its task goes on in the lane with more memory, for which one of the two busy jobs makes room."""
    n = 6 * TASKS
    running = far.start(far.site(), tasks=n, seconds=SECONDS)
    far.wait_for(20, running)
    task, process = far.trace.read_text().split()[-2:]
    os.kill(int(process), signal.SIGKILL)
    assert running.process.wait(60) == 0, running.err.read_text()
    assert chunks(far.run) == right(n)
    assert far.again() == {("worker-died", "cpu.1"): 1}
    assert far.n_repeated() == 1
    done = [e["index"] for e in events(far.run, "done")]
    assert done.index(int(task)) < n - 10, "it had to wait until the others were done"
