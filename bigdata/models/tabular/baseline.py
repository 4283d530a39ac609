"""The mean of the target: what any model must beat."""

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
class Mean:
    """The mean over the samples that it was fitted to, for every sample."""

    value: float

    @property
    def size(self) -> Size:
        """The mean is one additive parameter."""
        return Size(additive=1, linear=0, nonlinear=0)

    def predict(self, features: Floats, tasks: NDArray[np.int64]) -> Floats:
        return np.full(len(features), self.value)

    def arrays(self) -> Mapping[str, NDArray[Any]]:
        return {"value": np.array(self.value)}

    def importance(self) -> None:
        return None


def fit(point: Point, samples: Samples, effort: Effort) -> Mean:
    return Mean(Standard.of(samples).mean)


def restored(arrays: Mapping[str, NDArray[Any]]) -> Mean:
    return Mean(float(arrays["value"]))


def seconds(point: Point, n: int, p: int) -> float:
    return 0.001


def n_bytes(point: Point, n: int, p: int) -> int:
    return 8 * n
