"""The pool from which subsets are chosen: expressions that were screened, and the simplest of all."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from bigdata.models.sisso.formula import Formula, compact
from bigdata.models.sisso.least_squares import Terms
from bigdata.models.sisso.moments import Residuals
from bigdata.models.sisso.operators import Floats
from bigdata.models.sisso.screening import Candidates
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

    def best(self, dimension: int, count: int, check: Callable[[], None] = lambda: None) -> list[Formula]:
        """The `count` formulas of a dimension with the least errors, of equal ones the simplest first."""
        problem = self.space.problem
        target = Residuals.of(problem, problem.target[None])
        if dimension == 0 or not len(target):
            return self._simplest(np.empty((1, 0), np.int64), 1)
        return self._simplest(leading(self.gram(target), dimension, count + SPARE, check), count)

    def _simplest(self, subsets: Rows, count: int) -> list[Formula]:
        """The `count` of the subsets (q, d) with the least errors."""
        problem = self.space.problem
        used, at = np.unique(subsets, return_inverse=True)
        terms = Terms(problem, self.space.all_formed(self.members.table.nodes[used]))
        fits = [terms.fitted(rows) for rows in at.reshape(subsets.shape)]
        errors = [float(np.sqrt(np.mean(residual**2))) for _, residual in fits]
        operations = self.members.table.operations[subsets].sum(axis=1)
        scale = EQUAL_ERRORS * max(float(np.std(problem.target)), np.finfo(float).tiny)
        order = sorted(range(len(fits)), key=lambda i: (round(errors[i] / scale), operations[i]))[:count]
        return [self._formula(subsets[i], fits[i][0], errors[i]) for i in order]

    def _formula(self, rows: Rows, coefficients: Floats, rmse: float) -> Formula:
        nodes, terms = compact(*self._nodes(rows))
        return Formula(nodes, terms, coefficients, rmse, int(self.members.table.operations[rows].sum()))

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
