"""The digest of what a file holds, by which it is known again wherever it lies."""

from __future__ import annotations

import hashlib
from functools import lru_cache
from pathlib import Path

from bigdata.files import open_users


def sha256(path: Path) -> str:
    """SHA-256 of a file's bytes, as `sha256sum` prints it; read once in a process while its size and time stay."""
    stat = path.stat()
    return _sha256(path, stat.st_size, stat.st_mtime_ns, stat.st_ino)


@lru_cache(maxsize=100_000)
def _sha256(path: Path, size: int, time_ns: int, inode: int) -> str:
    with open_users(path) as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
