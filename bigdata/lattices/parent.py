"""A parent lattice: a crystal whose sites may each hold several species, vacancies among them."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bigdata.data.materials.elements import SYMBOLS
from bigdata.lattices.species import atomic_number, symbol

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]


@dataclass(frozen=True)
class Parent:
    """A primitive cell with n sites in c classes; a class and its species make a sublattice.

    `lattice` (3, 3) float64 in angstrom, vectors as rows; `positions` (n, 3) float64, fractions in [0, 1); `site_class`
    (n,) int64, each site's class; `species` the atomic numbers that each class may hold, in the order given, VACANCY
    among them where a site may be empty. The order matters: it numbers the species in the cluster functions.
    """

    lattice: Floats
    positions: Floats
    site_class: Ints
    species: tuple[tuple[int, ...], ...]

    @property
    def n_sites(self) -> int:
        """Sites of the primitive cell."""
        return len(self.positions)

    @property
    def volume(self) -> float:
        """Volume of the primitive cell in angstrom³."""
        return float(abs(np.linalg.det(self.lattice)))

    @cached_property
    def n_species(self) -> Ints:
        """(n,) how many species each site may hold."""
        return np.array([len(self.species[c]) for c in self.site_class], dtype=np.int64)

    @cached_property
    def active(self) -> NDArray[np.bool_]:
        """(n,) whether a site has a choice: two species or more."""
        return self.n_species > 1

    @cached_property
    def codes(self) -> Ints:
        """(n, 119) each species' place among those of the site, by atomic number; -1 where the site can't hold it."""
        table = np.full((self.n_sites, len(SYMBOLS)), -1, dtype=np.int64)
        for site, c in enumerate(self.site_class):
            table[site, list(self.species[c])] = np.arange(len(self.species[c]))
        return table

    @cached_property
    def digest(self) -> str:
        """Content hash."""
        return hashlib.sha256(json.dumps(self.as_json(), sort_keys=True).encode()).hexdigest()

    def as_json(self) -> dict[str, Any]:
        """Plain numbers and symbols, lengths in angstrom."""
        return {
            "lattice_angstrom": self.lattice.tolist(),
            "positions_fractional": self.positions.tolist(),
            "site_class": self.site_class.tolist(),
            "species": [[symbol(number) for number in numbers] for numbers in self.species],
        }

    @classmethod
    def of(cls, lattice: Any, positions: Any, site_class: Sequence[int], species: Sequence[Sequence[str]]) -> Parent:
        """A parent of plain lists, species as symbols; `vacancy` is one."""
        numbers = tuple(tuple(atomic_number(name) for name in names) for names in species)
        # In floats -1e-17 % 1.0 is 1.0 itself; the second remainder makes it 0.
        places = np.asarray(positions, dtype=np.float64).reshape(-1, 3) % 1.0 % 1.0
        return cls(np.asarray(lattice, dtype=np.float64), places, np.asarray(site_class, dtype=np.int64), numbers)
