"""What a task can know of the Dask worker in whose thread it runs: where that keeps its files, and whether it ends."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from distributed import get_worker
from distributed.core import Status


def local_folder() -> Path | None:
    """The worker's own folder on its node, which goes when the worker goes; None outside of a worker."""
    try:
        return Path(get_worker().local_directory)
    except ValueError:
        return None


def closing() -> Callable[[], bool]:
    """A function that says whether the worker of this thread is about to end. Outside of a worker it never is."""
    try:
        worker = get_worker()
    except ValueError:
        return lambda: False
    return lambda: worker.status in (Status.closing, Status.closed, Status.failed)
