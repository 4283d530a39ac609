"""How many primitive cells of a parent lattice a structure has, told from the atoms it is made of."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from bigdata.data.materials.elements import SYMBOLS
from bigdata.data.problem import first
from bigdata.lattices.parent import Parent
from bigdata.lattices.species import VACANCY

Ints = NDArray[np.int64]

# A cell may have up to so many times the volume of the parent's cells, or that part of it.
MOST_VOLUME = 2.0
MOST_KNOWN = 4096


@dataclass(frozen=True)
class _Family:
    """Site classes that share species, directly or by way of others: `species` atomic numbers, `n_sites` in a primitive
    cell, `is_full` where none of them may be empty."""

    species: Ints
    n_sites: int
    is_full: bool

    @property
    def words(self) -> str:
        return first(SYMBOLS[number] for number in self.species)


class Census:
    """Counts atoms against the sites of a parent; `is_exact` where these tell the number of cells, not the volume."""

    def __init__(self, parent: Parent) -> None:
        self._volume = parent.volume
        self._n_sites = (parent.codes >= 0).sum(axis=0)
        self._families = list(_families(parent))
        self.is_exact = any(family.is_full for family in self._families)
        self._known: dict[bytes, list[int] | str] = {}

    def n_cells(self, numbers: NDArray[np.uint8], volume: float) -> list[int] | str:
        """The numbers of primitive cells that a structure may have, the likeliest first, or why it has none.

        Atoms that fill their sublattices tell the number exactly; else it's told by the volume (angstrom³).
        """
        counts = np.bincount(numbers, minlength=len(self._n_sites))
        told = self._exact(counts) if self.is_exact else self._guessed(counts, volume)
        if isinstance(told, str):
            return told
        sizes = [self._size(volume, n) for n in told]
        return [n for n, reason in zip(told, sizes, strict=True) if not reason] or sizes[0]

    def _exact(self, counts: Ints) -> list[int] | str:
        """The number as the atoms tell it; remembered, as databases have many structures of one composition."""
        key = counts.tobytes()
        if key not in self._known:
            if len(self._known) >= MOST_KNOWN:
                self._known.clear()
            self._known[key] = self._told(counts)
        return self._known[key]

    def _strange(self, counts: Ints) -> str:
        strange = np.flatnonzero((counts > 0) & (self._n_sites == 0))
        return f"{SYMBOLS[strange[0]]} is on no sublattice" if len(strange) else ""

    def _told(self, counts: Ints) -> list[int] | str:
        full = [(f, int(counts[f.species].sum())) for f in self._families if f.is_full]
        if strange := self._strange(counts):
            return strange
        for family, count in full:
            if count == 0 or count % family.n_sites:
                return f"its {count} {family.words} don't fill whole cells of the parent, {family.n_sites} in each"
        (one, n_one), n_cells = full[0], full[0][1] // full[0][0].n_sites
        for other, count in full[1:]:
            if count // other.n_sites != n_cells:
                made = f"its {n_one} {one.words} make {counted(n_cells, 'cell')} of the parent"
                return f"{made}, its {count} {other.words} make {count // other.n_sites}"
        return self._too_many(counts, n_cells) or [n_cells]

    def _guessed(self, counts: Ints, volume: float) -> list[int] | str:
        if strange := self._strange(counts):
            return strange
        least = max(1, *(-(-int(counts[f.species].sum()) // f.n_sites) for f in self._families))
        ratio = volume / self._volume
        numbers = range(max(least, int(ratio / MOST_VOLUME)), max(least, int(ratio * MOST_VOLUME)) + 1)
        # By the logarithm, so that twice and half the volume are equally far.
        nearest = sorted(numbers, key=lambda n: abs(np.log(ratio / n)))
        reasons = [self._too_many(counts, n) for n in nearest]
        return [n for n, reason in zip(nearest, reasons, strict=True) if not reason] or reasons[0]

    def _too_many(self, counts: Ints, n_cells: int) -> str:
        for number in np.flatnonzero(counts).tolist():
            if counts[number] > n_cells * self._n_sites[number]:
                return f"{counts[number]} {SYMBOLS[number]} for {counted(n_cells * int(self._n_sites[number]), 'site')}"
        for family in self._families:
            count = int(counts[family.species].sum())
            if count > n_cells * family.n_sites:
                return f"{count} atoms of {family.words} for {counted(n_cells * family.n_sites, 'site')}"
        return ""

    def _size(self, volume: float, n_cells: int) -> str:
        ratio = volume / (n_cells * self._volume)
        if 1 / MOST_VOLUME <= ratio <= MOST_VOLUME:
            return ""
        change = f"{100 * (ratio - 1):.0f} % larger" if ratio > 1 else f"{100 * (1 - ratio):.0f} % smaller"
        return f"its cell is {change} than {counted(n_cells, 'cell')} of the parent"


def counted(n: int, noun: str) -> str:
    """`1 cell`, `2 cells`."""
    return f"{n} {noun}{'s' * (n != 1)}"


def _families(parent: Parent) -> Iterator[_Family]:
    classes = set(parent.site_class.tolist())
    while classes:
        family: set[int] = set()
        species = set(parent.species[min(classes)]) - {VACANCY}
        while joined := {c for c in classes - family if species & set(parent.species[c])}:
            family |= joined
            species |= {number for c in joined for number in parent.species[c]} - {VACANCY}
        classes -= family
        n_sites = int(np.isin(parent.site_class, list(family)).sum())
        is_full = not any(VACANCY in parent.species[c] for c in family)
        yield _Family(np.array(sorted(species)), n_sites, is_full)
