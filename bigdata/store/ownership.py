"""Whose a run's folder is. Nothing in it is believed about whom to stop, and nobody else's is written in."""

from __future__ import annotations

import os
import pwd
import re
import tempfile
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

from bigdata.errors import SiteError
from bigdata.files import kind_of
from bigdata.store.folder import RunFolder

_CONTROL = re.compile(r"[\x00-\x1f\x7f]")
# What is right where a study would be run in somebody else's folder.
ELSEWHERE = "A run goes on in the hands of who began it: name a folder of your own with --runs"


def owner(path: Path) -> str:
    """The name of whom a file or folder belongs to, or the number of who has no name here."""
    number = path.stat().st_uid
    try:
        return pwd.getpwuid(number).pw_name
    except KeyError:
        return str(number)


def is_own(folder: Path) -> bool:
    """Whether a folder belongs to who runs this process."""
    number = folder.stat().st_uid
    if number == os.geteuid():
        return True
    # Some file systems show one owner for all (sshfs, CIFS), or another one for root (NFS): what we make tells.
    try:
        with tempfile.TemporaryFile(dir=folder) as made:
            return os.fstat(made.fileno()).st_uid == number
    except OSError:
        return False


def require_own(folder: RunFolder, right: str) -> None:
    """SiteError where the folder belongs to somebody else, with what would be `right`, or holds what we must not write.

    A folder that isn't there yet is nobody's.
    """
    if _CONTROL.search(str(folder.path.absolute())):
        raise SiteError(f"{str(folder.path)!r} holds a line break or the like, which can't stand in a job's script.")
    if not folder.path.exists():
        return
    if not is_own(folder.path):
        raise SiteError(f"{folder.path} belongs to `{owner(folder.path)}`. {right}.")
    for path, what in _strange(str(folder.path)):
        raise SiteError(
            f"{path} is {what}, and what a run writes must stay in its folder. Put a file or folder in its place, or "
            "remove it."
        )


def _strange(folder: str) -> Iterator[tuple[str, str]]:
    """What is neither a plain file nor a folder, below a folder, and what it is."""
    left = [folder]
    while left:
        # A run under way makes and removes folders while they are looked at.
        with suppress(FileNotFoundError), os.scandir(left.pop()) as entries:
            for entry in entries:
                if entry.is_symlink():
                    yield entry.path, f"a link to {_quoted(Path(entry.path).readlink())}"
                elif entry.is_dir(follow_symlinks=False):
                    left.append(entry.path)
                elif not entry.is_file(follow_symlinks=False) and (kind := kind_of(Path(entry.path))):
                    yield entry.path, kind


def _quoted(path: Path) -> str:
    """As text without characters that would steer a terminal."""
    return f"`{path}`" if str(path).isprintable() else ascii(str(path))
