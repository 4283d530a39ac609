"""What is gathered while a run goes on: the packs of tasks that are over, from files of their own into shards."""

from __future__ import annotations

from bigdata.engine.execute import Token
from bigdata.planning.plan import Plan
from bigdata.store.shards import TASKS_PER_SHARD, StageShards

# Longer than it takes to copy so much, nobody should wait for the controller.
MOST_BYTES = 64 * 2**20


class Gathering:
    """The packs of a run's stages that wait to be gathered: few enough for any folder, many enough for one write."""

    def __init__(self, plan: Plan) -> None:
        self._folder = plan.folder
        self._shards = {s.path: StageShards(plan.folder, s.path) for s in plan.stages if s.stage.packs}
        self._waiting: dict[str, list[int]] = {path: [] for path in self._shards}
        self._n_bytes = dict.fromkeys(self._shards, 0)

    def done(self, token: Token) -> None:
        """A task is over, and its record is in the journal."""
        path = token["stage"]
        if path not in self._shards:
            return
        self._waiting[path].append(token["index"])
        self._n_bytes[path] += token.get("bytes", 0)
        if len(self._waiting[path]) >= TASKS_PER_SHARD or self._n_bytes[path] > MOST_BYTES:
            self._shards[path].gather(self._waiting[path])
            self._waiting[path], self._n_bytes[path] = [], 0

    def failed(self, token: Token) -> None:
        """The same of a task that failed: one that left no files keeps none of an earlier submission's."""
        path, index = token["stage"], token["index"]
        if path in self._shards and not self._folder.pack(path, index).exists():
            self._shards[path].remove(index)
        self.done(token)
