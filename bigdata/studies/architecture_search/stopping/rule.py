"""What a stopping rule is: it says which trials go on to their next rung."""

from __future__ import annotations

from typing import Protocol

from bigdata.studies.architecture_search.stopping.rungs import Rungs


class Rule(Protocol):
    """Judges trials by the first objective. What it says follows from what it was told, in the order of telling."""

    @property
    def rungs(self) -> Rungs: ...

    def begin(self, trial: int) -> None:
        """A trial has begun its first rung. Trials that run through whatever they show aren't begun here."""

    def tell(self, trial: int, rung: int, value: float | None) -> None:
        """A trial has ended a rung, with this value, lower being better; None: it failed."""

    def next(self, at_end: bool) -> int | None:
        """The trial that goes on to its next rung now; None where none does, or none yet.

        `at_end`: all trials have begun and all that were asked for have ended, so nothing more will be known.
        """

    def counts(self, n_trials: int) -> tuple[int, ...]:
        """About how many of so many trials run each rung, where none fails; at least as many as usual."""
