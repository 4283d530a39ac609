"""The space that is searched: fields of the study by their paths, and the points that set all of them."""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterator, Mapping
from typing import Annotated

import numpy as np
from numpy.typing import NDArray
from pydantic import AfterValidator, Field

from bigdata.kind import WrongText
from bigdata.studies.architecture_search.dimensions import Choices, Dimension, Searched, Value

Point = dict[str, Value]
"""A value for each searched field, by its path such as `model.latent`. JSON data."""


def _dimension(written: Searched) -> Dimension:
    return Choices(written) if isinstance(written, tuple) else written


def _open(written: dict[str, Searched]) -> dict[str, Searched]:
    if all(_dimension(values).n_values == 1 for values in written.values()):
        raise WrongText("each field has one value, so there is nothing to search", "Give two values to one of them")
    return written


SpaceFields = Annotated[dict[str, Searched], Field(min_length=1), AfterValidator(_open)]
"""The part `space:` of a spec."""


class Space(Mapping[str, Dimension]):
    """The searched fields in the order of their paths, so that the order in a spec changes no draw."""

    def __init__(self, written: Mapping[str, Searched]) -> None:
        self._dimensions = {path: _dimension(written[path]) for path in sorted(written)}

    def __getitem__(self, path: str) -> Dimension:
        return self._dimensions[path]

    def __iter__(self) -> Iterator[str]:
        return iter(self._dimensions)

    def __len__(self) -> int:
        return len(self._dimensions)

    @property
    def open(self) -> tuple[str, ...]:
        """The paths of fields with two values at least."""
        return tuple(path for path, dimension in self.items() if dimension.n_values > 1)

    @property
    def n_points(self) -> float:
        """How many points there are; infinite where a field is continuous."""
        return math.prod(dimension.n_values for dimension in self.values())

    def at(self, positions: Mapping[str, float]) -> Point:
        """The point at a position from 0 to 1 of each field."""
        return {path: dimension.at(positions[path]) for path, dimension in self.items()}

    def draw(self, rng: np.random.Generator) -> Point:
        """A point at random, each field by itself."""
        return self.at(dict(zip(self, rng.random(len(self)).tolist(), strict=True)))

    def mutate(self, point: Point, rng: np.random.Generator) -> Point:
        """The same point with another value of exactly one field, each field being equally likely."""
        path = self.open[int(rng.integers(len(self.open)))]
        return point | {path: self[path].mutated(point[path], rng)}

    def encode(self, point: Point) -> NDArray[np.float64]:
        """(fields,) positions of a point, from 0 to 1, along this space's order."""
        return np.array([dimension.position(point[path]) for path, dimension in self.items()])

    def grid(self, n_per_range: int) -> list[Point]:
        """All combinations, the last field fastest; of ranges with more values `n_per_range` each, evenly spread."""
        spread = [dimension.spread(n_per_range) for dimension in self.values()]
        return [dict(zip(self, values, strict=True)) for values in itertools.product(*spread)]
