"""Parent lattices of many kinds, and random decorations of their supercells."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from bigdata.data.materials.elements import SYMBOLS
from bigdata.lattices.mapped import Mapped
from bigdata.lattices.operations import Operations
from bigdata.lattices.parent import Parent
from bigdata.lattices.supercell import hermite, supercell

FCC = np.array([[0.0, 0.5, 0.5], [0.5, 0.0, 0.5], [0.5, 0.5, 0.0]])
HEXAGONAL = np.array([[1.0, 0.0, 0.0], [-0.5, 3**0.5 / 2, 0.0], [0.0, 0.0, 1.0]])
PEROVSKITE = [[0, 0, 0], [0.5, 0.5, 0.5], [0.5, 0.5, 0], [0.5, 0, 0.5], [0, 0.5, 0.5]]
TRIGONAL = [
    [0, 0, 0],
    [0, 0, 0.5],
    *[[1 / 3, 2 / 3, z] for z in (0.21, 0.6)],
    *[[2 / 3, 1 / 3, z] for z in (0.79, 0.4)],
]
TRICLINIC = [[3.1, 0.0, 0.0], [0.7, 3.6, 0.0], [-0.9, 1.1, 4.2]]

PARENTS = {
    "fcc of two species": Parent.of(4.09 * FCC, [[0, 0, 0]], [0], [["Pd", "Ag"]]),
    "fcc of three species": Parent.of(3.6 * FCC, [[0, 0, 0]], [0], [["Ni", "Cu", "Pd"]]),
    "fcc of five species": Parent.of(3.6 * FCC, [[0, 0, 0]], [0], [["Cr", "Mn", "Fe", "Co", "Ni"]]),
    "hcp of two species": Parent.of(
        3.2 * HEXAGONAL * [[1.0], [1.0], [1.6]], [[1 / 3, 2 / 3, 0.25], [2 / 3, 1 / 3, 0.75]], [0, 0], [["Mg", "Zn"]]
    ),
    "perovskite with vacancies": Parent.of(
        4.12 * np.eye(3), PEROVSKITE, [0, 1, 2, 2, 2], [["Ba"], ["Sn"], ["vacancy", "O"]]
    ),
    "rocksalt of three and two species": Parent.of(
        4.2 * FCC, [[0, 0, 0], [0.5, 0.5, 0.5]], [0, 1], [["vacancy", "Li", "Mn"], ["O", "F"]]
    ),
    "zincblende of two and four species": Parent.of(
        5.6 * FCC, [[0, 0, 0], [0.25, 0.25, 0.25]], [0, 1], [["Ga", "In"], ["N", "P", "As", "Sb"]]
    ),
    "one class of three orbits": Parent.of(4.6 * HEXAGONAL, TRIGONAL, [0, 0, 0, 1, 0, 1], [["Al", "Ga", "In"], ["O"]]),
    "no symmetry": Parent.of(TRICLINIC, [[0.1, 0.2, 0.3], [0.6, 0.7, 0.1]], [0, 1], [["Fe", "Co"], ["C", "N", "O"]]),
}


def decorated(parent: Parent, matrices: Sequence[NDArray[np.int64]], rng: np.random.Generator) -> Mapped:
    """A random decoration of each supercell, of random composition."""
    forms = np.array([hermite(matrix) for matrix in matrices], dtype=np.int64)
    n_cells = np.array([supercell(hermite(form)).n_cells for form in forms])
    parts = [
        np.stack([rng.choice(int(n), size=size, p=rng.dirichlet(np.ones(n))) for n in parent.n_species], axis=1)
        for size in n_cells
    ]
    return mapped_of(forms, np.concatenate(parts), n_cells)


def mapped_of(forms: NDArray[np.int64], occupation: NDArray[np.int64], n_cells: NDArray[np.int64]) -> Mapped:
    """Ideal structures, all mapped."""
    zeros = np.zeros(len(forms))
    offsets = np.concatenate([[0], np.cumsum(n_cells)])
    reasons = ("",) * len(forms)
    return Mapped(forms, offsets, occupation.astype(np.int8), zeros, zeros, zeros, zeros, reasons, n_cells * 0)


def matrices(n: int, rng: np.random.Generator, largest: int = 24) -> list[NDArray[np.int64]]:
    """n integer matrices that span supercells of at most `largest` cells, of all shapes and both hands."""
    found: list[NDArray[np.int64]] = []
    while len(found) < n:
        matrix = rng.integers(-3, 4, (3, 3))
        if 1 <= abs(round(np.linalg.det(matrix))) <= largest:
            found.append(matrix)
    return found


def moved(mapped: Mapped, operations: Operations, g: int) -> Mapped:
    """One structure after operation g of its parent."""
    rotation, image, shift = operations.rotations[g], operations.images[g], operations.shifts[g]
    before = supercell(hermite(mapped.forms[0]))
    after = supercell(hermite(before.matrix @ rotation.T))
    occupation = np.empty_like(mapped.occupation)
    for site in range(len(image)):
        occupation[after.index(before.cells @ rotation.T + shift[site]), image[site]] = mapped.occupation[:, site]
    return mapped_of(np.array([after.form]), occupation, mapped.n_cells)


def repeated(mapped: Mapped, times: NDArray[np.int64]) -> Mapped:
    """One structure in a supercell of its supercell."""
    before = supercell(hermite(mapped.forms[0]))
    after = supercell(hermite(times @ before.matrix))
    return mapped_of(np.array([after.form]), mapped.occupation[before.index(after.cells)], np.array([after.n_cells]))


def translated(mapped: Mapped, by: NDArray[np.int64]) -> Mapped:
    """One structure moved by a vector of its parent."""
    cell = supercell(hermite(mapped.forms[0]))
    return mapped_of(mapped.forms, mapped.occupation[cell.index(cell.cells + by)], mapped.n_cells)


def symbols(parent: Parent) -> list[list[str]]:
    """What each site may hold, as other programs name it: a vacancy is X."""
    return [[SYMBOLS[number] or "X" for number in parent.species[c]] for c in parent.site_class]


def ideal_atoms(parent: Parent, mapped: Mapped, i: int) -> tuple[list[str], list[list[float]], list[list[float]]]:
    """Symbols, lattice and positions (angstrom) of structure i on its ideal sites."""
    cells = supercell(hermite(mapped.forms[i])).cells
    places = (cells[:, None] + parent.positions) @ parent.lattice
    occupation = mapped.occupation[mapped.offsets[i] : mapped.offsets[i + 1]]
    names = [own[code] for row in occupation.tolist() for own, code in zip(symbols(parent), row, strict=True)]
    return names, (mapped.forms[i] @ parent.lattice).tolist(), places.reshape(-1, 3).tolist()


def matched(one: NDArray[np.float64], other: NDArray[np.float64]) -> list[int]:
    """For each column of one the first unused one of the other that is equal, up to its sign, within 1e-10."""
    left = list(range(other.shape[1]))
    found = []
    for column in one.T:
        apart = [min(np.abs(column - other[:, j]).max(), np.abs(column + other[:, j]).max()) for j in left]
        assert min(apart) < 1e-10
        found.append(left.pop(int(np.argmin(apart))))
    return found
