"""What a search will take, told from the units of the columns alone, before there is data."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import comb

import numpy as np
from numpy.typing import NDArray

from bigdata.models.sisso import kernel
from bigdata.models.sisso.combining import may_join, unary, unit_classes
from bigdata.models.sisso.fitting import SIMPLE
from bigdata.models.sisso.growing import grow
from bigdata.models.sisso.operators import DIFFERENCE, DIVIDE, OPERATORS
from bigdata.models.sisso.screening import SUMS_BYTES, TILE
from bigdata.models.sisso.setting import Problem, Setting
from bigdata.models.sisso.space import CHUNK, HELD_BYTES, Table

# Samples of the made-up columns on which the stored rungs are grown, to see how many are duplicates.
_SAMPLES = 12
# Rungs that would have more expressions than this aren't grown: of these, the count of all is told, duplicates included.
_MOST = 200_000
# On one core, measured: multiplications and additions of float32 products; sums of |a − b|, by samples; values formed;
# triples, compiled and not.
_FLOPS, _DIFFERENCES, _VALUES = 30e9, 4e9, 50e6
_TRIPLES = {"compiled": 1.5e8, "numpy": 1e7}
# What a process holds before it begins, and how often the best model is refined, mostly.
_PROCESS, _ROUNDS = 150 * 2**20, 2


@dataclass(frozen=True)
class Costs:
    """`candidates` of the highest rung, and what one search takes: `seconds` on one core, and `bytes` at most."""

    candidates: int
    seconds: float
    bytes: int


def expected(setting: Setting, units: Sequence[str], n: int, rung: int, dimensions: int, n_tasks: int = 1) -> Costs:
    """For n samples of columns with these units. Duplicates are those of columns without a relation of their own, so
    there are fewer candidates where columns have one, and where expressions are out of bounds."""
    stored, (every, alike), one = _counts(setting, units, rung)
    candidates = stored + one + _of_pairs(setting, every, alike)
    screens = [
        1,
        *([setting.residuals] + [1] * (d * min(_ROUNDS, setting.refinements)) for d in range(2, dimensions + 1)),
    ]
    seconds = 0.05
    for residuals in np.hstack(screens).tolist():
        seconds += _screening(setting, stored, one, every, alike, n, int(residuals))
    pool = _pool(setting, units, stored if rung == 1 else min(stored, SIMPLE), dimensions)
    rounds = 1 + min(_ROUNDS, setting.refinements)
    seconds += sum(comb(pool, d) * n_tasks * rounds for d in range(3, dimensions + 1)) / _TRIPLES[kernel.path()]
    seconds += dimensions * rounds * 2.0 * pool**2 * n / _FLOPS
    return Costs(candidates, seconds, _bytes(setting, units, n, stored, pool, n_tasks))


def _counts(setting: Setting, units: Sequence[str], rung: int) -> tuple[int, tuple[int, int], int]:
    """Stored expressions, pairs of these (all, and those of equal units) with one of the highest stored rung, and what
    operators of one operand make of these."""
    columns = np.random.default_rng(0).uniform(0.5, 5.0, (len(units), _SAMPLES))
    problem = Problem(columns, units, np.zeros(_SAMPLES), np.array([0, _SAMPLES]))
    table = grow(problem, setting, 0).table
    if rung == 0:
        return len(table), (0, 0), 0
    for r in range(1, rung):
        pairs, one = _pairs(table, setting, r), len(unary(table, setting, r))
        m = len(table) + one + _of_pairs(setting, *pairs)
        if m > _MOST:
            return _beyond(setting, m, pairs, one / len(table), rung - r)
        table = grow(problem, setting, r + 1).table
    return len(table), _pairs(table, setting, rung), len(unary(table, setting, rung))


def _beyond(
    setting: Setting, m: int, pairs: tuple[int, int], one: float, rungs: int
) -> tuple[int, tuple[int, int], int]:
    """The counts where m expressions of a rung aren't formed, if later ones are like the ones before."""
    share = pairs[1] / max(1, pairs[0])
    every = comb(m, 2)
    for _ in range(rungs - 1):
        m += int(one * m) + _of_pairs(setting, every, int(share * every))
        every = comb(m, 2)
    return m, (every, int(share * every)), int(one * m)


def _of_pairs(setting: Setting, every: int, alike: int) -> int:
    binary = [code for code in setting.codes if OPERATORS[code].n_operands == 2]
    n_alike = sum(OPERATORS[code].units == "equal" for code in binary)
    return every * (len(binary) - n_alike + (DIVIDE in binary)) + alike * n_alike


def _pairs(table: Table, setting: Setting, rung: int) -> tuple[int, int]:
    """Pairs with an expression of the last rung: all that may be joined, and those of equal units."""
    newest, of = table.rungs == rung - 1, unit_classes(table)
    order = np.argsort(of, kind="stable")
    ends = np.flatnonzero(np.diff(of[order])) + 1
    alike = sum(_joined(table.operations[rows], newest[rows], setting) for rows in np.split(order, ends))
    return _joined(table.operations, newest, setting), alike


def _joined(operations: NDArray[np.int32], newest: NDArray[np.bool_], setting: Setting) -> int:
    """Pairs of which one at least is of the newest."""
    return _within(operations, setting) - _within(operations[~newest], setting)


def _within(operations: NDArray[np.int32], setting: Setting) -> int:
    counts = np.bincount(operations).astype(object)
    values = np.arange(len(counts), dtype=np.int32)
    fits = may_join(values[:, None], values, setting)
    ordered = int((np.outer(counts, counts) * fits).sum()) if len(counts) else 0
    # Nothing is joined to itself.
    return (ordered - int((counts * np.diagonal(fits)).sum())) // 2


def _screening(setting: Setting, stored: int, one: int, every: int, alike: int, n: int, residuals: int) -> float:
    products = _of_pairs(setting, every, 0) * (2 + residuals) + alike
    seconds = 2.0 * products * n / _FLOPS + (stored + one + 20 * setting.keep) * n / _VALUES
    return seconds + (alike * (2 + residuals) * n / _DIFFERENCES if DIFFERENCE in setting.codes else 0.0)


def _pool(setting: Setting, units: Sequence[str], simple: int, dimensions: int) -> int:
    """Expressions among which subsets are chosen: the simplest ones, those screened, and those of refinements."""
    refined = sum(min(_ROUNDS, setting.refinements) * setting.keep for _ in range(1, dimensions))
    return max(len(units), simple) + setting.keep * dimensions + refined


def _bytes(setting: Setting, units: Sequence[str], n: int, stored: int, pool: int, n_tasks: int) -> int:
    held = min(HELD_BYTES, 8 * stored * n)
    tables = stored * (4 * (5 + len(units)) + 3 * 8 * (5 + len(units)))
    pieces = 2 * TILE * min(n, CHUNK) * (8 * 3 + 4 * 3)
    sums = min(SUMS_BYTES, 4 * TILE**2 * n_tasks * (4 * (2 + setting.residuals) + 2)) * 2
    return _PROCESS + held + tables + pieces + sums + 8 * 4 * n_tasks * pool**2 + 8 * n * (3 * len(units) + 60)
