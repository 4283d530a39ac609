"""The digest of what a user's file or folder holds, by which it is known again wherever it lies."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterator
from functools import lru_cache
from pathlib import Path


def sha256(path: Path) -> str:
    """SHA-256 of a file's bytes, as `sha256sum` prints it; read once in a process while its size and time stay."""
    stat = path.stat()
    return _sha256(path, stat.st_size, stat.st_mtime_ns, stat.st_ino)


@lru_cache(maxsize=100_000)
def _sha256(path: Path, size: int, time_ns: int, inode: int) -> str:
    with open(path, "rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def content_digest(path: Path) -> str:
    """A file's SHA-256; of a folder, that of the names and contents of its files, hidden ones aside."""
    if not path.is_dir():
        return sha256(path)
    lines = (f"{sha256(file)}  {file.relative_to(path).as_posix()}\n" for file in _below(path))
    return hashlib.sha256("".join(lines).encode(errors="surrogateescape")).hexdigest()


def n_bytes(path: Path) -> int:
    """The bytes that `content_digest` reads."""
    return sum(file.stat().st_size for file in _below(path)) if path.is_dir() else path.stat().st_size


def _below(path: Path) -> Iterator[Path]:
    """The files of a folder and those below it, in the order of paths."""
    for folder, folders, names in os.walk(path):
        folders[:] = sorted(f for f in folders if not f.startswith("."))
        yield from (Path(folder) / name for name in sorted(names) if not name.startswith("."))
