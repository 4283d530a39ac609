"""Supercells of a parent lattice: their cells numbered, and which cell lies where, with periodic boundaries."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property, lru_cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

Ints = NDArray[np.int64]
Form = tuple[tuple[int, int, int], tuple[int, int, int], tuple[int, int, int]]


@dataclass(frozen=True)
class Supercell:
    """The periodic cell spanned by the integer combinations H of the parent's vectors, H in Hermite normal form.

    `form` are the rows of H, lower triangular, h_ij in [0, h_jj) below the diagonal. All integer matrices that span
    the same lattice have one such form (G. L. W. Hart and R. W. Forcade, Phys. Rev. B 77, 224115 (2008), doi
    10.1103/PhysRevB.77.224115), so it names the supercell. Its N = h_11 h_22 h_33 cells are numbered as in `cells`.
    """

    form: Form

    @property
    def n_cells(self) -> int:
        return self.form[0][0] * self.form[1][1] * self.form[2][2]

    @property
    def matrix(self) -> Ints:
        """(3, 3) H."""
        return np.array(self.form, dtype=np.int64)

    @cached_property
    def cells(self) -> Ints:
        """(N, 3) the cells, in units of the parent's vectors: the box of H's diagonal, the last index fastest."""
        a, b, c = (self.form[i][i] for i in range(3))
        return np.stack(np.meshgrid(np.arange(a), np.arange(b), np.arange(c), indexing="ij"), axis=-1).reshape(-1, 3)

    def index(self, cells: NDArray[Any]) -> Ints:
        """(…) the number of the cell that each of (…, 3) integer translations is equal to."""
        (a, _, _), (d, b, _), (e, f, c) = self.form
        z = np.asarray(cells, dtype=np.int64)
        steps = z[..., 2] // c
        third = z[..., 2] - steps * c
        x, y = z[..., 0] - steps * e, z[..., 1] - steps * f
        steps = y // b
        second = y - steps * b
        return np.asarray(((x - steps * d) % a * b + second) * c + third)

    def neighbors(self, offsets: NDArray[Any]) -> Ints:
        """(d, N) for each of (d, 3) integer translations, the cell that each cell is moved to."""
        return self.index(np.asarray(offsets)[:, None] + self.cells[None])


@lru_cache(maxsize=4096)
def supercell(form: Form) -> Supercell:
    """The supercell of a Hermite normal form; made once, so that its tables are shared."""
    return Supercell(form)


def hermite(matrix: NDArray[Any] | Sequence[Sequence[int]]) -> Form:
    """The Hermite normal form of an integer (3, 3) matrix of full rank, rows as vectors; else raises ValueError."""
    rows = [[int(v) for v in row] for row in matrix]
    for column in (2, 1, 0):
        _clear(rows, column)
        if rows[column][column] == 0:
            raise ValueError(f"{matrix} doesn't span a lattice")
        if rows[column][column] < 0:
            rows[column] = [-v for v in rows[column]]
    for column in (1, 0):
        for row in range(column + 1, 3):
            times = rows[row][column] // rows[column][column]
            rows[row] = [v - times * w for v, w in zip(rows[row], rows[column], strict=True)]
    first, second, third = ((r[0], r[1], r[2]) for r in rows)
    return first, second, third


def _clear(rows: list[list[int]], column: int) -> None:
    """Euclid's algorithm among the first column + 1 rows, until only the last of them has an entry in the column."""
    while True:
        filled = [i for i in range(column + 1) if rows[i][column]]
        if not filled:
            return
        least = min(filled, key=lambda i: abs(rows[i][column]))
        rows[least], rows[column] = rows[column], rows[least]
        for i in range(column):
            times = rows[i][column] // rows[column][column]
            rows[i] = [v - times * w for v, w in zip(rows[i], rows[column], strict=True)]
        if not any(rows[i][column] for i in range(column)):
            return
