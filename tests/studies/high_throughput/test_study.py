"""A whole study with the instant code of tests/plugin: every number made again by hand, failures, what is known."""

from __future__ import annotations

import hashlib
import json

import numpy as np
import pytest
from bigdata_instant_code import energy

from bigdata.store import open_run
from bigdata.studies.high_throughput.results import Results
from tests.bench import Bench
from tests.report.told import told

CRYSTALS = {
    "Si": (2.7155, [14, 14], [[0, 0, 0], [0.25, 0.25, 0.25]]),
    "MgO": (2.1, [12, 8], [[0, 0, 0], [0.5, 0.5, 0.5]]),
    "Al": (2.025, [13], [[0, 0, 0]]),
}
SYMBOLS = {14: "Si", 12: "Mg", 8: "O", 13: "Al"}
SPEC = {
    "study": "high-throughput",
    "name": "instant",
    "structures": {"file": "crystals.jsonl"},
    "calculator": {"code": "instant", "options": {"fails": [13], "doubtful": [8]}},
    "workflow": ["relax", "density-of-states"],
    "settings": {"grid": {"xc": ["LDA", "PBE"], "k_grid": [[2, 2, 2]], "basis": {"rgkmax": [4.0, 5.0]}}},
    "dos": {"window": ["-10 eV", "10 eV"], "step": "0.1 eV"},
}


def crystals(names=tuple(CRYSTALS)):
    """The lines of the file of structures."""
    for name in names:
        half, numbers, positions = CRYSTALS[name]
        lattice = [[0, half, half], [half, 0, half], [half, half, 0]]
        species = [SYMBOLS[number] for number in numbers]
        yield json.dumps({"id": name, "lattice": lattice, "species": species, "frac_coords": positions})


def packed_bytes(run):
    """Of all files below the run's packs."""
    return sum(path.stat().st_size for path in run.folder.packs.rglob("*") if path.is_file())


def write(bench, spec, names=tuple(CRYSTALS), file="study.yaml"):
    (bench.folder / "crystals.jsonl").write_text("\n".join(crystals(names)) + "\n")
    return bench.write(file, spec)


@pytest.fixture(scope="module")
def bench(tmp_path_factory):
    return Bench(tmp_path_factory.mktemp("instant"))


@pytest.fixture(scope="module")
def run(bench):
    return bench.submit(write(bench, SPEC))


def settings(run):
    return list(zip(run["xc"][...], run["rgkmax"][...], strict=True))


def test_calculations_are_done_doubtful_or_failed(run):
    assert run["structure"][...].tolist() == ["Si", "MgO", "Al"]
    assert run["setting"][...].tolist() == [f"{xc} 2x2x2 rgkmax={r}" for xc in ("LDA", "PBE") for r in (4, 5)]
    assert run["status"][...].tolist() == [[0] * 4, [1] * 4, [2] * 4]
    assert run.is_finished


def test_energies_are_those_of_each_setting_and_failed_calculations_have_none(run):
    for s, name in enumerate(CRYSTALS):
        numbers = CRYSTALS[name][1]
        for p, (xc, rgkmax) in enumerate(settings(run)):
            # Relaxed to 20 angstrom³ an atom.
            expected = energy(numbers, 20 * len(numbers), xc, (2, 2, 2), {"rgkmax": rgkmax})
            found = run["total_energy"][s, p]
            assert np.isnan(found) if name == "Al" else found == pytest.approx(expected, abs=1e-9)


def test_spectra_count_from_the_fermi_energy_and_failed_calculations_have_none(run):
    e = run["energy"][...]
    assert (e[0], e[-1], len(e)) == (-10.0, 10.0, 201)
    for p, (_, rgkmax) in enumerate(settings(run)):
        np.testing.assert_allclose(run["dos"][0, p], 2 * np.exp(-((e + rgkmax) ** 2)), rtol=1e-5, atol=1e-12)
    assert np.isnan(run["dos"][2]).all()
    assert run["dos"].units == "1/eV"
    assert run["fermi_energy"][0, 0] == pytest.approx(0.2)


def test_structures_are_the_relaxed_ones(run):
    assert run["volume"][0].tolist() == pytest.approx([40.0] * 4)
    assert abs(np.linalg.det(run["lattice"][1, 2])) == pytest.approx(40.0)
    assert run["position"][0, 0].tolist() == [[0, 0, 0], [0.25, 0.25, 0.25]]
    assert run["atomic_number"][...].tolist() == [[14, 14], [12, 8], [13, 0]]
    assert np.isnan(run["lattice"][2]).all()


def test_files_and_bytes_are_what_the_code_left_and_packs_hold_the_readable_ones(run):
    # Relaxation, ground state, density of states: input, output, waves, and what the program said.
    assert run["n_files"][0].tolist() == [12] * 4
    assert (run["n_bytes"][0] > 300_000).all()
    pack = run.packs["calculate"][0]
    steps = ("relax", "ground-state", "density-of-states")
    assert set(pack) == {"outcome.json", "dos.npy", *(f"{s}/{f}.json" for s in steps for f in ("in", "out"))}
    told = json.loads(pack.read("outcome.json"))
    assert sum(file["bytes"] for file in told["files"].values()) == run["n_bytes"][0, 0]
    for name in set(pack) & set(told["files"]):
        assert told["files"][name]["sha256"] == hashlib.sha256(pack.read(name)).hexdigest()
    assert "relax/WAVES" in told["files"]


def test_a_failed_calculation_has_its_reason_its_costs_and_its_files(run):
    reasons = run.rows("calculate")["reason"]
    assert reasons[8] == "relax: the self-consistency didn't converge in 50 loops"
    assert reasons[4].startswith("relax: forces of 0.3 eV/angstrom are left")
    assert run["seconds"][2, 0] > 0
    assert "relax/out.json" in run.packs["calculate"][8]


def test_the_first_screen_says_how_many_ended_how_and_why_and_what_settings_change(run):
    page = (run.folder.path / "report.html").read_text().replace("&#x27;", "'")
    assert "12 calculations of 3 structures with 4 settings: 4 done, 4 doubtful, 4 failed." in page
    assert "Failed: relax: the self-consistency didn't converge in 50 loops (4)." in page
    # 1/4 - 1/5 eV, of two atoms.
    assert "Energies lie 25 meV/atom (median) and at most 25 from those of the last setting" in page
    assert "The band gap of a structure changes by 0.5 eV (median) among settings" in page
    assert f"On their nodes they wrote {int(run['n_files'][...].sum())} files" in page
    kept = Results(run).kept_bytes
    assert f"{kept / 1024:.1f} KiB in packs" in page
    # Packs that are gathered in one file have a head each, and a table.
    assert kept <= packed_bytes(run) <= kept + 2_000 * 12 + 20_000


def test_of_a_larger_grid_and_a_longer_list_what_is_new_is_computed(bench, run):
    grid = {**SPEC["settings"]["grid"], "basis": {"rgkmax": [4.0, 5.0, 6.0]}}
    turned = ("Al", "MgO", "Si")
    plan = bench.plan(write(bench, {**SPEC, "settings": {"grid": grid}}, turned, "larger.yaml"))
    assert len(plan.stages[0].todo) == 6
    # The same setting in a list of them is the same calculation, whatever command and cores it runs with.
    one = {"xc": "PBE", "k_grid": [2, 2, 2], "basis": {"rgkmax": 5.0}}
    calculator = {**SPEC["calculator"], "timeout": "1 h", "restarts": 1}
    listed = bench.plan(write(bench, {**SPEC, "settings": [one], "calculator": calculator}, turned, "list.yaml"))
    assert not listed.stages[0].todo
    other = {**SPEC, "settings": [{**one, "k_grid": [2, 2, 3]}]}
    assert len(bench.plan(write(bench, other, turned, "other.yaml")).stages[0].todo) == 3


def test_what_is_taken_over_stands_at_its_own_place(bench, run):
    one = {"xc": "PBE", "k_grid": [2, 2, 2], "basis": {"rgkmax": 5.0}}
    again = bench.submit(write(bench, {**SPEC, "name": "again", "settings": [one]}, ("Al", "Si"), "again.yaml"))
    assert again["status"][...].tolist() == [[2], [0]]
    assert again["total_energy"][1, 0] == run["total_energy"][0, 3]
    assert np.array_equal(again["dos"][1, 0], run["dos"][0, 3])


def test_dropped_raw_files_are_in_no_pack(bench):
    spec = {**SPEC, "name": "dropped", "archive": {"raw": "dropped"}, "workflow": ["density-of-states"]}
    run = bench.submit(write(bench, spec, ("Si",)))
    assert set(run.packs["calculate"][0]) == {"outcome.json", "dos.npy"}
    # Unrelaxed structures have no settings.
    assert run["lattice"].dims == ("structure", "vector", "axis")
    assert run["position"][0].tolist() == [[0, 0, 0], [0.25, 0.25, 0.25]]
    volume = 2 * 2.7155**3
    expected = energy([14, 14], volume, "LDA", (2, 2, 2), {"rgkmax": 4.0})
    assert run["total_energy"][0, 0] == pytest.approx(expected, abs=1e-9)


def test_the_slowest_is_a_result_too(bench):
    calculator = {"code": "instant", "timeout": "0.3 s", "restarts": 0, "options": {"sleep": 5}}
    spec = {**SPEC, "name": "slow", "calculator": calculator, "workflow": ["ground-state"], "archive": {"keep": []}}
    run = bench.submit(write(bench, {**spec, "settings": [{"xc": "LDA", "k_grid": [1, 1, 1]}]}, ("Si",)))
    assert run["status"][...].tolist() == [[2]]
    assert "ran longer than its timeout of 0.3 s" in run.rows("calculate")["reason"][0]
    assert "dos" not in run


def test_a_failed_calculation_is_made_again_where_that_is_asked_for(bench, run):
    spec = {**SPEC, "calculator": {**SPEC["calculator"], "restarts": 5}}
    file = write(bench, spec)
    assert not bench.plan(file).stages[0].todo
    file = write(bench, {**spec, "again": [{"structure": "Al"}, {"structure": "Si", "setting": "PBE 2x2x2 rgkmax=4"}]})
    assert sorted(bench.plan(file).stages[0].todo) == [2, 8, 9, 10, 11]


def test_a_program_that_is_not_there_is_said_before_and_fails_its_tasks(bench):
    calculator = {"code": "instant", "command": "no-such-code"}
    spec = write(bench, {**SPEC, "name": "absent", "calculator": calculator}, ("Si",))
    assert any("`no-such-code` isn't on this machine" in note for note in bench.plan(spec).notes)
    done = bench.bigdata("submit", spec, "--site", "process")
    assert done.returncode == 5
    assert "the program `no-such-code` isn't found" in done.stderr
    (path,) = (bench.folder / "runs").glob("absent-*")
    run = open_run(path)
    assert run["status"][...].tolist() == [[3] * 4]
    assert np.isnan(run["dos"][...]).all()
    assert "4 calculations of 1 structure with 4 settings: 4 not run." in run.folder.report.read_text()


def test_the_same_crystal_twice_has_the_same_results_at_both_places(bench, run):
    (bench.folder / "crystals.jsonl").write_text("\n".join(crystals(("Si", "MgO", "Si"))).replace('Si"', 'Si+"', 1))
    spec = {**SPEC, "name": "twice", "calculator": {"code": "instant"}}
    twice = bench.submit(bench.write("twice.yaml", spec))
    assert twice["structure"][...].tolist() == ["Si+", "MgO", "Si"]
    assert twice["total_energy"][0].tolist() == twice["total_energy"][2].tolist() == run["total_energy"][0].tolist()
    assert np.array_equal(twice["dos"][0], twice["dos"][2])


def test_a_launcher_goes_before_the_command(bench):
    calculator = {"code": "instant", "launch": ["env", "-u", "NOTHING"], "cores": 1}
    spec = {**SPEC, "name": "launched", "calculator": calculator, "workflow": ["ground-state"]}
    assert bench.submit(write(bench, spec, ("Si",)))["status"][...].tolist() == [[0] * 4]


@pytest.mark.parametrize(("changes", "what"), [
    ({"calculator": {"code": "elkk"}}, "calculator.code: there is no code `elkk`"),
    ({"calculator": {"code": "instant", "command": "elk -x"}}, "Write a list of words: [elk, -x]"),
    ({"calculator": {"code": "instant", "species": "none"}}, "calculator.species: there is no folder none"),
    ({"workflow": ["ground-state", "relax"]}, "workflow[1]: comes after steps that would be of the unrelaxed"),
    ({"settings": [{"xc": "LDA"}]}, "settings[0]: says nothing of k-points"),
    ({"settings": [{"xc": "LDA", "k_grid": [2, 2, 2], "basis": {"n_atoms": 3}}]}, "can't be a measure of a basis"),
    ({"dos": {"window": ["1 eV", "2 eV"]}}, "doesn't hold the Fermi energy"),
    ({"dos": {"step": "0.07 eV"}}, "dos.step: doesn't divide the window of 30 eV"),
    ({"structures": {"file": "crystals.jsonl", "target": "e"}}, "structures.target: belongs to studies that learn"),
    ({"again": [{"structure": "Si2"}]}, "again[0].structure: the study has no structure `Si2`. Did you mean `Si`?"),
    ({"again": [{"structure": "Si", "setting": "LDA"}]}, "again[0].setting: the study has no setting `LDA`"),
    ({"structures": {"file": "formulas.csv"}}, "structures: has formulas only"),
    ({"settings": [{"xc": "B3LYPP", "k_grid": [2, 2, 2]}]}, "settings[0].xc: `B3LYPP` is no functional of"),
])  # fmt: skip
def test_what_is_wrong_is_said_at_its_place(bench, changes, what):
    (bench.folder / "formulas.csv").write_text("formula,e\nSi,1.0\n")
    said = bench.bigdata("validate", write(bench, {**SPEC, **changes}, file="wrong.yaml"))
    assert said.returncode == 2
    assert what in said.stderr


def test_the_contract_s_spec_is_planned_as_it_stands(bench):
    ase_db = pytest.importorskip("ase.db")
    ase = pytest.importorskip("ase")
    with ase_db.connect(bench.folder / "structures.db") as database:
        for a in (3.6, 3.7):
            database.write(ase.Atoms("BN", cell=[[0, a / 2, a / 2], [a / 2, 0, a / 2], [a / 2, a / 2, 0]], pbc=True,
                                     scaled_positions=[[0, 0, 0], [0.25, 0.25, 0.25]]))  # fmt: skip
    contract = {
        "study": "high-throughput",
        "name": "hbn-elk",
        "description": "Many DFT calculations inside file and storage limits, archived (section 6.1, Fig. 6)",
        "structures": {"file": "structures.db"},
        "calculator": {"code": "elk", "command": "elk-lapw"},
        "workflow": ["relax", "band-structure", "density-of-states"],
        "settings": {
            "grid": {"xc": ["LDA", "PBE"], "k_grid": [[4, 4, 2], [8, 8, 2]], "basis": {"rgkmax": [4.0, 5.0, 6.0]}}
        },
        "archive": {"keep": ["dos", "band_structure", "total_energy", "relaxed_structure"], "raw": "packed"},
    }
    plan = bench.plan(bench.write("contract.yaml", contract))
    assert [(stage.path, stage.n_tasks) for stage in plan.stages] == [
        ("calculate", 24), ("collect", 1), ("spectra", 1), ("geometry", 1),
    ]  # fmt: skip
    assert any("24 calculations write about" in note for note in plan.notes)


def test_its_report_tells_nothing_of_the_machine(run):
    assert told(run) == set()
