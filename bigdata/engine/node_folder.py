"""Where the workers of a run keep their files on a node: below TMPDIR, and gone with them.

What is killed can't clean up behind itself: the next that makes or leaves such a folder on the node removes what
others of the same user left. That they are dead is seen by their lock, which the kernel lets go with the process that
holds it.
"""

from __future__ import annotations

import fcntl
import os
import shutil
import tempfile
import time
from contextlib import suppress
from pathlib import Path
from typing import IO

from bigdata.engine import semaphores
from bigdata.files import open_plain

PREFIX = "bigdata-"
ALIVE = "alive"
# A folder without a lock is of a process that died while it made it, unless it makes it just now.
MAKING_SECONDS = 60.0


class NodeFolder:
    """A new folder, as a context manager; `path` is its place.

    Its name is in those of all semaphores that are made meanwhile, here and in processes that are started.
    """

    def __init__(self) -> None:
        remove_left()
        self.path = Path(tempfile.mkdtemp(prefix=PREFIX))
        self._lock = _locked(self.path)
        self._semaphores = semaphores.Semaphores(self.path.name)

    def __enter__(self) -> str:
        return str(self.path)

    def __exit__(self, *_: object) -> None:
        self._semaphores.release()
        self._remove()

    def remove(self) -> None:
        """Take it away, and the semaphores, which nobody uses any more: this process is the last, and about to end."""
        self._semaphores.remove()
        self._remove()

    def _remove(self) -> None:
        shutil.rmtree(self.path, ignore_errors=True)
        self._lock.close()
        remove_left()


def _locked(folder: Path) -> IO[str]:
    """The lock of a new folder; it is locked before it has the name by which others look for it."""
    beside = folder / f"{ALIVE}.new"
    lock = beside.open("w")
    with suppress(OSError):  # where files can't be locked, nobody removes what others left
        fcntl.flock(lock, fcntl.LOCK_EX)
        beside.rename(folder / ALIVE)
    return lock


def remove_left() -> None:
    """Remove the folders and semaphores of this user whose makers are dead."""
    semaphores.remove_left(PREFIX)
    for lock in Path(tempfile.gettempdir()).glob(f"{PREFIX}*/{ALIVE}"):
        with suppress(OSError), open_plain(lock, links=False) as file:
            if os.fstat(file.fileno()).st_uid == os.getuid():
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
                shutil.rmtree(lock.parent, ignore_errors=True)
    for folder in Path(tempfile.gettempdir()).glob(f"{PREFIX}*"):
        with suppress(OSError):
            _remove_unmade(folder)


def _remove_unmade(folder: Path) -> None:
    """Remove what a maker that was killed at once had made of its folder; more than that isn't touched."""
    seen = folder.lstat()
    is_old = seen.st_mtime < time.time() - MAKING_SECONDS
    if is_old and seen.st_uid == os.getuid() and {path.name for path in folder.iterdir()} <= {f"{ALIVE}.new"}:
        (folder / f"{ALIVE}.new").unlink(missing_ok=True)
        folder.rmdir()
