"""Random decorations of a parent, the structures that they are, and whether two are the same decoration."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy.spatial.transform import Rotation

from bigdata.data.materials.structures import Structure
from bigdata.lattices.mapped import Mapped
from bigdata.lattices.operations import operations
from bigdata.lattices.parent import Parent
from bigdata.lattices.species import VACANCY
from bigdata.lattices.supercell import Form, hermite, supercell

Floats = NDArray[np.float64]


class Decoration(NamedTuple):
    """A supercell and the code of the species (cells, sites) on each of its sites."""

    form: Form
    occupation: NDArray[np.int64]


def random_decoration(parent: Parent, rng: np.random.Generator, most_cells: int = 6) -> Decoration:
    while True:
        matrix = rng.integers(-3, 4, size=(3, 3))
        if 1 <= abs(round(np.linalg.det(matrix))) <= most_cells:
            break
    form = hermite(matrix.tolist())
    codes = rng.integers(0, parent.n_species, size=(supercell(form).n_cells, parent.n_sites))
    if not numbers_of(parent, codes).any():
        codes[0, 0] = np.flatnonzero(parent.species[parent.site_class[0]])[0]
    return Decoration(form, codes)


def numbers_of(parent: Parent, codes: NDArray[np.int64]) -> NDArray[np.int64]:
    return np.array([[parent.species[c][k] for c, k in zip(parent.site_class, row, strict=True)] for row in codes])


def structure_of(parent: Parent, decoration: Decoration) -> Structure:
    """The ideal structure, vacancies left out."""
    cells = supercell(decoration.form)
    vectors = cells.matrix @ parent.lattice
    points = (cells.cells[:, None] + parent.positions).reshape(-1, 3) @ parent.lattice
    numbers = numbers_of(parent, decoration.occupation).ravel()
    is_there = numbers != VACANCY
    return Structure(vectors, numbers[is_there].astype(np.uint8), points[is_there] @ np.linalg.inv(vectors))


def disguised(
    ideal: Structure,
    rng: np.random.Generator,
    strain: float = 0.0,
    displacement: float = 0.0,
    turned: bool = True,
    mirrored: bool = False,
) -> Structure:
    """The same structure strained (Frobenius), its atoms displaced (angstrom at most), turned, with other cell vectors,
    another origin and another order of atoms."""
    n = len(ideal.numbers)
    steps = rng.normal(size=(n, 3))
    steps *= displacement * rng.uniform(0, 1, size=(n, 1)) / np.linalg.norm(steps, axis=1, keepdims=True)
    points = ideal.positions @ ideal.lattice + steps
    stretch = rng.normal(size=(3, 3))
    stretch = stretch + stretch.T
    rotation = Rotation.random(random_state=int(rng.integers(2**31))) if turned else Rotation.identity()
    turn = rotation.as_matrix() * (-1 if mirrored else 1)
    deformation = (np.eye(3) + strain * stretch / np.linalg.norm(stretch)) @ turn
    lattice = unimodular(rng) @ ideal.lattice @ deformation
    order = rng.permutation(n)
    positions = points @ deformation @ np.linalg.inv(lattice) + rng.uniform(size=3)
    return Structure(lattice, ideal.numbers[order], positions[order] % 1.0)


def unimodular(rng: np.random.Generator) -> NDArray[np.int64]:
    """A change of cell vectors, of either handedness."""
    matrix = np.eye(3, dtype=np.int64)[rng.permutation(3)] * rng.choice([-1, 1], size=3)
    for _ in range(3):
        i, j = rng.choice(3, size=2, replace=False)
        matrix[i] += rng.integers(-2, 3) * matrix[j]
    return matrix


def recovered(mapped: Mapped, i: int = 0) -> Decoration:
    first, last = mapped.offsets[i : i + 2]
    return Decoration(hermite(mapped.forms[i].tolist()), mapped.occupation[first:last].astype(np.int64))


def is_same(parent: Parent, one: Decoration, other: Decoration, proper: bool = True) -> bool:
    """Whether an operation of the parent's spacegroup takes one decoration to the other; only those without reflection
    where `proper`."""
    return any(
        _goes_to(one, other, *operation)
        for operation in _operations(parent)
        if not proper or round(np.linalg.det(operation[0])) == 1
    )


def _operations(parent: Parent) -> Any:
    found = operations(parent)
    return zip(found.rotations, found.images, found.shifts, strict=True)


def _goes_to(one: Decoration, other: Decoration, rotation: Any, images: Any, shifts: Any) -> bool:
    before, after = supercell(one.form), supercell(other.form)
    if hermite((before.matrix @ rotation.T).tolist()) != other.form:
        return False
    cells = (before.cells @ rotation.T)[:, None] + shifts
    return any(
        np.array_equal(other.occupation[after.index(cells + step), images], one.occupation) for step in after.cells
    )
