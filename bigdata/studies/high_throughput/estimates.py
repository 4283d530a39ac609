"""What calculations cost before any has been measured: seconds, files and bytes, from atoms, k-points and basis.

Fitted by eye to 15 calculations of h-BN and Si with Elk 8.4 on one core (rgkmax 4 to 7, 8 to 72 k-points), which it
gives to a factor of about three. A ground state takes a time for each atom, and for each k-point that symmetry leaves
one that grows with the 2.5th power of the number of basis functions. Plans multiply it by what tasks of the same code
took of it, as soon as there are some.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from bigdata.calculators.calculation import Step
from bigdata.kind import BUILT_IN, PROCESS_BYTES, Rate, size
from bigdata.studies.high_throughput.calculations import Calculations
from bigdata.studies.high_throughput.model import HighThroughput
from bigdata.studies.high_throughput.settings import One

Floats = NDArray[np.float64]
SECONDS_BASE, SECONDS_ATOM, SECONDS_BASIS, BASIS_POWER = 0.35, 0.25, 3.5e-6, 2.5
# Functions of an atom at rgkmax r: a sphere of plane waves up to r / R, where spheres of radius R nearly touch.
BASIS_RGKMAX, BASIS_ATOM = 0.285, 100.0
# Symmetry leaves fewer of many k-points; the fit is to eight.
K_POWER, K_POINTS = 0.7, 8
# In ground states: a relaxation takes several, and a path of bands about two. A density of states goes by atoms.
GROUND_STATES: Mapping[Step, float] = {"relax": 8.0, "ground-state": 1.0, "band-structure": 2.0}
DOS_SECONDS_ATOM = 0.6
FILES: Mapping[Step, int] = {"relax": 33, "ground-state": 28, "band-structure": 8, "density-of-states": 15}
# Densities and potentials; wave functions, of about five states an atom; states by angular momentum; all in bytes.
DENSITY_BYTES, DENSITY_ATOM, WAVE_BYTES, STATES_ATOM, DOS_ATOM = 1.5e6, 3.5e5, 16, 5, 3.5e5
PACKED: Mapping[Step, int] = {"relax": 20_000, "ground-state": 20_000, "band-structure": 20_000}
PACKED_DOS, PACKED_DOS_ATOM, PACKED_RESULTS = 64_000, 53_000, 10_000
# What a program prints in one step; ours is told by its lines.
PRINTED = 2_350
CODE_BYTES = 80_000_000


@dataclass(frozen=True)
class Estimate:
    """Of S structures and P settings; arrays are (S, P)."""

    model: HighThroughput
    calculations: Calculations

    @cached_property
    def steps(self) -> list[Step]:
        """The ground state is always computed."""
        return [*dict.fromkeys((*self.model.workflow, "ground-state"))]

    @cached_property
    def _atoms(self) -> Floats:
        return np.asarray(self.calculations.structures.n_atoms[:, None], dtype=np.float64)

    @cached_property
    def _basis(self) -> Floats:
        """Basis functions."""
        return np.asarray(self._atoms * np.array([_functions(one) for one in self.calculations.points]))

    @cached_property
    def _k_points(self) -> Floats:
        """Those that symmetry leaves, in those of the fit."""
        return np.asarray((self.calculations.n_k_points / K_POINTS) ** K_POWER)

    @cached_property
    def seconds(self) -> Floats:
        """Of the code on one core."""
        large = SECONDS_BASIS * self._k_points * self._basis**BASIS_POWER
        ground = SECONDS_BASE + SECONDS_ATOM * self._atoms + large
        whole = sum(GROUND_STATES.get(step, 0.0) for step in self.steps) * ground
        return np.asarray(whole + DOS_SECONDS_ATOM * self._atoms * self._has_dos)

    @cached_property
    def n_bytes(self) -> Floats:
        """That a calculation leaves on its node."""
        waves = WAVE_BYTES * self._k_points * K_POINTS**K_POWER * self._basis * STATES_ATOM * self._atoms
        each = DENSITY_BYTES + DENSITY_ATOM * self._atoms + waves
        return np.asarray(len(self.steps) * each + DOS_ATOM * self._atoms * self._has_dos)

    @property
    def _has_dos(self) -> bool:
        return "density-of-states" in self.steps

    @property
    def packed_bytes(self) -> int:
        """Of the pack of one calculation, on average."""
        if self.model.archive.raw == "dropped":
            return PACKED_RESULTS
        dos = (PACKED_DOS + PACKED_DOS_ATOM * float(self._atoms.mean())) * self._has_dos
        return PACKED_RESULTS + sum(PACKED.get(step, 0) for step in self.steps) + int(dos)

    @property
    def log_bytes(self) -> int:
        """What the code prints in one calculation."""
        return PRINTED * len(self.steps)

    @property
    def rate(self) -> Rate:
        return Rate(f"estimated second of {self.model.calculator.code}", 1.0, BUILT_IN)

    def work(self, i: int) -> float:
        """Seconds of calculation i, on its cores."""
        return self._seconds[i]

    @cached_property
    def _seconds(self) -> list[float]:
        """Of all calculations: plans ask for each of hundreds of thousands, more than once."""
        found: list[float] = (self.seconds.ravel() / self.model.calculator.cores).tolist()
        return found

    @property
    def memory(self) -> int:
        """Peak of a task in bytes: our own process, and the code's, with some matrices of its largest basis."""
        return PROCESS_BYTES + CODE_BYTES + int(4 * WAVE_BYTES * self._basis.max() ** 2)

    def notes(self) -> Iterator[str]:
        """What would lie on the disk if every calculation kept its folder."""
        n = self.seconds.size
        files, whole = n * sum(FILES[step] for step in self.steps), float(self.n_bytes.sum())
        yield (
            f"{n:,} calculations write about {files:,} files and {size(whole)} on their nodes, by a rough estimate; "
            f"the run keeps about {size(n * self.packed_bytes)} of it, packed"
        )


def _functions(one: One) -> float:
    """Basis functions of an atom, of codes whose measure of them is rgkmax; about a hundred of others."""
    measure = one.basis.get("rgkmax")
    return BASIS_RGKMAX * float(measure) ** 3 if isinstance(measure, int | float) else BASIS_ATOM
