"""What a worker is told of a task: its address, its key, and the little that it doesn't find in the run's folder."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from bigdata.planning.rows import Row, decoded
from bigdata.planning.stage import TaskId

if TYPE_CHECKING:
    from numpy.typing import NDArray

Encoded = Mapping[str, Any]
"""What one task returned, as the journal has it."""


@dataclass(frozen=True)
class Order:
    """A task to run. Its worker opens the study from the run's folder; only these small things travel.

    `payload` is a proposer's, `after` the number and key of the task that it trains on after; `rows` are what the
    tasks that it needs have returned, by stage and number. Those of other tasks it isn't told: its result would
    depend on what else was done by then.
    """

    path: str
    index: int
    key: str
    payload: Any = None
    after: TaskId | None = None
    after_key: str = ""
    rows: Mapping[str, Mapping[int, Encoded]] = field(default_factory=dict)

    @property
    def task(self) -> TaskId:
        return self.path, self.index


class Rows(Mapping[str, "NDArray[Any]"]):
    """What the tasks of a stage returned: an array for each name along `numbers`, the numbers of the tasks."""

    def __init__(self, specs: Mapping[str, Row], rows: Mapping[int, Encoded]) -> None:
        self.numbers = sorted(rows)
        self._specs, self._rows = specs, rows

    def __getitem__(self, name: str) -> NDArray[Any]:
        import numpy as np

        row = self._specs[name]
        values = [decoded(row, self._rows[i].get(name)) for i in self.numbers]
        shape = (len(values),) if row.length is None else (len(values), row.length)
        return np.array(values, dtype=object if row.dtype == "string" else row.dtype).reshape(shape)

    def __iter__(self) -> Iterator[str]:
        return iter(self._specs)

    def __len__(self) -> int:
        return len(self._specs)
