"""What goes into a calculation and what comes out of it, the same for every code."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from bigdata.data.materials.structures import Structure

Floats = NDArray[np.float64]

Step = Literal["relax", "ground-state", "band-structure", "density-of-states"]
"""A step of a workflow. What computes bands or a density of states first computes the ground state of the geometry."""

STEPS: tuple[Step, ...] = ("relax", "ground-state", "band-structure", "density-of-states")


def with_ground_state(workflow: Sequence[Step]) -> tuple[Step, ...]:
    """The steps of a workflow in order, with the ground state, which all else is read beside."""
    return tuple(step for step in STEPS if step in workflow or step == "ground-state")


Status = Literal["done", "doubtful", "failed"]


@dataclass(frozen=True)
class Setting:
    """The numerical settings of one calculation: those that a study varies, and that decide how exact it is.

    `xc` is the functional ("LDA", "PBE", "PBEsol"), `k_grid` the mesh of k-points along the reciprocal vectors, `basis`
    the code's own measure of its basis ({"rgkmax": 7.0}, {"cutoff": "400 eV"}, {"mode": "lcao", "basis": "dzp"}),
    `options` what else the code is told, the same for all, in its own words. `largest_force`, in eV/angstrom, is what
    a relaxation may leave. A density of states has `dos_points` energies in `dos_window`, in eV from the Fermi energy,
    both ends among them.
    """

    xc: str
    k_grid: tuple[int, int, int]
    basis: Mapping[str, float | str]
    options: Mapping[str, object] = field(default_factory=dict)
    largest_force: float = 0.025
    dos_window: tuple[float, float] = (-15.0, 15.0)
    dos_points: int = 601


@dataclass(frozen=True)
class Spectrum:
    """A density of states: `energies` (n,) in eV, absolute; `values` (s, n) in states/eV and cell, of s spins."""

    energies: Floats
    values: Floats


@dataclass(frozen=True)
class Bands:
    """`k_points` (k, 3) in fractions of the reciprocal vectors, `distances` (k,) in 1/angstrom along the path,
    `energies` (s, k, b) in eV, absolute; `labels` at the distances of named points."""

    k_points: Floats
    distances: Floats
    energies: Floats
    labels: tuple[tuple[float, str], ...]


@dataclass(frozen=True)
class Results:
    """What was read from the outputs of a calculation; None, or NaN, where the code doesn't say it.

    Energies in eV of the whole cell, absolute as the code has them; forces (n, 3) in eV/angstrom. `valence_maximum`
    and `band_gap` (0 for a metal) from the k-points of the ground state. `radii` are the muffin-tin radii by element,
    in angstrom: energies with others can't be compared. `lost_charge` is the electrons that the code's own sum misses.
    `relaxed_energy` is what the relaxation gave for its last geometry, and `total_energy` the ground state's own.
    """

    structure: Structure
    total_energy: float
    band_gap: float = float("nan")
    fermi_energy: float = float("nan")
    valence_maximum: float = float("nan")
    n_electrons: float = float("nan")
    lost_charge: float = float("nan")
    forces: Floats | None = None
    radii: Mapping[str, float] = field(default_factory=dict)
    spectrum: Spectrum | None = None
    bands: Bands | None = None
    relaxed_energy: float = float("nan")
    code_version: str = ""


@dataclass(frozen=True)
class StepRecord:
    """How one step went: how often it was begun, and what all its attempts took together.

    `loops` are those of self-consistency, or the steps of a relaxation. CPU seconds are those of attempts that weren't
    cut short. `memory` is the largest, in bytes; the files and bytes are those that the last attempt left.
    """

    step: Step
    attempts: int
    loops: int
    seconds: float
    cpu_seconds: float
    memory: int
    n_files: int
    n_bytes: int


@dataclass(frozen=True)
class Outcome:
    """How a calculation ended. `reasons` are sentences: why it failed, or what makes it doubtful.

    Doubtful is what the code calls converged and what a check of our own doesn't believe: forces that are left, charge
    that is lost, symmetry that changed, radii that were reduced. Its numbers are kept beside that word.
    """

    status: Status
    reasons: tuple[str, ...]
    results: Results | None
    steps: tuple[StepRecord, ...]
