"""Full disks: which file system has no room left, in words."""

from __future__ import annotations

import errno
import os
import re
from pathlib import Path

from bigdata.display import size
from bigdata.errors import DiskFull

# The disk is full, or the user's quota, or the file is as large as files may be.
NO_ROOM = {errno.ENOSPC, errno.EDQUOT, errno.EFBIG}
# NumPy's `tofile` and `save` tell of a full disk without the system's number for it.
_CUT_SHORT = re.compile(r"^\d+ requested and \d+ written$")


def is_full(error: OSError) -> bool:
    """Whether an error says that there is no room for what was to be written."""
    return error.errno in NO_ROOM or _CUT_SHORT.search(str(error)) is not None


def no_room(error: OSError, *places: Path) -> str:
    """Which file system is full, of those where something may have been written when `error` came.

    `there is no room on the file system of /scratch, mounted at / (12.0 KiB of 40.0 GiB free): No space left on device`
    """
    # A write that finds no room doesn't say of which file: of several disks it was most likely the fullest.
    named = [Path(str(error.filename))] if error.filename else []
    place = min(map(_standing, named or places), key=_free)
    return f"there is no room on {file_system(place)}: {os.strerror(error.errno or errno.ENOSPC)}"


def file_system(folder: Path) -> str:
    """`the file system of /scratch/me, mounted at /scratch (12.0 KiB of 40.0 GiB free)`."""
    return f"the file system of {folder}, mounted at {_mount(folder)} ({_left(folder)})"


def disk_full(error: OSError, *places: Path, then: str) -> DiskFull:
    """The error that says so; `then` is what to do once there is room."""
    return DiskFull(f"{no_room(error, *places)}. Remove something there, or {then}.")


def _standing(path: Path) -> Path:
    """The folder in which a path is or would be."""
    path = path.absolute()
    return next(folder for folder in (path, *path.parents) if folder.is_dir())


def _mount(folder: Path) -> Path:
    folder = folder.absolute()
    return next(place for place in (folder, *folder.parents) if os.path.ismount(place))


def _free(folder: Path) -> int:
    """Bytes that are left; none where no further file can be made. Some file systems don't count their files."""
    found = os.statvfs(folder)
    return 0 if found.f_files and not found.f_favail else found.f_bavail * found.f_frsize


def _left(folder: Path) -> str:
    found = os.statvfs(folder)
    if found.f_files and not found.f_favail:
        return f"all of its {found.f_files:,} files are there already"
    return f"{size(found.f_bavail * found.f_frsize)} of {size(found.f_blocks * found.f_frsize)} free"
