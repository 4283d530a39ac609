"""Growing the stored rungs: each applies the operators to all that is there, and drops what says nothing new."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import numpy as np
from numpy.typing import NDArray

from bigdata.models.sisso.combining import candidates, made
from bigdata.models.sisso.dimensions import Base
from bigdata.models.sisso.duplicates import first_of_each
from bigdata.models.sisso.moments import sums
from bigdata.models.sisso.operators import COLUMN, SUBTRACT, Floats, Ints
from bigdata.models.sisso.setting import Problem, Setting
from bigdata.models.sisso.space import Space, Table

# Expressions whose values are looked at together while a rung grows.
TOGETHER = 8192


def grow(problem: Problem, setting: Setting, rung: int, check: Callable[[], None] = lambda: None) -> Space:
    """All expressions up to `rung`, those of the last one not yet formed; `check` is called now and then.

    Columns that are constant, or equal another in values and unit, are left out; expressions are, where they aren't
    finite, constant, out of bounds, or have the values and the unit of one with fewer operators.
    """
    columns = Space(problem, setting, rung, _columns(problem))
    # Of equal columns one is left before others are made of them: operands are told by their rows.
    unlike = _unlike(columns.table, sums(columns, columns.table.nodes).of_values)
    space = Space(problem, setting, rung, columns.table.only(unlike)).holding()
    for r in range(1, rung):
        space = _with_rung(space, r, check).holding()
    return space


def _columns(problem: Problem) -> Table:
    vectors = Base.of(problem.units).vectors(problem.units)
    varying = np.flatnonzero(np.ptp(problem.columns, axis=1) > 1e-9 * np.abs(problem.columns).max(axis=1, initial=0))
    nodes = np.column_stack((np.full(len(varying), COLUMN), varying, np.full(len(varying), -1))).astype(np.int32)
    counts = np.zeros(len(varying), np.int32)
    return Table(nodes, vectors[varying], counts, counts)


def _with_rung(space: Space, rung: int, check: Callable[[], None]) -> Space:
    """With all expressions of one more rung."""
    table, signatures = space.table, sums(space, space.table.nodes).of_values
    for nodes in _in_pieces(candidates(space.table, space.setting, rung), TOGETHER):
        check()
        more = made(space.table, nodes, rung)
        found = sums(space, nodes)
        valid = np.flatnonzero(found.valid(space.setting.smallest, space.setting.largest))
        more, found = more.only(valid), found.only(valid)
        table = table.with_more(_positive(more, found.highest))
        signatures = np.concatenate((signatures, found.of_values))
        kept = _unlike(table, signatures)
        table, signatures = table.only(kept), signatures[kept]
    return Space(space.problem, space.setting, space.rung, table)


def _positive(table: Table, highest: Floats) -> Table:
    """With b − a for a − b where that is negative throughout: roots and logarithms can be taken of it."""
    nodes = table.nodes.copy()
    turned = (nodes[:, 0] == SUBTRACT) & (highest <= 0)
    nodes[turned, 1:] = nodes[turned, :0:-1]
    return Table(nodes, table.units, table.rungs, table.operations)


def _unlike(table: Table, signatures: Floats) -> NDArray[np.int64]:
    """The rows without those that repeat another with fewer operators, in their order."""
    order = np.lexsort((np.arange(len(table)), table.operations, table.rungs))
    # Units are whole numbers: what differs in one differs by more than any tolerance.
    return np.sort(first_of_each(np.column_stack((table.units, signatures)), order))


def _in_pieces(pieces: Iterator[Ints], length: int) -> Iterator[Ints]:
    """The same rows, so many at a time."""
    waiting, n = [], 0
    for piece in pieces:
        waiting.append(piece)
        n += len(piece)
        if n >= length:
            joined = np.concatenate(waiting)
            for start in range(0, n - n % length, length):
                yield joined[start : start + length]
            waiting, n = [joined[n - n % length :]], n % length
    if n:
        yield np.concatenate(waiting)
