"""What a task sees of its run: the study, arrays to read, its own shards to write, a seed, and when to stop."""

from __future__ import annotations

import math
import os
import time
from collections.abc import Callable, Mapping
from typing import Any

from numpy.typing import NDArray

from bigdata.planning.rows import Row
from bigdata.planning.stage import Stage
from bigdata.run.checkpoint import Checkpoint
from bigdata.run.order import Order, Rows
from bigdata.run.threads import CORES
from bigdata.spec.study import Input, StudyModel
from bigdata.store.arrays import ShardIndex
from bigdata.store.folder import RunFolder
from bigdata.store.reading import View
from bigdata.store.shard import write_shard

STOP_LOOK_SECONDS = 1.0
# What is kept of a job's time for a task to come to the end of a step and save: gigabytes take that long on a shared
# disk. Of what a short job has left when the task begins, no more than this share, or none would be left to work in.
STOP_SECONDS = 20.0
STOP_SHARE = 0.2


def stop_time(ends: float, now: float) -> float:
    """When a task that begins now should stop, where its worker's job ends at `ends` (Unix times, s)."""
    return ends - min(STOP_SECONDS, STOP_SHARE * (ends - now))


class Context:
    """Given to every task function. `model` is the resolved study, `inputs` its data, `index` the task's own.

    `payload` is what a proposer gave to the task, None where its stage doesn't grow. `rows_of` says what the tasks of
    each stage return. `ends` is the Unix time (s) when the worker's job ends, infinity where it has no end.
    """

    def __init__(
        self,
        folder: RunFolder,
        view: View,
        stage: Stage,
        order: Order,
        rows_of: Mapping[str, Mapping[str, Row]],
        log: Callable[[str], None],
        ends: float = math.inf,
    ) -> None:
        index = order.index
        self.stage, self.index, self.log, self.payload = stage, index, log, order.payload
        self.model: StudyModel = view.model
        self.inputs: Mapping[str, Input] = view.inputs
        self._folder, self._view, self._order, self._rows_of = folder, view, order, rows_of
        self._store = folder.store / view.group
        self._specs = {a.name: a for a in stage.arrays}
        self._unwritten = set(stage.shards(index))
        self._own = frozenset(self._unwritten)
        before = folder.checkpoint(*order.after, order.after_key) if order.after else None
        self._checkpoint = Checkpoint(folder.checkpoint(*order.task, order.key), log, before)
        self._stop_time = stop_time(ends, time.time())
        self._stops, self._looked = False, 0.0
        self.bytes_written = 0

    @property
    def seed(self) -> int:
        """A 63-bit seed that depends on the task's key alone: the same on every machine and in every order."""
        return int(self._order.key[:16], 16) >> 1

    @property
    def unwritten(self) -> set[tuple[str, ShardIndex]]:
        """Shards of this task that it hasn't written yet."""
        return self._unwritten

    @property
    def cores(self) -> int:
        """The cores that the task has: its stage's, or in a job with GPUs all of the job's."""
        return int(os.environ.get(CORES, self.stage.cores))

    @property
    def gpus(self) -> int:
        """The GPUs that the task has."""
        return len([device for device in os.environ.get("CUDA_VISIBLE_DEVICES", "").split(",") if device.strip()])

    def rows(self, stage: str) -> Rows:
        """What those tasks of a stage returned that this one needs, and that haven't failed.

        `ctx.rows("trial")["rmse"]` is an array along `ctx.rows("trial").numbers`. KeyError for a stage that it doesn't
        need, or that returns nothing.
        """
        return Rows(self._rows_of[stage], self._order.rows[stage])

    def read(self, name: str, selection: Any = ...) -> NDArray[Any]:
        """Read from an array of an earlier stage, or a coordinate; DamagedData where what is stored isn't whole."""
        return self._view[name][selection]

    def write(self, name: str, values: NDArray[Any], shard: ShardIndex | None = None) -> None:
        """Write one whole shard of this task's own (`shard` may be left out where it has but one of that array).

        Raises ValueError for any other shard: two writers of one shard would silently lose numbers.
        """
        own = sorted(s for n, s in self._own if n == name)
        if shard is None and len(own) == 1:
            shard = own[0]
        if shard not in own:
            raise ValueError(f"task {self.stage.name}/{self.index} may write {own} of `{name}`, not {shard}")
        self.bytes_written += write_shard(self._store / name, self._specs[name], shard, values)
        self._unwritten.discard((name, shard))

    def should_stop(self) -> bool:
        """Whether to stop now: the user has cancelled the run, or the worker's job ends soon. Once true, always true.

        Cheap enough for every step: it looks at the disk once a second at most.
        """
        if not self._stops and time.monotonic() - self._looked >= STOP_LOOK_SECONDS:
            self._looked = time.monotonic()
            self._stops = self._folder.cancel.exists()
        self._stops = self._stops or time.time() >= self._stop_time
        return self._stops

    @property
    def earlier_seconds(self) -> float:
        """How long this task ran in other jobs, up to the checkpoint that it went on from."""
        return self._checkpoint.earlier_seconds

    @property
    def checkpoint(self) -> Checkpoint:
        """Where a task of a stage with `checkpoints` saves its progress, and finds what it saved before."""
        if not self.stage.checkpoints:
            raise RuntimeError(f"stage `{self.stage.name}` saves checkpoints and doesn't say so: `checkpoints=True`")
        return self._checkpoint
