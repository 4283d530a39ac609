"""A stage of a study: what its tasks compute, write, return and wait for, and what they cost."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from types import MappingProxyType
from typing import Any

from bigdata.places import on_disk
from bigdata.spec.study import PoolName
from bigdata.store.arrays import ArraySpec, Coordinate, ShardIndex
from bigdata.store.rows import Row

TaskId = tuple[str, int]
"""A task's address inside its run: the stage's name and the task's index."""


def address(group: str, name: str) -> str:
    """A stage's or array's address in the run: `fit`, or `variant-1/fit` where there are variants."""
    return f"{group}/{name}" if group else name


# The unit of a rate whose stage says of each task how many seconds it expects.
EXPECTED_SECOND = "expected second"
# How well a rate is taken to be known that somebody measured elsewhere, and one that nobody measured: assumptions.
DECLARED_FACTOR = 3.0
GUESSED_FACTOR = 10.0
# The same of the bytes of raw files.
PACKED_FACTOR = 2.0


@dataclass(frozen=True)
class Rate:
    """How long a unit of work takes on the cores of a task, and who says so.

    In nine cases of ten, the mean of a run's tasks lies between seconds / `factor` and seconds × `factor`: a rate that
    was measured on another machine is taken to be known within DECLARED_FACTOR. Beside that, single tasks `scatter`
    about the mean: the standard deviation of their seconds per unit, over that mean.
    """

    unit: str
    seconds: float
    source: str
    factor: float = DECLARED_FACTOR
    scatter: float = 0.0


@dataclass(frozen=True)
class Pack:
    """Every task of a stage leaves one archive of its raw files, of about `n_bytes` (compressed): in nine cases of ten,
    the mean of a run's packs lies between n_bytes / `factor` and n_bytes × `factor`.
    """

    n_bytes: int
    factor: float = PACKED_FACTOR


# What one process takes with NumPy, Zarr and pymatgen loaded, before it holds any data.
PROCESS_BYTES = 350_000_000
# The source of the rates that the kinds of this package begin with.
# Plans compare it: a study of such stages with seconds of work runs in the process that leads it.
BUILT_IN = "measured on two x86-64 cores in November 2026"
# `fields` of a stage that doesn't narrow them: the whole study, without what is no part of a result.
WHOLE_STUDY: Mapping[str, Any] = MappingProxyType({})
BY_SHARDS = -1


def _nothing(_index: int) -> Iterable[TaskId]:
    return ()


def _in_order(_index: int) -> Iterable[tuple[str, ShardIndex]]:
    """Stands for: the shard of the task's own number of each array."""
    return ()


def _numbered(arrays: Sequence[ArraySpec], index: int) -> list[tuple[str, ShardIndex]]:
    return [(array.name, array.shard_at(index)) for array in arrays]


@dataclass(frozen=True, kw_only=True)
class Stage:
    """One step of a study, cut into `n_tasks` tasks that can run in any order.

    `function` names the task function as "module:function"; it is imported where the task runs. `version` is to be
    raised when its code, or what that calls, gives other numbers: results of the same version are taken as known.
    `fields` are the settings that its results depend on (they enter the tasks' keys, beside the digests of `inputs`,
    which names those of the study that it reads); left out, the whole study.

    `arrays` are what its tasks write (see `bigdata.kind.arrays`). `n_tasks`, left out, is one for each shard of the
    first of them, else one. `shards(i)` lists the shards that task i, and no other, writes whole; left out, the i-th of
    each array. `needs(i)` are the tasks that it waits for, and `whole` names stages that each of its tasks waits for to
    the last task. `work(i)` is task i's amount of work in the units of `rate`, which is the time on the `cores` that a
    task has. `memory` is the peak of one task in bytes.

    `rows` are the small results that a task returns, {"rmse": "float64"} or {"rmse": Row("float64", units="eV")}: they
    end as one array each along the stage, and tasks that need it read them by `ctx.rows`.
    `task_fields(i)` are what task i depends on beside `fields`, where that isn't its number: then it is the same task
    wherever it stands in another study's list. JSON data. Where these hold, or name by a hash, all that a task reads of
    an input, such as one structure of thousands, that input is one of `parts_of`: it enters no key as a whole.

    With `checkpoints`, its tasks save checkpoints and may run longer than one job. With `packs`, each leaves a pack.
    Programs that one calls print about `log_bytes` into the log.

    With `despite_failures`, its tasks run also where some of those that they need have failed; where it names stages,
    only tasks of these may have failed, and none of the others that it needs. `ctx.rows` tells which haven't: the store
    may still hold what an earlier submission wrote for those that have.

    What its tasks do is not `in_run` where it lies elsewhere, such as in the cache, and isn't all there: then no other
    run can have done it for this one.

    `proposer` names, as "module:class", what leads a stage that grows: its tasks, `n_tasks` at most, follow from the
    results so far (see `bigdata.kind.proposer`). With `lag` n, a task is asked for when the results of all but the
    n - 1 tasks before it are known; with 0, when all that were asked for before have ended.
    """

    name: str
    function: str
    version: int = 1
    n_tasks: int = BY_SHARDS
    fields: Mapping[str, Any] = field(default_factory=lambda: WHOLE_STUDY)
    rate: Rate = Rate("task", 1.0, "nobody has measured it", GUESSED_FACTOR)
    work: Callable[[int], float] = lambda _index: 1.0
    memory: int = PROCESS_BYTES
    arrays: tuple[ArraySpec, ...] = ()
    shards: Callable[[int], Iterable[tuple[str, ShardIndex]]] = _in_order
    needs: Callable[[int], Iterable[TaskId]] = _nothing
    whole: tuple[str, ...] = ()
    inputs: tuple[str, ...] = ()
    task_fields: Callable[[int], Mapping[str, Any]] | None = None
    parts_of: tuple[str, ...] = ()
    rows: Mapping[str, Row | str] = field(default_factory=dict)
    pool: PoolName = "cpu"
    cores: int = 1
    checkpoints: bool = False
    packs: Pack | None = None
    log_bytes: int = 0
    despite_failures: bool | Collection[str] = False
    proposer: str = ""
    lag: int = 0
    in_run: bool = True

    def __post_init__(self) -> None:
        if self.n_tasks == BY_SHARDS:
            object.__setattr__(self, "n_tasks", self.arrays[0].n_shards if self.arrays else 1)
        if self.parts_of and self.task_fields is None:
            parts = ", ".join(self.parts_of)
            raise ValueError(f"stage `{self.name}` reads parts of {parts}: say which of them by `task_fields=`")
        if self.shards is not _in_order:
            return
        object.__setattr__(self, "shards", partial(_numbered, self.arrays))
        if odd := [a.name for a in self.arrays if a.n_shards != self.n_tasks]:
            raise ValueError(
                f"stage `{self.name}` has {self.n_tasks} tasks, and other numbers of shards in {', '.join(odd)}: cut "
                "its arrays alike, or say by `shards=` who writes what"
            )

    def bears(self, stage: str) -> bool:
        """Whether its tasks run though some of this stage, which they need, have failed."""
        borne = self.despite_failures
        return borne if isinstance(borne, bool) else stage in borne

    @property
    def row_specs(self) -> dict[str, Row]:
        """What each of its tasks returns, by name."""
        return {name: Row(row) if isinstance(row, str) else row for name, row in self.rows.items()}


@dataclass(frozen=True)
class Kept:
    """What a study keeps in the cache, beside its run, for other studies too: about so many files and bytes."""

    what: str
    n_files: int
    n_bytes: int

    @classmethod
    def folder(cls, what: str, folder: str) -> Kept:
        """What lies in a folder of the cache."""
        return cls(what, *on_disk(Path(folder)))


@dataclass(frozen=True, kw_only=True)
class Workload:
    """All that a study kind wants done for one variant of a study.

    `notes` are sentences for the user about what was left out or falls back (rows filtered, entries skipped).
    `report_bytes` is about what the page and the figures beside it take. `kept` is what the study needs in the cache.
    """

    stages: tuple[Stage, ...]
    coordinates: tuple[Coordinate, ...] = ()
    notes: tuple[str, ...] = ()
    report_bytes: int = 1_500_000
    sizes: Mapping[str, int] = field(default_factory=dict)
    kept: tuple[Kept, ...] = ()
