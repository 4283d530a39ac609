"""What a model says of structures that it hasn't seen."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True)
class Prediction:
    """`values` (m,) float64 of `quantity` in `unit`, NaN where `reasons` says why there is none ("" elsewhere).

    `model` says in words which model it was; `notes` what the user should know of it; `beside` are further numbers or
    texts (m,) by name, such as how far a structure is from those that the model knows.
    """

    quantity: str
    unit: str
    model: str
    values: NDArray[np.float64]
    reasons: Sequence[str]
    beside: dict[str, NDArray[Any]]
    notes: tuple[str, ...] = ()
