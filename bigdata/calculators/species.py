"""A crystal species by species, as codes with muffin-tin spheres want it: the order of its atoms, and their radii.

Such codes shrink radii that overlap, by the geometry that they are given, and energies with other radii can't be
compared: silicon with displaced atoms came out lower than ideal silicon. So the radii are chosen once, from the
structure that a calculation begins with, which has all settings in common, and with room for the atoms to move in.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import numpy as np
from numpy.typing import NDArray

from bigdata.calculators.units import BOHR_ANGSTROM
from bigdata.data.materials.elements import SYMBOLS
from bigdata.data.materials.structures import Structure

# Two touching spheres fill this share of the distance of their atoms. Elk itself leaves 0.05 bohr, and shrinks them
# when a relaxation brings the atoms nearer than that.
FILLED_SHARE = 0.92


def order(structure: Structure) -> NDArray[np.intp]:
    """The atoms by element, as inputs have them: the i-th there is the structure's order[i]-th."""
    return np.argsort(structure.numbers, kind="stable")


def symbols(structure: Structure) -> list[str]:
    """The elements, by atomic number."""
    return [SYMBOLS[number] for number in np.unique(structure.numbers)]


def fitted(radii: Mapping[str, float], structure: Structure) -> dict[str, float]:
    """These radii (bohr) by element; two that would touch are both made smaller by the same factor, nearest first."""
    made = dict(radii)
    for distance, one, other in _nearest(structure):
        factor = FILLED_SHARE * distance / (made[one] + made[other])
        if factor < 1:
            for symbol in {one, other}:
                made[symbol] *= factor
    return made


def _nearest(structure: Structure) -> list[tuple[float, str, str]]:
    """The shortest distance (bohr) between atoms of each two elements, in ascending order."""
    from scipy.spatial import cKDTree

    cartesian = structure.positions @ structure.lattice
    shifts = np.stack(np.meshgrid(*[np.arange(-n, n + 1) for n in _reach(structure)], indexing="ij"), -1)
    images = (shifts.reshape(-1, 1, 3) @ structure.lattice + cartesian).reshape(-1, 3)
    numbers = np.tile(structure.numbers, len(images) // len(cartesian))
    found = []
    for one in np.unique(structure.numbers):
        for other in np.unique(structure.numbers):
            if one <= other:
                tree = cKDTree(images[numbers == other])
                distances = tree.query(cartesian[structure.numbers == one], k=2)[0]
                # The nearest of an atom among its own kind is itself.
                nearest = float(distances[:, 1 if one == other else 0].min())
                found.append((nearest / BOHR_ANGSTROM, SYMBOLS[one], SYMBOLS[other]))
    return sorted(found)


def _reach(structure: Structure) -> list[int]:
    """How many cells in each direction hold the nearest neighbours of any atom: the shortest vector of the lattice."""
    shortest = float(np.linalg.norm(structure.lattice, axis=1).min())
    heights = 1 / np.linalg.norm(np.linalg.inv(structure.lattice), axis=0)
    return [int(np.ceil(shortest / height)) + 1 for height in heights]


def changed(asked: Mapping[str, float], used: Mapping[str, float], same: float) -> Iterator[str]:
    """`the muffin-tin radius of Si from 2.1000 to 2.0500 bohr`, of each that differs by more than `same` bohr."""
    for symbol, radius in used.items():
        if abs(radius - asked[symbol]) > same:
            yield f"the muffin-tin radius of {symbol} from {asked[symbol]:.4f} to {radius:.4f} bohr"
