"""Crystal structures as arrays: many structures together, their atoms one after the other."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]


class Structure(NamedTuple):
    """One crystal: `lattice` (3, 3) with the lattice vectors as rows, in angstrom; `numbers` (n,) uint8, the atomic
    numbers; `positions` (n, 3) in fractions of the lattice vectors."""

    lattice: Floats
    numbers: NDArray[np.uint8]
    positions: Floats

    @property
    def volume(self) -> float:
        """In angstrom³."""
        return float(abs(np.linalg.det(self.lattice)))


@dataclass(frozen=True)
class Structures:
    """m crystals with n atoms in all.

    `offsets` (m + 1,) int64: the atoms of crystal i are those from offsets[i] to offsets[i + 1];
    `lattices` (m, 3, 3) float64 angstrom, vectors as rows; `numbers` (n,) uint8; `positions` (n, 3) float64, fractions.
    """

    offsets: NDArray[np.int64]
    lattices: Floats
    numbers: NDArray[np.uint8]
    positions: Floats

    def __len__(self) -> int:
        return len(self.lattices)

    def __getitem__(self, i: int) -> Structure:
        atoms = slice(int(self.offsets[i]), int(self.offsets[i + 1]))
        return Structure(self.lattices[i], self.numbers[atoms], self.positions[atoms])

    def __iter__(self) -> Iterator[Structure]:
        return (self[i] for i in range(len(self)))

    @property
    def n_atoms(self) -> NDArray[np.int64]:
        """(m,) atoms of each crystal's cell."""
        return np.diff(self.offsets)

    @property
    def volumes(self) -> Floats:
        """(m,) in angstrom³."""
        return np.asarray(np.abs(np.linalg.det(self.lattices)))

    def cartesian(self) -> Floats:
        """(n, 3) positions in angstrom."""
        lattices = np.repeat(self.lattices, self.n_atoms, axis=0)
        return np.asarray(np.einsum("ni,nij->nj", self.positions, lattices))

    def between(self, start: int, stop: int) -> Structures:
        """Crystals start to stop - 1, as views."""
        first, last = int(self.offsets[start]), int(self.offsets[stop])
        return Structures(
            self.offsets[start : stop + 1] - first,
            self.lattices[start:stop],
            self.numbers[first:last],
            self.positions[first:last],
        )

    def take(self, rows: Sequence[int] | NDArray[Any]) -> Structures:
        """The crystals of these rows, copied, in that order."""
        rows = np.asarray(rows, dtype=np.int64)
        lengths = self.n_atoms[rows]
        offsets = np.concatenate([[0], np.cumsum(lengths)]).astype(np.int64)
        atoms = np.arange(offsets[-1]) + np.repeat(self.offsets[rows] - offsets[:-1], lengths)
        return Structures(offsets, self.lattices[rows], self.numbers[atoms], self.positions[atoms])

    @classmethod
    def of(cls, structures: Iterable[Structure]) -> Structures:
        """Many structures put together."""
        listed = list(structures)
        lengths = [len(s.numbers) for s in listed]
        return cls(
            np.concatenate([[0], np.cumsum(lengths, dtype=np.int64)]).astype(np.int64),
            np.array([s.lattice for s in listed], dtype=np.float64).reshape(-1, 3, 3),
            np.concatenate([s.numbers for s in listed]).astype(np.uint8) if listed else np.empty(0, np.uint8),
            np.concatenate([s.positions for s in listed]) if listed else np.empty((0, 3)),
        )
