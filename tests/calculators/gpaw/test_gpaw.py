"""Real runs of GPAW: its numbers read by another way, and one that is killed and goes on."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from bigdata.calculators.calculation import Outcome, Setting, Step
from bigdata.calculators.driving import Limits, calculate
from bigdata.calculators.gpaw import RESTART, Gpaw
from bigdata.data.materials.structures import Structure
from bigdata.errors import Paused
from tests.calculators.elk.crystals import aluminium, silicon
from tests.calculators.gpaw.found import COMMAND, gpaw_is_installed
from tests.calculators.machine import LocalMachine, kill_program_in

METAL = Setting("PBE", (4, 4, 4), {"mode": "pw", "cutoff": "250 eV"})
ORBITALS = Setting("LDA", (2, 2, 2), {"mode": "lcao", "basis": "dzp"}, {"h": 0.25}, dos_points=1501)
pytestmark = pytest.mark.slow


@pytest.fixture(scope="session", autouse=True)
def installed() -> None:
    gpaw_is_installed()


@pytest.fixture
def machine(tmp_path: Path) -> LocalMachine:
    return LocalMachine(tmp_path / "scratch", tmp_path / "kept")


def run(machine: LocalMachine, structure: Structure, setting: Setting, *workflow: Step) -> Outcome:
    return calculate(Gpaw(COMMAND), structure, setting, workflow, machine, Limits(timeout=300))


def test_bands_of_a_metal_have_the_eigenvalues_of_its_ground_state(machine: LocalMachine) -> None:
    outcome = run(machine, aluminium(), METAL, "band-structure")
    results = outcome.results
    assert results
    assert results.bands
    assert (outcome.status, results.band_gap, results.n_electrons) == ("done", 0, 3)
    ground = json.loads((machine.folder / "ground-state" / "results.json").read_text())
    assert results.bands.k_points[0] == pytest.approx([0, 0, 0])
    assert results.bands.energies[0, 0, 0] == pytest.approx(ground["eigenvalues"][0][0][0], abs=1e-3)
    text = (machine.folder / "ground-state" / "gpaw.txt").read_text()
    assert results.total_energy == pytest.approx(float(text.split("Extrapolated:")[1].split()[0]), abs=1e-5)
    assert results.fermi_energy == pytest.approx(float(text.split("Fermi level:")[1].split()[0]), abs=1e-4)


def test_a_relaxed_insulator_has_its_electrons_below_its_fermi_energy(machine: LocalMachine) -> None:
    outcome = run(machine, silicon(0.004), ORBITALS, "relax", "density-of-states")
    results = outcome.results
    assert results
    assert results.spectrum
    below = results.spectrum.energies <= results.fermi_energy
    n_electrons = np.trapezoid(results.spectrum.values.sum(axis=0)[below], results.spectrum.energies[below])
    assert n_electrons == pytest.approx(8, abs=0.05)
    positions = results.structure.positions
    assert (positions[1] - positions[0]) % 1 == pytest.approx([0.25] * 3, abs=1e-3)
    assert results.total_energy == pytest.approx(results.relaxed_energy, abs=1e-4)


def test_killed_after_its_first_restart_file_it_goes_on_to_the_same_energy(
    machine: LocalMachine, tmp_path: Path
) -> None:
    whole = run(LocalMachine(tmp_path / "whole", tmp_path / "other"), silicon(), ORBITALS, "ground-state")
    killed: list[bool] = []

    def during() -> None:
        folder = machine.folder / "ground-state"
        if not killed and (folder / RESTART).is_file():
            killed.append(kill_program_in(folder, "calculate.py"))

    machine.during = during
    outcome = run(machine, silicon(), ORBITALS, "ground-state")
    assert killed == [True]
    assert (outcome.status, outcome.steps[0].attempts) == ("done", 2)
    assert outcome.results
    assert whole.results
    assert outcome.results.total_energy == pytest.approx(whole.results.total_energy, abs=1e-3)


def test_from_a_restart_file_that_is_damaged_it_begins_anew(machine: LocalMachine, tmp_path: Path) -> None:
    machine.during = lambda: setattr(machine, "stops", (machine.folder / "ground-state" / RESTART).is_file())
    with pytest.raises(Paused):
        run(machine, silicon(), ORBITALS, "ground-state")
    (kept,) = machine.kept.rglob(RESTART)
    kept.write_bytes(kept.read_bytes()[:1000])
    outcome = run(LocalMachine(tmp_path / "second", machine.kept), silicon(), ORBITALS, "ground-state")
    assert (outcome.status, outcome.steps[0].attempts) == ("done", 3)


def test_what_gpaw_does_not_know_is_a_failure_with_its_last_words(machine: LocalMachine) -> None:
    outcome = run(machine, aluminium(), Setting("PBE", (1, 1, 1), {"mode": "pw", "cutoff": "9 Ry"}), "ground-state")
    assert (outcome.status, outcome.steps[0].attempts) == ("failed", 1)
    assert "the cutoff '9 Ry' isn't an energy in eV" in outcome.reasons[0]
