"""Which task may run next: dependencies between tasks, kept by the controller, independent of any engine."""

from __future__ import annotations

import heapq
from collections.abc import Iterable, Mapping, Sequence

from bigdata.kind.stage import TaskId
from bigdata.planning.planned import PlannedStage

# Tasks that wait for a whole stage wait for this one of it, which is done when all others are over.
WHOLE = -1
# What a task waits for that won't run: so many things that they don't come.
NEVER = 1 << 60
# Where those tasks are ready whose results are copied from another task's; no worker has it.
COPIES = ""


class TaskGraph:
    """The tasks that aren't over. Those whose needs are done are ready, the highest stage first, so that a study's
    results come out early and its intermediate data stay few.

    A task is ready in its stage's lane; one that is tried again may be ready in another (see `lanes`). A stage that
    grows is over when it is closed and all of its tasks are.
    """

    def __init__(self, stages: Iterable[PlannedStage], lanes: Mapping[str, str]) -> None:
        self._stages = {s.path: s for s in stages}
        self._level = {path: -level for level, path in enumerate(self._stages)}
        self._lanes = lanes
        self._waits: dict[TaskId, int] = {}
        self._dependents: dict[TaskId, list[TaskId]] = {}
        self._copies: set[TaskId] = set()
        self._ready: dict[str, list[tuple[int, int, str]]] = {}
        self._failed: dict[TaskId, TaskId] = {}
        self.skipped: dict[TaskId, TaskId] = {}
        for path in {path for s in self._stages.values() for path in s.whole}:
            self._waits[path, WHOLE] = 1  # until it is closed
        for path, stage in self._stages.items():
            if stage.is_free:
                self._add_free(path, sorted(stage.todo))
                continue
            for index in sorted({*stage.todo, *stage.copies}):
                self.add((path, index), stage.copies.get(index))
            if not stage.n_open:
                self.close(path)

    def _add_free(self, path: str, indices: Sequence[int]) -> None:
        """All tasks of a stage that wait for nothing, in a fourth of the time that they take one by one."""
        self._waits.update(((path, index), 0) for index in indices)
        ready = self._ready.setdefault(self._lanes[path], [])
        ready.extend((self._level[path], index, path) for index in indices)
        heapq.heapify(ready)
        if (path, WHOLE) in self._waits:
            self._waits[path, WHOLE] += len(indices)
        self.close(path)

    def add(self, task: TaskId, copied: TaskId | None = None) -> None:
        """A task that has to run, or whose results are those of another, `copied`; what it needs was added before."""
        path, index = task
        stage = self._stages[path]
        wanted = [copied] if copied else [*stage.needs(index), *((name, WHOLE) for name in stage.whole)]
        needs = [n for n in wanted if n in self._waits]
        self._waits[task] = len(needs)
        if copied:
            self._copies.add(task)
        for needed in needs:
            self._dependents.setdefault(needed, []).append(task)
        if (path, WHOLE) in self._waits:
            self._waits[path, WHOLE] += 1
        failed = next((self._failed[n] for n in wanted if n in self._failed and not self._bears(task, n)), None)
        if failed is not None:
            self._fail(task, failed)
        elif not needs:
            self._push(task)

    def close(self, path: str) -> None:
        """No more tasks of a stage are added."""
        self._count_down((path, WHOLE))

    def _push(self, task: TaskId, lane: str | None = None) -> None:
        path, index = task
        if lane is None:
            lane = COPIES if task in self._copies else self._lanes[path]
        heapq.heappush(self._ready.setdefault(lane, []), (self._level[path], index, path))

    def lanes(self) -> list[str]:
        """Those in which tasks could run now, the one whose turn it is first."""
        ready = {lane: tasks[0] for lane, tasks in self._ready.items() if tasks and lane != COPIES}
        return sorted(ready, key=lambda lane: ready[lane])

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

    def take_copies(self) -> list[TaskId]:
        """Tasks whose results can be copied now, removed from the graph's hands."""
        return [(path, index) for _, index, path in self._ready.pop(COPIES, ())]

    def again(self, task: TaskId, lane: str) -> None:
        """A task that was taken wasn't done: it is ready once more."""
        self._push(task, lane)

    def done(self, task: TaskId) -> None:
        """A task's data are on disk and recorded: those that waited for nothing else become ready.

        One that was never added, since its results were known, is waited for by nobody.
        """
        self._over(task)

    def failed(self, task: TaskId) -> list[TaskId]:
        """A task failed for good: all that need it, directly or not, are skipped, and the reason kept, but for those
        that run despite failures. Returns those that are skipped by that.
        """
        return [skipped for skipped in self._fail(task, task) if skipped != task]

    def abandon(self, path: str) -> list[TaskId]:
        """Take back the tasks of a stage that haven't begun, as they never will; they count as never asked for.

        Nothing of the stage may be under way.
        """
        left = {task for task in self._waits if task[0] == path and task[1] != WHOLE}
        for lane, ready in self._ready.items():
            self._ready[lane] = [r for r in ready if r[2] != path]
            heapq.heapify(self._ready[lane])
        for task in left:
            for dependent in set(self._dependents.get(task, ())) - left:
                if not self._bears(dependent, task):
                    self._fail(dependent, task)
        self._waits.update(dict.fromkeys(left, NEVER))
        for task in left:
            self._over(task)
        return sorted(left)

    def _over(self, task: TaskId) -> None:
        """A task, or a whole stage, is over: nobody waits for it any more."""
        if self._waits.pop(task, None) is None:
            return
        for dependent in self._dependents.pop(task, ()):
            self._count_down(dependent)
        if task[1] != WHOLE:
            self._count_down((task[0], WHOLE))

    def _count_down(self, task: TaskId) -> None:
        """One thing less that a task, or a whole stage, waits for."""
        if task in self._waits:
            self._waits[task] -= 1
            if self._waits[task] == 0:
                (self._over if task[1] == WHOLE else self._push)(task)

    def _bears(self, task: TaskId, failed: TaskId) -> bool:
        """Whether a task runs though this one, which it needs, has failed."""
        return self._stages[task[0]].stage.bears(failed[0].rpartition("/")[2]) and task not in self._copies

    def _fail(self, task: TaskId, cause: TaskId) -> list[TaskId]:
        """Mark a task and all that can't do without it; then they are over, for those that can."""
        marked: list[TaskId] = []
        stack = [task]
        while stack:
            failed = stack.pop()
            if failed in self._failed:
                continue
            self._failed[failed] = cause
            stack += [d for d in self._dependents.get(failed, ()) if d in self._waits and not self._bears(d, failed)]
            if failed[1] == WHOLE:
                continue
            marked.append(failed)
            if failed in self._waits:
                self._waits[failed] = NEVER
            if failed != cause:
                self.skipped[failed] = cause
            if (failed[0], WHOLE) in self._waits:
                stack.append((failed[0], WHOLE))
        for failed in marked:
            self._over(failed)
        return marked
