"""What the tasks of a run have returned, as far as later ones need it, and what these are told."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from bigdata.engine.execute import Token
from bigdata.kind.order import Order
from bigdata.kind.stage import TaskId
from bigdata.planning.planned import PlannedStage
from bigdata.store.done import DoneTasks
from bigdata.store.journal import History
from bigdata.store.rows import Encoded

# Of 4 kB at most each; more than any search or sum of known kinds reads again and again.
MOST_HELD = 10_000


class Results:
    """The rows of all tasks that are done, in this submission or before: those of the last ones in memory, the others
    in the journal.
    """

    def __init__(self, stages: Mapping[str, PlannedStage], past: History, journal: Path) -> None:
        self._stages = stages
        self._returning = {path for path, s in stages.items() if s.stage.rows}
        self._done = DoneTasks(journal)
        self._rows: dict[TaskId, Encoded] = {}
        for path in self._returning:
            for index in past.done.indices(path):
                if stages[path].is_done(index):
                    self.was_done((path, index), past)

    def add(self, token: Token, at: int) -> None:
        """A task is done, and its record begins at that byte of the journal."""
        path, index = token["stage"], token["index"]
        if path in self._returning and "rows" in token:
            self._done.add((path, index), token["key"], at)
            self._hold((path, index), token["rows"])

    def was_done(self, task: TaskId, past: History) -> None:
        """A task was done in an earlier submission."""
        if task[0] in self._returning:
            self._done.add(task, past.done.key(task), past.done.place(task))

    def _hold(self, task: TaskId, rows: Encoded) -> None:
        self._rows[task] = rows
        if len(self._rows) > MOST_HELD:
            del self._rows[next(iter(self._rows))]

    def order(self, task: TaskId) -> Order:
        """What a worker is told of a task."""
        path, index = task
        stage = self._stages[path]
        ask = stage.growth.asked[index] if stage.growth else None
        after = (path, ask.after) if ask and ask.after is not None else None
        return Order(
            path,
            index,
            stage.key(index),
            payload=ask.payload if ask else None,
            after=after,
            after_key=stage.key(after[1]) if after else "",
            rows=dict(self._needed(stage, index)),
            payloads=dict(self._payloads(stage)),
        )

    def _payloads(self, stage: PlannedStage) -> Iterator[tuple[str, dict[int, Any]]]:
        for path in stage.whole:
            if growth := self._stages[path].growth:
                asked = {i: ask.payload for i, ask in enumerate(growth.asked[: growth.n_tasks])}
                yield path.rpartition("/")[2], asked

    def _needed(self, stage: PlannedStage, index: int) -> Iterator[tuple[str, dict[int, Encoded]]]:
        """By the stages' own names, without the variant's."""
        for path in stage.whole:
            if path in self._returning:
                yield path.rpartition("/")[2], self._of(path, self._done.indices(path))
        single: dict[str, list[int]] = {}
        for path, i in stage.needs(index):
            if path in self._returning:
                single.setdefault(path, []).append(i)
        for path, indices in single.items():
            yield path.rpartition("/")[2], self._of(path, indices)

    def _of(self, path: str, indices: Sequence[int]) -> dict[int, Encoded]:
        """The rows of those of these tasks that are done."""
        found = {i: self._rows[path, i] for i in indices if (path, i) in self._rows}
        found |= {i: r["rows"] for i, r in self._done.of(path, [i for i in indices if i not in found])}
        return found
