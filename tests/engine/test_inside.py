"""Tasks in the process that leads the run: what they do to it."""

from __future__ import annotations

import os
import signal

import pytest

from bigdata import load_study, submit
from bigdata.errors import TasksFailed
from tests.bench import Bench, chunks, events


def test_a_task_that_would_end_the_program_fails_and_the_others_go_on(bench: Bench) -> None:
    before = os._exit
    with pytest.raises(TasksFailed) as failed:
        bench.submit(bench.trial(tasks=4, vanish=[1]), site="process")
    assert "first/1: RuntimeError: the task called os._exit(0), which would have ended the program" in str(failed.value)
    assert {e["index"] for e in events(bench.run_folder().path, "done")} == {0, 2, 3}
    assert os._exit is before


def test_a_task_that_crashed_the_program_is_named_and_the_run_goes_on(bench: Bench) -> None:
    (bench.folder / "trouble").touch()
    spec = bench.trial(tasks=4, die=[2], trouble=str(bench.folder / "trouble"))
    done = bench.program("submit", spec, "--site", "process")
    assert done.returncode == -signal.SIGKILL
    ended = "the process ended while task first/2 ran in it: most likely by a crash of compiled code or a signal."
    status = bench.bigdata("status", bench.run_folder().path)
    assert ended in status.stdout
    assert "With `--site local` tasks run in processes of their own" in status.stdout
    (bench.folder / "trouble").unlink()
    again = bench.bigdata("submit", spec, "--site", "process")
    assert again.returncode == 0, again.stderr
    assert f"last time {ended}" in again.stderr
    assert len(events(bench.run_folder().path, "done")) == 5
    resumed = chunks(bench.run_folder().path)
    assert f"last time {ended}" not in bench.bigdata("submit", spec, "--site", "process").stderr
    assert resumed == chunks(submit(load_study(spec), site="process", runs=bench.folder / "other").folder.path)
