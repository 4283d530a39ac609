"""The cache of what was read: one folder per import, keyed by content, put in place whole or not at all."""

from __future__ import annotations

import contextlib
import errno
import os
import shutil
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from bigdata.disks import disk_full, is_full
from bigdata.errors import SiteError
from bigdata.places import cache_folder

ABANDONED_AFTER_S = 3600.0
_PREFIX = ".making-"


def cached(kind: str, digest: str, is_whole: Callable[[Path], bool], make: Callable[[Path], None]) -> Path:
    """The folder `<cache>/<kind>/<digest>`, filled by `make(folder)` where it isn't there yet.

    `make` fills a temporary folder beside, which is renamed into place: a kill leaves nothing that could be
    taken for an import, and of two processes at once one wins and both read the same. A folder that isn't
    whole is made anew. Raises SiteError where the cache can't be written.
    """
    home = cache_folder() / kind
    folder = home / digest
    if is_whole(folder):
        return folder
    try:
        home.mkdir(parents=True, exist_ok=True)
        _sweep(home)
        _make(folder, is_whole, make)
    except OSError as e:
        # Another process may have put it there, and taken away what both were making it of.
        if not is_whole(folder):
            raise _site_error(e, home) from e
    return folder


def whole_import(folder: Path, is_whole: Callable[[Path], bool]) -> Path:
    """The folder of an import; raises SiteError unless it is there and whole."""
    if not is_whole(folder):
        raise SiteError(f"{folder} isn't there or isn't whole. Submit the study again: its data are then read anew.")
    return folder


def _make(folder: Path, is_whole: Callable[[Path], bool], make: Callable[[Path], None]) -> None:
    # Beside its place: a rename doesn't cross file systems, and a temporary folder elsewhere may lie on another one.
    making = Path(tempfile.mkdtemp(prefix=_PREFIX, dir=folder.parent))
    try:
        make(making)
        _sync(making)
        _put(making, folder, is_whole)
    finally:
        shutil.rmtree(making, ignore_errors=True)


def _put(making: Path, folder: Path, is_whole: Callable[[Path], bool]) -> None:
    try:
        making.rename(folder)
    except OSError as e:
        # Another process was faster, or what lies there is damaged; which of the two errors says so is the file
        # system's choice.
        if e.errno not in (errno.ENOTEMPTY, errno.EEXIST):
            raise
        if not is_whole(folder):
            shutil.rmtree(folder, ignore_errors=True)
            making.rename(folder)


def _sync(folder: Path) -> None:
    # Without this, a power failure after the rename can leave whole names on empty files.
    for path in folder.rglob("*"):
        if path.is_file():
            with open(path, "rb") as file:
                os.fsync(file.fileno())


def _sweep(home: Path) -> None:
    """Remove what killed imports left; one still running has written to its folder within the last hour."""
    for making in home.glob(_PREFIX + "*"):
        # It may vanish under our hands: its owner, or another sweep.
        with contextlib.suppress(OSError):
            newest = max(p.stat().st_mtime for p in (making, *making.rglob("*")))
            if time.time() - newest > ABANDONED_AFTER_S:
                shutil.rmtree(making, ignore_errors=True)


def _site_error(e: OSError, home: Path) -> SiteError:
    if is_full(e):
        return disk_full(e, home, then="set BIGDATA_CACHE to a folder on another one, and start again")
    return SiteError(
        f"the cache {home} can't be written ({e.strerror or e}). Set BIGDATA_CACHE to a folder of yours that can."
    )
