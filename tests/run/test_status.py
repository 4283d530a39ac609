"""What `status` says of a run beyond its tasks: why it waits, and what became of its controller."""

from __future__ import annotations

import json
import os
import time
from typing import Any

import pytest

from bigdata.run.status import status
from bigdata.store import lock
from bigdata.store.lock import Lock
from tests.bench import Bench

WAITING: dict[str, tuple[Any, tuple[str, ...]]] = {
    "one reason": ({"reason": "slurm doesn't answer"}, ("slurm doesn't answer",)),
    "several": ([{"reason": "limit", "pool": "cpu"}, {"reason": "queue"}], ("limit", "queue")),
    "something else": ("nonsense", ()),
}


@pytest.mark.parametrize("case", WAITING)
def test_why_a_run_waits(case: str, bench: Bench) -> None:
    written, reasons = WAITING[case]
    bench.submit(bench.trial())
    folder = bench.run_folder()
    folder.waiting.write_text(json.dumps(written))
    assert status(folder.path).waiting == (), "a run that isn't under way waits for nothing"
    with Lock(folder.lock):
        assert status(folder.path).waiting == reasons
        page = bench.bigdata("status", folder.path).stdout
        assert [line.removeprefix("waiting: ") for line in page.splitlines() if "waiting: " in line] == list(reasons)


def test_a_controller_silent_on_another_machine_is_said_to_be(bench: Bench) -> None:
    bench.submit(bench.trial())
    folder = bench.run_folder()
    folder.lock.write_text(json.dumps(lock._me() | {"host": "node7", "pid": 12}))
    os.utime(folder.lock, (time.time() - 60,) * 2)
    assert " on node7 (process 12), silent for 1 min " in bench.bigdata("status", folder.path).stdout
    os.utime(folder.lock, (time.time() - 600,) * 2)
    assert bench.bigdata("status", folder.path).stdout.startswith(f"{folder.path}  done\n")


def test_an_inline_controller_of_a_batch_system_that_died_may_have_left_jobs(bench: Bench) -> None:
    bench.submit(bench.trial())
    folder = bench.run_folder()
    record = {"time": time.time(), "event": "submit", "scheduler": "slurm", "tasks": {}, "stages": {}}
    with folder.journal.open("a") as journal:
        journal.write(json.dumps(record) + "\n")
    folder.lock.write_text(json.dumps(lock._me() | {"pid": 2**22 + 1}))
    page = bench.bigdata("status", folder.path).stdout
    assert page.startswith(f"{folder.path}  interrupted\n")
    assert f"its controller (process {2**22 + 1} on " in page
    assert f"jobs that it left end by themselves, or at once by `bigdata cancel {folder.path}`" in page
