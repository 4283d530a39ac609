"""What makes a finished calculation doubtful, whatever its code says of it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import moyopy
import numpy as np

from bigdata.calculators.calculation import Results, Setting, Step
from bigdata.data.materials.structures import Structure

# Of all electrons; where more are missing, the basis or the meshes are too coarse for what was asked.
LOST_SHARE = 1e-3
# The ground state of the relaxed geometry has other meshes than the relaxation had, and its forces differ a little.
FORCE_FACTOR = 2.0
SYMMETRY_ANGSTROM = 0.01
# Codes trim the potential in relaxations, which was worth 0.03 eV/atom in hexagonal BN with a small basis.
RELAXED_EV_PER_ATOM = 0.05
# In states/eV and cell. An insulator's density of states at the Fermi energy is zero but for rounding.
METALLIC = 0.01


def doubts(start: Structure, results: Results, setting: Setting, steps: Sequence[Step]) -> tuple[str, ...]:
    """Sentences on what isn't to be believed in the results of a calculation that began with `start`."""
    relaxed = _of_relaxation(start, results, setting) if "relax" in steps else ()
    return (*relaxed, *_of_charge(results), *_of_gap(results))


def _of_relaxation(start: Structure, results: Results, setting: Setting) -> Iterator[str]:
    if results.forces is not None:
        left = float(np.linalg.norm(results.forces, axis=1).max())
        if left > FORCE_FACTOR * setting.largest_force:
            yield (
                f"A force of {left:.3f} eV/angstrom is left in the relaxed geometry, where {setting.largest_force:g} "
                "were asked for."
            )
    before, after = _symmetry(start), _symmetry(results.structure)
    # One that finds back to a higher symmetry, as of atoms that were moved by hand, is what relaxations are for.
    if before != after and after[0] <= before[0]:
        yield (
            f"The relaxation lost symmetry: the cell had {before[0]} operations, of {before[1]}, and has {after[0]}, "
            f"of {after[1]}."
        )
    difference = abs(results.relaxed_energy - results.total_energy) / len(start.numbers)
    if difference > RELAXED_EV_PER_ATOM:
        yield (
            f"The relaxation's last energy and the ground state's differ by {difference:.3f} eV an atom, "
            f"more than {RELAXED_EV_PER_ATOM:g}."
        )


def _of_charge(results: Results) -> Iterator[str]:
    share = abs(results.lost_charge) / results.n_electrons
    if share > LOST_SHARE:
        counted = results.n_electrons - results.lost_charge
        yield (
            f"The code's density holds {counted:.4f} electrons where there are {results.n_electrons:g}, by more than "
            f"{LOST_SHARE:.1%}: a larger basis or finer meshes may hold them."
        )


def _of_gap(results: Results) -> Iterator[str]:
    """Few k-points show a gap where bands cross the Fermi energy between them."""
    spectrum = results.spectrum
    if spectrum is None or not results.band_gap > 0:
        return
    at_fermi = sum(float(np.interp(results.fermi_energy, spectrum.energies, values)) for values in spectrum.values)
    if at_fermi > METALLIC:
        yield (
            f"The k-points show a gap of {results.band_gap:.3f} eV, and the density of states at the Fermi energy is "
            f"{at_fermi:.3g} states/eV, that of a metal: a finer k-grid may tell."
        )


def _symmetry(structure: Structure) -> tuple[int, str]:
    """How many symmetry operations the cell has, at 0.01 angstrom, and the spacegroup's symbol and number."""
    cell = moyopy.Cell(structure.lattice.tolist(), structure.positions.tolist(), structure.numbers.tolist())
    try:
        found = moyopy.MoyoDataset(cell, symprec=SYMMETRY_ANGSTROM)
    except ValueError:
        return 0, "unknown"
    return len(found.operations), f"{moyopy.HallSymbolEntry(found.hall_number).hm_short} ({found.number})"
