"""The path of a sparse regression: one model at each number of features, whichever method found them."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from bigdata.models.monomials import Floats, Ints


@dataclass(frozen=True, eq=False)
class Path:
    """Linear models with 1, 2, … k features.

    `selected` (m,) int64 features in the order in which they were chosen; `coefficients` (k, m) float64, row i is the
    model with i + 1 features, in units of the target per unit of the feature as it is, 0 where a feature isn't in the
    model; `intercepts` (k,); `rmse` (k,) on the training rows; `ended`: a sentence on why the path ended before the
    size that was asked for, else empty.

    m = k where a feature stays once it is chosen, so that the coefficients are a lower triangle. Where features may
    leave again (LASSO, elastic net), m can be greater; a size that the path has no model for has NaN everywhere.
    """

    selected: Ints
    coefficients: Floats
    intercepts: Floats
    rmse: Floats
    ended: str = ""

    def __len__(self) -> int:
        return len(self.rmse)

    def within(self, n_steps: int) -> Path:
        """The models that need none but the first `n_steps` features selected; other sizes have none (NaN)."""
        if len(self.selected) <= n_steps:
            return self
        # NaN differs from 0, but a size without a model needs no feature.
        beyond = (np.nan_to_num(self.coefficients[:, n_steps:]) != 0).any(axis=1)
        coefficients, intercepts, rmse = (values.copy() for values in (self.coefficients, self.intercepts, self.rmse))
        for values in (coefficients, intercepts, rmse):
            values[beyond] = np.nan
        ended = self.ended or f"models of {int(beyond.sum())} sizes need more than the first {n_steps} features"
        return Path(self.selected[:n_steps], coefficients[:, :n_steps], intercepts, rmse, ended)

    def predict(self, columns: Floats) -> Floats:
        """(rows, k) float64, the predictions at every size, from the columns (rows, m) of the selected features."""
        return np.asarray(columns @ self.coefficients.T + self.intercepts)
