"""The parameters of a network as one vector: names, shapes and first values, counted without TensorFlow.

One vector is one variable: what is counted is what is optimised, averaged and saved, and Adam is one operation.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from itertools import pairwise
from math import prod

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True)
class Parameter:
    """A matrix or vector of weights; `fan_in` inputs meet in each of its outputs, 0 for biases, which begin at zero.

    `one` marks what begins at one: the scale of a normalisation.
    """

    shape: tuple[int, ...]
    fan_in: int = 0
    one: bool = False

    @property
    def size(self) -> int:
        return prod(self.shape)


@dataclass(frozen=True)
class Layout:
    """Parameters by name, in their order in the vector."""

    parameters: Mapping[str, Parameter]

    @cached_property
    def sizes(self) -> list[int]:
        return [p.size for p in self.parameters.values()]

    @property
    def n_parameters(self) -> int:
        return sum(self.sizes)

    def initial(self, seed: int) -> NDArray[np.float64]:
        """(n_parameters,) first values: normal, truncated at two standard deviations of 1/√fan_in."""
        rng = np.random.default_rng(seed)
        return np.concatenate([_initial(p, rng).ravel() for p in self.parameters.values()])


def _initial(parameter: Parameter, rng: np.random.Generator) -> NDArray[np.float64]:
    if parameter.one or not parameter.fan_in:
        return np.full(parameter.shape, float(parameter.one))
    drawn = rng.normal(size=parameter.shape)
    while (far := np.abs(drawn) > 2).any():
        drawn[far] = rng.normal(size=int(far.sum()))
    return np.asarray(drawn / np.sqrt(parameter.fan_in))


def linear(name: str, n_in: int, n_out: int, *, bias: bool = False) -> dict[str, Parameter]:
    """The weights of one linear layer, and its biases where it has them."""
    weights = {name: Parameter((n_in, n_out), n_in)}
    return weights | ({f"{name}.bias": Parameter((n_out,))} if bias else {})


def perceptron(name: str, sizes: list[int], *, bias: bool = False) -> dict[str, Parameter]:
    """Linear layers `name.0`, `name.1` … from each size to the next."""
    layers: dict[str, Parameter] = {}
    for i, (n_in, n_out) in enumerate(pairwise(sizes)):
        layers |= linear(f"{name}.{i}", n_in, n_out, bias=bias)
    return layers


def normalisation(name: str, n: int) -> dict[str, Parameter]:
    """Scale and offset of a layer normalisation."""
    return {f"{name}.scale": Parameter((n,), one=True), f"{name}.offset": Parameter((n,))}
