"""Structures as decorations of a parent lattice: which supercell, and which species on which site."""

from __future__ import annotations

from dataclasses import fields
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from bigdata.data.materials.structures import Structure, Structures
from bigdata.data.problem import first
from bigdata.lattices.census import Census, counted
from bigdata.lattices.mapped import Mapped
from bigdata.lattices.orientations import NAMED, Orientation, Orientations
from bigdata.lattices.parent import Parent
from bigdata.lattices.sites import Groups, Placement, Sites
from bigdata.lattices.species import VACANCY, symbol
from bigdata.lattices.supercell import Form

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

# A placement is beyond doubt, and is good, where no atom is farther from its site than these parts of the distance
# between sites.
_SURE, _GOOD = 0.2, 0.35
# Of two numbers of primitive cells, the worse is a rival where it costs at most so many times as much.
_RIVAL = 3.0
# The cell of an unmapped structure is told to be that of another number of cells where it is so near to these.
_PLAIN = 0.05
# Where no number of cells fits within a slight strain, so many are searched for larger ones, which costs the most.
_SLIGHT, _MOST_UNBOUNDED = 0.03, 6
# Å² by which a trial's score may be worse than the best one's to be looked at as well.
_CLOSE = 0.02
# The part of the volume of a cuboid with its sides up to which a cell is flat.
_FLAT = 1e-6
# An assignment takes the cube of the atoms, nearest sites about their number: so few of the former are tried.
_MOST_TRIALS, _MOST_ASSIGNED = 24, 3
_NOTHING = (np.nan, np.nan, np.nan, np.nan)
_NO_FORM: Form = ((0, 0, 0), (0, 0, 0), (0, 0, 0))


def map_structures(
    parent: Parent, structures: Structures, max_displacement: float = 1.0, max_strain: float = 0.2
) -> Mapped:
    """Structures as decorations of a parent, in whatever supercell, orientation, origin and order of atoms.

    `max_displacement` in angstrom, `max_strain` the distortion (see `Mapped`) up to which a cell is taken for a
    supercell; the volume doesn't count, unless it differs by a factor of two. Cells of more than some hundred atoms are
    looked for with a smaller strain, as any cell is nearly a supercell then. Atoms are counted from 1 in the reasons.

    The number N of primitive cells comes from the atoms; where sites of every sublattice may be empty, of all numbers
    near the volume's that one is kept which costs least in squares of displacements and strain, the volume's included.
    Then H, N = |det H|, from the metric of the given cell: first
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
    cost: float
    rival_cells: int = 0


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
        return self._least([(n_cells, self._swollen(n_cells, volume)) for n_cells in possible], structure, volume)

    def _least(self, possible: list[tuple[int, float]], structure: Structure, volume: float) -> _Found | str:
        """The mapping of least cost of all numbers of cells, given with the cost (Å²) of their volumes, ascending.

        Numbers that can't even be rivals, as their volumes alone cost too much, aren't tried. All are looked at with
        a slight strain before any is with a large one: in a cell that has shrunk, the number meant is a far one.
        """
        found: dict[int, _Found] = {}
        tried: dict[int, _Trial | None] = {}
        for limit in (_SLIGHT, np.inf) if len(possible) > 1 else (np.inf,):
            for place, (n_cells, swollen) in enumerate(possible):
                most = _RIVAL * min((one.cost for one in found.values()), default=np.inf)
                if swollen > most or (limit > _SLIGHT and not found and place == _MOST_UNBOUNDED):
                    break
                strain = min(limit, float(np.sqrt(most - swollen)) / self._spacing)
                trial = tried[n_cells] = self._placed(structure, n_cells, strain)
                if trial is not None and not self._refused(structure, trial):
                    found[n_cells] = self._found(structure, trial, n_cells, volume)
        if not found:
            # Where no number of cells will do, the reason told is that of the likeliest.
            return self._reason(structure, tried[possible[0][0]], possible[0][0], volume)
        best, *others = sorted(found.values(), key=lambda one: one.cost)
        rivals = [len(one.occupation) for one in others if one.cost <= _RIVAL * best.cost]
        return best._replace(rival_cells=rivals[0] if rivals else 0)

    def _swollen(self, n_cells: int, volume: float) -> float:
        """What a change of volume moves neighbours by, squared (Å²): the Frobenius norm of its isotropic strain."""
        return float((np.log(volume / (n_cells * self._parent.volume)) * self._spacing) ** 2 / 3)

    def _placed(self, structure: Structure, n_cells: int, most: float) -> _Trial | None:
        """The best placement on that many cells; cells distorted by more than `most` needn't be found."""
        groups = self._sites.groups(structure.numbers)
        best = self._best(structure, groups, self._orientations.near(structure.lattice, n_cells))
        if best is None or best.largest > self._sure:
            best = self._searched(structure, groups, n_cells, best, most)
        return best

    def _reason(self, structure: Structure, trial: _Trial | None, n_cells: int, volume: float) -> str:
        """Why a structure isn't mapped, with its best placement on that many cells."""
        if miscounted := self._miscounted(structure, n_cells, volume):
            return miscounted
        return self._no_supercell(structure.lattice, n_cells) if trial is None else self._refused(structure, trial)

    def _searched(
        self, structure: Structure, groups: Groups, n_cells: int, best: _Trial | None, most: float
    ) -> _Trial | None:
        """The best of one placement and those in any frame, cells distorted by `most` at most."""
        for limit, orientations in self._orientations.steps(structure.lattice, n_cells, most):
            found = self._best(structure, groups, orientations)
            best = self._better(best, *found) if found else best
            # What is distorted by more than the limit costs more than this, wherever its atoms lie.
            if best and self._is_good(best) and self._cost(best)[1] <= (limit * self._spacing) ** 2:
                break
        return best

    def _no_supercell(self, lattice: Floats, n_cells: int) -> str:
        nearest = self._orientations.nearest(lattice, n_cells)
        said = "none is near" if np.isinf(nearest) else f"the nearest one is strained by {nearest:.2f}"
        return f"its cell isn't a supercell of the parent: of {counted(n_cells, 'cell')}, {said}"

    def _miscounted(self, structure: Structure, n_cells: int, volume: float) -> str:
        """That the cell is plainly that of another number of primitive cells than the atoms fill, "" where it isn't."""
        if not self._census.is_exact:
            return ""
        ratio = volume / self._parent.volume
        others = {n for n in (int(ratio), int(ratio) + 1) if n > 0} - {n_cells}
        own = self._cell_cost(structure.lattice, n_cells, volume)
        for n in sorted(others, key=lambda n: self._swollen(n, volume)):
            if self._cell_cost(structure.lattice, n, volume, _PLAIN) < own / 4:
                n_sites = counted(n * self._parent.n_sites, "site")
                made = f"it has {counted(len(structure.numbers), 'atom')}, enough for {counted(n_cells, 'cell')} of"
                return f"{made} the parent, and its cell is that of {counted(n, 'cell')}, {n_sites}"
        return ""

    def _cell_cost(self, lattice: Floats, n_cells: int, volume: float, limit: float = NAMED) -> float:
        """What a cell costs (Å²) as the nearest supercell of so many cells."""
        nearest = self._orientations.nearest(lattice, n_cells, limit)
        return float((nearest * self._spacing) ** 2) + self._swollen(n_cells, volume)

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
            self._cost(trial)[1] + self._swollen(n_cells, volume),
        )


def _together(parent: Parent, found: list[_Found | str]) -> Mapped:
    known = [one if isinstance(one, _Found) else _Found(_NO_FORM, _no_cells(parent), _NOTHING, np.nan) for one in found]
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
        np.array([one.rival_cells for one in known], dtype=np.int64),
    )


def _no_cells(parent: Parent) -> NDArray[np.int8]:
    return np.empty((0, parent.n_sites), dtype=np.int8)
