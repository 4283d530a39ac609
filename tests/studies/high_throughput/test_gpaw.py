"""Two small real calculations by GPAW with atomic orbitals, through a whole study."""

from __future__ import annotations

import json
import re

import numpy as np
import pytest

from tests.bench import Bench
from tests.calculators.gpaw.found import COMMAND, gpaw_is_installed
from tests.studies.high_throughput.test_elk import CRYSTALS

pytestmark = pytest.mark.slow

SPEC = {
    "study": "high-throughput",
    "name": "gpaw",
    "structures": {"file": "crystals.extxyz"},
    "calculator": {"code": "gpaw", "command": COMMAND, "options": {"h": 0.25}},
    "workflow": ["density-of-states"],
    "settings": [{"xc": "LDA", "k_grid": [2, 2, 2], "basis": {"mode": "lcao", "basis": "dzp"}}],
    "dos": {"window": ["-15 eV", "5 eV"], "step": "0.1 eV"},
}


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    gpaw_is_installed()
    bench = Bench(tmp_path_factory.mktemp("gpaw"))
    (bench.folder / "crystals.extxyz").write_text(CRYSTALS)
    return bench.submit(bench.write("study.yaml", SPEC))


def log(run, i):
    """What GPAW wrote of a ground state."""
    return run.packs["calculate"][i].read("ground-state/gpaw.txt").decode()


def test_energies_are_those_of_gpaw_s_own_log(run):
    assert run["status"][...].tolist() == [[0], [0]], run.rows("calculate")["reason"]
    for i in range(2):
        extrapolated = float(re.findall(r"Extrapolated: +(-?[\d.]+)", log(run, i))[-1])
        fermi = float(re.findall(r"Fermi level: +(-?[\d.]+)", log(run, i))[-1])
        assert run["total_energy"][i, 0] == pytest.approx(extrapolated, abs=1e-5)
        assert run["fermi_energy"][i, 0] == pytest.approx(fermi, abs=1e-4)
    assert run["n_electrons"][:, 0].tolist() == [3.0, 8.0]


def test_a_metal_has_no_gap_and_silicon_s_is_that_between_its_states(run):
    told = json.loads(run.packs["calculate"][1].read("ground-state/results.json"))
    energies, occupied = (np.array(told[name][0]) for name in ("eigenvalues", "occupancies"))
    gap = energies[occupied < 1].min() - energies[occupied > 1].max()
    assert run["band_gap"][:, 0].tolist() == [0.0, pytest.approx(gap)]
    assert 0.2 < gap < 1.5


def test_silicon_s_spectrum_holds_its_electrons_below_the_fermi_energy(run):
    below = run["energy"][...] <= 0
    assert np.trapezoid(run["dos"][1, 0][below], run["energy"][...][below]) == pytest.approx(8, abs=0.1)
