"""What a task sees of its run: the study, arrays to read, its own shards to write, a seed, and when to stop."""

from __future__ import annotations

import math
import os
import time
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from itertools import takewhile
from pathlib import Path
from typing import Any, Generic, TypeVar, cast

from numpy.typing import NDArray

from bigdata.errors import Paused
from bigdata.kind.checkpoint import Checkpoint
from bigdata.kind.order import Order
from bigdata.kind.scratch import Scratch
from bigdata.kind.stage import Stage
from bigdata.programs import program
from bigdata.programs.program import GRACE_SECONDS, MOST_OUTPUT, Ran
from bigdata.spec.study import Input, StudyModel
from bigdata.store.arrays import ShardIndex
from bigdata.store.folder import RunFolder
from bigdata.store.packs import Packs, PackWriter
from bigdata.store.reading import View
from bigdata.store.rows import Row, Rows
from bigdata.store.shard import write_shard
from bigdata.threads import CORES, GPUS, MORE_MEMORY

M = TypeVar("M", bound=StudyModel)
T = TypeVar("T")

STOP_LOOK_SECONDS = 1.0
MEANWHILE_SECONDS = 1.0
# What is kept of a job's time for a task to come to the end of a step and save: gigabytes take that long on a shared
# disk. Of what a short job has left when the task begins, no more than this share, or none would be left to work in.
STOP_SECONDS = 20.0
STOP_SHARE = 0.2


@dataclass(frozen=True)
class Surroundings:
    """What a task can know of the worker that runs it: the folder of the worker's own files, None outside of a worker;
    whether the worker is about to end; and when its job ends (Unix time, s), infinity where it has no end.
    """

    folder: Path | None = None
    is_closing: Callable[[], bool] = lambda: False
    ends: float = math.inf


class NamedInputs(dict[str, Input]):
    """The inputs that a stage may read: its own, and those of the stages that it needs.

    A key holds the digests of these alone: were others read, results would count as known after their data changed.
    """

    def __init__(self, stage: str, readable: Collection[str], inputs: Mapping[str, Input]) -> None:
        super().__init__({name: source for name, source in inputs.items() if name in readable})
        self._stage = stage

    def __missing__(self, name: str) -> Input:
        raise ValueError(
            f'stage `{self._stage}` reads the input `{name}` and doesn\'t name it: with `inputs=("{name}",)` its '
            "results are made anew when those data change"
        )


def stop_time(ends: float, now: float) -> float:
    """When a task that begins now should stop, where its worker's job ends at `ends` (Unix times, s)."""
    return ends - min(STOP_SECONDS, STOP_SHARE * (ends - now))


class Context(Generic[M]):
    """Given to every task function. `model` is the resolved study, `inputs` its data, `index` the task's own.

    As a context manager it is open while the function runs, and takes away after it what isn't to stay.
    `payload` is what a proposer gave to the task, None where its stage doesn't grow. `rows_of` says what the tasks of
    each stage return. Of the inputs, those that are `readable` for its stage can be read.
    """

    def __init__(
        self,
        folder: RunFolder,
        view: View,
        stage: Stage,
        order: Order,
        rows_of: Mapping[str, Mapping[str, Row]],
        log: Callable[[str], None],
        around: Surroundings = Surroundings(),
        readable: Collection[str] = (),
    ) -> None:
        index = order.index
        self.stage, self.index, self.log, self.payload = stage, index, log, order.payload
        self.model = cast(M, view.model)
        self.inputs: Mapping[str, Input] = NamedInputs(stage.name, readable, view.inputs)
        self._folder, self._view, self._order, self._rows_of = folder, view, order, rows_of
        self._store = folder.store / view.group
        self._specs = {a.name: a for a in stage.arrays}
        self._unwritten = set(stage.shards(index))
        self._own = frozenset(self._unwritten)
        self._task = f"{order.path}/{index}"
        before = folder.checkpoint(*order.after, order.after_key) if order.after else None
        self._checkpoint = Checkpoint(folder.checkpoint(*order.task, order.key), log, before)
        self._scratch = Scratch(self._task, log, around.folder)
        self._pack = PackWriter(folder.pack(order.path, index), log)
        self._worker_closes = around.is_closing
        self._stop_time = stop_time(around.ends, time.time())
        self._stops, self._looked = False, 0.0
        self.bytes_written = 0
        self._programs: list[Ran] = []

    def __enter__(self) -> Context[M]:
        return self

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> None:
        """A failed task's pack is kept: its files tell why. One that paused makes it when it has come to its end."""
        try:
            if kind is None or (issubclass(kind, Exception) and not issubclass(kind, Paused)):
                self._finish_pack(must_be=kind is None)
            else:
                self._pack.drop()
        finally:
            self._scratch.remove()

    def _finish_pack(self, *, must_be: bool) -> None:
        if self.stage.packs is None:
            return
        if must_be and not self._pack.has_files:
            raise RuntimeError("the task ended without adding anything to its pack")
        self.bytes_written += self._pack.finish()

    @property
    def seed(self) -> int:
        """A 63-bit seed that depends on the task's key alone: the same on every machine and in every order.

        It fits a signed 64-bit integer, which some generators of random numbers take.
        """
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
        # The batch system sets this variable, and nothing of CUDA has to be loaded to read it.
        devices = map(str.strip, os.environ.get("CUDA_VISIBLE_DEVICES", "").split(","))
        # CUDA sees those before the first that can't be one; -1 hides all.
        return sum(1 for _ in takewhile(lambda device: device and not device.startswith("-"), devices))

    @property
    def must_use_gpus(self) -> bool:
        """Whether the task's job asked its batch system for GPUs, which are paid for and kept from others."""
        return int(os.environ.get(GPUS, "0")) > 0

    @property
    def may_have_more_memory(self) -> bool:
        """Whether a task that ends by a MemoryError, such as ProgramKilled, is tried again where it has more."""
        return os.environ.get(MORE_MEMORY) == "1"

    def rows(self, stage: str) -> Rows:
        """What those tasks of a stage returned that this one needs, and that haven't failed.

        `ctx.rows("trial")["rmse"]` is an array along `ctx.rows("trial").numbers`. KeyError for a stage that it doesn't
        need, or that returns nothing.
        """
        return Rows(self._rows_of[stage], self._order.rows[stage])

    def payloads(self, stage: str) -> Mapping[int, Any]:
        """What was asked of the tasks of a stage that grows, by their numbers, where this one needs the whole stage.

        A task that has none of `rows(stage)` has failed.
        """
        return self._order.payloads[stage]

    def opened(self, open_: Callable[[M, Mapping[str, Input]], T]) -> T:
        """What `open_(model, inputs)` opens of the study's data, once for all tasks that this process runs."""
        return self._view.opened(open_, self.inputs)

    def own(self, name: str) -> slice:
        """The rows of an array that this task writes, where it has one shard of it."""
        ((_, shard),) = (mine for mine in self._own if mine[0] == name)
        return self._specs[name].region(shard)[0]

    def read(self, name: str, selection: Any = ...) -> NDArray[Any]:
        """Read from an array of an earlier stage, or a coordinate; DamagedData where what is stored isn't whole."""
        return self._view[name][selection]

    def write(self, name: str, values: NDArray[Any], shard: ShardIndex | None = None) -> None:
        """Write one whole shard of this task's own (`shard` may be left out where it has but one of that array).

        Raises ValueError for any other shard: two writers of one shard would silently lose numbers.
        """
        if name not in self._specs:
            known = ", ".join(f"`{known}`" for known in self._specs) or "none"
            raise ValueError(f"stage `{self.stage.name}` has no array `{name}`; those that it writes: {known}")
        own = sorted(s for n, s in self._own if n == name)
        if shard is None and len(own) == 1:
            shard = own[0]
        if shard not in own:
            raise ValueError(f"task {self.stage.name}/{self.index} may write {own} of `{name}`, not {shard}")
        self.bytes_written += write_shard(self._store / name, self._specs[name], shard, values)
        self._unwritten.discard((name, shard))

    @property
    def scratch(self) -> Path:
        """An empty folder of this task's own on its node, which is removed when the task has ended in any way."""
        return self._scratch.path

    def call(
        self,
        command: Sequence[str | os.PathLike[str]],
        *,
        cwd: str | os.PathLike[str] | None = None,
        env: Mapping[str, str] | None = None,
        stdin: str | os.PathLike[str] | None = None,
        output: str | os.PathLike[str] | None = None,
        most_output: int = MOST_OUTPUT,
        timeout: float | None = None,
        grace: float = GRACE_SECONDS,
        check: bool = True,
        meanwhile: Callable[[], None] | None = None,
    ) -> Ran:
        """Run a program, `["pw.x", "-in", "scf.in"]`, until it and all that it started have ended; no shell reads it.

        It runs in `cwd`, by default in `scratch`, with `env` added to the worker's environment, and reads `stdin`, a
        file, or nothing. What it says goes to the task's log, the first and the last 32 KiB of it, and all of it into
        the file `output`, where that is named; paths are relative to `cwd`. More than `most_output` bytes, or `timeout`
        seconds, end it. Whatever ends it sends SIGTERM to all its processes, and SIGKILL after `grace` seconds. While
        it runs, `meanwhile` is called every second, such as to save what it has written; what that raises ends it too.

        Raises Paused when the task should stop; ProgramFailed where it isn't found, can't be started, was ended, or,
        where `check`, its exit code isn't 0; ProgramKilled where somebody killed it, most likely for its memory.
        """
        order = program.orders(
            self._task,
            command,
            self.scratch if cwd is None else Path(cwd),
            env=env,
            stdin=stdin,
            output=output,
            most_output=most_output,
            timeout=timeout,
            grace=grace,
        )
        ran = program.call(order, self.log, self._stopping(meanwhile), check=check)
        self._programs.append(ran)
        return ran

    def _stopping(self, meanwhile: Callable[[], None] | None) -> Callable[[], bool]:
        """`should_stop`, which a call asks several times a second, and beside it `meanwhile`, once a second."""
        if meanwhile is None:
            return self.should_stop
        called = time.monotonic()

        def look() -> bool:
            nonlocal called
            if time.monotonic() - called >= MEANWHILE_SECONDS:
                meanwhile()
                called = time.monotonic()
            return self.should_stop()

        return look

    @property
    def programs(self) -> dict[str, dict[str, float]]:
        """For the task's record: how many programs it called, and what they took; nothing where it called none."""
        return {"programs": program.record(self._programs)} if self._programs else {}

    @property
    def pack(self) -> PackWriter:
        """Where a task of a stage with `packs` puts its raw files: `ctx.pack.add(ctx.scratch)`.

        In a `finally:`, files of a program that failed are kept too, to be looked at.
        """
        if self.stage.packs is None:
            raise RuntimeError(f"stage `{self.stage.name}` packs files and doesn't say so: `packs=Pack(n_bytes=…)`")
        return self._pack

    @property
    def packs(self) -> Packs:
        """What tasks of earlier stages packed: `ctx.packs["dft"][17].read("INFO.OUT")`."""
        return self._view.packs

    def should_stop(self) -> bool:
        """Whether to stop now: the user has stopped the run, or the worker's job ends soon. Once true, always true.

        Cheap enough for every step: it looks at the disk once a second at most.
        """
        if not self._stops and time.monotonic() - self._looked >= STOP_LOOK_SECONDS:
            self._looked = time.monotonic()
            self._stops = self._folder.cancel.exists()
        self._stops = self._stops or time.time() >= self._stop_time or self._worker_closes()
        return self._stops

    @property
    def has_saved(self) -> bool:
        """Whether a checkpoint was saved since the task began."""
        return self._checkpoint.has_saved

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
