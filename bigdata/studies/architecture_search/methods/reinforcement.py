"""Reinforcement learning: a controller that learns which values to draw (Zoph & Le, ICLR 2017, section 3.2).

Its policy is one softmax for each field, with REINFORCE (Williams, Mach. Learn. 8, 229 (1992)) and a baseline that is a
moving average: θ ← θ + rate (R − b) ∇ log p(θ). Fields of a network's layers one after another would want a recurrent
policy; those of a study are few, and each table learns from every trial.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Literal

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from bigdata.studies.architecture_search.methods.method import Method, Told, generator
from bigdata.studies.architecture_search.methods.record import Reader, Record
from bigdata.studies.architecture_search.methods.setting import Searching
from bigdata.studies.architecture_search.space import Point, Space

# Rewards are ranks among so many of the last trials: the same whatever the unit of the error, and however far the
# search has come.
REMEMBERED = 32
DECAY = 0.95


class ReinforcementSearch(Searching):
    """Each field's values are drawn with probabilities that grow where trials were better than recent ones."""

    method: Literal["reinforcement"] = "reinforcement"
    rate: float = Field(default=1.0, gt=0, description="How much one trial changes the probabilities.")
    bins: int = Field(default=8, ge=2, le=1000, description="So many parts of a range have a probability each.")

    def on(self, space: Space) -> Method:
        return Reinforcement(space, self.seed, self.rate, self.bins)


class Reinforcement:
    """Holds the preferences θ of each field's bins, and the last trials, to which new ones are compared."""

    most = math.inf

    def __init__(self, space: Space, seed: int, rate: float, bins: int) -> None:
        self._space, self._seed, self._rate = space, seed, rate
        self.preferences = {path: np.zeros(len(of.spread(bins))) for path, of in space.items()}
        self._reader, self._baseline = Reader(), 0.5
        self._recent: dict[int, Record] = {}

    def propose(self, number: int, history: Sequence[Told], running: Mapping[int, Point]) -> Point:
        for told in self._reader.new(history):
            self._learn(told)
        rng = generator(self._seed, number)
        return self._space.at({path: self._drawn(path, rng) for path in self._space})

    def _drawn(self, path: str, rng: np.random.Generator) -> float:
        ends = np.cumsum(softmax(self.preferences[path]))
        # The last end is 1 but for rounding.
        drawn = min(int(np.searchsorted(ends, rng.random(), side="right")), len(ends) - 1)
        return float((drawn + rng.random()) / len(ends))

    def _learn(self, told: Told) -> None:
        if told.rung and told.trial not in self._recent:
            return  # it went on after so long a time that nothing is left to compare it to
        advantage = self._reward(told) - self._baseline
        self._baseline += (1.0 - DECAY) * advantage
        for path, position in zip(self._space, self._space.encode(told.point).tolist(), strict=True):
            theta = self.preferences[path]
            gradient = -softmax(theta)
            gradient[min(int(position * len(theta)), len(theta) - 1)] += 1.0
            theta += self._rate * advantage * gradient

    def _reward(self, told: Told) -> float:
        """From 0, worse than all recent trials, to 1, better than all; of several objectives, those that it dominates
        count against those that dominate it. A failed trial has 0.
        """
        own = self._recent.pop(told.trial, Record(told.point))
        if told.values is None:
            return 0.0
        own.curve.append(told.values)
        others = [*self._recent.values()]
        self._recent[told.trial] = own
        if len(self._recent) > REMEMBERED:
            del self._recent[next(iter(self._recent))]
        won = sum(map(own.against, others))
        return 0.5 + 0.5 * won / max(1, len(others))


def softmax(preferences: NDArray[np.float64]) -> NDArray[np.float64]:
    """Probabilities e^θ / Σ e^θ."""
    powers = np.exp(preferences - preferences.max())
    return np.asarray(powers / powers.sum())
