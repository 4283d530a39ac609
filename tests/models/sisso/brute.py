"""A search for formulas written down directly: every expression is formed, and every subset solved by least squares."""

from __future__ import annotations

import itertools
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Expression:
    values: Floats
    unit: tuple[float, ...]
    operations: int


def space(columns: Floats, units: list[tuple[float, ...]], operators: Any, rung: int, bounds: Any) -> list[Expression]:
    """All expressions up to a rung; those of lower ones without what has the values of another."""
    found = [Expression(values, unit, 0) for values, unit in zip(columns, units, strict=True)]
    for r in range(1, rung + 1):
        made = [e for a in found for e in one(a, operators)]
        made += [e for a, b in itertools.combinations(found, 2) for e in two(a, b, operators)]
        found += [e for e in made if valid(e.values, *bounds)]
        found = unlike(found) if r < rung else found
    return found


def one(a: Expression, operators: Any) -> list[Expression]:
    x, pure, n = a.values, not any(a.unit), a.operations + 1
    functions = {"exp": np.exp, "exp-": lambda v: np.exp(-v), "log": np.log, "sin": np.sin, "cos": np.cos}
    powers = {"sqrt": 1 / 2, "cbrt": 1 / 3, "^-1": -1, "^2": 2, "^3": 3, "^6": 6}
    with np.errstate(all="ignore"):
        found = [Expression(f(x), a.unit, n) for name, f in functions.items() if name in operators and pure]
        for name, power in powers.items():
            if name in operators:
                values = np.sign(x) * np.abs(x) ** power if name == "cbrt" else x**power
                found.append(Expression(values, tuple(power * u for u in a.unit), n))
        return found + ([Expression(np.abs(x), a.unit, n)] if "abs" in operators else [])


def two(a: Expression, b: Expression, operators: Any) -> list[Expression]:
    x, y, n = a.values, b.values, a.operations + b.operations + 1
    joined = tuple(u + v for u, v in zip(a.unit, b.unit, strict=True))
    quotient = tuple(u - v for u, v in zip(a.unit, b.unit, strict=True))
    turned = tuple(-u for u in quotient)
    found = [Expression(x * y, joined, n)] if "*" in operators else []
    with np.errstate(all="ignore"):
        if "/" in operators:
            found += [Expression(x / y, quotient, n), Expression(y / x, turned, n)]
    if np.allclose(a.unit, b.unit):
        sums = {"+": x + y, "-": x - y if (x > y).any() else y - x, "|-|": np.abs(x - y)}
        found += [Expression(values, a.unit, n) for name, values in sums.items() if name in operators]
    return found


def valid(x: Floats, smallest: float, largest: float) -> bool:
    return bool(np.isfinite(x).all() and np.ptp(x) > 1e-9 * np.abs(x).max() and smallest <= np.abs(x).max() <= largest)


def unlike(expressions: list[Expression]) -> list[Expression]:
    found: list[Expression] = []
    for e in sorted(expressions, key=lambda e: e.operations):
        alike = [f.values for f in found if np.allclose(e.unit, f.unit)]
        if not alike or not np.isclose(alike, e.values, rtol=1e-9, atol=0).all(axis=1).any():
            found.append(e)
    return found


def gains(expressions: list[Expression], target: Floats) -> Floats:
    """Squares of Pearson correlations."""
    values = np.array([e.values for e in expressions])
    centred = values - values.mean(axis=1, keepdims=True)
    left = target - target.mean()
    return (centred @ left) ** 2 / (centred**2).sum(axis=1) / (left @ left)


def best_subset(values: Floats, target: Floats, dimension: int) -> tuple[float, tuple[int, ...]]:
    """The least root-mean-square error of all subsets of (m, n) values."""

    def error(rows: tuple[int, ...]) -> float:
        design = np.column_stack((np.ones(len(target)), *values[list(rows)]))
        return float(np.sqrt(np.mean((target - design @ np.linalg.lstsq(design, target, rcond=None)[0]) ** 2)))

    return min((error(rows), rows) for rows in itertools.combinations(range(len(values)), dimension))
