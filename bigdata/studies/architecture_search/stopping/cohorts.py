"""Successive halving and Hyperband: trials of one cohort are judged together, when all of them have ended a rung.

Jamieson & Talwalkar, Int. Conf. Artif. Intell. Stat. 2016 (successive halving); Li et al., J. Mach. Learn. Res. 18, 185
(2018) (Hyperband). While a cohort waits for its last results the next one begins, so that workers have something to do.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Sequence
from typing import Literal, NamedTuple

from pydantic import Field

from bigdata.studies.architecture_search.stopping.ranked import Ranked
from bigdata.studies.architecture_search.stopping.rule import Rule
from bigdata.studies.architecture_search.stopping.rungs import Rungs
from bigdata.studies.architecture_search.stopping.setting import Halving


class Bracket(NamedTuple):
    """A cohort's size, and the first rung after which some are stopped."""

    size: int
    first: int = 0


class SuccessiveHalving(Halving):
    """Of each rung the best 1/`factor` go on, when the whole cohort has ended it."""

    method: Literal["successive-halving"] = "successive-halving"
    together: int | None = Field(
        default=None,
        ge=2,
        description="About how many trials are judged together; left out, so many that one of them is trained to its "
        "end.",
    )

    def rule(self, n_trials: int) -> Rule:
        size = self.together or self.factor ** (len(self.rungs) - 1)
        n = max(1, round(n_trials / size))
        return Cohorts(self.rungs, self.factor, [Bracket(size) for size in shared(n_trials, [1] * n) if size])


class Hyperband(Halving):
    """Cohorts that are stopped early, and others that are stopped late: for who doubts early ranks."""

    method: Literal["hyperband"] = "hyperband"

    def rule(self, n_trials: int) -> Rule:
        return Cohorts(self.rungs, self.factor, brackets(n_trials, self.factor, len(self.rungs)))


def brackets(n_trials: int, factor: int, n_rungs: int) -> list[Bracket]:
    """Hyperband's, over and over: n = ⌈n_rungs factor^s / (s + 1)⌉ trials that are first judged n_rungs − 1 − s rungs
    up, for s from n_rungs − 1 to 0; all smaller or larger in proportion, so that they hold `n_trials` in whole rounds.
    """
    sizes = [-(-n_rungs * factor**s // (s + 1)) for s in reversed(range(n_rungs))]
    n_rounds = max(1, round(n_trials / sum(sizes)))
    shares = shared(n_trials, sizes * n_rounds)
    return [Bracket(size, i % n_rungs) for i, size in enumerate(shares) if size]


def shared(n: int, weights: Sequence[int]) -> list[int]:
    """`n` shared out in proportion to whole weights: each part is within one of its due."""
    parts, due = list[int](), 0
    for weight in weights:
        before, due = due, due + weight
        parts.append(n * due // sum(weights) - n * before // sum(weights))
    return parts


class Cohorts:
    """Trials fill the brackets in the order of their beginning."""

    def __init__(self, rungs: Rungs, factor: int, brackets: Iterable[Bracket]) -> None:
        self.rungs, self._factor, self._brackets = rungs, factor, [*brackets]
        self._to_come = iter(self._brackets)
        self._room = 0  # in the cohort that began last
        self._cohorts: dict[int, Cohort] = {}
        self._going_on: deque[int] = deque()

    def begin(self, trial: int) -> None:
        if not self._room:
            bracket = next(self._to_come)
            self._last, self._room = Cohort(bracket, self._factor, len(self.rungs)), bracket.size
        self._room -= 1
        self._cohorts[trial] = self._last

    def tell(self, trial: int, rung: int, value: float | None) -> None:
        self._going_on.extend(self._cohorts[trial].tell(trial, rung, value))

    def next(self, at_end: bool) -> int | None:
        return self._going_on.popleft() if self._going_on else None

    def counts(self, n_trials: int) -> tuple[int, ...]:
        of_each = [self._count(bracket) for bracket in self._brackets]
        return tuple(map(sum, zip(*of_each, strict=True))) if of_each else (0,) * len(self.rungs)

    def _count(self, bracket: Bracket) -> tuple[int, ...]:
        return (bracket.size,) * bracket.first + halved(bracket.size, self._factor, len(self.rungs) - bracket.first)


def halved(n_trials: int, factor: int, n_rungs: int) -> tuple[int, ...]:
    """How many of so many trials run each rung where the best 1/`factor`, and one at least, go on."""
    counts = [n_trials]
    while len(counts) < n_rungs:
        counts.append(max(1, counts[-1] // factor))
    return tuple(counts)


class Cohort:
    """Trials that are judged together. Where all of a rung have failed, the next best of the rung below goes on."""

    def __init__(self, bracket: Bracket, factor: int, n_rungs: int) -> None:
        self._first, self._factor = bracket.first, factor
        self._ranked = [Ranked() for _ in range(n_rungs)]
        self._expected = [bracket.size] + [0] * (n_rungs - 1)

    def tell(self, trial: int, rung: int, value: float | None) -> list[int]:
        """The trials that go on for this result, the best first."""
        ranked = self._ranked[rung]
        ranked.add(trial, value)
        if len(ranked) < self._expected[rung]:
            return []
        if ranked.is_empty:
            return self._go_on(rung - 1, len(self._ranked[rung - 1]), 1) if rung else []
        if rung + 1 == len(self._ranked):
            return []
        n = len(ranked) if rung < self._first else max(1, len(ranked) // self._factor)
        return self._go_on(rung, n, n)

    def _go_on(self, rung: int, n_best: int, at_most: int) -> list[int]:
        trials = list[int]()
        while len(trials) < at_most and (trial := self._ranked[rung].take(n_best)) is not None:
            trials.append(trial)
        self._expected[rung + 1] += len(trials)
        return trials
