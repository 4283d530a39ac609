"""Reading files that others may have written: plain ones only, never more than asked for, and no waiting."""

from __future__ import annotations

import errno
import json
import os
import stat
from io import BufferedReader
from pathlib import Path
from typing import Any

# A study as it was understood, with all variants of a large sweep, takes some MB.
MOST_JSON_BYTES = 2**28

_KINDS = {
    stat.S_IFIFO: "a pipe",
    stat.S_IFCHR: "a device",
    stat.S_IFBLK: "a device",
    stat.S_IFSOCK: "a socket",
    stat.S_IFLNK: "a link",
}


# What lies there is of no study, and some of it is secret; a study by a stranger may name it.
_SYSTEM = tuple(map(Path, ("/etc", "/proc", "/sys", "/boot")))


class NotPlain(OSError):
    """What has a file's name and isn't a plain file, or is larger than such a file may be; `strerror` says what."""

    def __init__(self, path: Path, what: str) -> None:
        super().__init__(errno.EINVAL, what, str(path))


def kind_of(path: Path) -> str:
    """`a pipe`, `a device` or `a socket`; "" for plain files, folders and what isn't there."""
    try:
        return _KINDS.get(stat.S_IFMT(path.stat().st_mode), "")
    except OSError:
        return ""


def open_plain(path: Path, *, links: bool = True) -> BufferedReader:
    """A plain file, opened for reading. NotPlain for a pipe, which would be waited for, a device or a socket.

    So is a link without `links`: what is printed as it stands must not be another file's.
    """
    # Before it is opened, since that alone may do something to a device.
    _refuse(path, path.stat(follow_symlinks=links).st_mode)
    handle = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_NOCTTY | os.O_CLOEXEC | (0 if links else os.O_NOFOLLOW))
    try:
        _refuse(path, os.fstat(handle).st_mode)  # it may have been put in the place of a plain file meanwhile
        return os.fdopen(handle, "rb")
    except BaseException:
        os.close(handle)
        raise


def _refuse(path: Path, mode: int) -> None:
    if stat.S_ISDIR(mode):
        raise IsADirectoryError(errno.EISDIR, os.strerror(errno.EISDIR), str(path))
    if not stat.S_ISREG(mode):
        raise NotPlain(path, f"is {_KINDS.get(stat.S_IFMT(mode), 'no file')}, and no plain file")


def open_users(path: Path) -> BufferedReader:
    """A plain file of a user's, whose text may be shown where something is wrong with it. NotPlain for the system's."""
    if any(folder in path.resolve().parents for folder in _SYSTEM):
        raise NotPlain(path, "is a file of the system's, and nothing that a study reads")
    return open_plain(path)


def read_plain(path: Path, most_bytes: int) -> bytes:
    """What a plain file holds. NotPlain where that is more than `most_bytes`."""
    with open_plain(path) as file:
        data = file.read(most_bytes + 1)
    if len(data) > most_bytes:
        raise NotPlain(path, f"is larger than {most_bytes:,} bytes")
    return data


def read_json(path: Path, most_bytes: int = MOST_JSON_BYTES) -> Any:
    """The data of a JSON file. OSError, or ValueError that says what is wrong and nothing of what the file holds."""
    return parsed(read_plain(path, most_bytes))


def parsed(data: bytes) -> Any:
    """The data of JSON in UTF-8; ValueError for anything else."""
    try:
        return json.loads(data.decode())
    except UnicodeDecodeError as error:
        raise ValueError(f"byte {error.start} is not UTF-8 text") from None
    except RecursionError:
        raise ValueError("is nested too deep") from None
