"""A crystal structure, from a CIF for instance, as a parent lattice: its elements become sublattices."""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bigdata.data.materials.elements import SYMBOLS
from bigdata.data.materials.structures import Structure
from bigdata.data.problem import DataProblem
from bigdata.lattices.orientations import reduction
from bigdata.lattices.parent import Floats, Parent
from bigdata.lattices.sublattices import sublattices
from bigdata.spec.study import Finding

Ints = NDArray[np.int64]


def parent_from_structure(structure: Structure, species: Sequence[Sequence[str]], symprec: float = 0.01) -> Parent:
    """The parent lattice that a crystal is one decoration of.

    The site classes are its elements in the order in which they first appear; `species` says for each what its sites
    may hold. The cell is reduced to a primitive one, found within `symprec` (angstrom) by spglib, and nothing is
    rotated: structures given in the same frame as the file stay in the parent's frame. A cell that is primitive stays
    as it is. Sites come class by class. Raises DataProblem where there are as many lists of species as elements no
    more, where a list is wrong, and where the structure is no crystal.
    """
    elements = list(dict.fromkeys(structure.numbers.tolist()))
    numbers = sublattices([SYMBOLS[z] for z in elements], species)
    site_class = np.array([elements.index(z) for z in structure.numbers.tolist()], dtype=np.int64)
    lattice, mapping = _primitive(structure, site_class, symprec)
    positions, classes = _merged(structure.positions @ structure.lattice @ np.linalg.inv(lattice), site_class, mapping)
    order = np.argsort(classes, kind="stable")
    return Parent(lattice, positions[order], classes[order], numbers)


def _primitive(structure: Structure, site_class: Ints, symprec: float) -> tuple[Floats, Ints]:
    """The vectors (3, 3) of the primitive cell, and for each atom (n,) its place there."""
    import spglib

    cell: Any = (structure.lattice, structure.positions, site_class + 1)
    with warnings.catch_warnings():
        # Of 2.7 and later: that errors will be raised one day, as they are caught here already.
        warnings.simplefilter("ignore", DeprecationWarning)
        try:
            found = spglib.get_symmetry_dataset(cell, symprec=symprec)
        except spglib.SpglibError:
            found = None
    if found is None:
        what = f"the parent has no symmetry that can be found within {symprec:g} Å, not even as a crystal"
        raise DataProblem(Finding((), what, "its cell needs a volume, and each of its sites to be given once"))
    # The number of primitive cells is whole; the vectors found are so to rounding only.
    n_cells = np.rint(structure.lattice @ np.linalg.inv(found.primitive_lattice))
    if abs(round(float(np.linalg.det(n_cells)))) == 1:
        return structure.lattice, np.arange(len(site_class))
    lattice = np.linalg.inv(n_cells) @ structure.lattice
    # A reduction may turn a right-handed cell into a left-handed one; the negated vectors span the same lattice.
    reduced = reduction(lattice) @ lattice
    is_turned = np.linalg.det(reduced) * np.linalg.det(structure.lattice) < 0
    return (-reduced if is_turned else reduced), found.mapping_to_primitive.astype(np.int64)


def _merged(positions: Floats, site_class: Ints, mapping: Ints) -> tuple[Floats, Ints]:
    """Mean position, in [0, 1), and class of the atoms that are one in the primitive cell, in order of appearance."""
    _, first, place = np.unique(mapping, return_index=True, return_inverse=True)
    # Means are taken of offsets: of positions, the mean across a face of the cell would be the cell's middle.
    apart = positions - positions[first[place]]
    apart -= np.rint(apart)
    mean = np.stack([np.bincount(place, weights=column) for column in apart.T], axis=1) / np.bincount(place)[:, None]
    order = np.argsort(first)
    # In floats -1e-17 % 1.0 is 1.0 itself; the second remainder makes it 0.
    return (positions[first] + mean)[order] % 1.0 % 1.0, site_class[first][order]
