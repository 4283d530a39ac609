"""Stages that grow, as they are planned: what was asked for so far, and what of it the proposer has been told."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

from bigdata.kind.proposer import Ask, Proposer
from bigdata.kind.stage import Stage
from bigdata.naming import named
from bigdata.planning.keys import Keys
from bigdata.spec.study import Input, StudyModel
from bigdata.store.rows import decoded

# It travels with its task, and is in the journal.
MOST_PAYLOAD_BYTES = 8_000

Answer = Callable[[int], tuple[bool, Mapping[str, Any] | None]]
"""Says of a task, by its number, whether it has ended, and its encoded rows; None where it has none."""


class Growth:
    """What was asked for so far, and what of it the proposer has been told.

    `closed` says why nothing more is asked for; "" as long as more may be.
    """

    def __init__(self, stage: Stage, keys: Keys, model: StudyModel, inputs: Mapping[str, Input]) -> None:
        self.stage = stage
        self.asked: list[Ask] = []
        self.keys: list[str] = []
        self.n_told, self.closed = 0, ""
        self._make_key = keys.ask
        self._proposer: Proposer = named(stage.proposer)(model, inputs)
        self._rows = stage.row_specs

    def advance(self, answer: Answer) -> Iterator[int]:
        """The numbers of tasks that are asked for now. The answer to a new one may be known at once, and is looked for
        before anything more is asked for.
        """
        while not self.closed:
            if len(self.asked) == self.stage.n_tasks:
                self.closed = "as many as the study allows"
            elif self._proposer.spent():
                self.closed = "the proposer is at its end"
            elif self.n_told < len(self.asked) - max(0, self.stage.lag - 1):
                if not self._tell(answer):
                    return
            elif not (asks := self._proposer.ask()):
                # It wants more results than the lag promises; with none to come, that is its end.
                if self.n_told == len(self.asked):
                    self.closed = "the proposer asked for nothing more"
                elif not self._tell(answer):
                    return
            else:
                yield from self._take(asks)

    def close(self, why: str) -> None:
        """Nothing more is asked for."""
        self.closed = self.closed or why

    def work(self, index: int) -> float:
        """A task's amount of work, in the units of the stage's rate."""
        work = self.asked[index].work
        return self.stage.work(index) if work is None else work

    def _tell(self, answer: Answer) -> bool:
        """Tell the next result; False where that task hasn't ended."""
        has_ended, rows = answer(self.n_told)
        if has_ended:
            # As numbers again: what was told by the journal and what comes from a worker must be alike.
            given = rows and {name: decoded(row, rows.get(name)) for name, row in self._rows.items()}
            self._proposer.tell(self.n_told, given)
            self.n_told += 1
        return has_ended

    def _take(self, asks: Sequence[Ask]) -> Iterator[int]:
        for ask in asks[: self.stage.n_tasks - len(self.asked)]:
            number = len(self.asked)
            _check(ask, number, self.stage)
            self.asked.append(ask)
            self.keys.append(self._make_key(self.stage.name, ask.payload, ask.after))
            yield number


def _check(ask: Ask, number: int, stage: Stage) -> None:
    """ValueError or TypeError for what can't travel, be a key, or come back from the journal as it was."""
    text = json.dumps(ask.payload, allow_nan=False)
    if len(text) > MOST_PAYLOAD_BYTES or json.loads(text) != ask.payload:
        raise ValueError(
            f"the payload of {stage.name}/{number} has to be JSON data of {MOST_PAYLOAD_BYTES:,} bytes at most"
        )
    if ask.after is not None and not (0 <= ask.after < number and stage.checkpoints):
        raise ValueError(
            f"{stage.name}/{number} can't train on after task {ask.after}: name an earlier task, of a stage with "
            "`checkpoints=True`"
        )
