"""An estimate: the number that is expected, and the ends between which the true one is in nine cases of ten."""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass

# Standard deviations from the middle of a normal distribution to its 5 % and 95 % quantiles.
QUANTILE = 1.6449


@dataclass(frozen=True)
class Interval:
    """`low` and `high` are the 5 % and the 95 % quantile, all three in one unit."""

    low: float
    middle: float
    high: float

    @classmethod
    def exactly(cls, value: float) -> Interval:
        """What is known."""
        return cls(value, value, value)

    @classmethod
    def within(cls, value: float, factor: float) -> Interval:
        """From the `factor`-th part of a number to `factor` times that number."""
        return cls(value / factor, value, value * factor)

    @property
    def ends(self) -> tuple[float, float, float]:
        return self.low, self.middle, self.high

    def __add__(self, other: Interval) -> Interval:
        """Ends add up: what makes one stage slow, such as a busy machine, makes the others slow too."""
        return Interval(self.low + other.low, self.middle + other.middle, self.high + other.high)

    def times(self, number: float) -> Interval:
        return Interval(self.low * number, self.middle * number, self.high * number)

    def holds(self, value: float) -> bool:
        """Whether the true number, now that it is known, lies between the ends."""
        return self.low <= value <= self.high


NOTHING = Interval.exactly(0.0)


def total(intervals: Iterable[Interval]) -> Interval:
    return sum(intervals, NOTHING)


def later(first: Interval, second: Interval) -> Interval:
    """The larger of both, at each end."""
    return Interval(*map(max, first.ends, second.ends))


def both(*factors: float) -> float:
    """The factor of several causes that are independent: their logarithms add up as deviations do."""
    return math.exp(math.hypot(*map(math.log, factors)))
