"""Structures mapped to a parent lattice: their decorations, how good these are, and what is doubtful of them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bigdata.lattices.census import counted

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

# Half of the way from fcc to bcc (0.27 apart) a cell is as far from the one as from the other; some way before, the
# mapping is to be looked at.
DISTORTED = 0.1
# Å, about a quarter of the distance of neighbours in metals, and of oxygens in oxides; most relaxed atoms are nearer.
DISPLACED = 0.7


@dataclass(frozen=True)
class Mapped:
    """m structures as decorations of a parent, T supercell cells in all, one structure after the other.

    `forms` (m, 3, 3) int64, each supercell's Hermite normal form; `offsets` (m + 1,) int64: the cells of structure i
    are those from offsets[i] to offsets[i + 1]; `occupation` (T, n_sites) int8, the place of the species among those of
    the site's class (`Parent.species`), per cell (numbered as `Supercell.cells`) and site.
    With F the deformation from the ideal supercell to the given cell, and U = (FᵀF)^(1/2): `volumetric_strain` (m,)
    det F - 1; `distortion` (m,) |U / det(U)^(1/3) - 1| (Frobenius). `displacement` (m,) the largest and
    `mean_displacement` (m,) the mean distance in angstrom of atoms from their sites, measured in the ideal lattice
    after the homogeneous strain and a rigid translation are taken away. `reasons` says in a sentence why a structure
    can't be mapped, "" where it is; one that isn't has no cells, a form of zeros, and NaN for the numbers.
    `rival_cells` (m,) int64, another number of primitive cells on which it fits nearly as well, 0 where there is none.
    """

    forms: Ints
    offsets: Ints
    occupation: NDArray[np.int8]
    volumetric_strain: Floats
    distortion: Floats
    displacement: Floats
    mean_displacement: Floats
    reasons: tuple[str, ...]
    rival_cells: Ints

    def __len__(self) -> int:
        return len(self.forms)

    @property
    def n_cells(self) -> Ints:
        """(m,) primitive cells of each supercell, 0 where a structure isn't mapped."""
        return np.diff(self.offsets)

    @property
    def doubts(self) -> tuple[str, ...]:
        """For each structure that is mapped, in words, why it may be another decoration or none; "" where it isn't."""
        numbers = (self.n_cells.tolist(), self.rival_cells.tolist(), self.distortion, self.displacement)
        return tuple(map(doubt, *numbers))

    @property
    def mapped(self) -> NDArray[np.bool_]:
        """(m,) which structures are decorations of the parent."""
        return np.array([not reason for reason in self.reasons], dtype=np.bool_)

    def between(self, start: int, stop: int) -> Mapped:
        """Structures start to stop - 1, as views."""
        first, last = int(self.offsets[start]), int(self.offsets[stop])
        rows = slice(start, stop)
        return Mapped(
            self.forms[rows],
            self.offsets[start : stop + 1] - first,
            self.occupation[first:last],
            self.volumetric_strain[rows],
            self.distortion[rows],
            self.displacement[rows],
            self.mean_displacement[rows],
            self.reasons[rows],
            self.rival_cells[rows],
        )

    def take(self, rows: Sequence[int] | NDArray[Any]) -> Mapped:
        """The structures of these rows, copied, in that order."""
        rows = np.asarray(rows, dtype=np.int64)
        lengths = self.n_cells[rows]
        offsets = np.concatenate([[0], np.cumsum(lengths)]).astype(np.int64)
        cells = np.arange(offsets[-1]) + np.repeat(self.offsets[rows] - offsets[:-1], lengths)
        return Mapped(
            self.forms[rows],
            offsets,
            self.occupation[cells],
            self.volumetric_strain[rows],
            self.distortion[rows],
            self.displacement[rows],
            self.mean_displacement[rows],
            tuple(self.reasons[i] for i in rows.tolist()),
            self.rival_cells[rows],
        )

    @classmethod
    def of(cls, parts: Iterable[Mapped]) -> Mapped:
        """Several sets of structures of one parent put together, one set at least. Raises ValueError for none."""
        listed = list(parts)
        if not listed:
            raise ValueError("nothing to put together: the number of sites is known from a part only")
        lengths = np.concatenate([part.n_cells for part in listed])
        return cls(
            np.concatenate([part.forms for part in listed]),
            np.concatenate([[0], np.cumsum(lengths)]).astype(np.int64),
            np.concatenate([part.occupation for part in listed]),
            np.concatenate([part.volumetric_strain for part in listed]),
            np.concatenate([part.distortion for part in listed]),
            np.concatenate([part.displacement for part in listed]),
            np.concatenate([part.mean_displacement for part in listed]),
            tuple(reason for part in listed for reason in part.reasons),
            np.concatenate([part.rival_cells for part in listed]),
        )


def doubt(n_cells: int, rival_cells: int, distortion: float, displacement: float) -> str:
    """Why a structure on so many primitive cells, distorted so much and with an atom so far (Å) from its site, may be
    another decoration; "" where it isn't."""
    said = [f"it lies on {counted(n_cells, 'cell')}, and on {rival_cells} nearly as well"] if rival_cells else []
    if distortion > DISTORTED:
        said.append(f"its cell is distorted by {distortion:.2f}: another lattice may be nearer")
    if displacement > DISPLACED:
        said.append(f"an atom lies {displacement:.2f} Å from its site: another site, or another lattice, may be nearer")
    return "; ".join(said)
