"""The two programs that find the symmetry of one crystal: moyopy, which is quick, and spglib, which always ends."""

from __future__ import annotations

import hashlib
import math
import re
import warnings
from collections import Counter
from collections.abc import Sequence
from typing import Any, NamedTuple

import moyopy
import numpy as np

from bigdata.data.materials.structures import Structure

# From the triclinic to the last orthorhombic spacegroup; there the choice of axes turns `2mm` into `mm2`.
_LAST_ORTHORHOMBIC = 74
# Vectors longer than this (angstrom), and cells flatter than this part of a cuboid of their sides, aren't crystals'.
LONGEST, FLATTEST = 1e4, 1e-6
_AXIS = re.compile(r"-?\d(?:/m)?|m")


class Found(NamedTuple):
    """The symmetry of a crystal: spacegroup number, atoms of the standardised primitive cell, hash of the occupied
    orbits (see `orbits_hash`), and the tolerance at which it was found, in angstrom."""

    spacegroup: int
    n_primitive: int
    wyckoff: int
    used: float


def by_moyopy(structure: Structure, symprec: float) -> Found | str:
    """What moyopy finds within `symprec` (angstrom; it may settle at a smaller one), or why it finds nothing."""
    lattice, numbers, positions = (array.tolist() for array in structure)
    try:
        most = coarsest(lattice)
        if symprec > most:
            return f"symprec = {symprec:g} Å is too coarse for its lattice, {most:.2g} Å is the most"
        cell = moyopy.Cell(basis=lattice, positions=positions, numbers=numbers)
        found = moyopy.MoyoDataset(cell, symprec=symprec)
    except BaseException as e:
        # A panic of moyopy's compiled code isn't an Exception to Python.
        if isinstance(e, ValueError) or type(e).__name__ == "PanicException":
            return f"nothing found within {symprec:g} Å ({str(e).lower()})"
        raise
    primitive = found.prim_std_cell.numbers
    n_cells = len(numbers) // len(primitive)
    if sorted(primitive * n_cells) != sorted(numbers):
        return f"its primitive cell has {len(primitive)} atoms, which can't make up its cell of {len(numbers)}"
    orbits = orbits_hash(found.number, numbers, found.orbits, found.site_symmetry_symbols, n_cells)
    return Found(found.number, len(primitive), orbits, found.symprec)


def coarsest(lattice: list[list[float]]) -> float:
    """The largest tolerance (angstrom) at which moyopy is asked about a lattice (3, 3; vectors as rows, angstrom).

    Beyond it, the rotations that nearly map the lattice onto itself need not form a finite group, and moyopy 0.21 was
    seen to look for the rest of them for ever: from 0.06 of the shortest vector a of the reduced lattice on and, where
    the longest one c is long, from 0.9 a²/c on. ValueError where it isn't a lattice.
    """
    lengths = [math.hypot(*vector) for vector in moyopy.minkowski_reduce(lattice)[0]]
    shortest, longest = min(lengths), max(lengths)
    return min(shortest / 20, shortest**2 / (2 * longest))


def by_spglib(structure: Structure, symprec: float) -> Found | str:
    """What spglib finds within `symprec` (angstrom), or why it finds nothing."""
    found = _spglib_dataset(structure, symprec)
    if found is None:
        return f"nothing found within {symprec:g} Å"
    numbers = structure.numbers.tolist()
    n_primitive = len(np.unique(found.mapping_to_primitive))
    orbits = orbits_hash(
        found.number,
        numbers,
        found.crystallographic_orbits.tolist(),
        list(found.site_symmetry_symbols),
        len(numbers) // n_primitive,
    )
    return Found(int(found.number), n_primitive, orbits, symprec)


def _spglib_dataset(structure: Structure, symprec: float) -> Any | None:
    """spglib's own dataset of a crystal; None where it finds no symmetry."""
    import spglib

    if not _is_crystal(structure):
        return None
    cell: Any = (structure.lattice, structure.positions, structure.numbers)
    with warnings.catch_warnings():
        # Of 2.7 and later: that errors will be raised one day, as they are caught here already.
        warnings.simplefilter("ignore", DeprecationWarning)
        try:
            return spglib.get_symmetry_dataset(cell, symprec=symprec)
        except spglib.SpglibError:
            return None


def _is_crystal(structure: Structure) -> bool:
    """Whether spglib may be asked: on cells that aren't any (NaN, no volume, skewed without bounds), 2.8 crashes."""
    if not len(structure.numbers) or not all(np.isfinite(a).all() for a in (structure.lattice, structure.positions)):
        return False
    lengths = np.linalg.norm(structure.lattice, axis=1)
    return bool(lengths.max() < LONGEST and structure.volume > FLATTEST * lengths.prod())


def orbits_hash(
    spacegroup: int, numbers: Sequence[int], orbits: Sequence[int], symbols: Sequence[str], n_cells: int
) -> int:
    """48-bit hash of the multiset of occupied orbits, the same in every process and for every choice of the cell.

    For each atom: its atomic number, its orbit, and its orbit's site symmetry; `n_cells` primitive cells make the cell.
    An orbit counts by its element, its multiplicity in the primitive cell, and its site symmetry. Wyckoff letters
    would depend on where the origin was put; below the tetragonal spacegroups the order of a site symmetry's symbols
    depends on which axis was called a, so there they are sorted.
    """
    sizes = Counter(orbits)
    plain = spacegroup > _LAST_ORTHORHOMBIC
    found = sorted(
        (numbers[atom], size // n_cells, symbols[atom] if plain else _sorted_axes(symbols[atom]))
        for atom, size in sizes.items()
    )
    digest = hashlib.blake2b(repr(found).encode(), digest_size=6).digest()
    return int.from_bytes(digest, "big")


def _sorted_axes(symbol: str) -> str:
    return "".join(sorted(_AXIS.findall(symbol)))
