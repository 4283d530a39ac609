"""Every number that is read from Elk's outputs, read again by hand; needs elk-lapw."""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np
import pytest

from bigdata.calculators.driving import Limits, calculate
from bigdata.calculators.elk import Elk
from tests.calculators.elk.conftest import Calculated
from tests.calculators.elk.crystals import aluminium, boron_nitride, coarse
from tests.calculators.machine import LocalMachine

# CODATA 2018, written down here once more.
HARTREE, BOHR = 27.211386245988, 0.529177210903
# Elk 8.4.30, LDA, 2 x 2 x 2, rgkmax 4, nempty 8, one thread.
AL_ENERGY, AL_FERMI = -241.924657156, 0.17723608


def test_aluminium_has_its_reference_energy(al: Calculated) -> None:
    assert al.outcome.status == "done"
    assert al.results.total_energy / HARTREE == pytest.approx(AL_ENERGY, abs=1e-6)
    assert al.results.fermi_energy / HARTREE == pytest.approx(AL_FERMI, abs=1e-6)
    assert al.results.code_version == "Elk 8.4.30"


def test_charges_are_those_of_the_last_loop(al: Calculated) -> None:
    lines = [line for line in al.text("ground-state/INFO.OUT").splitlines() if line.startswith(" error  ")]
    assert al.results.n_electrons == 13
    assert al.results.lost_charge == pytest.approx(float(lines[-1].split(":")[1]), abs=1e-7)


def test_a_metal_has_no_gap_though_elk_prints_one(al: Calculated) -> None:
    """Two of three k-points have five occupied states, the other four."""
    assert al.rows("ground-state/GAP.OUT")[-1][0] > 0.04
    assert al.results.band_gap == 0


def test_density_of_states_is_that_of_tdos_out(al: Calculated) -> None:
    rows = np.array(al.rows("density-of-states/TDOS.OUT"))
    spectrum = al.results.spectrum
    assert spectrum
    assert spectrum.values.shape == (1, 101)
    assert spectrum.values[0] == pytest.approx(rows[:, 1] / HARTREE)
    assert spectrum.energies == pytest.approx(rows[:, 0] * HARTREE + al.results.fermi_energy)
    assert spectrum.energies[[0, -1]] - al.results.fermi_energy == pytest.approx([-10, 10], abs=1e-6)


def test_density_of_states_holds_the_valence_electrons(al: Calculated) -> None:
    """Of nine electrons outside of the core, six are in 2p, 60 eV deeper than the window."""
    spectrum = al.results.spectrum
    assert spectrum
    below = spectrum.energies <= al.results.fermi_energy
    n_electrons = np.trapezoid(spectrum.values[0][below], spectrum.energies[below])
    assert n_electrons == pytest.approx(3, abs=0.4)


def test_bands_at_gamma_are_the_eigenvalues_there(al: Calculated) -> None:
    first = al.text("ground-state/EIGVAL.OUT").split("k-point, vkl")[1]
    at_gamma = [float(line.split()[1]) * HARTREE for line in first.splitlines()[2:15]]
    bands = al.results.bands
    assert bands
    assert bands.k_points[0] == pytest.approx([0, 0, 0])
    assert bands.energies[0, 0] == pytest.approx(at_gamma, abs=2e-3)


def test_band_path_has_the_k_points_at_its_distances(al: Calculated) -> None:
    """2 pi times the inverse of the lattice are the reciprocal vectors; steps in them add up to the distances."""
    bands = al.results.bands
    assert bands
    cartesian = 2 * np.pi * bands.k_points @ np.linalg.inv(al.results.structure.lattice).T
    steps = np.linalg.norm(np.diff(cartesian, axis=0), axis=1)
    # A step that goes around a vertex is shorter than the path.
    assert np.median(steps - np.diff(bands.distances)) == pytest.approx(0, abs=1e-6)
    assert bands.labels[1] == (pytest.approx(2 * np.pi / 4.05, abs=1e-6), "X")


def test_relaxation_moves_atoms_back_to_where_silicon_has_them(si: Calculated) -> None:
    relaxed = si.results.structure.positions
    assert (relaxed[1] - relaxed[0]) % 1 == pytest.approx([0.25] * 3, abs=2e-4)
    assert si.outcome.steps[0].loops > 1


def test_forces_are_those_of_the_relaxed_geometry(si: Calculated) -> None:
    found = re.findall(r"total force +: +(\S+) +(\S+) +(\S+)", si.text("ground-state/INFO.OUT"))
    assert si.results.forces == pytest.approx(np.array(found, dtype=float) * HARTREE / BOHR, abs=1e-6)


def test_ground_state_is_computed_where_the_relaxation_ended(si: Calculated) -> None:
    last = si.text("relax/GEOMETRY_OPT.OUT").split("'Si.in'")[-1].splitlines()[2:4]
    positions = [[float(word) for word in line.split()[:3]] for line in last]
    assert si.results.structure.positions == pytest.approx(np.array(positions))
    assert " ".join(map(repr, positions[1])) in si.text("ground-state/elk.in")
    assert si.results.relaxed_energy / HARTREE == pytest.approx(si.rows("relax/TOTENERGY_OPT.OUT")[-1][0], abs=1e-8)


def test_radii_are_those_of_the_structure_in_every_step(si: Calculated) -> None:
    asked = {float(line.split()[1]) for line in _radius_lines(si)}
    assert len(asked) == 1
    assert si.results.radii == pytest.approx({"Si": asked.pop() * BOHR}, abs=1e-6)


def _radius_lines(si: Calculated) -> list[str]:
    steps = ("relax", "ground-state")
    return [line for step in steps for line in si.text(f"{step}/Si.in").splitlines() if "rminsp" in line]


def test_gap_of_silicon_is_that_of_its_k_points(si: Calculated) -> None:
    rows = re.findall(r"^ +\d+ +(-?\d\S+) +(\d\S+) *$", si.text("ground-state/EIGVAL.OUT"), re.M)
    pairs = [(float(energy), float(occupied)) for energy, occupied in rows]
    top = max(energy for energy, occupied in pairs if occupied > 1)
    bottom = min(energy for energy, occupied in pairs if occupied < 1)
    assert si.results.valence_maximum == pytest.approx(top * HARTREE)
    assert si.results.band_gap == pytest.approx((bottom - top) * HARTREE)
    assert si.results.band_gap > 0


@pytest.mark.usefixtures("al")
def test_atoms_keep_the_order_of_the_structure(tmp_path: Path) -> None:
    """Nitrogen stands first in the structure, boron in Elk's input."""
    machine = LocalMachine(tmp_path / "scratch", tmp_path / "kept")
    outcome = calculate(Elk(), boron_nitride(0.02), coarse(3.0, (1, 1, 1)), ["ground-state"], machine, Limits())
    assert outcome.results
    assert outcome.results.forces is not None
    text = (machine.folder / "ground-state" / "INFO.OUT").read_text()
    found = np.array(re.findall(r"total force +: +(\S+) +(\S+) +(\S+)", text), dtype=float)[:, 2] * HARTREE / BOHR
    assert abs(found[2]) > 1  # Elk's third atom is the first nitrogen, which was moved
    assert outcome.results.forces[0, 2] == pytest.approx(found[2], abs=1e-6)
    assert outcome.results.forces[2, 2] == pytest.approx(found[0], abs=1e-6)


@pytest.mark.usefixtures("al")
def test_spin_has_two_channels_that_add_up(tmp_path: Path, al: Calculated) -> None:
    """Aluminium isn't magnetic: each spin has half of the states, and Elk's second channel is below zero."""
    machine = LocalMachine(tmp_path / "scratch", tmp_path / "kept")
    setting = coarse(spinpol=True)
    outcome = calculate(Elk(), aluminium(), setting, ["density-of-states"], machine, Limits())
    assert outcome.results
    spectrum, alone = outcome.results.spectrum, al.results.spectrum
    assert spectrum
    assert alone
    assert spectrum.values.shape == (2, 101)
    assert spectrum.values[1] == pytest.approx(spectrum.values[0], abs=1e-3)
    assert spectrum.values.sum(axis=0) == pytest.approx(alone.values[0], abs=0.05)
    assert outcome.results.total_energy == pytest.approx(al.results.total_energy, abs=1e-3)
