"""Grid search: all combinations of choices and of evenly spread numbers."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Literal

from pydantic import Field

from bigdata.studies.architecture_search.methods.method import Method, Told
from bigdata.studies.architecture_search.methods.setting import Searching
from bigdata.studies.architecture_search.space import Point, Space

GOLDEN = (math.sqrt(5.0) - 1.0) / 2.0


class GridSearch(Searching):
    """Each point of a grid once. Fewer trials than points are spread over the whole grid, and so are those so far."""

    method: Literal["grid"] = "grid"
    per_range: int = Field(default=5, ge=1, description="How many numbers of each range, ends included; else all.")

    def on(self, space: Space) -> Method:
        return Grid(space, self.per_range)


class Grid:
    """Trial `number` stands at place number · stride of the grid, around its end."""

    def __init__(self, space: Space, per_range: int) -> None:
        self._values = {path: dimension.spread(per_range) for path, dimension in space.items()}
        self._n = math.prod(map(len, self._values.values()))
        self._stride = _stride(self._n)

    @property
    def most(self) -> float:
        return self._n

    def propose(self, number: int, history: Sequence[Told], running: Mapping[int, Point]) -> Point:
        place, point = number * self._stride % self._n, Point()
        for path, values in reversed(self._values.items()):
            place, i = divmod(place, len(values))
            point[path] = values[i]
        return {path: point[path] for path in self._values}


def _stride(n: int) -> int:
    """A number near n times the golden ratio that has no divisor in common with n: it visits all places, far apart."""
    stride = max(1, round(n * GOLDEN))
    while math.gcd(stride, n) > 1:
        stride += 1
    return stride
