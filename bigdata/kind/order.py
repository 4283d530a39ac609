"""What a worker is told of a task: its address, its key, and the little that it doesn't find in the run's folder."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from bigdata.kind.stage import TaskId
from bigdata.store.rows import Encoded


@dataclass(frozen=True)
class Order:
    """A task to run. Its worker opens the study from the run's folder; only these small things travel.

    `payload` is a proposer's, `after` the number and key of the task that it trains on after; `rows` are what the
    tasks that it needs have returned, by stage and number. Those of other tasks it isn't told: its result would
    depend on what else was done by then. `payloads` are those of the stages that grow and that it waits for as a whole.
    """

    path: str
    index: int
    key: str
    payload: Any = None
    after: TaskId | None = None
    after_key: str = ""
    rows: Mapping[str, Mapping[int, Encoded]] = field(default_factory=dict)
    payloads: Mapping[str, Mapping[int, Any]] = field(default_factory=dict)

    @property
    def task(self) -> TaskId:
        return self.path, self.index
