"""Sure independence screening by blocks: the expressions of the last rung that correlate best with residuals.

A block gives its best in float64: whatever float32 sums can't exclude is looked at exactly, greatest bound first, until
nothing that is left can be among the best. So the answer doesn't depend on blocks, on precision or on a compiler.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bigdata.models.sisso.bounding import Bounded
from bigdata.models.sisso.combining import made, unary
from bigdata.models.sisso.duplicates import N_PROBES, first_of_each
from bigdata.models.sisso.moments import Known, Residuals, Sums, row_bytes, sums, sums_and_gains
from bigdata.models.sisso.operators import Floats, Ints
from bigdata.models.sisso.pieces import Rows
from bigdata.models.sisso.space import CHUNK, Space, Table
from bigdata.models.sisso.tiles import forms_of

# Rows on each side of a tile, at most, and the bytes that its sums take.
TILE = 512
SUMS_BYTES = 128 * 2**20
# Pieces into which the rows of either side are cut where samples are many.
SIDES = 3
# Gains this near, relatively, are one: they differ by rounding.
NEAR = 1e-9
# Pairs of a tile whose variance float32 can't tell from 0; with more, the tile is made again in float64.
UNSURE = 4096


@dataclass(frozen=True, eq=False)
class Candidates:
    """Expressions made of a space's stored ones (or these themselves), best first: their `table`, whose nodes refer to
    the space's, the `gains` (m,) for the residuals, and `signatures` (m, 3) that tell functions equal up to a line."""

    table: Table
    gains: Floats
    signatures: Floats

    def __len__(self) -> int:
        return len(self.gains)

    def only(self, rows: NDArray[Any] | slice) -> Candidates:
        return Candidates(self.table.only(rows), self.gains[rows], self.signatures[rows])

    def with_more(self, more: Candidates) -> Candidates:
        return Candidates(
            self.table.with_more(more.table),
            np.concatenate((self.gains, more.gains)),
            np.concatenate((self.signatures, more.signatures)),
        )


def measured(space: Space, nodes: Ints, residuals: Residuals) -> Candidates:
    """Those of the expressions of the last rung (at rung 0, of the columns) that are valid, with their gains."""
    own, gains = sums_and_gains(space, nodes, residuals)
    valid = np.flatnonzero(own.valid(space.setting.smallest, space.setting.largest))
    return Candidates(made(space.table, nodes[valid], space.rung), gains[valid], own.only(valid).of_lines)


def stored(space: Space, residuals: Residuals, rung: int | None = None) -> Candidates:
    """The stored expressions, or those of rungs up to `rung`."""
    rows = np.flatnonzero(space.table.rungs <= (space.rung if rung is None else rung))
    table = space.table.only(rows)
    known = _known(space, ("stored", len(rows)), table.nodes, lambda own: np.ones(len(rows), bool))
    return Candidates(table, known.gains(space, residuals), known.own.of_lines)


def _of_one(space: Space, residuals: Residuals) -> Candidates:
    """What operators of one operand make of the highest stored rung, as far as it is valid."""
    nodes, setting = unary(space.table, space.setting, space.rung), space.setting
    known = _known(space, "of one", nodes, lambda own: own.valid(setting.smallest, setting.largest))
    return Candidates(made(space.table, known.nodes, space.rung), known.gains(space, residuals), known.own.of_lines)


def _known(space: Space, name: Hashable, nodes: Ints, valid: Callable[[Sums], NDArray[np.bool_]]) -> Known:
    """The expressions that are valid, with their sums, which are the same for all residuals."""

    def make() -> Known:
        own = sums(space, nodes)
        return Known(nodes, own).only(np.flatnonzero(valid(own)))

    return space.kept.get(name, len(nodes) * row_bytes(len(space.problem.starts) - 1), make)


def merged(parts: Sequence[Candidates], keep: int, known: Floats | None = None) -> Candidates:
    """The best `keep` of some candidates: of functions equal up to a line one, with the fewest operators, and none that
    has a signature among the `known` (q, 3)."""
    known = np.empty((0, N_PROBES)) if known is None else known
    whole = parts[0]
    for part in parts[1:]:
        whole = whole.with_more(part)
    order = _simplest_first(whole.table)
    rows = first_of_each(np.concatenate((known, whole.signatures)), order + len(known), len(known)) - len(known)
    kept = whole.only(rows)
    return kept.only(np.argsort(-_rounded(kept.gains), kind="stable")[:keep])


def _simplest_first(table: Table) -> NDArray[np.int64]:
    code, left, right = table.nodes.T
    return np.lexsort((right, left, code, table.rungs, table.operations))


def _rounded(gains: Floats) -> Floats:
    """Gains that differ by rounding are made equal, so that the simplest of them comes first."""
    return np.round(gains, 12)


class _Best:
    """The best so far. What has a gain below `floor` isn't looked at."""

    def __init__(self, space: Space, residuals: Residuals, keep: int, known: Floats, floor: float) -> None:
        self.space, self.residuals, self.keep, self.known = space, residuals, keep, known
        self.found = measured(space, np.empty((0, 3), np.int32), residuals)
        self._given = floor

    @property
    def floor(self) -> float:
        least = float(self.found.gains[-1]) if len(self.found) == self.keep else 0.0
        return max(self._given, least) * (1 - NEAR)

    def add(self, nodes: Ints) -> None:
        self.join(measured(self.space, nodes, self.residuals))

    def join(self, more: Candidates) -> None:
        self.found = merged([self.found, more.only(more.gains >= self.floor)], self.keep, self.known)


def n_blocks(space: Space) -> int:
    """Block 0 has the stored expressions and operators of one operand; each further one a tile of pairs."""
    return 1 + len(_tiles(space))


def screen(
    space: Space, residuals: Residuals, block: int, keep: int, known: Floats | None = None, floor: float = 0.0
) -> Candidates:
    """The best `keep` of a block that aren't equal, up to a line, to each other or to one of `known` (q, 3); those with
    a gain below `floor` may be left out."""
    best = _Best(space, residuals, keep, np.empty((0, N_PROBES)) if known is None else known, floor)
    if block == 0:
        best.join(stored(space, residuals))
        best.join(_of_one(space, residuals))
    else:
        _screen_tile(best, *_tiles(space)[block - 1])
    return best.found


def _tiles(space: Space) -> list[tuple[Rows, Rows]]:
    """Rows of the left and the right operand; the right one is of the highest stored rung, and not before the left."""
    if space.rung == 0:
        return []
    m, width = len(space.table), _width(space)
    rights = [np.arange(j, min(j + width, m)) for j in range(m - space.n_new, m, width)]
    return [(np.arange(i, min(i + width, m)), right) for right in rights for i in range(0, right[-1] + 1, width)]


def _width(space: Space) -> int:
    """Rows on each side, so that sums for all residuals fit; of many samples fewer, so that several processes find
    tiles to share."""
    n_sums = 4 * (len(space.problem.starts) - 1) * (4 * (2 + max(space.setting.residuals, 4)) + 2)
    fitting = max(16, min(TILE, int(np.sqrt(SUMS_BYTES / n_sums))))
    return fitting if space.problem.n_samples <= CHUNK else min(fitting, max(64, -(-len(space.table) // SIDES)))


def _screen_tile(best: _Best, left: Rows, right: Rows) -> None:
    for precision in (np.float32, np.float64):
        bounded = forms_of(best.space, left, right, precision).bounds(best.residuals)
        if sum(int((pairs.bounds >= _surely(best)).sum()) for pairs in bounded) <= UNSURE:
            break
    _look(best, bounded, left, right)


def _surely(best: _Best) -> float:
    """What bounds reach where nothing is known but that a gain can't be greater."""
    return float(best.residuals.shares.sum(axis=1).max(initial=0.0))


def _look(best: _Best, bounded: list[Bounded], left: Rows, right: Rows) -> None:
    """Measure what may be among the best, the greatest bounds first."""
    bounds = np.concatenate([np.empty(0), *(pairs.bounds for pairs in bounded)])
    together = max(64, 2 * best.keep)
    alive = np.flatnonzero(bounds >= max(best.floor, 0))
    while len(alive):
        greatest = alive
        if len(alive) > together:
            greatest = alive[np.argpartition(-bounds[alive], together)[:together]]
        best.add(_nodes(bounded, greatest, left, right))
        bounds[greatest] = -1
        alive = alive[bounds[alive] >= max(best.floor, 0)]
        together *= 2


def _nodes(bounded: list[Bounded], at: NDArray[np.int64], left: Rows, right: Rows) -> Ints:
    """(q, 3) of what stands at some places of all bounds, one after the other."""
    found, end = [np.empty((0, 3), np.int32)], 0
    for pairs in bounded:
        start, end = end, end + len(pairs.bounds)
        own = at[(start <= at) & (at < end)] - start
        i, j = left[pairs.i[own]], right[pairs.j[own]]
        operands = (j, i) if pairs.turned else (i, j)
        found.append(np.column_stack((np.full(len(own), pairs.code), *operands)).astype(np.int32))
    return np.concatenate(found)
