"""The trials that have ended one rung, by rank: whose turn it is to go on."""

from __future__ import annotations

import heapq
import math
from bisect import bisect_left, insort


class Ranked:
    """Results of one rung. A failed trial counts as the worst, and never goes on; of equal ones the first is better."""

    def __init__(self) -> None:
        self._all: list[tuple[float, int]] = []
        self._waiting: list[tuple[float, int]] = []
        self.values: dict[int, float] = {}  # of those that didn't fail, by trial

    def __len__(self) -> int:
        return len(self._all)

    @property
    def is_empty(self) -> bool:
        """Whether no trial has come through this rung."""
        return not self.values

    def add(self, trial: int, value: float | None) -> None:
        """A trial has ended the rung; None where it failed."""
        result = (math.inf if value is None else value, trial)
        insort(self._all, result)
        if value is not None:
            self.values[trial] = value
            heapq.heappush(self._waiting, result)

    def take(self, n_best: int) -> int | None:
        """The best trial that hasn't gone on, if it is among the `n_best` of all, which goes on now."""
        if self._waiting and bisect_left(self._all, self._waiting[0]) < n_best:
            return heapq.heappop(self._waiting)[1]
        return None
