"""What the operators may be applied to, and which units that gives."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from bigdata.models.sisso.operators import DIVIDE, OPERATORS, Ints
from bigdata.models.sisso.setting import Setting
from bigdata.models.sisso.space import Table


def unary(table: Table, setting: Setting, rung: int) -> Ints:
    """(m, 3) nodes of all that operators of one operand make of the expressions of the last rung."""
    most = setting.max_operations
    newest = table.rungs == rung - 1
    if most is not None:
        newest &= table.operations < most
    pure = newest & ~table.units.any(axis=1)
    codes = [code for code in setting.codes if OPERATORS[code].n_operands == 1]
    rows = [np.flatnonzero(pure if OPERATORS[code].units == "none" else newest) for code in codes]
    return np.concatenate([np.empty((0, 3), np.int32), *(_nodes(c, r, -1) for c, r in zip(codes, rows, strict=True))])


def candidates(table: Table, setting: Setting, rung: int) -> Iterator[Ints]:
    """(m, 3) nodes of all that the operators make of the table with at least one operand of the last rung."""
    yield unary(table, setting, rung)
    codes = [code for code in setting.codes if OPERATORS[code].n_operands == 2]
    of = unit_classes(table)
    for j in map(int, np.flatnonzero(table.rungs == rung - 1)):
        fitting = may_join(table.operations[:j], table.operations[j], setting)
        alike = np.flatnonzero(fitting & (of[:j] == of[j]))
        every = np.flatnonzero(fitting)
        pairs = [_nodes(code, alike if OPERATORS[code].units == "equal" else every, j) for code in codes]
        # Of a quotient both ways differ.
        turned = [_nodes(DIVIDE, j, every)] if DIVIDE in codes else []
        if pairs:
            yield np.concatenate(pairs + turned)


def may_join(left: Ints, right: Ints, setting: Setting) -> NDArray[np.bool_]:
    """Whether two expressions with so many operators (broadcast) may be joined by another."""
    most = setting.max_operations
    total = left + right
    return np.ones(total.shape, bool) if most is None else total < most


def unit_classes(table: Table) -> NDArray[np.int64]:
    """(m,) a number for each row's unit."""
    if not table.units.shape[1]:
        return np.zeros(len(table), np.int64)
    return np.unique(table.units, axis=0, return_inverse=True)[1].reshape(-1)


def _nodes(code: int, left: NDArray[np.integer] | int, right: NDArray[np.integer] | int) -> Ints:
    return np.stack(np.broadcast_arrays(np.int32(code), left, right), axis=-1).astype(np.int32).reshape(-1, 3)


def made(table: Table, nodes: Ints, rung: int) -> Table:
    """The table of expressions that operators make of a table's rows."""
    left, right = nodes[:, 1], nodes[:, 2]
    two = np.array([operator.n_operands == 2 for operator in OPERATORS])[nodes[:, 0]]
    operations = table.operations[left] + np.where(two, table.operations[right], 0) + 1
    units = np.zeros((len(nodes), table.units.shape[1]), np.int32)
    for code in np.unique(nodes[:, 0]):
        rows = nodes[:, 0] == code
        units[rows] = _units(code, table.units[left[rows]], table.units[right[rows]])
    return Table(nodes, units, np.full(len(nodes), rung, np.int32), operations.astype(np.int32))


def _units(code: int, left: Ints, right: Ints) -> Ints:
    operator = OPERATORS[code]
    if operator.units == "add":
        return left + right
    if operator.units == "subtract":
        return left - right
    # Expressions of pure numbers are pure numbers.
    power = 1 if operator.units in ("equal", "none") else operator.power
    return np.asarray(left * int(power.numerator) // int(power.denominator), np.int32)
