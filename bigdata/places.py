"""Where bigdata keeps what it can make again."""

from __future__ import annotations

import os
import pwd
import stat
from contextlib import suppress
from pathlib import Path

from bigdata.errors import SiteError

# Who may write in a folder could put there what its owner would take for results of their own.
_WRITABLE_BY_OTHERS = stat.S_IWGRP | stat.S_IWOTH


def given_cache() -> Path:
    """`$BIGDATA_CACHE`, or `~/.cache/bigdata`; it may be a folder of several users."""
    given = os.environ.get("BIGDATA_CACHE")
    return Path(given).expanduser() if given else Path.home() / ".cache" / "bigdata"


def cache_folder() -> Path:
    """The cache of this user alone: the one that is given, or their own folder in it where others may write there too.

    What is read from it was written by this user: an import, or what follows from data, tells nobody whether it is
    what its name says. SiteError where the folder is somebody else's.
    """
    given = given_cache()
    # Where it can't be made, whoever writes to it says so.
    with suppress(OSError):
        given.parent.mkdir(parents=True, exist_ok=True)
        given.mkdir(mode=0o755, exist_ok=True)
    return own_folder(given) if is_shared(given) else given


def is_shared(folder: Path) -> bool:
    """Whether others than this user may write in a folder; not where there is none."""
    try:
        found = folder.stat()
    except OSError:
        return False
    return found.st_uid != os.geteuid() or bool(found.st_mode & _WRITABLE_BY_OTHERS)


def own_folder(shared: Path) -> Path:
    """This user's folder in a cache of several, which nobody else can read: made where it isn't there."""
    own = shared / f"of-{_user()}"
    try:
        own.mkdir(mode=0o700, exist_ok=True)
        found = own.lstat()
    except OSError as error:
        raise SiteError(
            f"the cache {shared} belongs to {_name(shared.stat().st_uid)}, and your own folder can't be made in it "
            f"({error.strerror}). Ask for the right to write there (`chmod g+w`), or set BIGDATA_CACHE to a folder of "
            "yours."
        ) from None
    return _nobody_elses(own, found)


def secrets_folder() -> Path:
    """Where in the cache keys are kept that only this user may know, and believe. SiteError where it isn't theirs."""
    folder = cache_folder().absolute() / "tls"
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    return _nobody_elses(folder, folder.lstat())


def _nobody_elses(folder: Path, found: os.stat_result) -> Path:
    """A folder, by its own state, in which nobody else can have put anything."""
    if not stat.S_ISDIR(found.st_mode) or found.st_uid != os.geteuid() or found.st_mode & _WRITABLE_BY_OTHERS:
        raise SiteError(
            f"{folder} was made by {_name(found.st_uid)}, or others may write in it, so that what is there may not be "
            "yours. Remove it, or ask its owner to; or set BIGDATA_CACHE to a folder of yours."
        )
    return folder


def _user() -> str:
    # Not by the environment, which `su` leaves as it was.
    return _name(os.geteuid())


def _name(uid: int) -> str:
    try:
        return pwd.getpwuid(uid).pw_name
    except KeyError:  # in a container a user may have a number and no name
        return str(uid)


def ledger_file() -> Path:
    """What tasks have really cost, and how predictions have held."""
    return cache_folder() / "ledger.jsonl"


def on_disk(folder: Path) -> tuple[int, int]:
    """Files and bytes below a folder."""
    sizes = [p.stat().st_size for p in folder.rglob("*") if p.is_file()]
    return len(sizes), sum(sizes)
