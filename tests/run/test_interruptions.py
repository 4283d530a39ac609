"""Stopped or killed at any moment, a run goes on when submitted again: the same numbers, and little done twice."""

from __future__ import annotations

import json
import os
import random
import signal
import time
from collections import Counter
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

import psutil
import pytest

from bigdata.engine.handing import BATCHES_PER_WORKER
from bigdata.run.status import status
from bigdata.spec.site import local
from tests.bench import Bench, Running, all_gone, chunks, events, until

TASKS, SECONDS = 16, 0.25
# Tasks this long travel one by one.
IN_FLIGHT = BATCHES_PER_WORKER * local().cores("cpu")


@pytest.fixture(scope="module")
def right(tmp_path_factory: pytest.TempPathFactory) -> dict[str, bytes]:
    """What all of these runs must end with."""
    bench = Bench(tmp_path_factory.mktemp("right"))
    bench.submit(bench.trial(tasks=TASKS))
    return chunks(bench.run_folder().path)


@pytest.fixture
def spec(bench: Bench) -> Path:
    return bench.trial(tasks=TASKS, seconds=SECONDS, trace=str(bench.folder / "trace"))


def n_done(bench: Bench) -> int:
    with suppress(ValueError, OSError):
        return len(events(bench.run_folder().path, "done"))
    return 0


def has(bench: Bench, name: str) -> bool:
    with suppress(ValueError, OSError):
        return (bench.run_folder().path / name).exists()
    return False


def check_resumed(bench: Bench, spec: Path, right: dict[str, bytes], kills: int = 1, site: str = "process") -> None:
    """Submit again; the numbers are right, and only what was in flight ran twice."""
    folder = bench.submit(spec, site=site).folder
    assert chunks(folder.path) == right
    assert folder.n_files() == bench.plan(spec).n_files
    runs = Counter(line.split()[0] for line in (bench.folder / "trace").read_text().splitlines())
    assert len(runs) == TASKS
    assert sum(runs.values()) - TASKS <= kills * IN_FLIGHT
    assert status(folder.path).state == "done"


def send(running: Running, how: int) -> None:
    """A terminal sends Ctrl-C to all its processes; `kill` reaches the controller only."""
    os.killpg(running.process.pid, how) if how == signal.SIGINT else running.process.send_signal(how)


@pytest.mark.parametrize("how", [signal.SIGINT, signal.SIGTERM], ids=["Ctrl-C", "SIGTERM"])
def test_a_stop_is_clean_and_the_run_goes_on(how: int, bench: Bench, spec: Path, right: dict[str, bytes]) -> None:
    running = bench.start("submit", spec)
    until(lambda: n_done(bench) > 4)
    family = running.family()
    send(running, how)
    assert running.wait() == 6
    assert until(lambda: all_gone(family), 5)
    said = running.err.read_text()
    assert "cancelled; what is done is kept" in said
    assert f"To go on: bigdata submit {spec}" in said
    assert "Traceback" not in said
    folder = bench.run_folder().path
    assert running.out.read_text().strip() == str(folder.relative_to(bench.folder))
    assert not list(folder.rglob("*.partial"))
    assert status(folder).state == "cancelled"
    check_resumed(bench, spec, right)


@pytest.mark.parametrize(
    ("how", "moment", "delay"),
    [
        pytest.param(signal.SIGTERM, "journal.jsonl", 0.0, marks=pytest.mark.slow, id="SIGTERM before workers start"),
        pytest.param(signal.SIGINT, "journal.jsonl", 0.0, marks=pytest.mark.slow, id="Ctrl-C before workers start"),
        pytest.param(signal.SIGTERM, "journal.jsonl", 0.7, id="SIGTERM while workers start"),
        pytest.param(signal.SIGINT, "journal.jsonl", 0.7, marks=pytest.mark.slow, id="Ctrl-C while workers start"),
        pytest.param(signal.SIGTERM, "logs/tasks.log", 0.0, marks=pytest.mark.slow, id="SIGTERM while it reports"),
        pytest.param(signal.SIGINT, "logs/tasks.log", 0.0, id="Ctrl-C while it reports"),
    ],
)
def test_a_stop_outside_of_the_tasks_is_clean_too(how: int, moment: str, delay: float, bench: Bench) -> None:
    spec = bench.trial()
    running = bench.start("submit", spec)
    until(lambda: has(bench, moment))
    time.sleep(delay)
    family = running.family()
    send(running, how)
    # So late a signal may find all done.
    assert running.wait() in (6, 0)
    assert until(lambda: all_gone(family), 5)
    assert "Traceback" not in running.err.read_text()
    assert status(bench.run_folder().path).state in ("cancelled", "done")
    assert bench.submit(spec).folder.n_files() == bench.plan(spec).n_files


MOMENTS: dict[str, Callable[[Bench], bool]] = {
    "as it starts": lambda bench: has(bench, "lock.json"),
    "while the store is made": lambda bench: has(bench, "store.zarr/zarr.json"),
    "while workers start": lambda bench: has(bench, "journal.jsonl"),
    "among the first tasks": lambda bench: (bench.folder / "trace").exists(),
    "among the tasks": lambda bench: n_done(bench) > TASKS // 3,
    "while it reports": lambda bench: n_done(bench) == TASKS + 1,
}
SLOW = ("as it starts", "while workers start", "among the first tasks")


@pytest.mark.parametrize("moment", [pytest.param(m, marks=pytest.mark.slow if m in SLOW else ()) for m in MOMENTS])
def test_a_killed_controller_leaves_a_run_that_goes_on(
    moment: str, bench: Bench, spec: Path, right: dict[str, bytes]
) -> None:
    running = bench.start("submit", spec)
    until(lambda: MOMENTS[moment](bench))
    family = running.family()
    running.process.kill()
    running.wait()
    assert until(lambda: all_gone(family), 10), "workers outlive their controller"
    if has(bench, "journal.jsonl"):
        assert status(bench.run_folder().path).state == "interrupted"
    check_resumed(bench, spec, right)


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(6))
def test_kills_at_any_moment(seed: int, bench: Bench, spec: Path, right: dict[str, bytes]) -> None:
    """Anything that the controller started may go, and the controller, several times in one run."""
    chance, kills = random.Random(seed), 4
    for _ in range(kills):
        running = bench.start("submit", spec)
        time.sleep(chance.uniform(0.5, 5))
        family = running.family()
        with suppress(psutil.NoSuchProcess, IndexError):
            chance.choice(family).kill()
            time.sleep(chance.uniform(0, 1))
        running.process.kill()
        running.wait()
        assert until(lambda family=family: all_gone(family), 10)
    # Each round, the tasks in flight once for a killed worker and once for the killed controller.
    check_resumed(bench, spec, right, 2 * kills)


def test_a_killed_worker_is_replaced_within_the_run(bench: Bench, spec: Path, right: dict[str, bytes]) -> None:
    running = bench.start("submit", spec)
    until(lambda: n_done(bench) > 2)
    victim = int((bench.folder / "trace").read_text().split()[-1])
    assert victim in [p.pid for p in running.family()]
    os.kill(victim, signal.SIGKILL)
    assert running.wait() == 0, running.err.read_text()
    check_resumed(bench, spec, right)


def test_cancel_status_and_logs_work_by_the_folder_alone(bench: Bench, right: dict[str, bytes]) -> None:
    spec = bench.trial(tasks=TASKS, seconds=2 * SECONDS, talk=True, trace=str(bench.folder / "trace"))
    running = bench.start("submit", spec)
    until(lambda: n_done(bench) > 1)
    folder = bench.run_folder().path
    data = json.loads(bench.bigdata("status", folder, "--json").stdout)
    assert data["state"] == "running"
    assert data["controller"]["pid"] == running.process.pid
    assert 1 < data["stages"]["first"]["done"] < TASKS
    assert "printed by a task" in bench.bigdata("logs", folder).stdout
    assert "first/0: done after" in bench.bigdata("logs", folder, "first/0").stdout
    family = running.family()
    cancelled = bench.bigdata("cancel", folder)
    assert cancelled.returncode == 0
    assert f"{folder}: cancelled, " in cancelled.stdout
    assert running.wait() == 6
    assert until(lambda: all_gone(family), 5)
    assert bench.bigdata("cancel", folder).stdout == f"{folder} is not running (cancelled)\n"
    listed = bench.bigdata("status").stdout.splitlines()
    assert listed[1].split()[:2] == [str(folder.relative_to(bench.folder)), "cancelled"]
    check_resumed(bench, spec, right, site="local")


def test_of_two_submits_at_once_the_second_is_refused(bench: Bench, spec: Path, right: dict[str, bytes]) -> None:
    running = bench.start("submit", spec)
    until(lambda: has(bench, "lock.json"))
    second = bench.bigdata("submit", spec)
    assert second.returncode == 4
    assert f"(process {running.process.pid}, since" in second.stderr
    assert "this study is being run already by" in second.stderr
    assert running.wait() == 0
    check_resumed(bench, spec, right, kills=0)


def test_what_a_kill_left_half_written_is_swept(bench: Bench) -> None:
    spec = bench.trial()
    run = bench.submit(spec)
    for orphan in ("store.zarr/value/c/2.99.partial", "store.zarr/zarr.json.0a1b.partial", "study.yaml.99.partial"):
        (run.folder.path / orphan).write_text("half")
    (run.store / "value/c/2").unlink()
    assert bench.submit(spec).folder.n_files() == bench.plan(spec).n_files


def test_a_run_is_stopped_while_a_long_task_runs(bench: Bench) -> None:
    """The task needn't look whether to stop."""
    spec = bench.trial(tasks=2, seconds=300)
    running: Running = bench.start("submit", spec)
    until(lambda: has(bench, "running/first.0"))
    family, started = running.family(), time.monotonic()
    running.process.send_signal(signal.SIGINT)
    assert running.wait() == 6
    assert time.monotonic() - started < 15
    assert until(lambda: all_gone(family), 5)
