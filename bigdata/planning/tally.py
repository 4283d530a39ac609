"""What the tasks of a stage have used up in one submission, added up as they end: a few sums for a million tasks."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any


@dataclass
class Tally:
    """Of `n_tasks` tasks that were done, `n_failed` failed. `work` is in units of the stage's rate, `seconds` are those
    of all jobs that worked on a task, on the cores that it had; `memory` is the peak of the largest, in bytes.
    """

    n_tasks: int = 0
    n_failed: int = 0
    work: float = 0.0
    seconds: float = 0.0
    failed_seconds: float = 0.0
    memory: int = 0
    # The sum of seconds²/work, by which single tasks scatter about the mean.
    squares: float = 0.0

    def done(self, token: Mapping[str, Any], work: float) -> None:
        """A task of so much work has ended, by its record."""
        seconds = float(token["seconds"])
        self.n_tasks += 1
        self.work += work
        self.seconds += seconds
        self.memory = max(self.memory, int(token["memory"]))
        self.squares += seconds**2 / work if work else 0.0

    def failed(self, token: Mapping[str, Any]) -> None:
        """A task was given up; what it took until then is paid as well."""
        self.n_failed += 1
        self.failed_seconds += float(token.get("seconds", 0.0))

    @property
    def rate(self) -> float:
        """Seconds per unit of work."""
        return self.seconds / self.work

    @property
    def scatter(self) -> float:
        """Standard deviation of a task's seconds per unit of work, over their mean; each counts by its work."""
        if self.n_tasks < 2 or not self.seconds:
            return 0.0
        variance = self.squares * self.work / self.seconds**2 - 1
        return math.sqrt(max(0.0, variance) * self.n_tasks / (self.n_tasks - 1))
