"""Which cell lies beside which, for the cells of many different supercells at once."""

from __future__ import annotations

import numpy as np

from bigdata.lattices.pairs import Floats, Ints


def neighbors(forms: Ints, form: Ints, number: Ints, offsets: Ints) -> Ints:
    """(d, T) the numbers of the cells to which (d, 3) integer translations move T cells.

    `forms` (f, 3, 3) Hermite normal forms of supercells; `form` (T,) the supercell of each cell and `number` (T,) its
    number, as in `Supercell.cells`. Equal to `Supercell.neighbors`, without a step for each supercell.
    """
    (a, _, _), (d, b, _), (e, f, c) = np.moveaxis(forms, 0, 2).astype(np.float64)[:, :, form]
    x, y, z = _cells(b, c, number)
    planes: dict[int, tuple[Floats, Floats]] = {}
    lines: dict[tuple[int, int], tuple[Floats, Floats]] = {}
    moved = np.empty((len(offsets), len(number)), dtype=np.int64)
    # Row by row, so that the intermediate numbers stay in the cache, and what rows share is found once.
    for row, (dx, dy, dz) in zip(moved, offsets.tolist(), strict=True):
        if dz not in planes:
            planes[dz] = _split(z + dz, c)
        third, up = planes[dz]
        if (dy, dz) not in lines:
            second, across = _split(y + dy - up * f, b)
            lines[dy, dz] = second * c + third, across * d + up * e
        inner, shift = lines[dy, dz]
        first, _ = _split(x + dx - shift, a)
        row[:] = first * b * c + inner
    return moved


def _cells(b: Floats, c: Floats, number: Ints) -> tuple[Floats, Floats, Floats]:
    rest, z = np.divmod(number, c)
    x, y = np.divmod(rest, b)
    return x, y, z


def _split(place: Floats, side: Floats) -> tuple[Floats, Floats]:
    """Remainder and quotient of whole numbers, which double precision divides and rounds down exactly."""
    steps = np.floor(place / side)
    return place - steps * side, steps
