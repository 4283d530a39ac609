"""Dask's options for a run: ours, whatever a user's own files and environment say."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import dask
import dask.config

from bigdata.threads import thread_environment

# Every option that a user's own Dask configuration could change under us.
DASK_OPTIONS = {
    # Counts every task assigned to a dying worker, not only the one that ran: our own marks decide about failure.
    "distributed.scheduler.allowed-failures": 1_000,
    "distributed.scheduler.worker-saturation": "inf",
    # The controller says which worker gets a batch.
    "distributed.scheduler.work-stealing": False,
    # A task that computes for minutes outside of Python may keep its worker from answering; a connection that is
    # really lost is noticed within half a minute all the same.
    "distributed.scheduler.worker-ttl": None,
    "distributed.scheduler.http.routes": [],
    "distributed.worker.http.routes": [],
    "distributed.worker.memory.target": False,
    "distributed.worker.memory.spill": False,
    "distributed.worker.memory.pause": False,
    "distributed.worker.memory.terminate": 0.95,
    "distributed.worker.daemon": True,
    "distributed.comm.timeouts.connect": "30s",
    "distributed.admin.low-level-log-length": 1_000,
    "distributed.admin.log-format": "%(asctime)s %(name)s %(levelname)s %(message)s",
    "distributed.nanny.pre-spawn-environ": {"MALLOC_TRIM_THRESHOLD_": 65536, **thread_environment(1)},
    # A worker whose process is just being started again counts as lost after 15 s by default, and is dropped: where
    # tasks kill their workers again and again, none would be left, and nobody would say so.
    "distributed.deploy.lost-worker-timeout": "3650 days",
    "logging": {"distributed": "critical", "distributed.client": "critical", "distributed.nanny.memory": "critical"},
}


@contextmanager
def own_dask_configuration() -> Iterator[None]:
    """Dask with its defaults and our options, whatever the user's files and environment say; theirs again after.

    Inside of another one it changes nothing: Dask's threads, which read the options all the time, run by then.
    """
    if "bigdata" in dask.config.config:
        yield
        return
    before = dict(dask.config.config)
    dask.config.refresh(paths=[], env={})
    dask.config.set({"bigdata": {}, **DASK_OPTIONS})
    try:
        yield
    finally:
        dask.config.config.clear()
        dask.config.config.update(before)
