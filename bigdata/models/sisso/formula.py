"""Formulas: a few expressions, with an intercept and coefficients for each task."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bigdata.models.sisso.operators import COLUMN, Floats, Ints
from bigdata.models.sisso.space import evaluate


@dataclass(frozen=True, eq=False)
class Formula:
    """Σ c_k f_k + c₀. `terms` (d,) are rows of `nodes` (m, 3), a table of expressions as in `space.Table`;
    `coefficients` (T, d + 1), the intercept first, NaN for a task without samples; `rmse` on the training samples;
    `operations` of all terms together."""

    nodes: Ints
    terms: NDArray[np.int64]
    coefficients: Floats
    rmse: float
    operations: int

    @property
    def dimension(self) -> int:
        return len(self.terms)

    def descriptors(self, columns: Floats) -> Floats:
        """(d, n) values of the terms on columns (p, n); where they aren't defined, NaN or infinite."""
        return evaluate(self.nodes, columns)[self.terms]

    def predict(self, columns: Floats, tasks: NDArray[np.int64]) -> Floats:
        """(n,) for columns (p, n) and the task (n,) of each sample; NaN where the formula isn't defined, and for tasks
        that had no samples."""
        known = np.vstack((self.coefficients, np.full(self.dimension + 1, np.nan)))
        of = known[np.minimum(tasks, len(self.coefficients))]
        with np.errstate(all="ignore"):
            found = of[:, 0] + np.einsum("nd,dn->n", of[:, 1:], self.descriptors(columns))
        return np.where(np.isfinite(found), found, np.nan)


def stacked(formulas: Sequence[Formula]) -> dict[str, NDArray[Any]]:
    """q formulas of one dimension as arrays: their `nodes` (m, 3) one after the other, so many as `n_nodes` (q,) says,
    `terms` (q, d), `coefficients` (q, T, d + 1), `rmse` and `operations` (q,)."""
    return {
        "nodes": np.concatenate([one.nodes for one in formulas]),
        "n_nodes": np.array([len(one.nodes) for one in formulas], np.int64),
        "terms": np.array([one.terms for one in formulas], np.int64).reshape(len(formulas), -1),
        "coefficients": np.array([one.coefficients for one in formulas]),
        "rmse": np.array([one.rmse for one in formulas]),
        "operations": np.array([one.operations for one in formulas], np.int64),
    }


def unstacked(arrays: Mapping[str, NDArray[Any]]) -> list[Formula]:
    """The formulas that `stacked` made arrays of."""
    nodes = np.split(np.asarray(arrays["nodes"], np.int32), np.cumsum(arrays["n_nodes"])[:-1])
    parts = zip(nodes, arrays["terms"], arrays["coefficients"], arrays["rmse"], arrays["operations"], strict=True)
    return [Formula(n, t, c, float(rmse), int(operations)) for n, t, c, rmse, operations in parts]


def compact(nodes: Ints, terms: NDArray[np.int64]) -> tuple[Ints, NDArray[np.int64]]:
    """The rows that some terms are made of, alone, and where the terms are among them."""
    needed: dict[int, None] = {}

    def visit(row: int) -> None:
        code, left, right = nodes[row]
        for operand in (left, right) if code != COLUMN else ():
            if operand >= 0:
                visit(int(operand))
        needed.setdefault(row)

    for term in terms:
        visit(int(term))
    at = {row: i for i, row in enumerate(needed)}
    kept = nodes[list(needed)].reshape(-1, 3).copy()
    for node in kept:
        if node[0] != COLUMN:
            node[1:] = [at.get(int(operand), -1) for operand in node[1:]]
    return kept, np.array([at[int(term)] for term in terms], np.int64)
