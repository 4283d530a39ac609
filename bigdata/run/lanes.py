"""Lanes: a pool's jobs, cut for as many tasks at one time as have memory enough there.

The lane `cpu` is the pool `cpu` as its site file has it. A task that ran out of memory there goes on to `cpu.4`, whose
jobs are the same but run four tasks at one time, so that each has more, and in the end to `cpu.1`.
"""

from __future__ import annotations

from bigdata.spec.pool import Pool
from bigdata.spec.site import Site

# By how much a task's share of its job grows with each death.
GROWTH = 4


def pool_of(lane: str) -> str:
    """The name of a lane's pool; no pool's name has a dot."""
    return lane.partition(".")[0]


def tasks_per_job(site: Site, lane: str) -> int:
    """Tasks that a job of a lane runs at one time."""
    pool, _, n_tasks = lane.partition(".")
    return int(n_tasks) if n_tasks else site.pools[pool].tasks_per_job


def task_memory(site: Site, lane: str) -> int:
    """Bytes for one task."""
    pool: Pool = site.pools[pool_of(lane)]
    return site.usable_memory(pool) // tasks_per_job(site, lane)


def larger(site: Site, lane: str) -> str | None:
    """The lane of the same pool where a task has more memory; None where it has a whole job already."""
    n_tasks = tasks_per_job(site, lane)
    return f"{pool_of(lane)}.{max(1, n_tasks // GROWTH)}" if n_tasks > 1 else None
