"""Real calculations by Elk that Elk itself calls converged, and that aren't to be believed: in store, report, datasets.

Each reason's number is read again from Elk's own files.
"""

from __future__ import annotations

import json
import re

import numpy as np
import pytest

from bigdata.data.materials.dataset import open_materials
from bigdata.data.materials.origin import MaterialsRun
from tests.bench import Bench
from tests.calculators.elk.crystals import aluminium, silicon
from tests.calculators.machine import needs

HARTREE_EV, BOHR = 27.211386245981, 0.529177210903
SYMBOLS = {1: "H", 13: "Al", 14: "Si"}
SPEC = {
    "study": "high-throughput",
    "name": "doubtful",
    "structures": {"file": "crystals.jsonl"},
    "calculator": {"code": "elk", "options": {"nempty": 8}},
    "workflow": ["relax"],
    "settings": [{"xc": "LDA", "k_grid": [1, 1, 1], "basis": {"rgkmax": 3.0}}],
}


def submitted(folder, crystals, **more):
    """The run of a study of some crystals, (lattice, numbers, positions) by name."""
    needs("elk-lapw")
    bench = Bench(folder)
    lines = [
        {"id": name, "lattice": np.asarray(lattice).tolist(), "species": [SYMBOLS[n] for n in numbers],
         "frac_coords": np.asarray(positions).tolist()}
        for name, (lattice, numbers, positions) in crystals.items()
    ]  # fmt: skip
    (folder / "crystals.jsonl").write_text("\n".join(map(json.dumps, lines)) + "\n")
    return bench.submit(bench.write("study.yaml", {**SPEC, **more}))


def last_numbers(run, file, label):
    """Of the last line of a calculation's file that has a label."""
    lines = [line for line in run.packs["calculate"][0].read(file).decode().splitlines() if label in line]
    return [float(word) for word in re.findall(r"-?\d+\.\d+", lines[-1])]


@pytest.fixture(scope="module")
def cut_short(tmp_path_factory):
    """Silicon with an atom moved, whose relaxation an option stops after a step, and a coarse radial mesh."""
    calculator = {"code": "elk", "options": {"nempty": 8, "epsforce": 0.5, "lradstp": 12}}
    return submitted(tmp_path_factory.mktemp("cut"), {"Si": silicon(0.01)}, calculator=calculator)


def test_a_relaxation_that_was_cut_short_leaves_forces(cut_short):
    assert cut_short["status"][...].tolist() == [[1]]
    (why,) = cut_short.rows("calculate")["reason"]
    force = np.linalg.norm(last_numbers(cut_short, "ground-state/INFO.OUT", "total force")) * HARTREE_EV / BOHR
    assert force > 0.05
    assert f"A force of {force:.3f} eV/angstrom is left in the relaxed geometry, where 0.025 were asked for" in why
    assert cut_short["max_force"][0, 0] == pytest.approx(force, rel=1e-5)


def test_a_coarse_radial_mesh_loses_charge(cut_short):
    # All reasons are in the pack; the row that the store has is shorter.
    why = " ".join(json.loads(cut_short.packs["calculate"][0].read("outcome.json"))["reasons"])
    (counted,) = last_numbers(cut_short, "ground-state/INFO.OUT", "total calculated charge")
    assert abs(counted - 28) > 0.028
    assert f"The code's density holds {counted:.4f} electrons where there are 28, by more than 0.1%" in why
    assert cut_short["lost_charge"][0, 0] == pytest.approx(28 - counted)


def test_the_report_says_how_many_are_doubtful_and_why(cut_short):
    page = cut_short.folder.report.read_text().replace("&#x27;", "'")
    assert "1 calculation of 1 structure with 1 setting: 1 doubtful." in page
    assert "Doubtful: relax: Elk warns that the density of electrons had to be corrected (rhonorm); " in page


def test_a_chain_of_hydrogen_that_becomes_molecules_has_lost_symmetry(tmp_path):
    """Peierls: atoms at equal distances, but for 0.004 angstrom, pair up."""
    lattice, d = np.diag([2.6, 2.6, 2.4]), 0.004 / 2.4
    chain = {"H": (lattice, [1, 1], [[0, 0, 0], [0, 0, 0.5 + d]])}
    settings = [{"xc": "LDA", "k_grid": [1, 1, 2], "basis": {"rgkmax": 3.0}}]
    run = submitted(tmp_path, chain, settings=settings, largest_force=0.3)
    assert run["status"][...].tolist() == [[1]]
    # 16 of the tetragonal point group, and each of these with half of the vector along the chain.
    why = " ".join(json.loads(run.packs["calculate"][0].read("outcome.json"))["reasons"])
    assert "The relaxation lost symmetry: the cell had 32 operations, of P 4/m m m (123), and has 16, of P 4" in why
    apart = float(np.diff(run["position"][0, 0, :, 2])[0]) % 1 * 2.4
    assert min(apart, 2.4 - apart) < 1.0


@pytest.fixture(scope="module")
def gaps(tmp_path_factory):
    """Aluminium and silicon with one k-point, and with eight."""
    grid = {"xc": ["LDA"], "k_grid": [[1, 1, 1], [2, 2, 2]], "basis": {"rgkmax": [4.0]}}
    crystals = {"Al": aluminium(), "Si": silicon()}
    dos = {"window": ["-10 eV", "10 eV"], "step": "0.2 eV"}
    more = {"workflow": ["density-of-states"], "settings": {"grid": grid}, "dos": dos}
    return submitted(tmp_path_factory.mktemp("gaps"), crystals, **more)


def test_a_gap_between_the_states_of_one_k_point_is_none(gaps):
    assert gaps["status"][...].tolist() == [[1, 0], [0, 0]]
    rows = [
        [float(word) for word in line.split()]
        for line in gaps.packs["calculate"][0].read("density-of-states/TDOS.OUT").decode().splitlines()
        if line.strip()
    ]
    energies, values = np.array(rows).T
    at_fermi = np.interp(0.0, energies, values) / HARTREE_EV
    (why,) = [text for text in gaps.rows("calculate")["reason"] if text]
    gap = gaps["band_gap"][0, 0]
    assert gap > 0
    assert f"The k-points show a gap of {gap:.3f} eV, and the density of states at the Fermi energy is " in why
    assert f"{at_fermi:.3g} states/eV, that of a metal" in why


def test_a_study_on_the_run_leaves_it_out_and_says_so(gaps):
    found = open_materials(MaterialsRun(run=str(gaps.folder.path)), gaps.folder.path.parent)
    assert found.ids == ["Al/LDA 2x2x2 rgkmax=4", "Si/LDA 1x1x1 rgkmax=4", "Si/LDA 2x2x2 rgkmax=4"]
    assert "of 4 calculations of the run, 1 doubtful are left out" in found.remarks.said
