"""Eight real calculations by Elk: killed in the middle and gone on with, read again by hand, and compared."""

from __future__ import annotations

import os
import shutil
import signal
from pathlib import Path

import numpy as np
import pytest

from tests.bench import Bench, events, until
from tests.calculators.machine import needs
from tests.studies.high_throughput.test_study import packed_bytes

HARTREE_EV = 27.211386245981
CRYSTALS = """\
1
Lattice="0 2.025 2.025 2.025 0 2.025 2.025 2.025 0" Properties=species:S:1:pos:R:3 pbc="T T T" id=Al
Al 0 0 0
2
Lattice="0 2.715 2.715 2.715 0 2.715 2.715 2.715 0" Properties=species:S:1:pos:R:3 pbc="T T T" id=Si
Si 0 0 0
Si 1.3575 1.3575 1.3575
"""
SPEC = {
    "study": "high-throughput",
    "name": "elk",
    "structures": {"file": "crystals.extxyz"},
    "calculator": {"code": "elk", "options": {"nempty": 8}},
    "workflow": ["density-of-states"],
    "settings": {"grid": {"xc": ["LDA", "PBE"], "k_grid": [[2, 2, 2]], "basis": {"rgkmax": [3.5, 4.0]}}},
    "dos": {"window": ["-10 eV", "5 eV"], "step": "0.1 eV"},
}


def write(bench, spec):
    (bench.folder / "crystals.extxyz").write_text(CRYSTALS)
    return bench.write("study.yaml", spec)


@pytest.fixture(scope="module")
def bench(tmp_path_factory):
    needs("elk-lapw")
    return Bench(tmp_path_factory.mktemp("elk"))


@pytest.fixture(scope="module")
def killed_after(bench):
    """How many calculations were done when the whole program was killed."""
    running = bench.start("submit", write(bench, SPEC), "--site", "process")
    until(lambda: (bench.folder / "runs").is_dir() and len(_done(bench)) >= 3, seconds=300)
    family = running.family()
    for process in family:
        os.kill(process.pid, signal.SIGKILL)
    running.process.wait()
    return len(_done(bench))


@pytest.fixture(scope="module")
def run(bench, killed_after):
    return bench.submit(bench.folder / "study.yaml")


def _done(bench):
    runs = list((bench.folder / "runs").iterdir())
    return [r for r in events(runs[0], "done") if r["stage"] == "calculate"] if runs else []


def tdos(run, i):
    """(n, 2) energies from the Fermi energy in eV and states/eV, of what Elk wrote."""
    text = run.packs["calculate"][i].read("density-of-states/TDOS.OUT").decode()
    rows = [[float(word) for word in line.split()] for line in text.splitlines() if line.strip()]
    return np.array(rows) * [HARTREE_EV, 1 / HARTREE_EV]


def test_a_run_that_was_killed_goes_on_and_does_nothing_twice(bench, run, killed_after):
    assert 3 <= killed_after < 8
    assert run.is_finished
    assert run["status"][...].tolist() == [[0] * 4, [0] * 4]
    assert sorted(record["index"] for record in _done(bench)) == list(range(8))


def test_energies_are_those_of_a_calculation_by_itself(run):
    # Al with LDA at 2×2×2, rgkmax 4 and nempty 8, all else as Elk has it, in hartree.
    assert run["total_energy"][0, 1] / HARTREE_EV == pytest.approx(-241.924657156, abs=2e-6)
    assert run["fermi_energy"][0, 1] / HARTREE_EV == pytest.approx(0.17723608, abs=1e-6)
    for i in range(8):
        text = run.packs["calculate"][i].read("ground-state/TOTENERGY.OUT").decode()
        found = run["total_energy"][...].ravel()[i]
        assert found == pytest.approx(float(text.split()[-1]) * HARTREE_EV, rel=1e-12)


def test_spectra_are_elk_s_own_without_interpolation(run):
    for i in range(8):
        energies, values = tdos(run, i).T
        np.testing.assert_allclose(energies, run["energy"][...], atol=1e-6)
        np.testing.assert_allclose(run["dos"][i // 4, i % 4], values, rtol=1e-6, atol=1e-9)


def test_a_metal_has_no_gap_and_silicon_has_one(run):
    assert run["band_gap"][0].tolist() == [0.0] * 4
    assert ((run["band_gap"][1] > 0.2) & (run["band_gap"][1] < 1.5)).all()


def test_what_is_kept_is_a_small_part_of_what_elk_wrote(run):
    assert run["n_bytes"][...].sum() > 8 * packed_bytes(run)
    assert (run["n_files"][...] > 35).all()


def test_similarity_of_the_run_is_that_of_elk_s_own_files(bench, run):
    folder = bench.folder / "tdos"
    shutil.rmtree(folder, ignore_errors=True)
    for i in range(8):
        place = folder / str(i)
        place.mkdir(parents=True)
        (place / "TDOS.OUT").write_bytes(run.packs["calculate"][i].read("density-of-states/TDOS.OUT"))
    found = [_similarity(bench, dataset) for dataset in ({"run": str(run.folder.path)}, {"file": "tdos"})]
    np.testing.assert_allclose(found[0], found[1], atol=5e-3)
    # Neighbouring settings of one crystal are more alike than the two crystals.
    assert found[0][0, 1] > found[0][0, 4]


def _similarity(bench, dataset):
    name = next(iter(dataset))
    spec = {"study": "similarity", "name": f"by-{name}", "dataset": dataset, "spectrum": {"zero": "fermi"}}
    return bench.submit(bench.write(f"{name}.yaml", spec))["similarity"][...]


def test_what_does_not_converge_is_a_failed_calculation_with_its_reason(bench):
    calculator = {"code": "elk", "options": {"nempty": 8, "maxscl": 3}, "restarts": 0}
    structures = {"file": "crystals.extxyz", "sample": {"entries": 1}}
    settings = [{"xc": "LDA", "k_grid": [1, 1, 1], "basis": {"rgkmax": 3.5}}]
    spec = {**SPEC, "name": "few-loops", "structures": structures, "calculator": calculator, "settings": settings}
    run = bench.submit(write(bench, spec))
    assert run["status"][...].tolist() == [[2]]
    assert np.isnan(run["total_energy"][...]).all()
    assert "Self-consistency wasn't reached in 3 loops" in run.rows("calculate")["reason"][0]
    assert "ground-state/INFO.OUT" in run.packs["calculate"][0]
    assert Path(run.folder.report).is_file()


def one_of(folder, name, **calculator):
    """A study of one calculation of aluminium, where no other run has its result."""
    bench = Bench(folder)
    structures = {"file": "crystals.extxyz", "sample": {"entries": 1}}
    settings = [{"xc": "LDA", "k_grid": [2, 2, 2], "basis": {"rgkmax": 4.0}}]
    calculator = {"code": "elk", "options": {"nempty": 8}, **calculator}
    more = {"workflow": ["ground-state"], "structures": structures, "settings": settings, "calculator": calculator}
    return bench.submit(write(bench, {**SPEC, "name": name, **more}))


def test_what_the_kernel_gives_no_memory_is_a_failed_calculation_with_its_reason(tmp_path):
    run = one_of(tmp_path, "little-memory", launch=["prlimit", f"--as={120 * 2**20}"], restarts=0)
    assert run["status"][...].tolist() == [[2]]
    (reason,) = run.rows("calculate")["reason"]
    assert "Elk was ended before its end" in reason
    assert "emory" in reason
    assert np.isnan(run["total_energy"][...]).all()


# The first time it is killed, as the kernel does it, with a restart file that is not as it was written.
DAMAGING = """\
if [ ! -e {mark} ]; then
    touch {mark}
    elk-lapw &
    until [ "$(grep -c 'Loop number' INFO.OUT 2>/dev/null)" -ge 4 ] && [ -s STATE.OUT ]; do sleep 0.01; done
    kill -9 $!
    {damage}
    kill -9 $$
fi
exec elk-lapw
"""
DAMAGES = {
    "cut": "truncate --size=-100 STATE.OUT",
    "of other bytes": "head -c $(stat -c %s STATE.OUT) /dev/zero | tr '\\0' '\\7' > STATE.OUT",
    "of another version": "printf '\\377\\377' | dd of=STATE.OUT bs=1 seek=4 conv=notrunc",
}


@pytest.mark.parametrize("damage", DAMAGES)
def test_a_killed_calculation_whose_restart_file_is_damaged_ends_with_the_same_energy(tmp_path, run, damage):
    script = tmp_path / "damaging.sh"
    script.write_text(DAMAGING.format(mark=tmp_path / "mark", damage=DAMAGES[damage]))
    found = one_of(tmp_path, "damaged", command=["sh", str(script)])
    assert found["status"][...].tolist() == [[0]], found.rows("calculate")["reason"]
    assert found["attempts"][0, 0] >= 2
    # From the beginning to the last bit; Elk reads on in the file of another version, and ends near to it.
    near = 1e-6 * HARTREE_EV if damage == "of another version" else 0
    assert found["total_energy"][0, 0] == pytest.approx(run["total_energy"][0, 1], rel=0, abs=near)
