"""One controller a run: the lock says who holds it, and knows the dead from the living."""

from __future__ import annotations

import getpass
import json
import multiprocessing
import os
import socket
import subprocess
import sys
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

import psutil
import pytest

from bigdata.errors import SiteError
from bigdata.store import lock
from bigdata.store.lock import SILENT_SECONDS, TOUCH_SECONDS, Lock, holder
from tests.disk import small_disk


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "lock.json"


@pytest.fixture
def write(path: Path) -> Callable[..., None]:
    """Leave a lock as another controller would have: of this process, changed as told, some seconds old."""

    def make(age: float = 0, **changes: Any) -> None:
        path.write_text(json.dumps(lock._me() | changes))
        os.utime(path, (time.time() - age,) * 2)

    return make


def test_a_lock_is_gone_when_it_is_released(path: Path) -> None:
    with Lock(path):
        assert holder(path)
    assert not path.exists()


def test_the_second_is_told_who_holds_it(path: Path) -> None:
    with Lock(path), pytest.raises(SiteError) as refused, Lock(path):
        pass
    for part in (socket.gethostname(), f"process {os.getpid()}", getpass.getuser(), f"bigdata cancel {path.parent}"):
        assert part in str(refused.value)


def test_a_dead_process_holds_nothing(path: Path, write: Callable[..., None]) -> None:
    dead = subprocess.Popen([sys.executable, "-c", ""])
    started = lock.started(dead.pid)
    dead.wait()
    write(pid=dead.pid, started=started)
    assert holder(path) is None
    with Lock(path):
        assert json.loads(path.read_text())["pid"] == os.getpid()


def test_a_zombie_holds_nothing(path: Path, write: Callable[..., None]) -> None:
    dead = subprocess.Popen([sys.executable, "-c", ""])
    started = lock.started(dead.pid)
    while psutil.Process(dead.pid).status() != psutil.STATUS_ZOMBIE:
        time.sleep(0.01)
    write(pid=dead.pid, started=started)
    assert holder(path) is None
    dead.wait()


def test_a_later_process_of_the_same_number_holds_nothing(path: Path, write: Callable[..., None]) -> None:
    write(started=lock.started(1))
    assert holder(path) is None


def test_a_lock_of_another_machine_lives_while_it_is_touched(path: Path, write: Callable[..., None]) -> None:
    write(host="elsewhere", pid=1, age=SILENT_SECONDS - 10)
    assert holder(path)
    with pytest.raises(SiteError, match="on elsewhere"), Lock(path):
        pass
    write(host="elsewhere", pid=1, age=SILENT_SECONDS + 10)
    assert holder(path) is None


@pytest.mark.parametrize("text", ["", '{"user": "x", "ho', "null", "{}"])
def test_a_torn_lock_is_fresh_or_dead(text: str, path: Path) -> None:
    """A lock is empty for a moment after it was made; one that stays so is what a kill left."""
    path.write_text(text)
    assert holder(path)
    os.utime(path, (time.time() - TOUCH_SECONDS - 1,) * 2)
    assert holder(path) is None
    with Lock(path):
        pass


def test_a_held_lock_is_kept_fresh(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Also while nothing in the controller's own thread looks after it."""
    monkeypatch.setattr(lock, "TOUCH_SECONDS", 0.05)
    with Lock(path):
        os.utime(path, (0, 0))
        time.sleep(0.5)
        assert time.time() - path.stat().st_mtime < 1


def test_a_lock_taken_over_is_noticed_and_left_alone(path: Path, write: Callable[..., None]) -> None:
    with Lock(path) as held:
        held.check()
        write(host="elsewhere", pid=1)
        with pytest.raises(SiteError, match="no longer this controller's"):
            held.check()
    assert json.loads(path.read_text())["host"] == "elsewhere"


def test_a_full_disk_leaves_no_empty_lock(tmp_path: Path) -> None:
    with small_disk(tmp_path / "disk", "16k") as disk:
        with suppress(OSError):
            (disk / "filler").write_bytes(b"x" * 20_000)
        with pytest.raises(OSError, match="No space"), Lock(disk / "lock.json"):
            pass
        assert not (disk / "lock.json").exists()


def _take(path: Path, start: Any, taken: Any) -> None:
    start.wait()
    try:
        with Lock(path):
            taken.put(os.getpid())
            time.sleep(1)
    except SiteError:
        taken.put(0)


def test_of_many_that_find_a_dead_lock_one_gets_it(path: Path, write: Callable[..., None]) -> None:
    """Removing the dead lock and making a new one are two steps: nobody may remove another's new one between them."""
    context = multiprocessing.get_context("fork")
    for _ in range(3):
        write(pid=2**22 + 1)
        start, taken = context.Event(), context.Queue()
        processes = [context.Process(target=_take, args=(path, start, taken)) for _ in range(16)]
        for process in processes:
            process.start()
        start.set()
        winners = [taken.get(timeout=20) for _ in processes]
        for process in processes:
            process.join()
        assert sum(map(bool, winners)) == 1
