"""How far a budget gets: the tasks that it holds, stage after stage, where each takes as long as is predicted."""

from __future__ import annotations

import math
from dataclasses import dataclass

from bigdata.planning.budget import amounts, use
from bigdata.planning.extent import Extent
from bigdata.planning.planned import PlannedStage
from bigdata.planning.price import wall
from bigdata.spec.study import Budget
from bigdata.store.use import Use

LOW, MIDDLE, HIGH = range(3)


@dataclass(frozen=True)
class Reach:
    """The stage that a budget ends in, with its tasks that have to run, and how many of these it holds: `fewest` where
    tasks take as long as they may, `most` where they take as short. `stage` is None where it holds all.
    """

    stage: PlannedStage | None
    n_tasks: int = 0
    fewest: int = 0
    middle: int = 0
    most: int = 0


def reach(plan: Extent, budget: Budget) -> Reach:
    """Of the tasks that have to run, in the order of their stages. A stage that grows holds as many as fit."""
    ends = [_end(plan, budget, which) for which in (LOW, MIDDLE, HIGH)]
    place = ends[MIDDLE]
    if place is None:
        return Reach(None)
    stage, n = plan.stages[place[0]], place[1]
    total = len(stage.todo) + stage.n_open
    most, fewest = (_in_same(end, place[0], total) for end in (ends[LOW], ends[HIGH]))
    return Reach(stage, total, fewest, n, most)


def share(plan: Extent, budget: Budget, which: int = MIDDLE) -> float:
    """Of the part of the budget that is used up first, how much the whole plan takes; 1 is all of it."""
    used = sum((use(plan.site, s, s.todo_interval.ends[which]) for s in plan.stages), Use())
    return max(_shares(plan, budget, used, plan.task_seconds.ends[which]), default=0.0)


def _end(plan: Extent, budget: Budget, which: int) -> tuple[int, int] | None:
    """The number of the stage in which the budget ends and the tasks of it that it holds; None where it holds all."""
    used, seconds = Use(), 0.0
    for i, stage in enumerate(plan.stages):
        n_tasks = len(stage.todo) + stage.n_open
        more, lasting = use(plan.site, stage, stage.todo_interval.ends[which]), wall(plan.site, stage).ends[which]
        after = _shares(plan, budget, used + more, seconds + lasting)
        before = _shares(plan, budget, used, seconds)
        fractions = [(1 - b) / (a - b) for a, b in zip(after, before, strict=True) if a > 1]
        if fractions and n_tasks:
            return i, max(0, math.floor(n_tasks * min(fractions)))
        used, seconds = used + more, seconds + lasting
    return None


def _in_same(end: tuple[int, int] | None, stage: int, n_tasks: int) -> int:
    """Tasks of the stage where the middle ends: all where another end comes later, none where it comes before."""
    if end is None or end[0] > stage:
        return n_tasks
    return end[1] if end[0] == stage else 0


def _shares(plan: Extent, budget: Budget, used: Use, seconds: float) -> list[float]:
    """How much of each part of a budget is used."""
    return [part.share for part in amounts(budget, plan.site.prices, used, seconds)]
