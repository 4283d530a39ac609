"""The pool from which subsets are chosen: expressions that were screened, and the simplest of all."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from bigdata.models.sisso.formula import Formula, compact
from bigdata.models.sisso.moments import Residuals
from bigdata.models.sisso.operators import Floats
from bigdata.models.sisso.screening import Candidates
from bigdata.models.sisso.setting import Problem
from bigdata.models.sisso.space import Space
from bigdata.models.sisso.subsets import Gram, Rows, leading

# Subsets whose least squares are made again from the values, beside those that are asked for: shares from Gram entries
# lose digits where features nearly depend on each other.
SPARE = 50
# Errors this near, relatively to the target's spread, are one.
EQUAL_ERRORS = 1e-9


@dataclass(frozen=True, eq=False)
class Pool:
    """`members` among the expressions of a space."""

    space: Space
    members: Candidates

    def gram(self, target: Residuals) -> Gram:
        """Of the members, centred and scaled to length 1 in each task, and of the target, whose sum of squares is 1."""
        m, n_tasks = len(self.members), len(target.starts) - 1
        counts = np.maximum(np.diff(target.starts), 1)
        first, sums = np.full(m, np.nan), np.zeros((n_tasks, m))
        products, targets = np.zeros((n_tasks, m, m)), np.zeros((n_tasks, m))
        for task, start, stop in self.space.chunks():
            values = self.space.formed(self.members.table.nodes, start, stop)
            first = np.where(np.isnan(first), values[:, 0], first)
            values -= first[:, None]
            sums[task] += values.sum(axis=1)
            products[task] += values @ values.T
            targets[task] += values @ target.values[0, start:stop]
        for task in range(n_tasks):
            products[task] -= np.outer(sums[task], sums[task]) / counts[task]
        return _scaled(products, targets)

    def values(self, rows: Rows) -> Floats:
        """(q, n) of some members."""
        nodes = self.members.table.nodes[rows]
        parts = [self.space.formed(nodes, start, stop) for _, start, stop in self.space.chunks()]
        return np.concatenate(parts, axis=1)

    def best(self, dimension: int, count: int, check: Callable[[], None] = lambda: None) -> list[Formula]:
        """The `count` formulas of a dimension with the least errors, of equal ones the simplest first."""
        problem = self.space.problem
        target = Residuals.of(problem, problem.target[None])
        if dimension == 0 or not len(target):
            return [self._fitted(np.empty(0, np.int64), np.empty((0, problem.n_samples)))]
        subsets = leading(self.gram(target), dimension, count + SPARE, check)
        used, at = np.unique(subsets, return_inverse=True)
        values = self.values(used)
        found = [self._fitted(rows, values[i]) for rows, i in zip(subsets, at.reshape(subsets.shape), strict=True)]
        scale = EQUAL_ERRORS * max(float(np.std(problem.target)), np.finfo(float).tiny)
        return sorted(found, key=lambda formula: (round(formula.rmse / scale), formula.operations))[:count]

    def _fitted(self, rows: Rows, values: Floats) -> Formula:
        coefficients, residual = fitted(self.space.problem, values)
        nodes, terms = compact(*self._nodes(rows))
        operations = int(self.members.table.operations[rows].sum())
        return Formula(nodes, terms, coefficients, float(np.sqrt(np.mean(residual**2))), operations)

    def _nodes(self, rows: Rows) -> tuple[NDArray[np.int32], NDArray[np.int64]]:
        """The space's table with the members appended, and where they are."""
        nodes = np.concatenate((self.space.table.nodes, self.members.table.nodes[rows]))
        return nodes, len(self.space.table) + np.arange(len(rows))


def _scaled(products: Floats, targets: Floats) -> Gram:
    """What is constant in a task gets zeros there."""
    squares = np.diagonal(products, axis1=1, axis2=2)
    varies = squares > 1e-18 * squares.sum(axis=0)
    factors = np.divide(1.0, np.sqrt(np.abs(squares)), out=np.zeros_like(squares), where=varies)
    return Gram(
        np.ascontiguousarray(products * factors[:, :, None] * factors[:, None, :]),
        np.ascontiguousarray(targets * factors),
    )


def fitted(problem: Problem, values: Floats) -> tuple[Floats, Floats]:
    """(T, d + 1) coefficients of terms with values (d, n), NaN for tasks without samples, and the residual (n,)."""
    n_tasks = len(problem.starts) - 1
    coefficients, residual = np.full((n_tasks, len(values) + 1), np.nan), np.empty(problem.n_samples)
    for task in range(n_tasks):
        of = slice(problem.starts[task], problem.starts[task + 1])
        if of.stop > of.start:
            coefficients[task], residual[of] = least_squares(values[:, of], problem.target[of])
    return coefficients, residual


def least_squares(values: Floats, target: Floats) -> tuple[Floats, Floats]:
    """(d + 1,) intercept and coefficients of values (d, n), and the residual (n,); by singular values, on columns that
    are centred and scaled, so that a column that is constant gets 0."""
    means = values.mean(axis=1)
    centred = values - means[:, None]
    norms = np.linalg.norm(centred, axis=1)
    varies = norms > 1e-9 * np.abs(values).max(axis=1, initial=0.0)
    scaled = centred * np.divide(1.0, norms, out=np.zeros_like(norms), where=varies)[:, None]
    mean = target.mean()
    solution = np.linalg.lstsq(scaled.T, target - mean, rcond=None)[0]
    coefficients = np.divide(solution, norms, out=np.zeros_like(norms), where=varies)
    return np.concatenate(([mean - coefficients @ means], coefficients)), target - mean - solution @ scaled
