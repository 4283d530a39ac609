"""Random search: every trial is drawn by itself (Bergstra & Bengio, J. Mach. Learn. Res. 13, 281 (2012))."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Literal

from bigdata.studies.architecture_search.methods.method import Method, Told, generator
from bigdata.studies.architecture_search.methods.setting import Searching
from bigdata.studies.architecture_search.space import Point, Space


class RandomSearch(Searching):
    """Points at random, as in the paper. A point may come twice: its trials differ in their seeds."""

    method: Literal["random"] = "random"

    def on(self, space: Space) -> Method:
        return Random(space, self.seed)


class Random:
    """Draws trial `number` from the seed and that number."""

    most = math.inf

    def __init__(self, space: Space, seed: int) -> None:
        self._space, self._seed = space, seed

    def propose(self, number: int, history: Sequence[Told], running: Mapping[int, Point]) -> Point:
        return self._space.draw(generator(self._seed, number))
