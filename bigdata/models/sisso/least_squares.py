"""Least squares of a few terms from their values, in each task: what formulas' coefficients and errors are."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from bigdata.models.sisso.operators import Floats
from bigdata.models.sisso.setting import Problem


class Terms:
    """Terms of which some at a time are fitted to a problem's target, with `values` (q, n), which are overwritten:
    columns are centred and scaled in each task, so that one that is constant there gets the coefficient 0."""

    def __init__(self, problem: Problem, values: Floats) -> None:
        self.problem, self.scaled = problem, values
        shape = (len(problem.starts) - 1, len(values))
        self.means, self.norms = np.zeros(shape), np.zeros(shape)
        self.target, self.target_means = problem.target.copy(), np.zeros(shape[0])
        for task, of in self._tasks():
            self.target_means[task] = self.target[of].mean()
            self.target[of] -= self.target_means[task]
            self._scale(task, values[:, of])

    def _tasks(self) -> Iterator[tuple[int, slice]]:
        """Those with samples."""
        starts = self.problem.starts
        yield from ((t, slice(starts[t], starts[t + 1])) for t in range(len(starts) - 1) if starts[t + 1] > starts[t])

    def _scale(self, task: int, values: Floats) -> None:
        means = values.mean(axis=1)
        sizes = np.maximum(values.max(axis=1), -values.min(axis=1))
        values -= means[:, None]
        norms = np.linalg.norm(values, axis=1)
        # By an infinite norm, what is constant becomes 0, and so does its coefficient.
        norms[norms <= 1e-9 * sizes] = np.inf
        values *= (1 / norms)[:, None]
        self.means[task], self.norms[task] = means, norms

    def fitted(self, rows: NDArray[np.int64]) -> tuple[Floats, Floats]:
        """(T, d + 1) intercepts and coefficients of d terms, NaN for tasks without samples, and the residual (n,); by
        singular values."""
        coefficients, residual = np.full((len(self.means), len(rows) + 1), np.nan), np.empty_like(self.target)
        for task, of in self._tasks():
            scaled, target = self.scaled[rows, of], self.target[of]
            solution = np.linalg.lstsq(scaled.T, target, rcond=None)[0]
            own = solution / self.norms[task, rows]
            coefficients[task, 0] = self.target_means[task] - own @ self.means[task, rows]
            coefficients[task, 1:] = own
            residual[of] = target - solution @ scaled
        return coefficients, residual
