"""Semaphores of a family of processes, by a name of its own: where all are killed, nobody else could take them away.

Python removes a semaphore's file in /dev/shm with the process that made it, or by its tracker; a batch system kills
both. A file beside, locked as long as the family's head lives, tells which names are of the dead.
"""

from __future__ import annotations

import fcntl
import multiprocessing.process as processes
import os
from contextlib import suppress
from pathlib import Path

# There Linux has them; elsewhere they have no files.
PLACE = Path("/dev/shm")
ALIVE = ".alive"
# Python has no public way to name them. Processes that are started inherit it.
_PREFIX = "semprefix"


class Semaphores:
    """Those that this process and its children make from now on are called `name`, and something."""

    def __init__(self, name: str) -> None:
        self._name, self._lock = name, PLACE / f"{name}{ALIVE}"
        self._own = vars(processes.current_process())["_config"]
        self._before = self._own[_PREFIX]
        self._file = self._lock.open("w") if PLACE.is_dir() else None
        if self._file:
            fcntl.flock(self._file, fcntl.LOCK_EX)
            self._own[_PREFIX] = f"/{name}"

    def release(self) -> None:
        """Later ones are called otherwise again; those that are there go with their makers."""
        self._own[_PREFIX] = self._before
        if self._file:
            self._lock.unlink(missing_ok=True)
            self._file.close()

    def remove(self) -> None:
        """Remove them, once the processes that used them are gone."""
        _unlink(self._name)
        self.release()


def remove_left(prefix: str) -> None:
    """Remove those of this user's dead families whose names begin so."""
    for lock in PLACE.glob(f"{prefix}*{ALIVE}"):
        with suppress(OSError), lock.open() as file:
            if os.fstat(file.fileno()).st_uid == os.getuid():
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
                _unlink(lock.name.removesuffix(ALIVE))
                lock.unlink(missing_ok=True)


def _unlink(name: str) -> None:
    for path in PLACE.glob(f"sem.{name}-*"):
        path.unlink(missing_ok=True)
