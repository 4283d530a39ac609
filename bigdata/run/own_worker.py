"""What a task can know of the Dask worker in whose thread it runs: where that keeps its files, and whether it ends."""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any


def local_folder() -> Path | None:
    """The worker's own folder on its node, which goes when the worker goes; None outside of a worker."""
    worker = _worker()
    return Path(worker.local_directory) if worker else None


def closing() -> Callable[[], bool]:
    """A function that says whether the worker of this thread is about to end. Outside of a worker it never is."""
    worker = _worker()
    if worker is None:
        return lambda: False
    from distributed.core import Status

    return lambda: worker.status in (Status.closing, Status.closed, Status.failed)


def _worker() -> Any:
    """The worker of this thread, or None: a process that is one has Dask loaded, and no other need wait for it."""
    if "distributed" not in sys.modules:
        return None
    from distributed import get_worker

    try:
        return get_worker()
    except ValueError:
        return None
