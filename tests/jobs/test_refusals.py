"""What can never be is said in a sentence, at once; and however a run ends, no job is left."""

from __future__ import annotations

import os
import shutil
import signal
from pathlib import Path
from typing import Any

import pytest

from tests.bench import ROOT, chunks, until
from tests.jobs.conftest import CPU, Far, Right

TASKS, SECONDS = 100, 0.1


def refused(far: Far, *sentences: str, **pool: Any) -> str:
    """Run a study that is refused: what it says, and what its status says afterwards."""
    running = far.start(far.site({"cpu": {**CPU, **pool}}), tasks=4)
    assert running.process.wait(60) == 4, running.err.read_text()
    assert not far.slurm.queue()
    said = running.err.read_text()
    page = far.bench.bigdata("status", far.run).stdout
    assert page.startswith(f"{far.run}  refused\n")
    for sentence in sentences:
        assert sentence in said
        assert sentence in page
    assert "Traceback" not in said
    assert page.endswith("submit the same study again to go on\n")
    return said


def test_a_partition_that_is_not_there(far: Far) -> None:
    said = refused(far, "the jobs of pool `cpu` can't be handed in. slurm didn't take the job: ", queue="nope")
    assert "invalid partition specified: nope" in said
    assert "#SBATCH -p nope" in said
    assert "handed in for" not in said


@pytest.mark.slow
def test_jobs_that_end_before_a_worker_comes(far: Far) -> None:
    last_words = ["echo no such module >&2", "exit 3"]
    said = refused(far, "3 jobs of pool `cpu` ended", "(failed), said:\nno such module", prologue=last_words)
    assert said.count("handed in for") in (3, 4)


@pytest.mark.slow
def test_a_node_with_another_bigdata(far: Far, tmp_path: Path) -> None:
    changed = tmp_path / "changed"
    shutil.copytree(ROOT / "bigdata", changed / "bigdata", ignore=shutil.ignore_patterns("__pycache__"))
    with (changed / "bigdata/units.py").open("a") as file:
        file.write("\n# Somebody was here.\n")
    prologue = [f"export PYTHONPATH={changed}:$PYTHONPATH"]
    refused(
        far, "on the nodes of pool `cpu`, Python finds other packages than here: bigdata's code is", prologue=prologue
    )


def test_a_walltime_that_the_partition_does_not_allow(far: Far) -> None:
    far.slurm.command("scontrol", "update", "partitionname=cpu", "maxtime=1")
    try:
        refused(far, "of pool `cpu` would wait in the queue for ever (PartitionTimeLimit)")
    finally:
        far.slurm.command("scontrol", "update", "partitionname=cpu", "maxtime=infinite")


@pytest.mark.parametrize(
    "how",
    [pytest.param(signal.SIGINT, id="Ctrl-C"), pytest.param(signal.SIGTERM, id="SIGTERM", marks=pytest.mark.slow)],
)
def test_a_stop_leaves_no_jobs(how: int, far: Far) -> None:
    running = far.start(far.site(), tasks=TASKS, seconds=SECONDS)
    far.wait_for(10, running)
    # A terminal sends Ctrl-C to all its processes.
    os.killpg(running.process.pid, how) if how == signal.SIGINT else running.process.send_signal(how)
    assert running.wait() == 6, running.err.read_text()
    assert not far.slurm.queue()
    assert far.status().state == "cancelled"


def killed(far: Far) -> list[str]:
    """The jobs of a run whose controller was killed."""
    running = far.start(far.site(), tasks=TASKS, seconds=SECONDS)
    far.wait_for(10, running)
    running.process.kill()
    running.process.wait()
    return far.jobs()


@pytest.mark.slow
def test_after_a_kill_the_run_goes_on_without_what_it_left(far: Far, right: Right) -> None:
    orphans = killed(far)
    assert len(orphans) == 2
    running = far.start(far.site(), tasks=TASKS, seconds=SECONDS)
    assert running.process.wait(60) == 0, running.err.read_text()
    assert f"removing jobs that an earlier controller left: {', '.join(orphans)}" in running.err.read_text()
    assert chunks(far.run) == right(TASKS)
    assert not far.slurm.queue()


def test_jobs_end_by_themselves_where_their_controller_was_killed(far: Far) -> None:
    assert killed(far)
    until(lambda: not far.slurm.queue(), 30)
