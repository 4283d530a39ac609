"""Which tasks are known already: done in this run, or with the same key in another one or elsewhere in this one."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Set
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

from bigdata.kind.stage import Stage, TaskId, address
from bigdata.spec.study import Input
from bigdata.store import journal
from bigdata.store.arrays import ShardIndex
from bigdata.store.folder import RunFolder
from bigdata.store.known import Known, KnownRuns
from bigdata.store.shards import StageShards
from bigdata.store.trailer import is_whole

DAMAGED = "its data were found damaged"
OTHER_DATA = "the dataset changed"
ANEW = "asked for anew"
INGREDIENTS = {
    "version": "the stage's version",
    "fields": "the stage's settings",
    "arrays": "the layout of its arrays",
    "rows": "what its tasks return",
    "cores": "the cores of its tasks",
}


@dataclass(frozen=True)
class Record:
    """What this run's folder says of itself, its journal of `n_bytes` first; `others` are the runs beside it.

    `anew` is said where nothing that this run has done is to count.
    """

    folder: RunFolder
    past: journal.History
    n_bytes: int
    damaged: Set[tuple[str, ShardIndex]]
    others: KnownRuns
    anew: bool = False

    @property
    def is_new(self) -> bool:
        """Whether this run has done nothing yet."""
        return not (self.past.done or self.past.failed or self.past.stale)

    @property
    def is_empty(self) -> bool:
        """Whether nothing at all is known, and no key need be made."""
        return self.is_new and not self.others

    @cached_property
    def own(self) -> Mapping[str, TaskId]:
        """What this run has done, by key."""
        return {} if self.anew else self.past.done.by_key()


@dataclass(frozen=True)
class StageRecord:
    """What the record and the store say of one stage's tasks; `key` makes the key of a task, `keys` those of many."""

    record: Record
    group: str
    stage: Stage
    inputs: Mapping[str, Input]
    ingredients: Mapping[str, Any]
    key: Callable[[int], str]
    keys: Callable[[Iterable[int]], list[str]]

    @cached_property
    def path(self) -> str:
        return address(self.group, self.stage.name)

    def reason(self, index: int) -> str:
        """Why a task isn't done; empty where it is."""
        past, task = self.record.past, (self.path, index)
        if task in past.stale:
            return past.stale[task]
        if task in past.failed:
            return "failed before"
        if task not in past.done:
            return "new"
        if self.record.anew:
            return ANEW
        if past.done.key(task) != self.key(index):
            return self._changed(past.done[task]["time"])
        if self.record.damaged and any(s in self.record.damaged for s in self._shards(index)):
            return DAMAGED
        return "" if self._whole(index) else "its data are missing"

    def elsewhere(self, index: int, key: str) -> Known | None:
        """The same task, done under another address of this run."""
        task = self.record.own.get(key)
        if task is None or task == (self.path, index):
            return None
        return Known(self.record.folder, self.record.past.done.place(task), self.record.n_bytes)

    def has_checkpoint(self, index: int, key: str) -> bool:
        """Whether what a task saved last is there, for another one to train on."""
        return self.record.folder.checkpoint(self.path, index, key).exists()

    def rows(self, index: int, found: Sorted) -> Mapping[str, Any] | None:
        """What a task that is done has returned."""
        record = found.known[index].record if index in found.known else self.record.past.done[self.path, index]
        rows: Mapping[str, Any] | None = record.get("rows")
        return rows

    def _changed(self, done: float) -> str:
        """Which of the stage's ingredients differ from those of the submission that the task was done in."""
        submits = (s for s in reversed(self.record.past.submits) if s["time"] <= done)
        stages = next(submits, {}).get("stages", {})
        data = (s["data"].items() for path, s in stages.items() if path.rpartition("/")[0] == self.group)
        if any(name in self.inputs and self.inputs[name].digest != d for items in data for name, d in items):
            return OTHER_DATA
        before = stages.get(self.path, {})
        for name, what in INGREDIENTS.items():
            if name in before and before[name] != self.ingredients.get(name):
                return f"{what} changed"
        return "a task that it needs changed"

    def _shards(self, index: int) -> Iterator[tuple[str, ShardIndex]]:
        yield from ((address(self.group, name), shard) for name, shard in self.stage.shards(index))
        if self.stage.packs:
            yield f"packs/{self.path}", (index,)

    @cached_property
    def _sizes(self) -> dict[str, int]:
        return {address(self.group, a.name): a.shard_bytes for a in self.stage.arrays}

    def _whole(self, index: int) -> bool:
        """Whether the task's shards are on disk at their exact size, and its pack to its end."""
        # Sizes alone, or a plan would read the whole run: checksums are compared when the data are read.
        if self._sizes and not all(self._has(a, s) for a, s in self._shards(index) if a in self._sizes):
            return False
        if not self.stage.packs or index in self._gathered:
            return True
        return is_whole(self.record.folder.pack(self.path, index))

    def _has(self, array: str, shard: ShardIndex) -> bool:
        file = self.record.folder.store.joinpath(array, "c", *map(str, shard))
        return _size(file) == self._sizes[array]

    @cached_property
    def _gathered(self) -> set[int]:
        return StageShards(self.record.folder, self.path).indices()


@dataclass
class Sorted:
    """The tasks of a stage that aren't done, by what is to be done about them (see `PlannedStage`)."""

    todo: dict[int, str] = field(default_factory=dict)
    known: dict[int, Known] = field(default_factory=dict)
    copies: dict[int, TaskId] = field(default_factory=dict)


class Sorting:
    """Sorts the tasks of a plan, stage after stage; `shares` says whether several of them may have one key."""

    def __init__(self, record: Record, *, shares: bool) -> None:
        self._record, self._shares = record, shares
        # Which task of this plan has to run, or to be taken over, for each key.
        self._owners: dict[str, TaskId] = {}

    def sort(self, stage: StageRecord) -> Sorted:
        """All tasks of a stage that doesn't grow."""
        n_tasks = stage.stage.n_tasks
        if self._record.is_empty and not self._shares:
            # No task can be known, and no key is made before a worker is to have it.
            return Sorted(dict.fromkeys(range(n_tasks), "new"))
        if self._record.is_new:
            reasons = dict.fromkeys(range(n_tasks), "new")
        else:
            stage.keys(range(n_tasks))  # in one go, which takes half of the time
            reasons = {i: reason for i in range(n_tasks) if (reason := stage.reason(i))}
        keys = stage.keys(reasons)
        others = self._record.others.find(keys)
        if not (self._shares or self._record.own):
            # As above: without variants no two have one key, and what isn't known elsewhere has to run.
            is_known = stage.stage.in_run and others
            known = {i: others[key] for i, key in zip(reasons, keys, strict=True) if key in others} if is_known else {}
            return Sorted({i: why for i, why in reasons.items() if i not in known} if known else reasons, known)
        found = Sorted()
        for (i, reason), key in zip(reasons.items(), keys, strict=True):
            self._put(found, stage, i, key, reason, others.get(key))
        return found

    def put(self, found: Sorted, stage: StageRecord, index: int, key: str) -> None:
        """One task, such as one that was just asked for; it stands nowhere in `found` where it is done."""
        if reason := stage.reason(index):
            self._put(found, stage, index, key, reason, self._record.others.find([key]).get(key))

    def _put(self, found: Sorted, stage: StageRecord, index: int, key: str, reason: str, other: Known | None) -> None:
        if stage.stage.in_run and (known := stage.elsewhere(index, key) or other):
            found.known[index] = known
        elif (owner := self._owners.setdefault(key, (stage.path, index))) != (stage.path, index):
            found.copies[index] = owner
        else:
            found.todo[index] = reason


def record_of(folder: RunFolder, *, fresh: bool) -> Record:
    """What is known before a plan is made; with `fresh` nothing of other runs, nor of this one where it has ended.

    One that isn't goes on: it may be the fresh run itself, broken off, or handed from one controller to the next.
    """
    past = journal.read_history(folder.journal)
    others = KnownRuns(None if fresh else folder.path.parent, [folder.path.name])
    n_bytes = max(0, _size(folder.journal))
    anew = fresh and past.state in ("done", "failed")
    return Record(folder, past, n_bytes, folder.read_damaged(), others, anew)


def _size(path: Path) -> int:
    try:
        return path.stat().st_size
    except OSError:
        return -1
