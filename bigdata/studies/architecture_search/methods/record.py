"""Trials as a method remembers them: which of two was better where both have been."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from bigdata.studies.architecture_search.methods.method import Told
from bigdata.studies.architecture_search.pareto import dominates
from bigdata.studies.architecture_search.space import Point


@dataclass(eq=False)
class Record:
    """A trial's point, and its objectives at the end of each rung that it has come through."""

    point: Point
    curve: list[tuple[float, ...]] = field(default_factory=list)

    def against(self, other: Record) -> int:
        """1 where it is better than another trial at the highest rung that both have come through, −1 where it is
        worse, else 0.

        Values of unlike rungs say nothing about each other: all errors fall with training.
        """
        rung = min(len(self.curve), len(other.curve)) - 1
        own, others = self.curve[rung], other.curve[rung]
        return dominates(own, others) - dominates(others, own)


class Reader:
    """Reads a history that grows, each entry once."""

    def __init__(self) -> None:
        self._n_read = 0

    def new(self, history: Sequence[Told]) -> Sequence[Told]:
        """What wasn't read yet. ValueError where the history is shorter than what was read."""
        if len(history) < self._n_read:
            raise ValueError(f"{self._n_read} results were read, and the history has {len(history)}: make a new method")
        begun, self._n_read = self._n_read, len(history)
        return history[begun:]
