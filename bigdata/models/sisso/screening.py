"""Sure independence screening by blocks: the expressions of the last rung that correlate best with residuals.

A block gives its best in float64: whatever float32 sums can't exclude is looked at exactly, greatest bound first, until
nothing that is left can be among the best. So the answer doesn't depend on blocks, on precision or on a compiler.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bigdata.models.sisso.combining import made, unary
from bigdata.models.sisso.duplicates import N_PROBES, first_of_each
from bigdata.models.sisso.moments import Residuals, moments
from bigdata.models.sisso.operators import Floats, Ints
from bigdata.models.sisso.space import Space, Table
from bigdata.models.sisso.tiles import Tile

# Rows on each side of a tile, at most, and the bytes that its sums take.
TILE = 512
SUMS_BYTES = 128 * 2**20
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
    found = moments(space, nodes, residuals)
    valid = np.flatnonzero(found.valid(space.setting.smallest, space.setting.largest))
    found = found.only(valid)
    return Candidates(made(space.table, nodes[valid], space.rung), found.gains, found.of_lines)


def stored(space: Space, residuals: Residuals, rung: int | None = None) -> Candidates:
    """The stored expressions, or those of rungs up to `rung`."""
    rows = np.flatnonzero(space.table.rungs <= (space.rung if rung is None else rung))
    found = moments(space, space.table.nodes[rows], residuals)
    return Candidates(space.table.only(rows), found.gains, found.of_lines)


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
        best.add(unary(space.table, space.setting, space.rung))
    else:
        _screen_tile(best, *_tiles(space)[block - 1])
    return best.found


def _tiles(space: Space) -> list[tuple[NDArray[np.int64], NDArray[np.int64]]]:
    """Rows of the left and the right operand; the right one is of the highest stored rung, and not before the left."""
    if space.rung == 0:
        return []
    m, width = len(space.table), _width(space)
    rights = [np.arange(j, min(j + width, m)) for j in range(m - space.n_new, m, width)]
    return [(np.arange(i, min(i + width, m)), right) for right in rights for i in range(0, right[-1] + 1, width)]


def _width(space: Space) -> int:
    """Rows on each side, so that sums for all residuals fit."""
    n_sums = 4 * (len(space.problem.starts) - 1) * (4 * (2 + max(space.setting.residuals, 4)) + 2)
    return max(16, min(TILE, int(np.sqrt(SUMS_BYTES / n_sums))))


def _screen_tile(best: _Best, left: NDArray[np.int64], right: NDArray[np.int64]) -> None:
    for precision in (np.float32, np.float64):
        tile = Tile(best.space, best.residuals, left, right, precision)
        forms = list(tile.bounds())
        if sum(int((bounds >= _surely(best)).sum()) for *_, bounds in forms) <= UNSURE:
            break
    _look(best, forms, left, right)


def _surely(best: _Best) -> float:
    """What bounds reach where nothing is known but that a gain can't be greater."""
    return float(best.residuals.shares.sum(axis=1).max(initial=0.0))


def _look(best: _Best, forms: list[tuple[int, bool, Any]], left: NDArray[np.int64], right: NDArray[np.int64]) -> None:
    """Measure what may be among the best, the greatest bounds first."""
    bounds = np.concatenate([form.ravel() for *_, form in forms]) if forms else np.empty(0)
    size, together = len(left) * len(right), max(64, 2 * best.keep)
    alive = np.flatnonzero((bounds >= best.floor) & (bounds >= 0))
    while len(alive):
        greatest = alive
        if len(alive) > together:
            greatest = alive[np.argpartition(-bounds[alive], together)[:together]]
        form, pair = np.divmod(greatest, size)
        i, j = left[pair // len(right)], right[pair % len(right)]
        codes, turned = np.array([form[0] for form in forms]), np.array([form[1] for form in forms])
        nodes = np.column_stack((codes[form], np.where(turned[form], j, i), np.where(turned[form], i, j)))
        best.add(nodes.astype(np.int32))
        bounds[greatest] = -1
        alive = alive[bounds[alive] >= max(best.floor, 0)]
        together *= 2
