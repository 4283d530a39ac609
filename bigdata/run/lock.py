"""One controller a run: a lock file that says who holds it, and is recognised when its holder is dead."""

from __future__ import annotations

import getpass
import json
import os
import socket
import time
from contextlib import suppress
from pathlib import Path
from typing import Any

import psutil

from bigdata.errors import SiteError

# A controller on another machine can't be looked at: it is taken for dead when it hasn't touched its lock for this long.
SILENT_SECONDS = 120
TOUCH_SECONDS = 5


class Lock:
    """Held by the controller of a run, as a context manager; SiteError where another one is alive.

    A file made with O_EXCL works on every shared file system, where advisory locks often don't.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self._touched = 0.0

    def __enter__(self) -> Lock:
        for _ in range(3):
            try:
                handle = os.open(self.path, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o644)
            except FileExistsError:
                self._clear_if_dead()
                continue
            with os.fdopen(handle, "w") as file:
                json.dump(_me(), file)
            return self
        raise SiteError(f"{self.path} is being fought over by several submissions. Wait a moment and submit again.")

    def __exit__(self, *_: object) -> None:
        with suppress(FileNotFoundError):
            self.path.unlink()

    def touch(self) -> None:
        """Tell other machines that this controller lives; cheap enough for every turn of a loop."""
        if time.monotonic() - self._touched > TOUCH_SECONDS:
            os.utime(self.path)
            self._touched = time.monotonic()

    def _clear_if_dead(self) -> None:
        owner = holder(self.path)
        if owner:
            raise SiteError(
                f"this study is being run already by {owner['user']} on {owner['host']} (process {owner['pid']}, since "
                f"{owner['since']}). See `bigdata status {self.path.parent}`, or stop it with `bigdata cancel {self.path.parent}`."
            )
        # Renaming is atomic: of two that both find the lock dead, one gets it out of the way and the other starts over.
        aside = self.path.with_name(f".dead-lock.{os.getpid()}")
        with suppress(FileNotFoundError):
            self.path.rename(aside)
            aside.unlink()


def holder(path: Path) -> dict[str, Any] | None:
    """Who holds the lock (user, host, pid, since); None where nobody does or its holder is dead."""
    try:
        age = time.time() - path.stat().st_mtime
        owner: dict[str, Any] = json.loads(path.read_text())
    except FileNotFoundError:
        return None
    except ValueError:
        # Made a moment ago and not filled yet, or torn when its maker was killed.
        return {"user": "someone", "host": "unknown", "pid": 0, "since": "just now"} if age < TOUCH_SECONDS else None
    if owner["host"] != socket.gethostname():
        return owner if age < SILENT_SECONDS else None
    return owner if _started(owner["pid"]) == owner["started"] else None


def _me() -> dict[str, Any]:
    since = time.strftime("%Y-%m-%d %H:%M:%S")
    pid = os.getpid()
    return {"user": _user(), "host": socket.gethostname(), "pid": pid, "started": _started(pid), "since": since}


def _user() -> str:
    try:
        return getpass.getuser()
    except (KeyError, OSError):
        return str(os.getuid())


def _started(pid: int) -> float | None:
    """When a process started, which tells it from a later one of the same number; None where it is dead."""
    try:
        process = psutil.Process(pid)
        return None if process.status() == psutil.STATUS_ZOMBIE else float(process.create_time())
    except psutil.Error:
        return None
