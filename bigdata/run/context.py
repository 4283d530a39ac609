"""What a task sees of its run: the study, arrays to read, its own shards to write, a seed, and whether to stop."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from typing import Any

from numpy.typing import NDArray

from bigdata.planning.stage import Stage
from bigdata.spec.study import Input, StudyModel
from bigdata.store.arrays import ShardIndex
from bigdata.store.folder import RunFolder
from bigdata.store.reading import View
from bigdata.store.shard import write_shard

STOP_LOOK_SECONDS = 1.0


class Context:
    """Given to every task function. `model` is the resolved study, `inputs` its data, `index` the task's own."""

    def __init__(
        self,
        folder: RunFolder,
        view: View,
        stage: Stage,
        index: int,
        key: str,
        log: Callable[[str], None],
    ) -> None:
        self.stage, self.index, self.log = stage, index, log
        self.model: StudyModel = view.model
        self.inputs: Mapping[str, Input] = view.inputs
        self._folder, self._view, self._key = folder, view, key
        self._store = folder.store / view.group
        self._specs = {a.name: a for a in stage.arrays}
        self._unwritten = set(stage.shards(index))
        self._own = frozenset(self._unwritten)
        self._looked = 0.0
        self.bytes_written = 0

    @property
    def seed(self) -> int:
        """A 63-bit seed that depends on the task's key alone: the same on every machine and in every order."""
        return int(self._key[:16], 16) >> 1

    @property
    def unwritten(self) -> set[tuple[str, ShardIndex]]:
        """Shards of this task that it hasn't written yet."""
        return self._unwritten

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
        """Whether the user has cancelled the run; looks at the disk once a second at most."""
        if time.monotonic() - self._looked < STOP_LOOK_SECONDS:
            return False
        self._looked = time.monotonic()
        return self._folder.cancel.exists()
