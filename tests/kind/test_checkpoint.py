"""A long task pauses where it must and goes on elsewhere: no step is done twice, and the numbers stay the same."""

from __future__ import annotations

import contextlib
import math
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from bigdata.engine.execute import Token, attempt, order_of
from bigdata.kind.checkpoint import Checkpoint
from bigdata.store.folder import RunFolder
from tests.bench import ROOT, Bench, chunks, events, told, until

N_STEPS = 10


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Bench:
    """A run whose tasks were never asked to pause, but for one that does so of itself and would for ever."""
    bench = Bench(tmp_path_factory.mktemp("whole"))
    trouble = bench.folder / "trouble"
    fields = {"pause": [1], "trouble": str(trouble), "trace": "trace", "checkpoint": True}
    with contextlib.chdir(bench.folder):  # where its tasks leave their trace
        bench.submit(bench.trial(tasks=2, seconds=N_STEPS / 10, **fields))
    trouble.touch()
    return bench


@pytest.fixture
def folder(whole: Bench, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> RunFolder:
    """That run, to try its tasks again in this process."""
    monkeypatch.chdir(tmp_path)
    return RunFolder(shutil.copytree(whole.run_folder().path, tmp_path / "run"))


def tried(folder: RunFolder, index: int = 0, seconds: float = math.inf) -> tuple[Token, str]:
    """A task's token, and what it logged, in a job that ends after so many seconds."""
    said: list[str] = []
    token = attempt(folder, order_of(folder, "first", index), said.append, time.time() + seconds)
    return token, "\n".join(said)


def begun(token: Token) -> int:
    """The step that a task says it began with."""
    return int(told(token)["begun"])


def steps(folder: Path) -> list[str]:
    """The steps that the first task did."""
    found = folder / "trace.steps"
    lines = found.read_text().splitlines() if found.exists() else []
    return [line.split()[1] for line in lines if line.startswith("0 ")]


def pause_midway(folder: RunFolder, cwd: Path) -> None:
    """The first task begins, and pauses when it has done some steps."""
    until(lambda: tried(folder, seconds=0.5)[0]["event"] == "paused" and steps(cwd))


def test_a_task_pauses_before_its_jobs_end_and_goes_on_in_the_next(folder: RunFolder, tmp_path: Path) -> None:
    right = chunks(folder.path)
    (folder.store / "value/c/0").unlink()
    tokens: list[Token] = []
    for _ in range(100):
        token, said = tried(folder, seconds=0.5)
        assert (f"first/0 continues from its checkpoint of {time.strftime('%Y-')}" in said) == bool(tokens)
        tokens.append(token)
        if token["event"] == "done":
            break
        assert {name: token[name] for name in ("event", "stage", "index", "saved")} == {
            "event": "paused",
            "stage": "first",
            "index": 0,
            "saved": True,
        }
        assert {"seconds", "cpu", "memory", "worker"} < token.keys()
    assert tokens[-1]["event"] == "done"
    assert len(tokens) > 1
    assert [t["seconds"] for t in tokens] == sorted(t["seconds"] for t in tokens)
    assert tokens[-1]["seconds"] > N_STEPS / 10
    assert steps(tmp_path) == [str(n) for n in range(N_STEPS)]
    assert chunks(folder.path) == right


def test_a_task_of_a_cancelled_run_pauses(folder: RunFolder, tmp_path: Path) -> None:
    folder.cancel.touch()
    assert tried(folder)[0]["event"] == "paused"
    folder.cancel.unlink()
    assert tried(folder)[0]["event"] == "done"
    assert steps(tmp_path) == [str(n) for n in range(N_STEPS)]


def test_a_task_with_another_key_begins_anew(
    folder: RunFolder, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    pause_midway(folder, tmp_path)
    monkeypatch.setenv("TRIAL_VERSION", "2")
    os.utime(folder.resolved)
    token, said = tried(folder)
    assert (token["event"], begun(token), "checkpoint" in said) == ("done", 0, False)
    monkeypatch.delenv("TRIAL_VERSION")
    os.utime(folder.resolved)
    assert begun(tried(folder)[0]) > 0


def test_a_task_with_a_damaged_checkpoint_begins_anew_and_says_so(folder: RunFolder, tmp_path: Path) -> None:
    pause_midway(folder, tmp_path)
    (saved,) = folder.checkpoints.iterdir()
    saved.write_bytes(saved.read_bytes()[:-1])
    token, said = tried(folder)
    assert (token["event"], begun(token)) == ("done", 0)
    assert said == f"first/0 begins anew: its checkpoint {saved.name} is damaged"


def test_a_pause_for_no_reason_is_a_failure(folder: RunFolder) -> None:
    token, _ = tried(folder, index=1)
    assert (token["event"], token["class"]) == ("failed", "error")
    assert token["error"] == (
        "RuntimeError: the task paused though nothing had asked it to, and had saved nothing since it began: it would "
        "never end. A task pauses once `ctx.should_stop()` is true, or after `ctx.checkpoint.save(…)`"
    )


def test_debug_goes_on_from_a_checkpoint_and_says_so(folder: RunFolder, tmp_path: Path) -> None:
    pause_midway(folder, tmp_path)
    done = Bench(tmp_path).bigdata("debug", folder.path, "first/0")
    (said,) = done.stderr.splitlines()
    assert said.startswith("first/0 continues from its checkpoint of ")
    assert done.stdout.startswith("first/0: done after ")
    assert steps(tmp_path) == [str(n) for n in range(N_STEPS)]


def test_a_cancelled_run_goes_on_from_its_checkpoints(bench: Bench) -> None:
    spec = bench.trial(tasks=1, seconds=3, checkpoint=True, trace=str(bench.folder / "trace"))
    running = bench.start("submit", spec)
    until(lambda: len(steps(bench.folder)) > 2)
    folder = bench.run_folder()
    folder.cancel.touch()
    assert running.wait() == 6, running.err.read_text()
    assert [p.name.rsplit(".", 2)[0] for p in folder.checkpoints.iterdir()] == ["first.0"]
    assert events(folder.path, "failed") == []
    n_before = len(steps(bench.folder))
    run = bench.submit(spec)
    assert steps(bench.folder) == [str(n) for n in range(30)]
    (done,) = (record for record in events(folder.path, "done") if record["stage"] == "first")
    assert begun(done) == n_before
    assert "first/0 continues from its checkpoint of " in (folder.logs / "tasks.log").read_text()
    assert not folder.checkpoints.exists()
    assert run.folder.n_files() == bench.plan(spec).n_files
    assert run["total"][0] == pytest.approx(run["value"][...].sum())


def test_what_other_tasks_left_goes_when_all_is_done_and_not_before(folder: RunFolder) -> None:
    left = folder.checkpoint("variant-1/first", 3, "0123456789abcdef")
    assert left == folder.path / "checkpoints/variant-1.first.3.01234567.npz"
    left.parent.mkdir()
    left.touch()
    ended = folder.journal.read_text()
    folder.journal.write_text(ended.replace('"state":"done"', '"state":"cancelled"'))
    folder.sweep()
    assert left.exists()
    folder.journal.write_text(ended)
    folder.sweep()
    assert not folder.checkpoints.exists()


@pytest.fixture
def said() -> list[str]:
    return []


@pytest.fixture
def checkpoint(tmp_path: Path, said: list[str]) -> Checkpoint:
    return Checkpoint(tmp_path / "checkpoints/first.0.01234567.npz", said.append)


ARRAYS: dict[str, Any] = {
    "file": np.arange(12.0).reshape(3, 4),
    "allow_pickle": np.array(True),
    "self": np.array([1 + 2j]),
    "names": np.array(["Al", "Cu₃Au"]),
    "none": np.empty((0, 3), "float32"),
    "big/endian": np.arange(3, dtype=">i2"),
}


def test_arrays_come_back_as_they_were(checkpoint: Checkpoint) -> None:
    assert checkpoint.load() is None
    checkpoint.save(**{name: np.zeros(3) for name in "ab"})
    checkpoint.save(**ARRAYS, epoch=7)
    found = checkpoint.load()
    assert found is not None
    assert found.keys() == {*ARRAYS, "epoch"}
    assert found["epoch"] == 7
    for name, array in ARRAYS.items():
        assert (found[name].dtype, found[name].shape) == (array.dtype, array.shape)
        assert np.array_equal(found[name], array)
    with np.load(checkpoint.path) as npz:  # as anybody would
        assert set(npz.files) == found.keys()


def test_python_objects_are_refused_and_what_was_saved_stays(checkpoint: Checkpoint) -> None:
    checkpoint.save(epoch=1)
    with pytest.raises(TypeError, match="`model` holds Python objects; a checkpoint takes arrays of numbers"):
        checkpoint.save(epoch=2, model=np.array([object()]))
    found = checkpoint.load()
    assert found is not None
    assert {name: int(array) for name, array in found.items()} == {"epoch": 1}


DAMAGES: dict[str, Callable[[bytes, int], bytes]] = {
    "flipped": lambda data, at: data[:at] + bytes([data[at] ^ 1 << at % 8]) + data[at + 1 :],
    "cut": lambda data, at: data[:at],
    "zeroed": lambda data, at: data[:at] + bytes(len(data) - at),
}


@pytest.mark.parametrize("damage", DAMAGES)
def test_no_damage_goes_unseen(damage: str, checkpoint: Checkpoint, said: list[str]) -> None:
    """Zip's own checksums would let arrays vanish when its table of contents is hit."""
    checkpoint.save(epoch=7, weights=np.arange(12.0))
    good = checkpoint.path.read_bytes()
    damaged = {DAMAGES[damage](good, at) for at in range(len(good))} - {good}
    for data in damaged:
        checkpoint.path.write_bytes(data)
        assert checkpoint.load() is None
    assert said == [f"begins anew: its checkpoint {checkpoint.path.name} is damaged"] * len(damaged)


SAVE_FOR_EVER = """
import sys, numpy as np
from pathlib import Path
from bigdata.kind.checkpoint import Checkpoint
checkpoint = Checkpoint(Path(sys.argv[1]), print)
n = 0
while True:
    n += 1
    checkpoint.save(n=n, array=np.full(500_000, n))
"""


def test_a_kill_while_it_saves_leaves_what_was_saved_before(checkpoint: Checkpoint) -> None:
    for delay in (0.0, 0.013, 0.029):
        checkpoint.path.unlink(missing_ok=True)
        process = subprocess.Popen([sys.executable, "-c", SAVE_FOR_EVER, checkpoint.path], cwd=ROOT)
        until(checkpoint.path.exists)
        time.sleep(delay)
        process.kill()
        process.wait()
        found = checkpoint.load()
        assert found is not None
        assert (found["array"] == found["n"]).all()
