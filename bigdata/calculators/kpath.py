"""The path through the Brillouin zone on which bands are computed, in the reciprocal vectors of the cell at hand."""

from __future__ import annotations

import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import numpy as np
import spglib

from bigdata.calculators.calculation import Floats
from bigdata.data.materials.structures import Structure

SYMPREC = 0.01
POINTS_PER_SEGMENT = 20


@dataclass(frozen=True)
class KPath:
    """`vertices` (v, 3) in fractions of the reciprocal vectors, named by `labels`, one straight line after another."""

    vertices: Floats
    labels: tuple[str, ...]

    @property
    def n_points(self) -> int:
        """So many k-points on all of it."""
        return POINTS_PER_SEGMENT * (len(self.vertices) - 1) + 1

    @property
    def places(self) -> list[int]:
        """Which of `k_points` are the vertices."""
        return list(range(0, self.n_points, POINTS_PER_SEGMENT))

    @property
    def k_points(self) -> Floats:
        """(n_points, 3), equally many on each line, for codes that are told of every one."""
        return np.stack([np.interp(range(self.n_points), self.places, axis) for axis in self.vertices.T], axis=1)


def kpath(structure: Structure) -> KPath:
    """Between the points of high symmetry of W. Setyawan and S. Curtarolo, doi:10.1016/j.commatsci.2010.05.010.

    Where the published path jumps, the line from where it leaves to where it goes on is part of this one.
    The points are given for a standard primitive cell; they are turned into the frame of the structure's own.
    """
    from pymatgen.core.lattice import Lattice
    from pymatgen.core.structure import Structure as PymatgenStructure
    from pymatgen.symmetry.bandstructure import HighSymmKpath

    crystal = PymatgenStructure(Lattice(structure.lattice), structure.numbers.tolist(), structure.positions)
    with _quiet():
        standard = HighSymmKpath(crystal, symprec=SYMPREC)  # type: ignore[no-untyped-call]
    names = [name for piece in standard.kpath["path"] for name in piece]
    names = [name for i, name in enumerate(names) if i == 0 or name != names[i - 1]]
    fractions = np.array([standard.kpath["kpoints"][name] for name in names])
    to_own = _to_own(np.array(standard.prim.lattice.matrix), structure)
    return KPath(fractions @ to_own, tuple(_plain(name) for name in names))


def _to_own(standard: Floats, structure: Structure) -> Floats:
    """(3, 3): fractions of the standard primitive cell's reciprocal vectors, times this, are those of the structure's.

    `standard` and a primitive cell in the structure's own frame are one lattice turned: the vectors of the one are
    integer combinations of the other's.
    """
    from pymatgen.core.lattice import Lattice

    cell = (structure.lattice.tolist(), structure.positions.tolist(), structure.numbers.tolist())
    with _quiet():
        primitive = spglib.standardize_cell(cell, to_primitive=True, no_idealize=True, symprec=SYMPREC)
    mapping = primitive and Lattice(np.array(primitive[0])).find_mapping(Lattice(standard), ltol=0.01, atol=1)
    if not mapping:
        raise ValueError("the standard primitive cell isn't a cell of the structure's lattice")
    aligned = mapping[0].matrix  # the vectors of the standard cell, in the structure's frame
    # k = q_own B_own, and B = inv(A)^T: q_own = q_standard inv(A_aligned)^T A_own^T.
    return np.asarray(np.linalg.inv(aligned).T @ structure.lattice.T)


@contextmanager
def _quiet() -> Iterator[None]:
    """pymatgen warns that its points belong to the standard cell, which is what is made use of here, and spglib that
    it will raise errors of its own, when asked to by a switch that is there for the whole process."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        yield


def _plain(name: str) -> str:
    return "Γ" if name == "\\Gamma" else name.replace("_", "")
