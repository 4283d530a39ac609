"""Which cell lies beside which, for the cells of many different supercells at once."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bigdata.lattices.pairs import Ints

_Reals = NDArray[np.floating[Any]]


def neighbors(forms: Ints, form: Ints, number: Ints, offsets: Ints) -> Iterator[Ints]:
    """For each of d integer translations (d, 3) the numbers (T,) of the cells to which it moves T cells.

    `forms` (f, 3, 3) Hermite normal forms of supercells; `form` (T,) the supercell of each cell and `number` (T,) its
    number, as in `Supercell.cells`. Equal to `Supercell.neighbors`, without a step for each supercell. One translation
    comes after the other, so that the numbers stay in the processor's cache.
    """
    kind = _real(forms, offsets)
    (a, _, _), (d, b, _), (e, f, c) = np.moveaxis(forms, 0, 2).astype(kind)[:, :, form]
    rest, z = _split(number.astype(np.float64), c.astype(np.float64))
    x, y = (part.astype(kind) for part in _split(rest, b.astype(np.float64)))
    # Offsets share z, or y and z: what depends on these alone is divided once.
    planes: dict[int, tuple[_Reals, _Reals]] = {}
    lines: dict[tuple[int, int], tuple[_Reals, _Reals]] = {}
    area = b * c
    for dx, dy, dz in offsets.tolist():
        if dz not in planes:
            planes[dz] = _split(z.astype(kind) + kind(dz), c)
        up, third = planes[dz]
        if (dy, dz) not in lines:
            across, second = _split(y + kind(dy) - up * f, b)
            lines[dy, dz] = second * c + third, x - across * d - up * e
        inner, place = lines[dy, dz]
        _, first = _split(place + kind(dx), a)
        first *= area
        first += inner
        yield first.astype(np.int64)


def _real(forms: Ints, offsets: Ints) -> type[np.floating[Any]]:
    """Single precision where it holds all whole numbers that come up: then, divided and rounded down, it is exact."""
    n_cells = np.diagonal(forms, axis1=1, axis2=2).astype(np.float64).prod(axis=1)
    # Steps across a side are fewer than the offset and a shear, each shear less than a side.
    longest = float(forms.max(initial=1) * (2 + np.abs(offsets).max(initial=0)))
    return np.float32 if max(n_cells.max(initial=0), longest**2) < 1 << 22 else np.float64


def _split(place: _Reals, side: _Reals) -> tuple[_Reals, _Reals]:
    """Quotient, rounded down, and remainder of whole numbers."""
    # In floats: x86 has no vector instruction that divides integers, which takes four to ten times as long.
    steps = place / side
    np.floor(steps, out=steps)
    rest = steps * side
    return steps, np.subtract(place, rest, out=rest)
