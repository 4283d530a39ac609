"""Downloads that users of one cache hand to each other: files by their sha256, which whoever takes one compares.

    <cache of several>/downloads-by-sha256/<sha256>

So another user's file is believed as far as its digest goes, and a wrong one is passed over.
"""

from __future__ import annotations

import os
import shutil
from contextlib import suppress
from pathlib import Path

from bigdata.data.content import sha256
from bigdata.places import given_cache, is_shared


def taken(digest: str, path: Path) -> bool:
    """Copy the file of a digest to `path`, where somebody has put it there; whether it is the one."""
    place = _place(digest)
    # What can't be read is fetched once more.
    with suppress(OSError):
        if place is not None and place.is_file():
            # A copy, which nobody changes after its digest was compared.
            shutil.copyfile(place, path)
            if sha256(path) == digest:
                return True
            path.unlink()
    return False


def put(digest: str, path: Path) -> None:
    """Let others have a file whose digest was compared."""
    place = _place(digest)
    # What can't be put there is one more download for somebody else.
    with suppress(OSError):
        if place is None or place.exists():
            return
        _make(place.parent)
        beside = place.with_name(f".{place.name}.{os.getpid()}.partial")
        shutil.copyfile(path, beside)
        beside.chmod(0o644)
        beside.replace(place)


def _make(folder: Path) -> None:
    """A folder in which the same may write as in the one around it."""
    if not folder.exists():
        around = folder.parent.stat()
        folder.mkdir()
        os.chown(folder, -1, around.st_gid)
        folder.chmod(around.st_mode & 0o7777)


def _place(digest: str) -> Path | None:
    """Where the file of a digest would be; None in a cache of one user, which has its downloads already."""
    given = given_cache()
    return given / "downloads-by-sha256" / digest if is_shared(given) else None
