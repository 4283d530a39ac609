"""Rungs: how far a trial is trained before it is judged again."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

Resource = Literal["steps", "seconds"]


@dataclass(frozen=True)
class Rungs:
    """`levels` are the ends of the rungs, in gradient steps or in seconds of training since the trial's beginning."""

    levels: tuple[float, ...]
    resource: Resource = "steps"

    @classmethod
    def geometric(cls, least: float, most: float, factor: float, resource: Resource) -> Rungs:
        """`least` · factor^r as long as that is below `most`, and `most`."""
        levels = [least] if least < most else []
        while levels and levels[-1] * factor < most:
            levels.append(levels[-1] * factor)
        whole = int if resource == "steps" else float
        return cls((*map(whole, levels), whole(most)), resource)

    def __len__(self) -> int:
        return len(self.levels)

    @property
    def top(self) -> int:
        return len(self.levels) - 1

    def span(self, rung: int) -> tuple[float, float]:
        """From where to where a trial is trained in a rung."""
        return (self.levels[rung - 1] if rung else type(self.levels[0])(0), self.levels[rung])

    def work(self, counts: Sequence[int]) -> float:
        """Steps or seconds of so many trials in each rung."""
        return sum(n * (end - begin) for n, (begin, end) in zip(counts, map(self.span, range(len(self))), strict=True))
