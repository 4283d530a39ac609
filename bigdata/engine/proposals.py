"""What the proposers of a run ask for, in its journal: a decision can be read there, and replayed."""

from __future__ import annotations

from typing import Any

from bigdata.engine.books import Books
from bigdata.engine.taking import take_over
from bigdata.planning.planned import PlannedStage

OTHER_ASK = "another task was asked for"


class Proposals:
    """Adds the tasks that are asked for. Each is noted before it is begun, unless an earlier submission has asked the
    same.
    """

    def __init__(self, books: Books) -> None:
        self._books = books
        self._growing = {s.path: s for s in books.plan.stages if s.growth and not s.growth.closed}
        for stage in books.plan.stages:
            for index in range(len(stage.growth.asked) if stage.growth else 0):
                self._note(stage, index)

    def advance(self) -> None:
        """Add what is asked for now, as far as results have come in."""
        for stage in list(self._growing.values()):
            assert stage.growth is not None
            for index in stage.growth.advance():
                self._note(stage, index)
                self._add(stage, index)
            if stage.growth.closed:
                del self._growing[stage.path]
                self._books.observer.message(f"{stage.path}: {stage.growth.n_tasks:,} tasks, {stage.growth.closed}")
                self._books.graph.close(stage.path)

    def _note(self, stage: PlannedStage, index: int) -> None:
        assert stage.growth is not None
        ask = stage.growth.asked[index]
        asked: dict[str, Any] = {"stage": stage.path, "index": index, "payload": ask.payload, "after": ask.after}
        before = self._books.past.asked.get((stage.path, index))
        if before is not None and before["key"] == stage.key(index):
            return
        if before is not None:
            self._books.observer.message(
                f"{stage.path}/{index} is another task than an earlier submission asked for; it is run anew"
            )
        self._books.journal.append([{"event": "asked", **asked, "key": stage.key(index)}])

    def _add(self, stage: PlannedStage, index: int) -> None:
        books, task = self._books, (stage.path, index)
        if index in stage.known:
            books.take(stage, index, take_over(stage, index, stage.known[index], books.plan.folder))
        elif index in stage.todo or index in stage.copies:
            if task in books.past.done:  # of another key: see `_stale` of a run's preparation
                books.journal.append([{"event": "stale", "stage": stage.path, "index": index, "why": OTHER_ASK}])
            books.graph.add(task, stage.copies.get(index))
        else:  # done in an earlier submission
            books.results.was_done(task, books.past)
            books.observer.token(books.past.done[task])
