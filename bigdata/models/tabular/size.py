"""How large a fitted model is: its components, and its parameters by the way in which they enter.

Eq. 4 of Speckhard et al., Faraday Discuss. 2024 (doi 10.1039/d4fd00102h): C = a A + b L + c N, with A additive, L
linear and N nonlinear parameters. With a = b = c = 1 it is the number of parameters.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

# What models of some class are made of, in the order of the store's array; NaN there where a class has no such thing.
COMPONENTS = ("weights", "biases", "rung", "dimension", "leaves", "splits", "trees", "operations")
PARAMETERS = ("additive", "linear", "nonlinear")


@dataclass(frozen=True)
class Size:
    """Counted from a fitted model; each class says where it counts which of its numbers are of which sort.

    `additive`: constants that are added (biases, intercepts, the values of leaves). `linear`: factors of what comes
    from the columns (weights, coefficients). `nonlinear`: fitted numbers that enter in any other way (thresholds of
    splits, length scales of kernels). `components` has some of COMPONENTS.
    """

    additive: int
    linear: int
    nonlinear: int
    components: Mapping[str, int] = field(default_factory=dict)

    @property
    def n_parameters(self) -> int:
        return self.additive + self.linear + self.nonlinear

    def complexity(self, a: float = 1.0, b: float = 1.0, c: float = 1.0) -> float:
        """Eq. 4."""
        return a * self.additive + b * self.linear + c * self.nonlinear
