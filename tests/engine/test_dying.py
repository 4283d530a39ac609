"""Tasks that kill their workers again and again: the run ends, with what could be done."""

from __future__ import annotations

import time

import psutil
import pytest

from bigdata.engine import local
from bigdata.engine.hands import Need, news
from bigdata.engine.local import local_pools
from bigdata.engine.observer import Silent
from bigdata.errors import SiteError
from tests.bench import Bench, events, until


def ended(bench: Bench, tasks: int, deadly: int) -> None:
    """A run of which so many tasks kill their worker at once."""
    spec = bench.trial(tasks=tasks, seconds=0.01, write=False, die=list(range(deadly)))
    done = bench.bigdata("submit", spec)
    assert done.returncode == 5, done.stderr
    assert f"{deadly} of {tasks + 1} tasks failed; 1 more were skipped" in done.stderr
    folder = bench.run_folder().path
    assert len(events(folder, "done")) == tasks - deadly
    assert {record["class"] for record in events(folder, "failed")} == {"worker-died"}


@pytest.mark.parametrize(
    ("tasks", "deadly"),
    [(12, 2), pytest.param(24, 5, marks=pytest.mark.slow), pytest.param(200, 40, marks=pytest.mark.slow)],
)
def test_a_run_whose_workers_die_again_and_again_ends(tasks: int, deadly: int, bench: Bench) -> None:
    ended(bench, tasks, deadly)


def test_workers_killed_while_they_are_started_again_come_back(bench: Bench) -> None:
    """Dask gives up a worker that isn't back in 15 s, by default, and nobody brings it back then."""
    running = bench.start("submit", bench.trial(tasks=150, seconds=0.05, write=False))
    until(lambda: (bench.folder / "runs").exists() and _n_done(bench) > 5)
    first = _workers(running.process.pid)
    for worker in first.values():
        worker.kill()
    killed: set[int] = set()
    end = time.monotonic() + 30
    while len(killed) < 2 and time.monotonic() < end:
        for pid, worker in _workers(running.process.pid).items():
            if pid not in first and pid not in killed:
                time.sleep(0.3)
                worker.kill()
                killed.add(pid)
        time.sleep(0.02)
    assert running.wait() == 0, running.err.read_text()
    assert len(events(bench.run_folder().path, "done")) == 151


def _n_done(bench: Bench) -> int:
    return len(events(bench.run_folder().path, "done"))


def _workers(pid: int) -> dict[int, psutil.Process]:
    children = psutil.Process(pid).children(recursive=True)
    return {c.pid: c for c in children if c.is_running() and "spawn_main" in " ".join(_words(c))}


def _words(process: psutil.Process) -> list[str]:
    try:
        return list(process.cmdline())
    except psutil.Error:
        return []


def test_where_no_worker_comes_back_a_run_says_so_and_ends(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(local, "NO_WORKER_SECONDS", 1.0)
    plan = bench.plan(bench.trial(tasks=2))
    plan.folder.logs.mkdir(parents=True)
    with local_pools(plan, Silent()) as pools:
        pools.tend({"cpu": Need(2, 0.1)})
        pools.workers._cluster.scale(0)

        def tended() -> bool:
            news(pools, 0.1)
            pools.tend({"cpu": Need(2, 0.1)})
            return False

        with pytest.raises(SiteError, match="there are tasks and no workers on this machine"):
            until(tended)
