"""What a crystal structure must fulfil to be used: atoms, a volume, finite numbers, and no two atoms in one place."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import product

import numpy as np
from numpy.typing import NDArray

from bigdata.data.materials.elements import SYMBOLS
from bigdata.data.materials.structures import Floats, Structure, Structures
from bigdata.data.problem import EntryError

MIN_DISTANCE = 0.5
"""Atoms closer than this (angstrom) are an error in the data: the shortest bond, that of H2, has 0.74."""
# angstrom³; in diamond, where atoms lie densest, each takes 5.7.
_MIN_VOLUME = 1e-2
_MAX_LENGTH = 1e5


def check(structure: Structure) -> None:
    """Raise EntryError, with the reason in words, where the structure can't be used."""
    (reason,) = faults([structure])
    if reason:
        raise EntryError(reason)


def faults(structures: Sequence[Structure]) -> list[str]:
    """What is wrong with each structure; "" where nothing is."""
    reasons = [_shape_fault(s) for s in structures]
    sound = [i for i, reason in enumerate(reasons) if not reason]
    if sound:
        for i, reason in _close_atoms(Structures.of(structures[i] for i in sound)).items():
            reasons[sound[i]] = reason
    return reasons


def _shape_fault(structure: Structure) -> str:
    lattice, numbers, positions = structure
    if not len(numbers):
        return "the structure has no atoms"
    if not np.isfinite(lattice).all():
        return "the lattice holds numbers that aren't finite"
    if not np.isfinite(positions).all():
        atom = int(np.isfinite(positions).all(axis=1).argmin())
        return f"the position of atom {atom + 1} ({SYMBOLS[numbers[atom]]}) isn't finite"
    if np.abs(lattice).max() > _MAX_LENGTH:
        return f"a lattice vector is longer than {_MAX_LENGTH:,.0f} angstrom"
    if (volume := structure.volume) < _MIN_VOLUME:
        return f"the cell has a volume of {volume:.2g} angstrom³: is it periodic in three directions?"
    return ""


def _close_atoms(structures: Structures) -> dict[int, str]:
    """The reason by place of the structure, for those with atoms closer than MIN_DISTANCE."""
    # Distances of lattice planes: in a skewed cell, atoms may be nearer than the vectors' lengths let expect.
    heights = 1 / np.linalg.norm(np.linalg.inv(structures.lattices), axis=1)
    flat = heights.min(axis=1) <= 2 * MIN_DISTANCE
    pairs = _close_pairs(structures, heights)
    found: dict[int, str] = {}
    for i, j, distance in zip(*pairs, strict=True):
        owner = int(np.searchsorted(structures.offsets, i, side="right")) - 1
        if not flat[owner] and owner not in found:
            start = int(structures.offsets[owner])
            found[owner] = _said(structures[owner], int(i) - start, int(j) - start, float(distance))
    for owner in np.flatnonzero(flat).tolist():
        if close := _closest(structures[owner], heights[owner]):
            found[owner] = _said(structures[owner], *close)
    return found


def _close_pairs(structures: Structures, heights: Floats) -> tuple[NDArray[np.int64], NDArray[np.int64], Floats]:
    """Atoms i, j of one cell and their distance (angstrom), where it is below MIN_DISTANCE.

    For cells whose lattice planes are all farther apart than twice MIN_DISTANCE: then of all images of an atom only the
    one within half a cell can be that close. Atoms are sorted along the direction in which their cell is thickest, and
    each is compared with those that follow it there, until none is near enough in that direction alone.
    """
    owner = np.repeat(np.arange(len(structures)), structures.n_atoms)
    axis, positions = heights.argmax(axis=1)[owner], structures.positions
    along = np.take_along_axis(positions, axis[:, None], axis=1)[:, 0] % 1.0
    order = np.lexsort((along, owner))
    along, first, n = along[order], structures.offsets[:-1][owner], structures.n_atoms[owner]
    height, here = heights.max(axis=1)[owner], np.arange(len(owner)) - first
    alive = np.flatnonzero(n > 1)
    found: list[tuple[NDArray[np.int64], NDArray[np.int64], Floats]] = []
    step = 0
    while alive.size:
        step += 1
        other = first[alive] + (here[alive] + step) % n[alive]
        near = ((along[other] - along[alive]) % 1.0) * height[alive] < MIN_DISTANCE
        alive, other = alive[near], other[near]
        i, j = order[alive], order[other]
        difference = positions[i] - positions[j]
        difference -= np.round(difference)
        apart = np.linalg.norm(np.einsum("ni,nij->nj", difference, structures.lattices[owner[i]]), axis=1)
        close = apart < MIN_DISTANCE
        found.append((i[close], j[close], apart[close]))
        alive = alive[step + 1 < n[alive]]
    if not found:
        return np.empty(0, np.int64), np.empty(0, np.int64), np.empty(0)
    i, j, distance = (np.concatenate(parts) for parts in zip(*found, strict=True))
    return i, j, distance


def _closest(structure: Structure, heights: Floats) -> tuple[int, int, float] | None:
    """The closest two atoms (or an atom and its own image) below MIN_DISTANCE, for cells of any shape."""
    difference = structure.positions[:, None] - structure.positions[None]
    difference -= np.round(difference)
    reach = [range(-m, m + 1) for m in np.ceil(MIN_DISTANCE / heights + 0.5).astype(int)]
    closest: tuple[int, int, float] | None = None
    for image in product(*reach):
        apart = np.linalg.norm((difference + image) @ structure.lattice, axis=2)
        if image == (0, 0, 0):
            np.fill_diagonal(apart, np.inf)
        i, j = np.unravel_index(int(apart.argmin()), apart.shape)
        if apart[i, j] < (closest[2] if closest else MIN_DISTANCE):
            closest = int(i), int(j), float(apart[i, j])
    return closest


def _said(structure: Structure, i: int, j: int, distance: float) -> str:
    a, b = (f"{atom + 1} ({SYMBOLS[structure.numbers[atom]]})" for atom in sorted((i, j)))
    if i == j:
        return f"atom {a} is {distance:.2g} angstrom from its own periodic image: the cell is too small"
    return f"atoms {a} and {b} are {distance:.2g} angstrom apart, less than {MIN_DISTANCE} angstrom"
