"""Arrays of a stage, cut into what each of its tasks writes: whole, by rows, or as a triangle of blocks.

Task i of a stage writes the i-th shard of each of its arrays, counted in C order; `Triangle` does otherwise.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from math import isqrt

from bigdata.kind.stage import Stage, TaskId
from bigdata.store.arrays import ArraySpec, ShardIndex


def whole(name: str, dtype: str, along: Mapping[str, int], units: str = "1", about: str = "") -> ArraySpec:
    """An array in one chunk, which one task writes: `along` are its dimensions with their lengths."""
    return by_rows(next(iter(along.values())), name, dtype, along, units, about)


def by_rows(rows: int, name: str, dtype: str, along: Mapping[str, int], units: str = "1", about: str = "") -> ArraySpec:
    """An array cut along its first dimension: each task writes `rows` rows of it, the last one what is left.

    `blocks` finds a number of rows that cuts evenly.
    """
    shape = tuple(along.values())
    part = (rows, *shape[1:])
    return ArraySpec(
        name=name, shape=shape, dtype=dtype, dims=tuple(along), shard=part, chunk=part, units=units or "1", about=about
    )


@dataclass(frozen=True)
class Triangle:
    """A symmetric array of n × n values cut into blocks of `rows` × `rows`: a task for each of the upper triangle,
    counted column by column: 0 → (0, 0), 1 → (0, 1), 2 → (1, 1), 3 → (0, 2) … It writes its mirror image, too.
    """

    n: int
    rows: int

    @property
    def n_tasks(self) -> int:
        n_blocks = -(-self.n // self.rows)
        return n_blocks * (n_blocks + 1) // 2

    @staticmethod
    def block(index: int) -> tuple[int, int]:
        """The block row and column of a task, row ≤ column."""
        # Column c begins with task c (c + 1) / 2; this is that equation solved for c, in whole numbers.
        column = (isqrt(8 * index + 1) - 1) // 2
        return index - column * (column + 1) // 2, column

    def spans(self, index: int) -> tuple[range, range]:
        """The rows and the columns of a task's block."""
        row, column = self.block(index)
        return self._span(row), self._span(column)

    def work(self, index: int) -> float:
        """Values in a task's block."""
        rows, columns = self.spans(index)
        return len(rows) * len(columns)

    def shards(self, name: str) -> Callable[[int], list[tuple[str, ShardIndex]]]:
        """For a stage's `shards`: the block, and its mirror image where that is another one."""

        def of(index: int) -> list[tuple[str, ShardIndex]]:
            row, column = self.block(index)
            return [(name, shard) for shard in dict.fromkeys([(row, column), (column, row)])]

        return of

    def _span(self, block: int) -> range:
        return range(block * self.rows, min(self.n, (block + 1) * self.rows))


def every(*stages: Stage) -> Callable[[int], list[TaskId]]:
    """For a stage's `needs`: all tasks of some others. Of very many tasks, `whole=(name,)` is quicker."""
    return lambda _index: [(stage.name, i) for stage in stages for i in range(stage.n_tasks)]


def covering(stage: Stage, spans: Callable[[int], Iterable[range]]) -> Callable[[int], list[TaskId]]:
    """For a stage's `needs`: those tasks of a stage whose arrays are cut by rows that write the rows `spans(i)`."""
    rows = stage.arrays[0].shard[0]

    def of(index: int) -> list[TaskId]:
        tasks = {i for span in spans(index) if span for i in range(span[0] // rows, span[-1] // rows + 1)}
        return [(stage.name, i) for i in sorted(tasks)]

    return of
