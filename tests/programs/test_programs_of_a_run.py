"""Runs whose tasks call foreign programs: what is told of them, and that nothing is left however the run ends."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import psutil
import pytest

from bigdata.engine.execute import attempt, order_of
from bigdata.engine.node_folder import remove_left
from bigdata.kind.scratch import Scratch
from bigdata.run.status import status
from bigdata.store.packs import TaskPack
from tests.bench import Bench, Running, all_gone, events, until
from tests.programs.test_program import processes

# And how many processes each has.
BAD = {"be-deaf": 1, "leave-daemons-and-wait": 3}
# What daemons do, a single deaf process does too.
BAD_ONES = [pytest.param("be-deaf", marks=pytest.mark.slow), "leave-daemons-and-wait"]


def calls(bench: Bench, **fields: Any) -> Path:
    """Write a study whose programs are found by its name, that of the folder."""
    return bench.write("calls.yaml", {"study": "calls", "name": mark(bench), **fields})


def mark(bench: Bench) -> str:
    return f"calls-{bench.folder.parent.name}-{bench.folder.name}".replace("_", "-")[-60:].lstrip("-")


def places(bench: Bench) -> list[tuple[int, int, Path]]:
    """Of each task that began: its number, its worker's process, and its scratch folder."""
    file = bench.folder / "where"
    lines = file.read_text().splitlines() if file.exists() else []
    return [(int(index), int(pid), Path(folder)) for index, pid, folder in (line.split(" ", 2) for line in lines)]


@pytest.fixture(autouse=True)
def nothing_left(bench: Bench) -> Iterator[None]:
    yield
    left = processes(mark(bench))
    for process in left:
        process.kill()
    assert not left, "processes were left"
    assert not [folder for *_, folder in places(bench) if folder.exists()], "scratch folders were left"


def test_a_run_tells_what_its_programs_said_and_took(bench: Bench) -> None:
    run = bench.submit(calls(bench, where=str(bench.folder / "where")))
    assert run["left"][...].tolist() == [4, 4]
    assert run.folder.n_files() == bench.plan(bench.folder / "calls.yaml").n_files
    logged = bench.bigdata("logs", run.folder.path, "call/1").stdout
    assert " call/1 | it went well\n" in logged
    assert " ended with exit code 0 after " in logged
    assert "call/0" not in logged
    for record in events(run.folder.path, "done"):
        assert record["programs"].keys() == {"n", "seconds", "cpu", "memory"}
        assert record["programs"]["n"] == 1


def test_a_program_that_fails_fails_its_task_alone(bench: Bench) -> None:
    done = bench.bigdata("submit", calls(bench, rough=[1], tasks=3), "--site", "process")
    assert done.returncode == 5
    assert "call/1: `python" in done.stderr
    assert "ended with exit code 3. Its last lines:\nSCF did not converge" in done.stderr
    folder = bench.run_folder().path
    assert {record["index"] for record in events(folder, "done")} == {0, 2}
    assert status(folder).failed["call", 1]["class"] == "error"


def begun(bench: Bench, running: Running, n: int) -> list[psutil.Process]:
    """The family of a run once so many processes of its programs live."""
    until(lambda: len(processes(mark(bench))) >= n or running.process.poll() is not None)
    assert running.process.poll() is None, running.err.read_text()
    return running.family()


def interrupt(bench: Bench, running: Running) -> None:
    os.killpg(running.process.pid, signal.SIGINT)


def terminate(bench: Bench, running: Running) -> None:
    running.process.terminate()


def cancel(bench: Bench, running: Running) -> None:
    assert bench.bigdata("cancel", bench.run_folder().path).returncode == 0


STOPS: dict[str, Callable[[Bench, Running], None]] = {
    "Ctrl-C": interrupt,
    "SIGTERM": terminate,
    "bigdata cancel": cancel,
}


@pytest.mark.parametrize(
    ("how", "stop"),
    [
        ("be-deaf", "Ctrl-C"),
        ("leave-daemons-and-wait", "bigdata cancel"),
        pytest.param("be-deaf", "SIGTERM", marks=pytest.mark.slow),
        pytest.param("be-deaf", "bigdata cancel", marks=pytest.mark.slow),
        pytest.param("leave-daemons-and-wait", "Ctrl-C", marks=pytest.mark.slow),
        pytest.param("leave-daemons-and-wait", "SIGTERM", marks=pytest.mark.slow),
    ],
)
def test_a_stopped_run_leaves_no_program(how: str, stop: str, bench: Bench) -> None:
    running = bench.start("submit", calls(bench, program=[how], where=str(bench.folder / "where")))
    family = begun(bench, running, BAD[how])
    STOPS[stop](bench, running)
    assert running.wait() == 6
    until(lambda: all_gone(family) and not processes(mark(bench)), 5)
    folder = bench.run_folder()
    assert status(folder.path).state == "cancelled"
    assert not events(folder.path, "failed")
    assert ", since its task should stop, after " in (folder.logs / "tasks.log").read_text()


@pytest.mark.parametrize("how", BAD_ONES)
def test_a_killed_controller_leaves_no_program(how: str, bench: Bench) -> None:
    running = bench.start("submit", calls(bench, program=[how], where=str(bench.folder / "where")))
    family = begun(bench, running, BAD[how])
    running.process.kill()
    running.wait()
    until(lambda: all_gone(family) and not processes(mark(bench)), 15)
    remove_left()  # as the next run on this machine does


@pytest.mark.parametrize("how", BAD_ONES)
def test_a_killed_worker_leaves_no_program_and_no_scratch(how: str, bench: Bench) -> None:
    """Its task is tried again on the worker that takes its place, and stopped there in the end."""
    running = bench.start("submit", calls(bench, tasks=1, program=[how], where=str(bench.folder / "where")))
    begun(bench, running, BAD[how])
    old = processes(mark(bench))
    (_, worker, scratch), *_ = places(bench)
    os.kill(worker, signal.SIGKILL)
    until(lambda: all_gone(old), 5)
    until(lambda: len(places(bench)) == 2)
    until(lambda: not scratch.exists(), 5)
    begun(bench, running, BAD[how])
    cancel(bench, running)
    assert running.wait() == 6
    folder = bench.run_folder()
    assert [record["why"] for record in events(folder.path, "again")] == ["worker-died"]
    logged = bench.bigdata("logs", folder.path).stdout
    assert " call/0 `python" in logged
    assert " was ended: the worker that had started it is gone\n" in logged


def test_debug_runs_a_program_and_shows_what_it_says(bench: Bench) -> None:
    """Its scratch folder isn't that of a worker, and goes too."""
    spec = calls(bench, rough=[1], where=str(bench.folder / "where"))
    assert bench.bigdata("submit", spec, "--site", "process").returncode == 5
    tried = bench.bigdata("debug", bench.run_folder().path, "call/1")
    assert tried.returncode == 5
    assert "call/1 | SCF did not converge\n" in tried.stderr
    assert bench.bigdata("debug", bench.run_folder().path, "call/0").returncode == 0
    assert len({folder for *_, folder in places(bench)}) == 4


def test_a_task_that_pauses_leaves_the_pack_before_and_has_not_failed(bench: Bench) -> None:
    spec = calls(bench, program=["wait"], timeout=0.5, tasks=1, pack=True, where=str(bench.folder / "where"))
    assert bench.bigdata("submit", spec, "--site", "process").returncode == 5
    folder = bench.run_folder()
    before = dict(TaskPack(folder, "call", 0))
    said: list[str] = []
    token = attempt(folder, order_of(folder, "call", 0), said.append, ends=time.time())
    assert (token["event"], token["saved"]) == ("paused", False)
    assert ", since its task should stop, after " in said[-1]
    assert sorted(p.name for p in folder.packs.rglob("*") if p.is_file()) == ["000.tar", "index.bin"]
    assert dict(TaskPack(folder, "call", 0)) == before


def test_a_scratch_folder_goes_whatever_is_in_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    said: list[str] = []
    scratch = Scratch("variant-1/first/3", said.append, None)
    scratch.remove()
    assert scratch.path == scratch.path
    assert scratch.path.parent == tmp_path
    assert scratch.path.name.startswith("bigdata-variant-1.first.3.")
    deep = scratch.path / "a/b"
    deep.mkdir(parents=True)
    (deep / "file").write_text("x")
    for folder in (deep, deep.parent):
        folder.chmod(0o500)
    scratch.remove()
    assert not list(tmp_path.iterdir())
    assert not said
