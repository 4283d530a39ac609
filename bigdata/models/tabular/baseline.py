"""The mean of the target, or its most frequent class: what any model must beat."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bigdata.models.tabular.fitted import Effort, Floats, Samples
from bigdata.models.tabular.setting import Point
from bigdata.models.tabular.size import Size
from bigdata.models.tabular.standard import Standard

MEAN = Point("mean", {}, {})


@dataclass(frozen=True)
class Constant:
    """The mean over the samples that it was fitted to, or the class that most of them have, for every sample."""

    value: float

    @property
    def size(self) -> Size:
        """The value is one additive parameter."""
        return Size(additive=1, linear=0, nonlinear=0)

    def predict(self, features: Floats, tasks: NDArray[np.int64]) -> Floats:
        return np.full(len(features), self.value)

    def arrays(self) -> Mapping[str, NDArray[Any]]:
        return {"value": np.array(self.value)}

    def importance(self) -> None:
        return None


def fit(point: Point, samples: Samples, effort: Effort) -> Constant:
    return Constant(most_frequent(samples.target) if samples.labels else Standard.of(samples).mean)


def most_frequent(codes: Floats) -> float:
    """The code that most samples have; the first of those that as many have."""
    different, counts = np.unique(codes, return_counts=True)
    return float(different[np.argmax(counts)])


def restored(arrays: Mapping[str, NDArray[Any]]) -> Constant:
    return Constant(float(arrays["value"]))


def seconds(point: Point, n: int, p: int) -> float:
    return 0.001


def n_bytes(point: Point, n: int, p: int) -> int:
    return 8 * n
