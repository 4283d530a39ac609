"""Regularised evolution: mutations of good trials among the youngest (Real et al., AAAI 33, 4780 (2019), algorithm 1).

Every trial dies when it is too old, however good it is: what was good by luck alone is so forgotten.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Literal, Self

import numpy as np
from pydantic import Field, model_validator

from bigdata.kind import WrongText
from bigdata.studies.architecture_search.methods.method import Method, Told, generator
from bigdata.studies.architecture_search.methods.record import Reader, Record
from bigdata.studies.architecture_search.methods.setting import Searching
from bigdata.studies.architecture_search.space import Point, Space


class EvolutionSearch(Searching):
    """The first are random; each later one changes one field of the best of a sample of the population."""

    method: Literal["evolution"] = "evolution"
    population: int = Field(default=20, ge=2, le=10_000, description="How many of the youngest trials may be parents.")
    sample: int = Field(default=8, ge=1, description="Of so many of them, drawn at random, the best is the parent.")

    def on(self, space: Space) -> Method:
        return Evolution(space, self.seed, self.population, self.sample)

    @model_validator(mode="after")
    def _sample_of_population(self) -> Self:
        if self.sample > self.population:
            what = f"{self.sample} can't be drawn of a population of {self.population}"
            raise WrongText(what, "Write a smaller `sample`, or a larger `population`")
        return self


class Evolution:
    """Holds the population: the youngest trials that haven't failed, by the order in which their first rung ended."""

    most = math.inf

    def __init__(self, space: Space, seed: int, population: int, sample: int) -> None:
        self._space, self._seed, self._size, self._sample = space, seed, population, sample
        self._reader = Reader()
        self._population: dict[int, Record] = {}

    def propose(self, number: int, history: Sequence[Told], running: Mapping[int, Point]) -> Point:
        for told in self._reader.new(history):
            self._live(told)
        rng = generator(self._seed, number)
        if len(self._population) < self._size:
            return self._space.draw(rng)
        return self._space.mutate(self._parent(rng).point, rng)

    def _live(self, told: Told) -> None:
        if told.values is None:
            self._population.pop(told.trial, None)
        elif told.rung == 0:
            self._population[told.trial] = Record(told.point, [told.values])
        elif told.trial in self._population:
            self._population[told.trial].curve.append(told.values)
        if len(self._population) > self._size:
            del self._population[next(iter(self._population))]

    def _parent(self, rng: np.random.Generator) -> Record:
        """The one that the fewest of a sample beat; of several objectives that is one of the sample's Pareto front."""
        alive = [*self._population.values()]
        sample: list[Record] = [alive[i] for i in rng.choice(len(alive), self._sample, replace=False)]
        return min(sample, key=lambda record: sum(other.against(record) > 0 for other in sample))
