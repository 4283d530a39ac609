"""What a search method is: it proposes the points of trials, from what earlier ones have shown."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import NamedTuple, Protocol

import numpy as np

from bigdata.studies.architecture_search.space import Point


class Told(NamedTuple):
    """How a trial stood at the end of one rung: `values` of the objectives, lower is better; None where it failed."""

    trial: int
    rung: int
    point: Point
    values: tuple[float, ...] | None


class Method(Protocol):
    """Proposes points. The same seed, number and history give the same point, in every process and on every machine.

    So nothing random may be drawn but from `generator(seed, number)`. What a method learns, it reads off the history,
    which only ever grows: it may keep what it has read, and a new one that is given the whole history must catch up.
    """

    @property
    def most(self) -> float:
        """How many points it can propose; infinite where there is no end."""

    def propose(self, number: int, history: Sequence[Told], running: Mapping[int, Point]) -> Point:
        """The point of trial `number`.

        `history` has the ends of rungs in the order in which they were told; `running` are trials of which nothing was
        told yet.
        """


def generator(seed: int, number: int) -> np.random.Generator:
    """The random numbers of one proposal: they follow from the study's seed and the trial's number alone."""
    return np.random.default_rng([seed, number])
