"""What is known of every calculation: the numbers that its task returns, and the arrays that they become."""

from __future__ import annotations

from typing import NamedTuple

DONE, DOUBTFUL, FAILED, NOT_RUN = range(4)
WORDS = ("done", "doubtful", "failed", "not run")
NAN = float("nan")


class Quantity(NamedTuple):
    """A number of each calculation; `missing` stands where it wasn't run.

    Those of physics, `is_result`, are NaN where a calculation failed: what it cost is known there all the same.
    """

    name: str
    dtype: str
    units: str
    about: str
    missing: float = NAN
    is_result: bool = False


QUANTITIES = (
    Quantity("status", "uint8", "1", "0: done, 1: doubtful, 2: failed, 3: not run", NOT_RUN),
    Quantity("total_energy", "float64", "eV", "of the cell, as the code counts it; NaN where it failed", NAN, True),
    Quantity("band_gap", "float64", "eV", "at the k-points of the ground state; 0: a metal; NaN: not said", NAN, True),
    Quantity("fermi_energy", "float64", "eV", "absolute, as the code counts it", NAN, True),
    Quantity("valence_maximum", "float64", "eV", "absolute, as the code counts it", NAN, True),
    Quantity("n_electrons", "float64", "1", "electrons of the cell, as the code counts them", NAN, True),
    Quantity("lost_charge", "float64", "1", "electrons that the code's own sum misses", NAN, True),
    Quantity("max_force", "float64", "eV/angstrom", "largest force on an atom", NAN, True),
    Quantity("volume", "float64", "angstrom^3", "of the cell, relaxed where that was asked for", NAN, True),
    Quantity("n_files", "int64", "1", "files that the code left, of all steps; -1: not run", -1),
    Quantity("n_bytes", "int64", "B", "bytes that the code left, of all steps; -1: not run", -1),
    Quantity("seconds", "float64", "s", "that the code took, for all steps"),
    Quantity("cpu_seconds", "float64", "s", "that the code took, over all cores"),
    Quantity("memory", "int64", "B", "peak of the code; -1: not run", -1),
    Quantity("attempts", "int64", "1", "how often a step was begun, of all steps together; -1: not run", -1),
    Quantity("loops", "int64", "1", "loops to self-consistency, of all steps together; -1: not run", -1),
)
NAMES = tuple(quantity.name for quantity in QUANTITIES)
