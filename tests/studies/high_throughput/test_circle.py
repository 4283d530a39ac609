"""A finished run is a dataset: of spectra for `similarity`, of structures with energies for studies of materials."""

from __future__ import annotations

import json

import numpy as np
import pytest

from bigdata.data.materials.dataset import open_materials
from bigdata.data.materials.origin import MaterialsFile, MaterialsRun
from bigdata.data.spectra.dataset import open_spectra
from bigdata.data.spectra.origin import SpectraRun
from tests.bench import Bench
from tests.studies.high_throughput.test_study import SPEC, write


@pytest.fixture(scope="module")
def bench(tmp_path_factory):
    return Bench(tmp_path_factory.mktemp("circle"))


@pytest.fixture(scope="module")
def run(bench):
    spec = {**SPEC, "calculator": {"code": "instant", "options": {"fails": [13], "doubtful": [12]}}}
    return bench.submit(write(bench, spec))


@pytest.fixture(scope="module")
def materials(run):
    return open_materials(MaterialsRun(run=str(run.folder.path)), run.folder.path.parent)


@pytest.fixture(scope="module")
def spectra(run):
    return open_spectra(SpectraRun(run=str(run.folder.path)), run.folder.path.parent)


LEFT_OUT = "of 12 calculations of the run, 4 doubtful, 4 failed are left out"


def test_spectra_are_those_of_calculations_that_are_done_with_their_settings(run, spectra):
    assert spectra.names == [f"Si/{setting}" for setting in run["setting"][...]]
    assert spectra.remarks.said == [LEFT_OUT]
    assert list(spectra.columns["xc"]) == ["LDA", "LDA", "PBE", "PBE"]
    assert list(spectra.columns["rgkmax"]) == [4.0, 5.0, 4.0, 5.0]
    assert list(spectra.columns["k_grid"]) == ["2x2x2"] * 4
    assert list(spectra.columns["n_k_points"]) == [8] * 4
    for row in range(4):
        energies, dos = spectra.spectrum(row)
        np.testing.assert_allclose(energies, run["energy"][...], atol=1e-12)
        assert np.array_equal(dos, run["dos"][0, row])


def test_their_zero_is_the_fermi_energy_and_the_valence_maximum_is_known(run, spectra):
    assert spectra.meaning(0)["zero"] == "fermi"
    assert spectra.shifts("fermi").energies.tolist() == [0.0] * 4
    expected = run["valence_maximum"][0] - run["fermi_energy"][0]
    np.testing.assert_allclose(spectra.shifts("valence-band-maximum").energies, expected, atol=1e-12)


def test_materials_have_energies_per_atom_and_relaxed_structures(run, materials):
    assert materials.ids == [f"Si/{setting}" for setting in run["setting"][...]]
    assert materials.remarks.said == [LEFT_OUT]
    np.testing.assert_allclose([*materials.columns["energy_per_atom"]], run["total_energy"][0] / 2, rtol=1e-12)
    assert (materials.units["energy_per_atom"], materials.units["band_gap"]) == ("eV/atom", "eV")
    assert materials.structures[3].volume == pytest.approx(40.0)
    assert materials.structures[3].numbers.tolist() == [14, 14]


def test_radii_that_differ_between_structures_are_said(bench):
    spec = {**SPEC, "name": "radii", "workflow": ["ground-state"], "calculator": {"code": "instant"}}
    file = write(bench, spec, ("Si",))
    # The same crystal once more, with a larger cell.
    larger = (bench.folder / "crystals.jsonl").read_text().replace("2.7155", "2.8").replace('"Si"', '"Si+"', 1)
    with (bench.folder / "crystals.jsonl").open("a") as lines:
        lines.write(larger)
    run = bench.submit(file)
    found = open_materials(MaterialsRun(run=str(run.folder.path)), bench.folder)
    (said,) = found.remarks.said
    assert "radii differ among the calculations (Z14 from 0.4005 to 0.439 angstrom)" in said
    assert found.columns["muffin_tin_radii"][0] == "Z14 0.4005"


def test_a_run_s_folder_is_told_from_a_folder_of_files(run, materials):
    plain = open_materials(MaterialsFile(file=str(run.folder.path)), run.folder.path.parent)
    assert plain.digest == materials.digest


def test_a_similarity_study_of_the_run_compares_its_spectra(bench, run):
    spec = {
        "study": "similarity",
        "name": "alike",
        "dataset": {"run": f"runs/{run.folder.path.name}", "where": {"xc": "LDA"}},
        "spectrum": {"zero": "fermi"},
        "order_by": ["rgkmax"],
    }
    found = bench.submit(bench.write("similarity.yaml", spec))
    assert found["entry"][...].tolist() == ["Si/LDA 2x2x2 rgkmax=4", "Si/LDA 2x2x2 rgkmax=5"]
    similarity = found["similarity"][...]
    # A peak at -4 eV and the same at -5 eV have something in common, and aren't equal.
    assert np.diag(similarity).tolist() == [1.0, 1.0]
    assert 0 < similarity[0, 1] < 0.9
    assert any(LEFT_OUT in note for note in bench.plan(bench.folder / "similarity.yaml").notes)


def test_an_overlap_study_of_the_run_compares_its_energies(bench, run):
    dataset = {"run": f"runs/{run.folder.path.name}", "target": "energy_per_atom"}
    datasets = {name: {**dataset, "where": {"xc": name, "rgkmax": 4.0}} for name in ("LDA", "PBE")}
    found = bench.submit(bench.write("overlap.yaml", {"study": "overlap", "name": "both", "datasets": datasets}))
    assert found["target_PBE"][0] - found["target_LDA"][0] == pytest.approx(-0.5)


def test_new_results_make_another_dataset(bench, materials):
    other = {**SPEC, "name": "other", "settings": {"grid": {**SPEC["settings"]["grid"], "xc": ["PBE"]}}}
    run = bench.submit(write(bench, other, ("Si",)))
    assert open_materials(MaterialsRun(run=str(run.folder.path)), bench.folder).digest != materials.digest


@pytest.mark.parametrize(("dataset", "what"), [
    ({"run": "nowhere"}, "nowhere is no run's folder. Give one of a high-throughput study."),
    ({"run": "runs"}, "runs is no run's folder."),
    ({"run": "runs", "file": "x"}, "dataset"),
    ({"run": "{alike}"}, "is the run of a study of the kind `similarity`, which makes no data for others."),
    ({"run": "{dosless}"}, "holds no `dos`. Calculate it: `workflow: [density-of-states]`"),
])  # fmt: skip
def test_what_is_wrong_with_a_run_is_said_at_its_place(bench, run, dataset, what):
    named = {path.name.rpartition("-")[0]: f"runs/{path.name}" for path in (bench.folder / "runs").iterdir()}
    if "{dosless}" in dataset.values():
        spec = {**SPEC, "name": "dosless", "workflow": ["ground-state"]}
        named["dosless"] = str(bench.submit(write(bench, spec, ("Si",))).folder.path)
    told = {key: value.format(**named) for key, value in dataset.items()}
    spec = {"study": "similarity", "name": "x", "dataset": told}
    said = bench.bigdata("validate", bench.write("wrong.yaml", spec))
    assert said.returncode == 2
    assert what in said.stderr
    assert "wrong.yaml:1:" in said.stderr


CELL = [[0.0, 0.0, 0.0], [0.0, 0.5, 0.5], [0.5, 0.0, 0.5], [0.5, 0.5, 0.0]]


def decorations():
    """Copper and gold on the four sites of a cubic cell, and on two such cells, one above the other."""
    for layers in (1, 2):
        sites = [[x, y, (z + layer) / layers] for layer in range(layers) for x, y, z in CELL]
        for n in range(2 ** len(sites)):
            if layers == 1 or n % 16 == 1:
                species = ["Cu" if n >> i & 1 else "Au" for i in range(len(sites))]
                lattice = np.diag([3.85, 3.85, 3.85 * layers]).tolist()
                yield {"id": f"{layers}-{n}", "lattice": lattice, "species": species, "frac_coords": sites}


@pytest.fixture(scope="module")
def alloys(bench):
    (bench.folder / "alloys.jsonl").write_text("\n".join(map(json.dumps, decorations())) + "\n")
    settings = [{"xc": "LDA", "k_grid": [2, 2, 2], "basis": {"rgkmax": 4.0}}]
    more = {"structures": {"file": "alloys.jsonl"}, "calculator": {"code": "instant"}, "settings": settings}
    return bench.submit(bench.write("alloys.yaml", {**SPEC, "name": "alloys", "workflow": ["ground-state"], **more}))


def test_a_cluster_expansion_of_the_run_fits_its_energies(bench, alloys):
    """Of the instant code's energies: those of atoms, which are of one cluster, and 3/8 eV that each cell shares."""
    spec = {
        "study": "cluster-expansion",
        "name": "expanded",
        "dataset": {"run": f"runs/{alloys.folder.path.name}"},
        "target": {"field": "energy_per_atom", "quantity": "energy", "units": "eV/atom"},
        "parent": {"lattice": {"prototype": "fcc", "a": "3.85 angstrom"}, "sublattices": [["Cu", "Au"]]},
        "clusters": {"cutoffs": {"2": "4 angstrom"}, "keep": 4},
        "features": [1],
        "validation": {"folds": 4, "seed": 0},
    }
    found = bench.submit(bench.write("expanded.yaml", spec))
    expected = dict(zip(alloys["structure"][...], alloys["total_energy"][:, 0] / alloys["n_atoms"][...], strict=True))
    entries = [name.partition("/")[0] for name in found["structure"][...].tolist()]
    np.testing.assert_allclose(found["target"][...], [expected[name] for name in entries], rtol=1e-12)
    assert len(entries) == 32


@pytest.mark.slow
def test_a_network_of_one_functional_s_energies_is_tried_on_another_s(bench):
    pytest.importorskip("tensorflow", reason="the extra `networks` isn't installed")
    (bench.folder / "alloys.jsonl").write_text("\n".join(map(json.dumps, decorations())) + "\n")
    settings = [{"xc": xc, "k_grid": [2, 2, 2], "basis": {"rgkmax": 4.0}} for xc in ("LDA", "PBE")]
    more = {"structures": {"file": "alloys.jsonl"}, "calculator": {"code": "instant"}, "settings": settings}
    run = bench.submit(bench.write("both.yaml", {**SPEC, "name": "both-xc", "workflow": ["ground-state"], **more}))
    dataset = {"run": f"runs/{run.folder.path.name}", "target": "energy_per_atom"}
    spec = {
        "study": "transferability",
        "name": "transferred",
        "datasets": {xc: {**dataset, "where": {"xc": xc}} for xc in ("LDA", "PBE")},
        "target": {"quantity": "energy", "units": "eV/atom"},
        # Compositions are groups, and there are few.
        "split": {"train": 0.6, "validation": 0.2, "test": 0.2, "seed": 0},
        "model": {"kind": "edge-gated", "latent": 4, "steps": 1},
        "training": {"max_steps": 20, "evaluate_every": 10, "baseline": "elements"},
        "bootstrap": 20,
    }
    found = bench.submit(bench.write("transferred.yaml", spec))
    assert found.is_finished
    # The instant code's functionals differ by 0.5 eV an atom in all alloys.
    gap = np.mean(found["target_PBE"][...]) - np.mean(found["target_LDA"][...])
    assert gap == pytest.approx(-0.5)
