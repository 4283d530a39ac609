"""What one searched field may be: a list of choices, or a range of numbers."""

from __future__ import annotations

import math
from abc import abstractmethod
from dataclasses import dataclass
from typing import Annotated, Any, Protocol

import numpy as np
from pydantic import AfterValidator, Discriminator, Field, Tag

from bigdata.kind import SpecModel, WrongText

Value = bool | int | float | str | None
"""What a field is set to: JSON data."""

# The standard deviation of a mutation, as a share of a range: most steps are small, and some cross half of it.
STEP = 0.2
# Of a continuous range so many digits are drawn: the same text in every journal and key, whatever the last bit of a
# processor's exponential is, and finer than any search can tell apart.
DIGITS = 4


class Dimension(Protocol):
    """The values of one searched field, laid out on positions from 0 to 1 so that all are equally likely."""

    @property
    def n_values(self) -> float:
        """How many there are; infinite for a continuous range."""

    def at(self, position: float) -> Value:
        """The value at a position from 0 to 1."""

    def position(self, value: Value) -> float:
        """Where a value lies; `at` gives it back."""

    def mutated(self, value: Value, rng: np.random.Generator) -> Value:
        """Another value; the dimension must have two at least."""

    def spread(self, n: int) -> tuple[Value, ...]:
        """All values where there are few, else `n` of them, evenly from one end to the other."""


@dataclass(frozen=True)
class Choices:
    """Values in the order in which they were written."""

    choices: tuple[Value, ...]

    @property
    def n_values(self) -> float:
        return len(self.choices)

    def at(self, position: float) -> Value:
        return self.choices[_cell(position, len(self.choices))]

    def position(self, value: Value) -> float:
        return (self.choices.index(value) + 0.5) / len(self.choices)

    def mutated(self, value: Value, rng: np.random.Generator) -> Value:
        others = [other for other in self.choices if other != value]
        return others[int(rng.integers(len(others)))]

    def spread(self, n: int) -> tuple[Value, ...]:
        return self.choices


class _Range(SpecModel):
    """Numbers from one to another. A mutation is a normal step of the position, mirrored at the ends."""

    @property
    def n_values(self) -> float:
        return math.inf

    @abstractmethod
    def at(self, position: float) -> Value: ...

    @abstractmethod
    def position(self, value: Value) -> float: ...

    def mutated(self, value: Value, rng: np.random.Generator) -> Value:
        here, other = self.position(value), value
        while other == value:
            other = self.at(_mirrored(here + rng.normal(0.0, STEP)))
        return other

    def spread(self, n: int) -> tuple[Value, ...]:
        n = int(min(n, self.n_values))
        places = [0.5] if n == 1 else np.linspace(0.0, 1.0, n).tolist()
        return tuple(dict.fromkeys(self.at(place) for place in places))


def _rising(bounds: tuple[float, float]) -> tuple[float, float]:
    low, high = bounds
    if not low < high:
        raise WrongText(f"the range from {low:g} to {high:g} is empty", "Write the lower end first, then a higher one")
    return bounds


def _positive(bounds: tuple[float, float]) -> tuple[float, float]:
    if bounds[0] <= 0:
        what = f"a range that is even in the logarithm can't begin at {bounds[0]:g}"
        raise WrongText(what, "Write a lower end above 0, or `uniform`")
    return bounds


class Uniform(_Range):
    """Numbers that are all equally likely."""

    uniform: Annotated[tuple[float, float], AfterValidator(_rising)] = Field(
        description="Lower and higher end; all between are equally likely."
    )

    def at(self, position: float) -> Value:
        low, high = self.uniform
        return _within(round(low + position * (high - low), DIGITS - _order(high - low)), self.uniform)

    def position(self, value: Value) -> float:
        low, high = self.uniform
        return (_number(value) - low) / (high - low)


class LogUniform(_Range):
    """Positive numbers whose logarithms are all equally likely."""

    log_uniform: Annotated[tuple[float, float], AfterValidator(_positive), AfterValidator(_rising)] = Field(
        description="Lower and higher end, above 0; all orders of magnitude between are equally likely."
    )

    def at(self, position: float) -> Value:
        low, high = self.log_uniform
        drawn = low * (high / low) ** position
        # A narrow range takes more digits: from 1 to 1.001 four of them would be eleven values.
        narrow = max(0, -_order(high / low - 1.0))
        return _within(round(drawn, DIGITS - 1 + narrow - _order(drawn)), self.log_uniform)

    def position(self, value: Value) -> float:
        low, high = self.log_uniform
        return math.log(_number(value) / low) / math.log(high / low)


class Integers(_Range):
    """Whole numbers that are all equally likely."""

    integers: Annotated[tuple[int, int], AfterValidator(_rising)] = Field(
        description="Lowest and highest whole number; both are among them."
    )

    @property
    def n_values(self) -> float:
        return self.integers[1] - self.integers[0] + 1

    def at(self, position: float) -> Value:
        return self.integers[0] + _cell(position, int(self.n_values))

    def position(self, value: Value) -> float:
        return (_number(value) - self.integers[0] + 0.5) / self.n_values


def _cell(position: float, n: int) -> int:
    return min(int(position * n), n - 1)


def _mirrored(position: float) -> float:
    """Reflected at 0 and at 1 until it lies between."""
    return 1.0 - abs(1.0 - position % 2.0)


def _order(number: float) -> int:
    return math.floor(math.log10(number))


def _within(number: float, bounds: tuple[float, float]) -> float:
    return min(max(number, bounds[0]), bounds[1])


def _number(value: Value) -> float:
    assert isinstance(value, int | float)
    return value


def _distinct(values: tuple[Value, ...]) -> tuple[Value, ...]:
    # In Python true is 1.
    seen = [(isinstance(value, bool), value) for value in values]
    if twice := [value for i, value in enumerate(values) if seen[i] in seen[:i]]:
        raise WrongText(f"`{twice[0]}` is there twice, which would make it more likely", "Write each choice once")
    return values


Chosen = Annotated[tuple[Value, ...], Field(min_length=1), AfterValidator(_distinct)]
_KEYS = ("log_uniform", "uniform", "integers")


def _tag(value: Any) -> str | None:
    if isinstance(value, list | tuple):
        return "choices"
    keys = value if isinstance(value, dict) else type(value).model_fields if isinstance(value, _Range) else ()
    return next((key for key in _KEYS if key in keys), None)


Searched = Annotated[
    Annotated[Chosen, Tag("choices")]
    | Annotated[LogUniform, Tag("log_uniform")]
    | Annotated[Uniform, Tag("uniform")]
    | Annotated[Integers, Tag("integers")],
    Discriminator(_tag),
]
"""A field's values in a spec: `[32, 64]`, `{log_uniform: [1e-5, 1e-3]}`, `{uniform: [0, 1]}`, `{integers: [1, 5]}`."""
