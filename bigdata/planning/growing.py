"""A stage that grows, in its run: what is asked for, and which of that is known, for plan and controller."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from bigdata.kind.proposer import Ask
from bigdata.planning.growth import Growth
from bigdata.planning.known import Sorted, Sorting, StageRecord

NO_CHECKPOINT = "its checkpoint is gone"


class Growing:
    """The plan asks as long as answers are known; the controller goes on where it stopped.

    `found` sorts the tasks that were asked for and aren't done.
    """

    def __init__(self, growth: Growth, record: StageRecord, sorting: Sorting) -> None:
        self.growth, self.found = growth, Sorted()
        self._record, self._sorting = record, sorting
        self._ended: dict[int, Mapping[str, Any] | None] = {}
        self._dropped: set[int] = set()

    @property
    def asked(self) -> list[Ask]:
        return self.growth.asked

    @property
    def closed(self) -> str:
        """Why nothing more is asked for; empty as long as more may be."""
        return self.growth.closed

    def close(self, why: str, dropped: Iterable[int] = ()) -> None:
        """Nothing more is asked for, and tasks that were asked for and not begun are `dropped`."""
        self.growth.close(why)
        self._dropped.update(dropped)

    @property
    def n_tasks(self) -> int:
        """How many tasks the stage has by now; those that were dropped at its end don't count."""
        return 1 + max((i for i in range(len(self.asked)) if i not in self._dropped), default=-1)

    def key(self, index: int) -> str:
        return self.growth.keys[index]

    def work(self, index: int) -> float:
        return self.growth.work(index)

    def end(self, index: int, rows: Mapping[str, Any] | None) -> None:
        """A task has ended: with these rows, or None where it failed or won't be run."""
        self._ended[index] = rows
        self.found.todo.pop(index, None), self.found.copies.pop(index, None)

    def advance(self) -> Iterator[int]:
        """The numbers of tasks that have to run and didn't before: new ones, and those that new ones train on after
        and whose checkpoints are gone.
        """
        for index in self.growth.advance(self._answer):
            self._sorting.put(self.found, self._record, index, self.key(index))
            if index in self.found.todo:
                yield from self._without_checkpoint(index)
            yield index

    def _answer(self, index: int) -> tuple[bool, Mapping[str, Any] | None]:
        if index in self._ended:
            return True, self._ended[index]
        if index in self.found.copies or index in self.found.todo:
            return False, None
        return True, self._record.rows(index, self.found)

    def _without_checkpoint(self, index: int) -> Iterator[int]:
        """What a task trains on after is run again where it is done and its checkpoint was removed."""
        before = self.asked[index].after
        if before is None or before in self.found.todo or before in self.found.copies:
            return
        if before not in self._ended and not self._record.has_checkpoint(before, self.key(before)):
            self._ended[before] = self._record.rows(before, self.found)
            self.found.known.pop(before, None)
            self.found.todo[before] = NO_CHECKPOINT
            yield from self._without_checkpoint(before)
            yield before
