"""Where a user's file is that a spec names: as it says, or, where a run is repeated, where the file is now."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from pathlib import Path
from types import MappingProxyType

# Not an argument: a kind's `check` and `inputs` are given the spec's folder, and need know of nothing else.
_MOVED: ContextVar[Mapping[str, str]] = ContextVar("moved", default=MappingProxyType({}))


def named(folder: Path, file: str) -> Path:
    """The absolute path that a spec in `folder` means by `file`, whether or not anything is there."""
    return Path(os.path.abspath(folder / Path(file).expanduser()))  # noqa: PTH100 - links stay as they are


def located(folder: Path, file: str) -> Path:
    """Where the file or folder that a spec in `folder` calls `file` is now; for whoever opens it."""
    moved = _MOVED.get().get(str(named(folder, file)))
    return Path(moved) if moved else folder / Path(file).expanduser()


@contextmanager
def moved(files: Mapping[str, str]) -> Iterator[None]:
    """For the time of the block, files are where this says, by the paths that their spec means (see `named`)."""
    token = _MOVED.set(files)
    try:
        yield
    finally:
        _MOVED.reset(token)
