"""What a task can know of the Dask worker in whose thread it runs: where that keeps its files, and whether it ends."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

from bigdata.kind.context import Surroundings


def surroundings(ends: float) -> Surroundings:
    """What a task of this thread can know; its worker's job ends at `ends` (Unix time, s)."""
    worker = _worker()
    if worker is None:
        return Surroundings(ends=ends)
    from distributed.core import Status

    ending = (Status.closing, Status.closed, Status.failed)
    return Surroundings(Path(worker.local_directory), lambda: worker.status in ending, ends)


def _worker() -> Any:
    """The worker of this thread, or None: a process that is one has Dask loaded, and no other need wait for it."""
    if "distributed" not in sys.modules:
        return None
    from distributed import get_worker

    try:
        return get_worker()
    except ValueError:
        return None
