"""Structures as decorations of a parent lattice: which supercell, and which species on which site."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, fields
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from bigdata.data.materials.structures import Structure, Structures
from bigdata.data.problem import first
from bigdata.lattices.census import Census, counted
from bigdata.lattices.orientations import Orientation, Orientations
from bigdata.lattices.parent import Parent
from bigdata.lattices.sites import Groups, Placement, Sites
from bigdata.lattices.species import VACANCY, symbol
from bigdata.lattices.supercell import Form

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

# A placement is beyond doubt, and is good, where no atom is farther from its site than these parts of the distance
# between sites.
_SURE, _GOOD = 0.2, 0.35
# Å² by which a trial's score may be worse than the best one's to be looked at as well.
_CLOSE = 0.02
# The part of the volume of a cuboid with its sides up to which a cell is flat.
_FLAT = 1e-6
# An assignment takes the cube of the atoms, nearest sites about their number: so few of the former are tried.
_MOST_TRIALS, _MOST_ASSIGNED = 24, 3
_NOTHING = (np.nan, np.nan, np.nan, np.nan)
_NO_FORM: Form = ((0, 0, 0), (0, 0, 0), (0, 0, 0))


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
    """

    forms: Ints
    offsets: Ints
    occupation: NDArray[np.int8]
    volumetric_strain: Floats
    distortion: Floats
    displacement: Floats
    mean_displacement: Floats
    reasons: tuple[str, ...]

    def __len__(self) -> int:
        return len(self.forms)

    @property
    def n_cells(self) -> Ints:
        """(m,) primitive cells of each supercell, 0 where a structure isn't mapped."""
        return np.diff(self.offsets)

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
        )


def map_structures(
    parent: Parent, structures: Structures, max_displacement: float = 1.0, max_strain: float = 0.2
) -> Mapped:
    """Structures as decorations of a parent, in whatever supercell, orientation, origin and order of atoms.

    `max_displacement` in angstrom, `max_strain` the distortion (see `Mapped`) up to which a cell is taken for a
    supercell; the volume doesn't count, unless it differs by a factor of two. Cells of more than some hundred atoms are
    looked for with a smaller strain, as any cell is nearly a supercell then. Atoms are counted from 1 in the reasons.

    The number N of primitive cells comes from the atoms, then H, N = |det H|, from the metric of the given cell: first
    by rounding, as most databases keep to the parent's frame, else among all integer combinations of that metric. Atoms
    are brought onto sites by the best of the translations that put one of them on a site of its own, each on the
    nearest site that may hold it or, where two want the same, by least squares. Of several ways, that with the
    least squares of displacements and strain is kept. Nothing is drawn at random.
    """
    if not (max_displacement > 0 and 0 < max_strain < 1):
        raise ValueError(
            "max_displacement is a length in angstrom, greater than 0, and max_strain lies between 0 and 1"
        )
    mapper = _Mapper(parent, max_displacement, max_strain)
    # Of plain views: a slice of a subclass such as a memory map takes ten times as long, and each structure takes
    # several.
    plain = Structures(*(np.asarray(getattr(structures, f.name)) for f in fields(structures)))
    found = [mapper.map(structure) for structure in plain]
    return _together(parent, found)


class _Guess(NamedTuple):
    """An orientation, and the atoms (m, 3; angstrom in the ideal supercell) moved by one of its translations."""

    score: float
    orientation: Orientation
    points: Floats


class _Trial(NamedTuple):
    """An orientation with its best placement."""

    orientation: Orientation
    placement: Placement

    @property
    def largest(self) -> float:
        """The largest displacement in angstrom; infinite where a site is empty that must not be."""
        return float(self.placement.displacements.max()) if self.placement.lacking < 0 else np.inf


class _Found(NamedTuple):
    """One structure on the parent; `numbers` are volumetric strain, distortion, largest and mean displacement."""

    form: Form
    occupation: NDArray[np.int8]
    numbers: tuple[float, float, float, float]


class _Mapper:
    """Maps structures onto one parent, one after the other."""

    def __init__(self, parent: Parent, max_displacement: float, max_strain: float) -> None:
        self._parent, self._max_displacement, self._max_strain = parent, max_displacement, max_strain
        self._census, self._sites = Census(parent), Sites(parent)
        self._orientations = Orientations(parent, max_strain)
        self._sure, self._good = (min(max_displacement, part * self._sites.gap) for part in (_SURE, _GOOD))
        self._spacing = (parent.volume / parent.n_sites) ** (1 / 3)
        # -1 where a site can't be empty: a placement that leaves such a one empty is refused before it is written.
        self._empty = parent.codes[:, VACANCY].astype(np.int8)

    def map(self, structure: Structure) -> _Found | str:
        """The structure on the parent, or why it isn't."""
        if not len(structure.numbers):
            return "it has no structure"
        if not (np.isfinite(structure.lattice).all() and np.isfinite(structure.positions).all()):
            return "it holds numbers that aren't finite"
        volume = abs(float(np.linalg.det(structure.lattice)))
        if volume <= _FLAT * np.linalg.norm(structure.lattice, axis=1).prod():
            return "its cell has no volume"
        possible = self._census.n_cells(structure.numbers, volume)
        if isinstance(possible, str):
            return possible
        results = [self._mapped(structure, n_cells, volume) for n_cells in possible[:1]]
        while isinstance(results[-1], str) and len(results) < len(possible):
            results.append(self._mapped(structure, possible[len(results)], volume))
        # Where no number of cells will do, the reason told is that of the likeliest.
        return results[0] if isinstance(results[-1], str) else results[-1]

    def _mapped(self, structure: Structure, n_cells: int, volume: float) -> _Found | str:
        """The structure on that many cells, or why it isn't."""
        groups = self._sites.groups(structure.numbers)
        best = self._best(structure, groups, self._orientations.near(structure.lattice, n_cells))
        if best is None or best.largest > self._sure:
            best = self._searched(structure, groups, n_cells, best)
        if best is None:
            return self._no_supercell(structure.lattice, n_cells)
        return self._refused(structure, best) or self._found(structure, best, n_cells, volume)

    def _searched(self, structure: Structure, groups: Groups, n_cells: int, best: _Trial | None) -> _Trial | None:
        """The best of one placement and those in any frame."""
        for orientations in self._orientations.steps(structure.lattice, n_cells):
            found = self._best(structure, groups, orientations)
            best = self._better(best, *found) if found else best
            if self._is_good(best):
                break
        return best

    def _no_supercell(self, lattice: Floats, n_cells: int) -> str:
        nearest = self._orientations.nearest(lattice, n_cells)
        said = "none is near" if np.isinf(nearest) else f"the nearest one is strained by {nearest:.2f}"
        return f"its cell isn't a supercell of the parent: of {counted(n_cells, 'cell')}, {said}"

    def _best(self, structure: Structure, groups: Groups, orientations: list[Orientation]) -> _Trial | None:
        """The best placement in any of these orientations."""
        best: _Trial | None = None
        ranked: list[_Guess] = []
        for anchor in self._sites.anchors(structure.numbers) if orientations else ():
            guesses = self._guesses(structure.positions, anchor, groups, orientations)
            for guess in guesses[:_MOST_TRIALS]:
                if self._is_good(best) and guess.score > 2 * guesses[0].score + _CLOSE:
                    break
                best = self._better(
                    best, guess.orientation, self._sites.nearest(guess.points, groups, guess.orientation)
                )
            if self._is_good(best):
                return best
            ranked += guesses
        for guess in sorted(ranked, key=lambda g: g.score)[: 0 if best else _MOST_ASSIGNED]:
            best = self._better(best, guess.orientation, self._sites.assigned(guess.points, groups, guess.orientation))
        return best

    def _better(self, best: _Trial | None, orientation: Orientation, placement: Placement | None) -> _Trial | None:
        if placement is None:
            return best
        trial = _Trial(orientation, placement)
        return trial if best is None or self._cost(trial) < self._cost(best) else best

    def _cost(self, trial: _Trial) -> tuple[bool, float]:
        """What the best trial has least of: empty sites that must not be, then the mean square (Å²) of displacements
        and of what the strain moves neighbours by."""
        moved = float((trial.placement.displacements**2).mean())
        # Rounded, so that of two equal ways the first is kept, whatever the rounding errors of the machine.
        return trial.placement.lacking >= 0, round(moved + self._strained(trial.orientation), 6)

    def _strained(self, orientation: Orientation) -> float:
        return float((orientation.distortion * self._spacing) ** 2)

    def _is_good(self, trial: _Trial | None) -> bool:
        return trial is not None and trial.largest <= self._good

    def _guesses(self, positions: Floats, anchor: int, groups: Groups, orientations: list[Orientation]) -> list[_Guess]:
        """All orientations and translations that bring an atom onto a site, the most promising first."""
        is_only = len(orientations) == 1
        guesses = []
        for orientation in orientations:
            points = positions @ orientation.vectors
            for score, shift in self._sites.shifts(points, anchor, groups, is_only):
                guesses.append(_Guess(score + self._strained(orientation), orientation, points + shift))
        return sorted(guesses, key=lambda guess: guess.score)

    def _refused(self, structure: Structure, trial: _Trial) -> str:
        """Why a placement isn't good enough, "" where it is."""
        placement, n_sites = trial.placement, self._parent.n_sites
        if placement.lacking >= 0 and len(structure.numbers) == trial.orientation.supercell.n_cells * n_sites:
            return "its atoms can't be shared out among the sublattices"
        if placement.lacking >= 0:
            held = self._parent.species[self._parent.site_class[placement.lacking % n_sites]]
            return f"a site of {first(map(symbol, held))} is empty and can't be"
        atom = int(placement.displacements.argmax())
        if placement.displacements[atom] <= self._max_displacement:
            return ""
        name = symbol(int(structure.numbers[atom]))
        return f"atom {atom + 1} ({name}) lies {placement.displacements[atom]:.2f} Å from the nearest free site"

    def _found(self, structure: Structure, trial: _Trial, n_cells: int, volume: float) -> _Found:
        site, n_sites = trial.placement.site, self._parent.n_sites
        occupation = np.tile(self._empty, n_cells)
        occupation[site] = self._parent.codes[site % n_sites, structure.numbers]
        displacements = trial.placement.displacements
        return _Found(
            trial.orientation.form,
            occupation.reshape(n_cells, n_sites),
            (
                volume / (n_cells * self._parent.volume) - 1,
                trial.orientation.distortion,
                float(displacements.max()),
                float(displacements.mean()),
            ),
        )


def _together(parent: Parent, found: list[_Found | str]) -> Mapped:
    known = [one if isinstance(one, _Found) else _Found(_NO_FORM, _no_cells(parent), _NOTHING) for one in found]
    lengths = [len(one.occupation) for one in known]
    strain, distortion, largest, mean = np.array([one.numbers for one in known], dtype=np.float64).reshape(-1, 4).T
    return Mapped(
        np.array([one.form for one in known], dtype=np.int64).reshape(-1, 3, 3),
        np.concatenate([[0], np.cumsum(lengths, dtype=np.int64)]).astype(np.int64),
        # NumPy doesn't put an empty list of arrays together.
        np.concatenate([_no_cells(parent), *(one.occupation for one in known)]),
        strain.copy(),
        distortion.copy(),
        largest.copy(),
        mean.copy(),
        tuple(one if isinstance(one, str) else "" for one in found),
    )


def _no_cells(parent: Parent) -> NDArray[np.int8]:
    return np.empty((0, parent.n_sites), dtype=np.int8)
