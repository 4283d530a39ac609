"""The median rule: a trial goes on while it isn't worse than half of those that came as far before it.

Golovin et al., Knowl. Discov. Data Min. 2017, section 3.2.1, with the value at the rung in place of a running mean:
learning curves fall, and means of all that was before judge fast starters alone.
"""

from __future__ import annotations

import statistics
from bisect import insort
from collections import deque
from typing import Literal

from pydantic import Field

from bigdata.studies.architecture_search.stopping.rule import Rule
from bigdata.studies.architecture_search.stopping.rungs import Rungs
from bigdata.studies.architecture_search.stopping.setting import Halving


class MedianStopping(Halving):
    """A trial is stopped where it is worse than the median of the others at its rung."""

    method: Literal["median"] = "median"
    min_trials: int = Field(default=5, ge=1, description="So many go on at each rung before any is stopped.")

    def rule(self, n_trials: int) -> Rule:
        return Median(self.rungs, self.min_trials)


class Median:
    """Judges each result when it is told, by those that were told before it."""

    def __init__(self, rungs: Rungs, min_trials: int) -> None:
        self.rungs, self._min_trials = rungs, min_trials
        self._sorted: list[list[float]] = [[] for _ in rungs.levels]
        self._going_on: deque[int] = deque()

    def begin(self, trial: int) -> None:
        pass

    def tell(self, trial: int, rung: int, value: float | None) -> None:
        if value is None or rung == self.rungs.top:
            return
        others = self._sorted[rung]
        # The list is sorted, and stays so: its middle is found at once.
        if len(others) < self._min_trials or value <= _middle(others):
            self._going_on.append(trial)
        insort(others, value)

    def next(self, at_end: bool) -> int | None:
        return self._going_on.popleft() if self._going_on else None

    def counts(self, n_trials: int) -> tuple[int, ...]:
        return (n_trials,) * len(self.rungs)


def _middle(ascending: list[float]) -> float:
    n = len(ascending)
    return statistics.fmean((ascending[(n - 1) // 2], ascending[n // 2]))
