"""Which task may run next: dependencies between tasks, kept by the controller, independent of any engine."""

from __future__ import annotations

import heapq
from collections.abc import Iterable

from bigdata.planning.plan import PlannedStage
from bigdata.planning.stage import TaskId


class TaskGraph:
    """The tasks that have to run. Those whose needs are done are ready, the highest stage first, so that a study's
    results come out early and its intermediate data stay few.

    A task is ready in its pool's lane; one that is tried again may be ready in another (see `lanes`).
    """

    def __init__(self, stages: Iterable[PlannedStage]) -> None:
        stages = tuple(stages)
        self._level = {s.path: -level for level, s in enumerate(stages)}
        self._pool = {s.path: s.pool for s in stages}
        todo = {(s.path, i) for s in stages for i in s.todo}
        self._waits: dict[TaskId, int] = {}
        self._dependents: dict[TaskId, list[TaskId]] = {}
        self._ready: dict[str, list[tuple[int, int, str]]] = {}
        self.skipped: dict[TaskId, TaskId] = {}
        for stage in stages:
            for index in stage.todo:
                self._add((stage.path, index), [n for n in stage.needs(index) if n in todo])

    def _add(self, task: TaskId, needs: list[TaskId]) -> None:
        self._waits[task] = len(needs)
        for needed in needs:
            self._dependents.setdefault(needed, []).append(task)
        if not needs:
            self._push(task)

    def _push(self, task: TaskId, lane: str = "") -> None:
        path, index = task
        heapq.heappush(self._ready.setdefault(lane or self._pool[path], []), (self._level[path], index, path))

    def lanes(self) -> list[str]:
        """Those in which tasks could run now."""
        return [lane for lane, ready in self._ready.items() if ready]

    def n_ready(self, lane: str) -> int:
        """How many tasks of a lane could run now."""
        return len(self._ready.get(lane, ()))

    def next_stage(self, lane: str) -> str:
        """The stage whose turn it is; "" where no task of the lane is ready."""
        return self._ready[lane][0][2] if self.n_ready(lane) else ""

    def take(self, lane: str, at_most: int) -> list[TaskId]:
        """The next ready tasks of a lane, all of one stage, removed from the graph's hands."""
        path = self.next_stage(lane)
        taken: list[TaskId] = []
        while len(taken) < at_most and path and self.next_stage(lane) == path:
            taken.append((path, heapq.heappop(self._ready[lane])[1]))
        return taken

    def again(self, task: TaskId, lane: str) -> None:
        """A task that was taken wasn't done: it is ready once more."""
        self._push(task, lane)

    def done(self, task: TaskId) -> None:
        """A task's data are on disk and recorded: those that waited for nothing else become ready."""
        for dependent in self._dependents.pop(task, ()):
            self._waits[dependent] -= 1
            if self._waits[dependent] == 0 and dependent not in self.skipped:
                self._push(dependent)

    def failed(self, task: TaskId) -> None:
        """A task failed for good: all that need it, directly or not, are skipped, and the reason kept."""
        stack = [task]
        while stack:
            for dependent in self._dependents.pop(stack.pop(), ()):
                if dependent not in self.skipped:
                    self.skipped[dependent] = task
                    stack.append(dependent)
