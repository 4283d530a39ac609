"""The symmetry operations of a parent lattice, as permutations of its sites."""

from __future__ import annotations

import warnings
from dataclasses import dataclass
from typing import Any

import numpy as np
import spglib
from numpy.typing import NDArray

from bigdata.data.problem import DataProblem
from bigdata.lattices.parent import Parent
from bigdata.spec.study import Finding

Ints = NDArray[np.int64]
Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Operations:
    """g operations on n sites: site j of cell z goes to site `images[g, j]` of cell `rotations[g]` z + `shifts[g, j]`.

    `rotations` (g, 3, 3) int64 act on fractional coordinates written as columns; `images` (g, n) int64; `shifts`
    (g, n, 3) int64.
    """

    rotations: Ints
    images: Ints
    shifts: Ints

    def __len__(self) -> int:
        return len(self.rotations)


def operations(parent: Parent, symprec: float = 1e-3) -> Operations:
    """The space-group operations, modulo the parent's translations, that take each site to one of its own class.

    They are found by spglib (A. Togo, K. Shinohara and I. Tanaka, Sci. Technol. Adv. Mater. Methods 4, 2384822
    (2024), doi 10.1080/27660400.2024.2384822), which takes sites of one class as alike; `symprec` in angstrom.
    Raises DataProblem where two sites lie closer than `symprec`.
    """
    cell: Any = (parent.lattice, parent.positions, parent.site_class + 1)
    with warnings.catch_warnings():
        # Of 2.7 and later: that errors will be raised one day in place of None, as they are caught here already.
        warnings.simplefilter("ignore", DeprecationWarning)
        try:
            found = spglib.get_symmetry(cell, symprec=symprec)
        except spglib.SpglibError:
            found = None
    if found is None:
        raise DataProblem(
            Finding(("parent",), f"the parent has sites closer than {symprec:g} Å", "give each site once, in angstrom")
        )
    rotations = np.asarray(found["rotations"], dtype=np.int64)
    moved = np.einsum("gab,nb->gna", rotations, parent.positions) + found["translations"][:, None]
    return Operations(rotations, *_images(parent, moved))


def _images(parent: Parent, moved: Floats) -> tuple[Ints, Ints]:
    """The site (g, n) nearest to each moved position (g, n, 3), and the cell (g, n, 3) that it lies in."""
    apart = moved[:, :, None] - parent.positions
    # An image lies on its site but for rounding, so the nearest cell is the right one, however skewed the lattice.
    cells = np.rint(apart)
    length = np.linalg.norm((apart - cells) @ parent.lattice, axis=-1)
    length[:, parent.site_class[:, None] != parent.site_class] = np.inf
    images = length.argmin(axis=2)
    shifts = np.take_along_axis(cells, images[:, :, None, None], axis=2)[:, :, 0]
    return images, shifts.astype(np.int64)
