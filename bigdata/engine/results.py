"""What the tasks of a run have returned, as far as later ones need it, and what these are told."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from bigdata.engine.execute import Token
from bigdata.kind.order import Order
from bigdata.kind.stage import TaskId
from bigdata.planning.planned import PlannedStage
from bigdata.store.journal import History
from bigdata.store.rows import Encoded


class Results:
    """The rows of all tasks that are done, in this submission or before."""

    def __init__(self, stages: Mapping[str, PlannedStage], past: History) -> None:
        self._stages = stages
        self._rows: dict[str, dict[int, Encoded]] = {path: {} for path, s in stages.items() if s.stage.rows}
        for (path, index), record in past.done.items():
            if path in stages and stages[path].is_done(index):
                self.add(record)

    def add(self, token: Token) -> None:
        """A task is done."""
        if token["stage"] in self._rows and "rows" in token:
            self._rows[token["stage"]][token["index"]] = token["rows"]

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
            if path in self._rows:
                yield path.rpartition("/")[2], dict(self._rows[path])
        single: dict[str, dict[int, Encoded]] = {}
        for path, i in stage.needs(index):
            if path in self._rows:
                found = single.setdefault(path.rpartition("/")[2], {})
                if i in self._rows[path]:
                    found[i] = self._rows[path][i]
        yield from single.items()
