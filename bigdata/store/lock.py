"""One controller a run: a lock file that says who holds it, and is recognised when its holder is dead."""

from __future__ import annotations

import fcntl
import getpass
import json
import os
import socket
import threading
import time
from contextlib import suppress
from pathlib import Path
from typing import Any

import psutil

from bigdata.errors import SiteError
from bigdata.files import NotPlain, open_plain, parsed, read_plain

# A controller on another machine can't be looked at: it counts as dead when it hasn't touched its lock for this long.
SILENT_SECONDS = 120
TOUCH_SECONDS = 5
# What a lock says takes some 200.
MOST_BYTES = 4096
# The kernel numbers processes up to here, where it isn't set lower.
MOST_PIDS = 2**22 + 1


class Lock:
    """Held by the controller of a run, as a context manager; SiteError where another one is alive.

    A file made with O_EXCL works on every shared file system, where advisory locks often don't. While it is held, a
    thread touches it, so that controllers on other machines see that this one lives.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self._text = b""
        self._released = threading.Event()

    def __enter__(self) -> Lock:
        for _ in range(10):
            try:
                self._make()
            except FileExistsError:
                self._clear_if_dead()
            else:
                threading.Thread(target=self._touch, daemon=True).start()
                return self
        raise SiteError(f"{self.path} is being fought over by several submissions. Wait a moment and submit again.")

    def __exit__(self, *_: object) -> None:
        self._released.set()
        if self._is_mine():
            self.path.unlink()

    def check(self) -> None:
        """SiteError where the lock is gone: a controller elsewhere has taken this one, long silent, for dead."""
        if not self._is_mine():
            raise SiteError(
                f"{self.path} is no longer this controller's: another one took the run over, or somebody removed the "
                "file. What is done stays done; submit again to go on."
            )

    def _make(self) -> None:
        handle = os.open(self.path, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o666)
        self._text = json.dumps(_me()).encode()
        try:
            os.write(handle, self._text)
        except OSError:  # a full disk must not leave an empty lock behind
            self.path.unlink()
            raise
        finally:
            os.close(handle)

    def _is_mine(self) -> bool:
        with suppress(OSError):
            return read_plain(self.path, MOST_BYTES) == self._text
        return False

    def _touch(self) -> None:
        while not self._released.wait(TOUCH_SECONDS):
            with suppress(OSError):
                os.utime(self.path)

    def _clear_if_dead(self) -> None:
        """Remove a dead controller's lock. Of several that find it dead one does: the file's own lock sees to that."""
        with suppress(FileNotFoundError), open_plain(self.path) as file:
            with suppress(
                OSError
            ):  # where files can't be locked, the moment between looking and removing stays unguarded
                fcntl.flock(file, fcntl.LOCK_EX)
            if owner := holder(self.path):
                raise SiteError(
                    f"this study is being run already by {owner['user']} on {owner['host']} (process {owner['pid']}, "
                    f"since {owner['since']}). See `bigdata status {self.path.parent}`, or stop it with "
                    f"`bigdata cancel {self.path.parent}`."
                )
            # Another submission may have removed the dead lock meanwhile, and made its own under this name.
            if os.path.samestat(os.fstat(file.fileno()), self.path.stat()):
                self.path.unlink()


def holder(path: Path) -> dict[str, Any] | None:
    """Who holds the lock (user, host, pid, since); None where nobody does or its holder is dead."""
    found = _read(path)
    if found is None:
        return None
    owner, age = found
    if owner is None:
        # Made a moment ago and not filled yet, or torn when its maker was killed.
        return {"user": "someone", "host": "unknown", "pid": 0, "since": "just now"} if age < TOUCH_SECONDS else None
    if owner["host"] != socket.gethostname():
        return owner if age < SILENT_SECONDS else None
    return owner if started(owner["pid"]) == owner["started"] else None


def last_holder(path: Path) -> tuple[dict[str, Any] | None, float]:
    """Who wrote the lock that is there, dead or alive, and for how many seconds it wasn't touched; None without one."""
    found = _read(path)
    return found if found and found[0] else (None, 0.0)


def _read(path: Path) -> tuple[dict[str, Any] | None, float] | None:
    """What a lock says, None where no controller has written that, and for how many seconds it wasn't touched.

    None without a lock. SiteError where it can't be read.
    """
    try:
        age = time.time() - path.stat().st_mtime
        return _owner(read_plain(path, MOST_BYTES)), age
    except (FileNotFoundError, NotADirectoryError):
        return None
    except OSError as error:
        raise SiteError(f"{path} {_why(error)}. A lock is a small file: see what that is, and remove it.") from None


def _why(error: OSError) -> str:
    return str(error.strerror) if isinstance(error, NotPlain) else f"can't be read ({error.strerror})"


def _owner(text: bytes) -> dict[str, Any] | None:
    """Who holds the lock, by its text; None for another text. It is printed: nothing in it steers a terminal."""
    try:
        owner = parsed(text)
        words, pid = [owner[name] for name in ("user", "host", "since", "started")], owner["pid"]
    except (ValueError, KeyError, TypeError):
        return None
    is_pid = type(pid) is int and 0 < pid <= MOST_PIDS
    return owner if is_pid and all(type(word) is str and word.isprintable() for word in words) else None


def _me() -> dict[str, Any]:
    since = time.strftime("%Y-%m-%d %H:%M:%S")
    pid = os.getpid()
    return {"user": user(), "host": socket.gethostname(), "pid": pid, "started": started(pid), "since": since}


def user() -> str:
    """The name of who runs this process."""
    try:
        # In a container a user may have a number and no name: KeyError, and since Python 3.13 OSError.
        return getpass.getuser()
    except (KeyError, OSError):
        return str(os.getuid())


def started(pid: int) -> str | None:
    """When a process started, which tells it from a later one of the same number; None where it is dead."""
    try:
        process = psutil.Process(pid)
        # Dead, and still in the table of processes until its parent has asked how it ended.
        if process.status() == psutil.STATUS_ZOMBIE:
            return None
        with suppress(OSError):
            # In ticks since the machine started: psutil's own time moves whenever the clock is set. That is field 22
            # of `stat`; field 2, the program's name in parentheses, may hold blanks and parentheses itself.
            boot = Path("/proc/sys/kernel/random/boot_id").read_text().strip()
            return f"{boot} {Path(f'/proc/{pid}/stat').read_text().rpartition(')')[2].split()[19]}"
        return str(process.create_time())
    except psutil.Error:
        return None
