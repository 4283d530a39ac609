"""No stopping: all trials are trained to their end."""

from __future__ import annotations

from typing import Literal

from bigdata.studies.architecture_search.stopping.rule import Rule
from bigdata.studies.architecture_search.stopping.rungs import Rungs
from bigdata.studies.architecture_search.stopping.setting import Stopping


class NoStopping(Stopping):
    """All trials are trained to their end."""

    method: Literal["none"] = "none"

    def rule(self, n_trials: int) -> Rule:
        return Never(Rungs((self.longest,), self.resource))


class Never:
    """One rung, after which nothing goes on."""

    def __init__(self, rungs: Rungs) -> None:
        self.rungs = rungs

    def begin(self, trial: int) -> None:
        pass

    def tell(self, trial: int, rung: int, value: float | None) -> None:
        pass

    def next(self, at_end: bool) -> int | None:
        return None

    def counts(self, n_trials: int) -> tuple[int, ...]:
        return (n_trials,)
