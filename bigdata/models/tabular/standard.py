"""Columns and target by their means and spreads over the samples that are learned from.

These numbers aren't counted as parameters of a model: they are set before anything is fitted, and a linear first layer
could take them up without another weight.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bigdata.models.tabular.fitted import Floats, Samples
from bigdata.models.tabular.soundness import check_features

# What deviates from its mean by less than this, relative to its largest value, is constant but for rounding.
CONSTANT = 1e-12


@dataclass(frozen=True, eq=False)
class Standard:
    """`kept` (k,) int64 are those of the `n_columns` that vary; `means` (k,) and `scales` (k,) their means and standard
    deviations.

    Where none varies the first is kept with an infinite scale, and is 0 for every sample: all classes want a column.
    The target has `mean` and `scale`, which is 0 where it is constant, so that it is predicted exactly.
    """

    n_columns: int
    kept: NDArray[np.int64]
    means: Floats
    scales: Floats
    mean: float
    scale: float

    @classmethod
    def of(cls, samples: Samples) -> Standard:
        means, scales = _moments(samples.features)
        target_mean, target_scale = _moments(samples.target[:, None])
        kept = np.flatnonzero(scales)
        if not len(kept):
            kept, scales = np.array([0]), np.full(len(scales), np.inf)
        return cls(len(scales), kept, means[kept], scales[kept], float(target_mean[0]), float(target_scale[0]))

    def columns(self, features: Floats) -> Floats:
        """(m, k) of mean 0 and variance 1 over the samples learned from, for features (m, p).

        SpecError where these aren't so many columns of finite numbers: trees would predict something for NaN too.
        """
        check_features(features, [f"number {k + 1}" for k in range(self.n_columns)])
        return np.asarray((features[:, self.kept] - self.means) / self.scales)

    def target(self, target: Floats) -> Floats:
        """(n,) of mean 0 and variance 1; all 0 where the target is constant."""
        return (target - self.mean) / self.scale if self.scale else np.zeros(len(target))

    def back(self, standardised: Floats) -> Floats:
        """(m,) in the target's unit."""
        return self.mean + self.scale * standardised

    @property
    def says_nothing(self) -> bool:
        """Whether the target or all columns are constant: the mean is then the best that can be learned."""
        return self.scale == 0 or bool(np.isinf(self.scales).all())

    def spread(self, importance: Floats) -> Floats | None:
        """(p,) with the sum 1, for the importance (k,) of columns that vary; None where nothing matters."""
        total = float(importance.sum())
        if total <= 0:
            return None
        whole = np.zeros(self.n_columns)
        whole[self.kept] = importance / total
        return whole

    def arrays(self) -> dict[str, NDArray[Any]]:
        return {
            "standard_kept": self.kept,
            "standard_means": self.means,
            "standard_scales": self.scales,
            "standard_target": np.array([self.mean, self.scale]),
            "standard_n_columns": np.array(self.n_columns),
        }

    @classmethod
    def restored(cls, arrays: Mapping[str, NDArray[Any]]) -> Standard:
        mean, scale = arrays["standard_target"]
        return cls(
            int(arrays["standard_n_columns"]),
            np.asarray(arrays["standard_kept"]),
            np.asarray(arrays["standard_means"]),
            np.asarray(arrays["standard_scales"]),
            float(mean),
            float(scale),
        )


def _moments(values: Floats) -> tuple[Floats, Floats]:
    """Means and standard deviations (p,) of columns (n, p); 0 for the deviation of those that are constant."""
    means = values.mean(axis=0)
    deviations = values - means
    largest = np.abs(deviations).max(axis=0)
    varies = largest > CONSTANT * np.abs(values).max(axis=0)
    # The squares of deviations of 1e-200 would be 0.
    scaled = deviations / np.where(varies, largest, 1.0)
    scales = np.where(varies, largest * np.sqrt(np.square(scaled).mean(axis=0)), 0.0)
    # The mean of equal numbers may differ from them in the last bit.
    return np.where(varies, means, values[0]), scales
