"""The purse of a run: no task is begun that the study's budget can't end."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping

from bigdata.engine.execute import Token
from bigdata.planning.budget import exceeded, use
from bigdata.planning.plan import Plan
from bigdata.store.journal import History
from bigdata.store.use import Use


class Purse:
    """Counts what this and earlier submissions of the run used up. What was taken over from elsewhere cost nothing.

    `seconds(path)` is how long a task of a stage is expected to take, on the cores that it has.
    """

    def __init__(self, plan: Plan, past: History, seconds: Callable[[str], float]) -> None:
        self._plan, self._seconds = plan, seconds
        self._stages = {s.path: s for s in plan.stages}
        self._steps = [s.path for s in plan.stages if s.growth]
        self._used = Use()
        self._began = time.time()
        self._earlier = past.wall_seconds
        # What can't be left out, whatever is asked for.
        self._fixed = {s.path: len(s.todo) for s in plan.stages if not s.growth}
        if plan.budget is not None:
            for record in [*past.done.values(), *past.failed.values()]:
                self.pay(record)

    def pay(self, token: Token) -> None:
        """A task has ended, or paused."""
        stage = self._stages.get(token["stage"])
        if stage is not None and "from" not in token:
            self._used += use(self._plan.site, stage, float(token.get("seconds", 0.0)))

    def end(self, path: str) -> None:
        """A task of a stage is over."""
        if path in self._fixed:
            self._fixed[path] -= 1

    def refusal(self, path: str, under_way: Mapping[str, int], n: int) -> str:
        """Why `n` more tasks of a stage may not begin, beside those `under_way` by stage; empty where they may."""
        budget = self._plan.budget
        if budget is None:
            return ""
        begun = {**under_way, path: under_way.get(path, 0) + n}
        # A search leaves what follows it its share; what can't be left out goes on as far as the budget holds.
        kept = self._fixed if self._stages[path].growth else {}
        expected = {other: max(begun.get(other, 0), kept.get(other, 0)) for other in {**begun, **kept}}
        needed = sum((self._use(other, count) for other, count in expected.items()), self._used)
        wall = self._earlier + time.time() - self._began + self._seconds(path)
        if self._stages[path].growth:
            wall += self._after_searches
        elif self._steps:
            # A search stops within its budget and one step: without it, a step that took a moment longer than expected
            # would cost the whole search its last word.
            needed += sum((self._use(step, 1) for step in self._steps), self._use(path, n)).times(-1)
            wall -= max(map(self._seconds, self._steps)) + self._seconds(path)
        return ", ".join(exceeded(budget, self._plan.site.prices, needed, wall))

    @property
    def _after_searches(self) -> float:
        """The least wall time of what a search leaves time for: its stages follow one another."""
        return sum(self._seconds(path) for path, n in self._fixed.items() if n > 0)

    def _use(self, path: str, n: int) -> Use:
        return use(self._plan.site, self._stages[path], n * self._seconds(path)) if n > 0 else Use()
