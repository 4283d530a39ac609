"""The space of expressions: a table of all rungs but the last, which is never formed as a whole."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field, replace

import numpy as np
from numpy.typing import NDArray

from bigdata.models.sisso.buffers import Buffers
from bigdata.models.sisso.kept import Kept
from bigdata.models.sisso.operators import COLUMN, OPERATORS, Floats, Ints
from bigdata.models.sisso.setting import Problem, Setting

# Values of stored expressions are kept up to so many bytes, and else computed again for each chunk of samples.
HELD_BYTES = 256 * 2**20
# Samples of a chunk: sums of so many float32 products are good to 1e-6.
CHUNK = 4096


@dataclass(frozen=True, eq=False)
class Table:
    """m expressions. `nodes` (m, 3) int32: the operator's code with its left and right operand, which are earlier rows;
    a column's number stands at the left of COLUMN, and -1 where there is no operand. `rungs` (m,) and `operations` (m,)
    count the layers and the operators; `units` (m, u) are exponents in 216ths."""

    nodes: Ints
    units: Ints
    rungs: Ints
    operations: Ints

    def __len__(self) -> int:
        return len(self.nodes)

    def only(self, rows: NDArray[np.int64] | slice) -> Table:
        return Table(self.nodes[rows], self.units[rows], self.rungs[rows], self.operations[rows])

    def with_more(self, more: Table) -> Table:
        pairs = zip(vars(self).values(), vars(more).values(), strict=True)
        return Table(*(np.concatenate(pair) for pair in pairs))

    def closure(self, rows: NDArray[np.int64]) -> NDArray[np.int64]:
        """These rows and all that they are made of, in order."""
        needed = np.zeros(len(self), bool)
        while len(rows):
            rows = np.unique(rows[~needed[rows]])
            needed[rows] = True
            made = self.nodes[rows]
            made = made[made[:, 0] != COLUMN, 1:]
            rows = made[made >= 0].astype(np.int64)
        return np.flatnonzero(needed)


def evaluate(nodes: Ints, columns: Floats) -> Floats:
    """(m, n) values of all expressions of a table on columns (p, n); what isn't a number is NaN or infinite."""
    values, buffers = np.empty((len(nodes), columns.shape[1])), Buffers()
    done = 0
    while done < len(nodes):
        end = _ready(nodes, done)
        formed(nodes[done:end], values, columns, values[done:end], buffers)
        done = end
    return values


def _ready(nodes: Ints, done: int) -> int:
    """The end of the rows from `done` on whose operands are all before `done`."""
    operands = np.where(nodes[done:, 0] == COLUMN, -1, nodes[done:, 1:].max(axis=1))
    waiting = operands >= done
    return done + int(waiting.argmax()) if waiting.any() else len(nodes)


def formed(nodes: Ints, operands: Floats, columns: Floats, out: Floats, buffers: Buffers) -> Floats:
    """Write the values of expressions, whose operands are rows of `operands`, into `out` (m, n)."""
    with np.errstate(all="ignore"):
        for code in np.unique(nodes[:, 0]):
            rows = np.flatnonzero(nodes[:, 0] == code)
            if code == COLUMN:
                out[rows] = columns[nodes[rows, 1]]
                continue
            taken = [
                buffers.rows(f"operand {side}", operands, nodes[rows, 1 + side])
                for side in range(OPERATORS[code].n_operands)
            ]
            if rows[-1] - rows[0] == len(rows) - 1:
                OPERATORS[code].apply(*taken, out=out[rows[0] : rows[-1] + 1])
            else:
                made = buffers.get("made", taken[0].shape)
                OPERATORS[code].apply(*taken, out=made)
                out[rows] = made
    return out


@dataclass(frozen=True, eq=False)
class Space:
    """All expressions up to `rung`: those of the table, which has the rungs below it (at rung 0, the columns), and
    those that the operators make of these."""

    problem: Problem
    setting: Setting
    rung: int
    table: Table
    held: Floats | None = field(default=None)
    kept: Kept = field(default_factory=Kept)
    buffers: Buffers = field(default_factory=Buffers)

    @property
    def n_new(self) -> int:
        """The rows of the highest stored rung, which stand last: each expression of the last rung needs one."""
        return int((self.table.rungs == self.rung - 1).sum())

    def chunks(self) -> Iterator[tuple[int, int, int]]:
        """Tasks with pieces of their samples: (task, start, stop)."""
        starts = self.problem.starts
        for task in range(len(starts) - 1):
            for start in range(starts[task], starts[task + 1], CHUNK):
                yield task, start, min(start + CHUNK, int(starts[task + 1]))

    def values(self, rows: NDArray[np.int64], start: int, stop: int) -> Floats:
        """(len(rows), stop - start) values of stored expressions, which aren't to be changed."""
        if self.held is not None:
            # Rows that follow each other need no copy.
            is_range = len(rows) and (np.diff(rows) == 1).all()
            return self.held[rows[0] : rows[-1] + 1, start:stop] if is_range else self.held[rows, start:stop]
        needed = self.table.closure(rows)
        at = np.full(len(self.table) + 1, -1, np.int32)
        at[needed] = np.arange(len(needed), dtype=np.int32)
        nodes = self.table.nodes[needed].copy()
        made = nodes[:, 0] != COLUMN
        nodes[made, 1:] = at[nodes[made, 1:]]
        return evaluate(nodes, self.problem.columns[:, start:stop])[at[rows]]

    def formed(self, nodes: Ints, start: int, stop: int) -> Floats:
        """(m, stop - start) values of expressions made of stored ones, until the next call."""
        out, columns = self.buffers.get("formed", (len(nodes), stop - start)), self.problem.columns[:, start:stop]
        if self.held is not None:
            return formed(nodes, self.held[:, start:stop], columns, out, self.buffers)
        used = nodes[nodes[:, 0] != COLUMN, 1:]
        rows = np.unique(used[used >= 0]).astype(np.int64)
        at = np.full(len(self.table) + 1, -1, np.int32)
        at[rows] = np.arange(len(rows), dtype=np.int32)
        local = nodes.copy()
        made = nodes[:, 0] != COLUMN
        local[made, 1:] = at[nodes[made, 1:]]
        return formed(local, self.values(rows, start, stop), columns, out, self.buffers)

    def all_formed(self, nodes: Ints) -> Floats:
        """(m, n) values of expressions made of stored ones, at all samples."""
        found = np.empty((len(nodes), self.problem.n_samples))
        for _, start, stop in self.chunks():
            found[:, start:stop] = self.formed(nodes, start, stop)
        return found

    def keeping_nothing(self) -> Space:
        """The same for what the space keeps: in a circle both would stay in memory for long."""
        return replace(self, kept=Kept())

    def holding(self) -> Space:
        """With the values of stored expressions, where these fit."""
        if 8 * len(self.table) * self.problem.n_samples > HELD_BYTES:
            return self
        values = evaluate(self.table.nodes, self.problem.columns)
        return Space(self.problem, self.setting, self.rung, self.table, values)
