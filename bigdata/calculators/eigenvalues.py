"""The states at the k-points of a ground state: the top of the valence band, and the gap above it."""

from __future__ import annotations

import re
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from bigdata.calculators.calculation import Floats
from bigdata.calculators.info import NUMBER
from bigdata.calculators.units import HARTREE_EV


@dataclass(frozen=True)
class Eigenvalues:
    """`energies` (k, b) in eV and `occupancies` (k, b), up to 2, or to 1 where both spins are in one list."""

    energies: Floats
    occupancies: Floats

    @property
    def valence_maximum(self) -> float:
        """The highest state that is occupied by more than half."""
        return float(self.energies[self._occupied].max())

    @property
    def band_gap(self) -> float:
        """To the lowest one that isn't; 0 for a metal, whose k-points differ in how many states they occupy."""
        occupied = self._occupied
        if occupied.all() or len({*occupied.sum(axis=1)}) > 1:
            return 0.0
        return max(0.0, float(self.energies[~occupied].min()) - self.valence_maximum)

    @property
    def _occupied(self) -> NDArray[np.bool_]:
        return np.asarray(self.occupancies > self.occupancies.max() / 2)


def eigenvalues(text: str) -> Eigenvalues:
    """EIGVAL.OUT, which Elk and exciting write alike. ValueError where there are fewer of them than the file says."""
    n_k, n_states = (int(found) for found in re.findall(r"^ +(\d+) : (?:nkpt|nstsv)", text, re.M))
    rows = re.findall(rf"^ +\d+ +({NUMBER}) +({NUMBER}) *$", text, re.M)
    both = np.array(rows, dtype=float).reshape(n_k, n_states, 2)
    return Eigenvalues(both[..., 0] * HARTREE_EV, both[..., 1])
