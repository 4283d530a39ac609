"""What a search will take, told from the units of the columns alone, before there is data."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import comb

import numpy as np
from numpy.typing import NDArray

from bigdata.models.sisso import kernel
from bigdata.models.sisso.combining import unary, unit_classes
from bigdata.models.sisso.fitting import SIMPLE
from bigdata.models.sisso.growing import grow
from bigdata.models.sisso.operators import DIFFERENCE, DIVIDE, OPERATORS
from bigdata.models.sisso.refining import COLUMNS, OTHERS, SAMPLES
from bigdata.models.sisso.screening import SUMS_BYTES, TILE
from bigdata.models.sisso.setting import Problem, Setting
from bigdata.models.sisso.space import CHUNK, HELD_BYTES, Table

# Samples of the made-up columns on which the stored rungs are grown, to see how many are duplicates.
_SAMPLES = 12
# Rungs that would have more expressions than this aren't grown: these are counted, duplicates included.
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
    thinned = n // max(1, -(-n // SAMPLES))
    screens = [(n, 1)]
    for d in range(2, dimensions + 1):
        screens += [(n, setting.residuals)]
        once = [(thinned, d)] * (d + 1 + OTHERS) + [(thinned, d - 1 + min(COLUMNS, len(units)))] * d
        screens += once * min(_ROUNDS, setting.refinements)
    seconds = 0.05 + sum(_screening(setting, stored, one, every, alike, *screened) for screened in screens)
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
        if len(table) + one + _of_pairs(setting, *pairs) > _MOST:
            return _beyond(setting, table, r, rung, pairs[1] / max(1, pairs[0]))
        table = grow(problem, setting, r + 1).table
    return len(table), _pairs(table, setting, rung), len(unary(table, setting, rung))


def _beyond(setting: Setting, table: Table, first: int, rung: int, share: float) -> tuple[int, tuple[int, int], int]:
    """The counts where the rungs from `first` on aren't formed: by numbers of operators alone, with the share of pairs
    that have equal units as it is in the table, and all operators of one operand applied to all."""
    most = (3**rung if setting.max_operations is None else setting.max_operations) + 1
    whole = _by_operations(table.operations, most)
    newest = _by_operations(table.operations[table.rungs == first - 1], most)
    n_one = sum(OPERATORS[code].n_operands == 1 for code in setting.codes)
    for _ in range(first, rung):
        pairs = _sums(whole) - _sums(whole - newest)
        made = np.array([_of_pairs(setting, int(every), int(share * every)) for every in pairs], dtype=object)
        newest = np.concatenate(([0], (made[:most] + n_one * newest)[:-1]))
        whole = whole + newest
    every = int(sum((_sums(whole) - _sums(whole - newest))[: most - 1]))
    return int(whole.sum()), (every, int(share * every)), int(n_one * newest[:-1].sum())


def _by_operations(operations: NDArray[np.int32], most: int) -> NDArray[np.object_]:
    """How many have 0, 1, … operators, in whole numbers of any size."""
    return np.bincount(operations, minlength=most)[:most].astype(object)


def _sums(counts: NDArray[np.object_]) -> NDArray[np.object_]:
    """How many pairs of different ones have 0, 1, … operators together."""
    ordered = np.convolve(counts, counts)
    ordered[::2] -= counts
    return np.asarray(ordered // 2)


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
    length = int(operations.max(initial=0)) + 1
    whole, old = (_by_operations(some, length) for some in (operations, operations[~newest]))
    return int(sum((_sums(whole) - _sums(old))[: setting.max_operations]))


def _screening(setting: Setting, stored: int, one: int, every: int, alike: int, n: int, residuals: int) -> float:
    products = _of_pairs(setting, every, 0) * (2 + residuals) + alike
    seconds = 2.0 * products * n / _FLOPS + (stored + one + 20 * setting.keep) * n / _VALUES
    return seconds + (alike * (2 + residuals) * n / _DIFFERENCES if DIFFERENCE in setting.codes else 0.0)


def _pool(setting: Setting, units: Sequence[str], simple: int, dimensions: int) -> int:
    """Expressions among which subsets are chosen: the simplest ones, those screened, and those of refinements."""
    # Of what refinements find, about a third is new.
    rounds = min(_ROUNDS, setting.refinements) / 3
    refined = sum(rounds * (2 * d + OTHERS) * -(-setting.keep // min(3, d)) for d in range(2, dimensions + 1))
    return max(len(units), simple) + setting.keep * dimensions + int(refined)


def _bytes(setting: Setting, units: Sequence[str], n: int, stored: int, pool: int, n_tasks: int) -> int:
    held = min(HELD_BYTES, 8 * stored * n)
    tables = stored * (4 * (5 + len(units)) + 3 * 8 * (5 + len(units)))
    pieces = 2 * TILE * min(n, CHUNK) * (8 * 3 + 4 * 3)
    sums = min(SUMS_BYTES, 4 * TILE**2 * n_tasks * (4 * (2 + setting.residuals) + 2)) * 2
    return _PROCESS + held + tables + pieces + sums + 8 * 4 * n_tasks * pool**2 + 8 * n * (3 * len(units) + 60)
