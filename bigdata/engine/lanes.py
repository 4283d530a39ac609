"""Lanes: a pool's jobs, cut for as many tasks at one time as have memory, or cores, enough there.

The lane `cpu` is the pool `cpu` as its site file has it. A task that ran out of memory there goes on to `cpu.4`, whose
jobs are the same but run four tasks at one time, so that each has more, and in the end to `cpu.1`. Tasks that take two
cores each run in `cpu.8x2`: eight at one time, each with two threads.
"""

from __future__ import annotations

from dataclasses import dataclass

from bigdata.spec.pool import Pool
from bigdata.spec.site import Site

# By how much a task's share of its job grows with each death.
GROWTH = 4


@dataclass(frozen=True)
class Lane:
    """A lane's pool, how many tasks its jobs run at one time, and the threads of each."""

    pool: str
    tasks_per_job: int
    cores: int


def lane(site: Site, pool: str, cores: int) -> str:
    """The lane where tasks of so many cores begin. A job with GPUs runs one task, which has all of it anyway."""
    asks = site.pools[pool]
    return pool if cores == 1 or asks.gpus else f"{pool}.{asks.tasks_at_once(cores)}x{cores}"


def parsed(site: Site, lane: str) -> Lane:
    """What a lane's name says; no pool's name has a dot."""
    pool, _, rest = lane.partition(".")
    asks = site.pools[pool]
    n_tasks, _, cores = rest.partition("x")
    threads = asks.cores if asks.gpus else int(cores or 1)
    return Lane(pool, int(n_tasks) if n_tasks else asks.tasks_per_job, threads)


def pool_of(lane: str) -> str:
    """The name of a lane's pool."""
    return lane.partition(".")[0]


def tasks_per_job(site: Site, lane: str) -> int:
    """Tasks that a job of a lane runs at one time."""
    return parsed(site, lane).tasks_per_job


def threads(site: Site, lane: str) -> int:
    """Threads of each of a lane's tasks."""
    return parsed(site, lane).cores


def task_memory(site: Site, lane: str) -> int:
    """Bytes for one task."""
    pool: Pool = site.pools[pool_of(lane)]
    return site.usable_memory(pool) // tasks_per_job(site, lane)


def larger(site: Site, lane: str) -> str | None:
    """The lane of the same pool where a task has more memory; None where it has a whole job already."""
    found = parsed(site, lane)
    if found.tasks_per_job == 1:
        return None
    _, times, cores = lane.partition(".")[2].partition("x")
    return f"{found.pool}.{max(1, found.tasks_per_job // GROWTH)}{times}{cores}"
