"""Where the workers of a run keep their files on a node: below TMPDIR, and gone with them.

What is killed can't clean up behind itself: the next that makes such a folder on the node removes what others of the
same user left. That they are dead is seen by their lock, which the kernel lets go with the process that holds it.
"""

from __future__ import annotations

import fcntl
import os
import shutil
import tempfile
from contextlib import suppress
from pathlib import Path

from bigdata.files import open_plain

PREFIX = "bigdata-"
ALIVE = "alive"


class NodeFolder:
    """A new folder, as a context manager; `path` is its place, `remove` takes it away."""

    def __init__(self) -> None:
        remove_left()
        self.path = Path(tempfile.mkdtemp(prefix=PREFIX))
        # Locked before it has the name by which others look for it.
        beside = self.path / f"{ALIVE}.new"
        self._lock = beside.open("w")
        with suppress(OSError):  # where files can't be locked, nobody removes what others left
            fcntl.flock(self._lock, fcntl.LOCK_EX)
            beside.rename(self.path / ALIVE)

    def __enter__(self) -> str:
        return str(self.path)

    def __exit__(self, *_: object) -> None:
        self.remove()

    def remove(self) -> None:
        shutil.rmtree(self.path, ignore_errors=True)
        self._lock.close()


def remove_left() -> None:
    """Remove the folders of this user whose makers are dead."""
    for lock in Path(tempfile.gettempdir()).glob(f"{PREFIX}*/{ALIVE}"):
        with suppress(OSError), open_plain(lock, links=False) as file:
            if os.fstat(file.fileno()).st_uid == os.getuid():
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
                shutil.rmtree(lock.parent, ignore_errors=True)
