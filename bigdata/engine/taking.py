"""Results taken over: what a task would write is linked, or copied, from where the same task was done before."""

from __future__ import annotations

import os
import shutil
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path

from bigdata.engine.execute import Token
from bigdata.planning.planned import PlannedStage
from bigdata.store.arrays import ShardIndex
from bigdata.store.folder import PARTIAL, RunFolder
from bigdata.store.known import Known
from bigdata.store.packs import TaskPack
from bigdata.store.shard import is_whole

NOT_WHOLE = "its data in another run are damaged"


def take_over(stage: PlannedStage, index: int, known: Known, to: RunFolder) -> Token | None:
    """The record of a task whose results are now this run's too; None where what is there isn't whole.

    Every file is compared with its checksums first: a hard link would share its damage. Where the file system can't
    link, it is copied. A link keeps its data when the other run is deleted, and nothing of ours is written in place.
    """
    record = known.record
    path, there = str(record["stage"]), int(record["index"])
    group = path.rpartition("/")[0]
    specs = {a.name: a for a in stage.stage.arrays}
    pairs = list(zip(_shards(stage, there), _shards(stage, index), strict=True))
    if not all(is_whole(_file(known.run, group, n, s), specs[n]) for (n, s), _ in pairs):
        return None
    pack = TaskPack(known.run, path, there)
    if stage.stage.packs and not pack.is_intact():
        return None
    for (name, shard), (_, own) in pairs:
        link(_file(known.run, group, name, shard), _file(to, stage.group, name, own))
    if stage.stage.packs:
        _take_pack(pack, to.pack(stage.path, index))
    if not known.is_current():
        return None
    # The first run's own times and place stay: what it cost is told by them, and that it cost nothing here by `from`.
    return {**{n: v for n, v in record.items() if n != "time"}, "stage": stage.path, "index": index, "from": known.name}


def copy_of(at: int, run: RunFolder) -> Known:
    """A task that this run itself has just done, to be taken over under another address; `at` its record's place."""
    return Known(run, at, run.journal.stat().st_size)


def _shards(stage: PlannedStage, index: int) -> Sequence[tuple[str, ShardIndex]]:
    return list(stage.stage.shards(index))


def _file(run: RunFolder, group: str, name: str, shard: ShardIndex) -> Path:
    return (run.store / group / name).joinpath("c", *map(str, shard))


def _take_pack(pack: TaskPack, target: Path) -> None:
    """A pack as a file of its own, copied: most lie with others in one file, which no link can cut."""
    target.parent.mkdir(parents=True, exist_ok=True)
    beside = target.with_name(f"{target.name}.{os.getpid()}{PARTIAL}")
    pack.copy(beside)
    beside.replace(target)


def link(source: Path, target: Path) -> None:
    """Put a file in a second place: by a hard link where that can be, else by a copy; never half of it."""
    target.parent.mkdir(parents=True, exist_ok=True)
    beside = target.with_name(f"{target.name}.{os.getpid()}{PARTIAL}")
    beside.unlink(missing_ok=True)
    try:
        os.link(source, beside)
    except OSError:  # another file system, or one without hard links
        shutil.copyfile(source, beside)
    beside.replace(target)
    # Two names of one file that are moved onto each other both stay.
    with suppress(FileNotFoundError):
        beside.unlink()
