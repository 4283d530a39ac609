"""How long the tasks of each stage take: as its last ones did, else as planned."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable

from bigdata.kind.context import STOP_SECONDS
from bigdata.planning.planned import PlannedStage

# Short tasks travel in batches that last about this long, or the engine's own work for each would outweigh theirs.
BATCH_SECONDS = 0.2
MOST_IN_BATCH = 50
N_REMEMBERED = 20


class Pace:
    """Seconds on the cores that a task has; each stage by its address."""

    def __init__(self, stages: Iterable[PlannedStage]) -> None:
        self._stages = {s.path: s for s in stages}
        self._last: dict[str, deque[float]] = {path: deque(maxlen=N_REMEMBERED) for path in self._stages}

    def note(self, path: str, seconds: float) -> None:
        """A task of a stage took so long."""
        self._last[path].append(seconds)

    def seconds(self, path: str) -> float:
        """What the next task of a stage will take."""
        last, stage = self._last[path], self._stages[path]
        return sum(last) / len(last) if last else stage.rate.seconds * stage.longest_work

    def job_seconds(self, path: str) -> float:
        """What a task needs of its job's time; one that saves checkpoints only enough to go on for a while."""
        if not path:
            return 0.0
        return min(self.seconds(path), STOP_SECONDS) if self._stages[path].stage.checkpoints else self.seconds(path)

    def batch_size(self, path: str) -> int:
        """How many tasks of a stage last about BATCH_SECONDS; one to begin with."""
        last = self._last[path]
        if not last:
            return 1
        return max(1, min(MOST_IN_BATCH, int(BATCH_SECONDS * len(last) / max(sum(last), 1e-6))))
