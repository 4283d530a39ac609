"""While a batch system says nothing, a death has no cause yet; and where its list can't be read, jobs are asked for."""

from __future__ import annotations

import os
import signal
import stat
import time
from pathlib import Path

import psutil
import pytest

from bigdata.jobs.pool_job import LINGER_SECONDS
from tests.bench import chunks, events, until
from tests.jobs.conftest import Cluster, Far, Right

TASKS, SECONDS = 200, 0.1


def heads(run: Path) -> list[psutil.Process]:
    """The programs in a run's jobs."""
    found = []
    for process in psutil.process_iter(["cmdline"]):
        words = process.info["cmdline"] or []
        if "bigdata.jobs.worker" in words and run.name in words[-1]:
            found.append(process)
    return found


@pytest.mark.slow
@pytest.mark.parametrize("on", ["far", "grid"])
def test_a_death_has_no_cause_while_the_batch_system_is_silent(
    on: str, right: Right, request: pytest.FixtureRequest
) -> None:
    cluster: Cluster = request.getfixturevalue(on)
    running = cluster.start(cluster.site({"cpu": {**cluster.cpu, "max_jobs": 1}}), tasks=TASKS, seconds=SECONDS)
    cluster.wait_for(20, running)
    cluster.system.stop_controller()
    try:
        for head in heads(cluster.run):
            head.send_signal(signal.SIGTERM)
        until(lambda: "has lost its workers, and nobody says yet whether it has ended" in cluster.reasons(), 90)
        time.sleep(LINGER_SECONDS + 5)
        assert not events(cluster.run, "again")
    finally:
        cluster.system.start_controller()
    assert running.process.wait(180) == 0, running.err.read_text()
    assert chunks(cluster.run) == right(TASKS)
    assert {why for why, _ in cluster.again()} == {"lost"}
    assert running.err.read_text().count("handed in for") == 2
    assert not cluster.system.queue()


@pytest.mark.slow
def test_where_jobs_cannot_be_listed_one_is_asked_for_by_itself(
    far: Far, right: Right, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Such as where a thousand users' jobs make the list take too long."""
    programs = tmp_path / "programs"
    programs.mkdir()
    list_of_all = programs / "squeue"
    list_of_all.write_text("#!/bin/sh\nexit 1\n")
    list_of_all.chmod(list_of_all.stat().st_mode | stat.S_IXUSR)
    monkeypatch.setenv("PATH", f"{programs}:{os.environ['PATH']}")
    running = far.start(far.site({"cpu": {**far.cpu, "max_jobs": 1}}), tasks=TASKS, seconds=SECONDS)
    far.wait_for(20, running)
    (first,) = heads(far.run)
    first.send_signal(signal.SIGTERM)
    assert running.process.wait(120) == 0, running.err.read_text()
    monkeypatch.undo()
    assert chunks(far.run) == right(TASKS)
    assert running.err.read_text().count("handed in for") == 2
