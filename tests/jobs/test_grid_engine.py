"""Grid Engine, run for real: studies end with the right numbers, and what can never be is said with its reason."""

from __future__ import annotations

from pathlib import Path

import pytest

from bigdata.jobs import batch
from bigdata.jobs.asking import Asks
from bigdata.jobs.script import JobScript
from tests.bench import chunks, until
from tests.gridengine.cluster import GridEngine
from tests.jobs.conftest import GRID, Cluster, Right

TASKS, SECONDS = 100, 0.05


def test_a_study_runs_through(grid: Cluster, right: Right) -> None:
    running = grid.start(grid.site(), tasks=TASKS, seconds=SECONDS)
    assert running.process.wait(120) == 0, running.err.read_text()
    assert chunks(grid.run) == right(TASKS)
    assert not grid.system.queue()


def test_a_job_in_error_ends_the_wait_with_grid_engines_reason(grid: Cluster) -> None:
    site = grid.site({"cpu": {**GRID, "directives": ["-pe smp 2", "-wd /nonexistent"]}})
    running = grid.start(site, tasks=4)
    assert running.process.wait(60) == 4, running.err.read_text()
    said = (
        "of pool `cpu` would wait in the queue for ever (error: can't chdir to /nonexistent: No such file or directory)"
    )
    assert said in running.err.read_text()
    assert said in grid.bench.bigdata("status", grid.run).stdout
    assert not grid.system.queue()


def test_why_a_job_waits_is_told(grid: Cluster) -> None:
    running = grid.start(grid.site({"cpu": {**GRID, "directives": ["-pe smp 100"]}}), tasks=4)
    until(lambda: 'cannot run in PE "smp" because it only offers 0 slots' in grid.reasons(), 30)
    running.process.terminate()
    assert running.wait() == 6
    assert not grid.system.queue()


@pytest.mark.slow
def test_every_job_is_cancelled(grid: Cluster, right: Right) -> None:
    running = grid.start(grid.site(), tasks=2 * TASKS, seconds=SECONDS)
    grid.wait_for(30, running)
    grid.system.cancel(grid.system.running())
    assert running.process.wait(120) == 0, running.err.read_text()
    assert chunks(grid.run) == right(2 * TASKS)
    assert {why for why, _ in grid.again()} == {"lost"}
    assert not grid.system.queue()


# By Grid Engine's rule each of a job's slots gets what is asked for.
ASKS = {"mem_free": (None, "mem_free=512M"), "h_vmem": ("h_vmem", "h_vmem=512M"), "nothing": ("none", "")}


@pytest.mark.parametrize("what", ASKS)
def test_memory_is_asked_by_the_sites_own_resource(what: str, grid_engine: GridEngine, tmp_path: Path) -> None:
    resource, expected = ASKS[what]
    directives = ("-pe smp 2", "-h")
    job = JobScript(
        "bd-memory", tmp_path / "log", Asks(2, 2**30), ("true",), directives=directives, memory_resource=resource
    ).submit("sge")
    said = grid_engine.command("qstat", "-j", job)
    (held,) = batch.jobs("sge", "bd-memory") or ()
    grid_engine.cancel([job])
    asked = "".join(line.split(":", 1)[1].strip() for line in said.splitlines() if line.startswith("hard resource"))
    assert asked == expected
    assert (held.id, held.state, held.reason) == (job, "held", "Job is in hold state")
    until(lambda: not grid_engine.queue())
