"""Pairs of neighbouring atoms in many crystals at once, each crystal with its own search radius."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from bigdata.data.materials.structures import Structures

Ints = NDArray[np.int64]
Floats = NDArray[np.float64]

PERIODIC = np.ones(3, dtype=np.int64)


@dataclass(frozen=True)
class Pairs:
    """The pairs of neighbours of m crystals with n atoms in all; each pair is there from both sides.

    `counts` (m,) pairs of each crystal; `receiver`, `sender` (p,) int64, atoms counted through all the crystals;
    `distance` (p,) float64 angstrom, ascending within a crystal; `radius` (m,) angstrom, up to which all were found;
    `offsets` (m + 1,) atoms of the crystals; `image` (p, 3) whole numbers, the lattice vectors to be added to the
    sender's position where it neighbours the receiver's, None where they weren't asked for.
    """

    counts: Ints
    receiver: Ints
    sender: Ints
    distance: Floats
    radius: Floats
    offsets: Ints
    image: Floats | None = None

    @property
    def n_atoms(self) -> int:
        return int(self.offsets[-1])


def pairs_within(structures: Structures, radius: Floats, *, images: bool = False) -> Pairs:
    """All pairs up to each crystal's radius (m,) in angstrom, periodic images included, an atom and itself not.

    The search is pymatgen's compiled cell list (`pymatgen.optimization.neighbors`), exact for any cell, however small
    or skewed.
    """
    found = list(_searches(structures, radius, images))
    counts = np.array([len(f[2]) for f in found], dtype=np.int64)
    receiver, sender, distance, image = (np.concatenate(part) for part in zip(_none(), *found, strict=True))
    shift = np.repeat(structures.offsets[:-1], counts)
    receiver += shift
    sender += shift
    return Pairs(counts, receiver, sender, distance, radius, structures.offsets, image if images else None)


def _none() -> tuple[Ints, Ints, Floats, Floats]:
    return np.empty(0, np.int64), np.empty(0, np.int64), np.empty(0), np.empty((0, 3))


def _searches(structures: Structures, radius: Floats, images: bool) -> Iterator[tuple[Ints, Ints, Floats, Floats]]:
    from pymatgen.optimization.neighbors import find_points_in_spheres

    points = structures.cartesian()
    bounds = zip(structures.offsets[:-1].tolist(), structures.offsets[1:].tolist(), strict=True)
    for (start, stop), lattice, r in zip(bounds, structures.lattices, radius.tolist(), strict=True):
        if start == stop:
            yield _none()
            continue
        atoms = points[start:stop]
        receiver, sender, image, distance = find_points_in_spheres(atoms, atoms, r, PERIODIC, lattice)
        # Crystal by crystal, since many short sorts are far quicker than one long; stable, so that equals stay as the
        # cell list had them on any machine. Each atom finds itself, before all others, at distance 0.
        order = distance.argsort(kind="stable")[stop - start :]
        # Images take three times the memory of distances, and most graphs need none.
        yield receiver[order], sender[order], distance[order], image[order if images else slice(0)]


def by_receiver(pairs: Pairs) -> tuple[Ints, Ints]:
    """The order (p,) that puts the pairs receiver by receiver, each with its distances ascending, and where each
    atom's begin (n + 1,)."""
    # A stable sort of 16-bit numbers is a radix sort, five times as fast as any other; a block has few more atoms.
    small = pairs.n_atoms <= np.iinfo(np.uint16).max
    key = pairs.receiver.astype(np.uint16) if small else pairs.receiver
    starts = np.zeros(pairs.n_atoms + 1, dtype=np.int64)
    np.cumsum(np.bincount(pairs.receiver, minlength=pairs.n_atoms), out=starts[1:])
    return np.argsort(key, kind="stable"), starts


def guessed_radius(structures: Structures, n_neighbors: int) -> Floats:
    """(m,) angstrom: spheres of the crystal's density that hold a few atoms more than are asked for.

    In the crystals of the Materials Project, AFLOW and WBM every atom's 24th neighbour is within this radius for
    about 19 crystals of 20; dense packings need least, layers and molecules most.
    """
    # The neighbours asked for, twice the √n by which random points scatter, and the atom itself.
    wanted = n_neighbors + 2.0 * np.sqrt(n_neighbors) + 1.0
    return np.asarray(np.cbrt(3 / (4 * np.pi) * wanted * structures.volumes / np.maximum(structures.n_atoms, 1)))


def expected_pairs(structures: Structures, radius: Floats) -> Floats:
    """(m,) how many pairs a radius (m,) will find, by the crystal's density."""
    n_atoms = structures.n_atoms
    some = n_atoms > 0
    expected = np.zeros(len(structures))
    density = n_atoms[some] / structures.volumes[some]
    expected[some] = n_atoms[some] * (1 + density * 4 / 3 * np.pi * radius[some] ** 3)
    return expected
