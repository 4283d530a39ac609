"""A stage of a study: what its tasks compute, write and wait for, and what they cost."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from bigdata.spec.study import PoolName
from bigdata.store.arrays import ArraySpec, Coordinate, ShardIndex

TaskId = tuple[str, int]
"""A task's address inside its run: the stage's name and the task's index."""


@dataclass(frozen=True)
class Rate:
    """How long a unit of work takes on one core, and who says so."""

    unit: str
    seconds: float
    source: str


@dataclass(frozen=True)
class Pack:
    """Every task of a stage leaves one archive of its raw files, of about `n_bytes` (compressed)."""

    n_bytes: int


def _nothing(_index: int) -> Iterable[TaskId]:
    return ()


@dataclass(frozen=True, kw_only=True)
class Stage:
    """One step of a study, cut into `n_tasks` tasks that can run in any order.

    `function` names the task function as "module:function"; it is imported where the task runs.
    `fields` are the settings that its results depend on (they enter the tasks' keys, beside the inputs' digests).
    `shards(i)` lists the shards that task i, and no other, writes whole; `needs(i)` the tasks that it waits for.
    `work(i)` is task i's amount of work in the units of `rate`. `memory` is the peak of one task in bytes.
    With `checkpoints`, its tasks save checkpoints and may run longer than one job. With `packs`, each leaves a pack.
    """

    name: str
    version: int
    function: str
    n_tasks: int
    fields: Mapping[str, Any]
    rate: Rate
    work: Callable[[int], float]
    memory: int
    arrays: tuple[ArraySpec, ...] = ()
    shards: Callable[[int], Iterable[tuple[str, ShardIndex]]] = lambda _index: ()
    needs: Callable[[int], Iterable[TaskId]] = _nothing
    inputs: tuple[str, ...] = ()
    pool: PoolName = "cpu"
    checkpoints: bool = False
    packs: Pack | None = None


@dataclass(frozen=True)
class Kept:
    """What a study keeps in the cache, beside its run, for other studies too: about so many files and bytes."""

    what: str
    n_files: int
    n_bytes: int


@dataclass(frozen=True, kw_only=True)
class Workload:
    """All that a study kind wants done for one variant of a study.

    `notes` are sentences for the user about what was left out or falls back (rows filtered, entries skipped).
    `figures` names the figures that the report will draw; `report_bytes` is about what the page
    and the figures beside it take. `kept` is what the study needs in the cache.
    """

    stages: tuple[Stage, ...]
    coordinates: tuple[Coordinate, ...] = ()
    notes: tuple[str, ...] = ()
    figures: tuple[str, ...] = ()
    report_bytes: int = 1_500_000
    sizes: Mapping[str, int] = field(default_factory=dict)
    kept: tuple[Kept, ...] = ()
