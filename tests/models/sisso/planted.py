"""Formulas that data was made of, and whether a search found them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from bigdata.models.sisso.formula import Formula
from bigdata.models.sisso.setting import Problem

Floats = NDArray[np.float64]
EV, ANGSTROM, PURE = "eV", "angstrom", "1"


@dataclass(frozen=True)
class Planted:
    """`terms` of columns (p, n) that lie within 0.5 to 5, with `coefficients`, the intercept first."""

    rung: int
    terms: Sequence[Callable[[Floats], Floats]]
    coefficients: Sequence[float]
    units: Sequence[str]
    n_samples: int = 200
    noise: float = 0.01

    def columns(self, seed: int) -> Floats:
        return np.random.default_rng(seed).uniform(0.5, 5.0, (len(self.units), self.n_samples))

    def values(self, columns: Floats) -> Floats:
        return np.array([term(columns) for term in self.terms])

    def problem(self, seed: int) -> Problem:
        """With noise of a share of the target's standard deviation."""
        columns = self.columns(seed)
        exact = self.coefficients[0] + np.array(self.coefficients[1:]) @ self.values(columns)
        noise = self.noise * exact.std() * np.random.default_rng(seed + 1).standard_normal(self.n_samples)
        return Problem(columns, self.units, exact + noise, np.array([0, self.n_samples]))

    def is_same(self, found: Formula) -> bool:
        """Whether the terms span the same functions, on columns that the search hasn't seen."""
        columns = self.columns(12345)
        ours, theirs = self.values(columns), found.descriptors(columns)
        return len(ours) == len(theirs) and spans(ours, theirs) and spans(theirs, ours)

    def deviation(self, found: Formula, seed: int) -> float:
        """The root-mean-square error of predictions of the exact target, as a share of its standard deviation."""
        columns = self.columns(seed)
        exact = self.coefficients[0] + np.array(self.coefficients[1:]) @ self.values(columns)
        predicted = found.predict(columns, np.zeros(self.n_samples, np.int64))
        return float(np.sqrt(np.mean((predicted - exact) ** 2)) / exact.std())


def spans(terms: Floats, others: Floats) -> bool:
    """Whether all others are sums of the terms and a constant, to 1e-8 of their spread."""
    design = np.column_stack((np.ones(terms.shape[1]), *terms))
    left = others.T - design @ np.linalg.lstsq(design, others.T, rcond=None)[0]
    return bool((left.std(axis=0) <= 1e-8 * others.std(axis=1)).all())
