"""The shipped study of alloys, from submit to report: every number of the matrix made again another way."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

pytest.importorskip("tensorflow", reason="the extra `networks` isn't installed")

from sklearn.metrics import mean_absolute_error, mean_squared_error, r2_score

import bigdata
from bigdata.data.materials.dataset import open_materials
from bigdata.data.materials.origin import NamedMaterials
from bigdata.models.networks.standard import ridge
from bigdata.store.reading import Run
from tests.report.told import told

ROOT = Path(__file__).parents[3]
SPEC = ROOT / "specs/transferability.yaml"
DATASETS = {"prototypes": "emt-prototypes", "random": "emt-random-alloys"}
MODELS = {"prototypes": ["prototypes"], "random": ["random"], "both": ["prototypes", "random"]}


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return tmp_path_factory.mktemp("transferability")


@pytest.fixture(scope="module")
def run(folder) -> Run:
    """As a user runs it: the program in a process of its own, with workers."""
    command = [sys.executable, "-m", "bigdata", "submit", str(SPEC), "--runs", str(folder / "runs")]
    ran = subprocess.run(command, capture_output=True, text=True, check=False, env=os.environ | {"NO_COLOR": "1"})
    assert ran.returncode == 0, ran.stderr[-2000:]
    assert "could not be made" not in ran.stderr
    assert not {word for word in ("oneDNN", "cuda", "absl", "tensorflow") if word in ran.stderr.lower()}
    return bigdata.open_run(ran.stdout.splitlines()[-1])


def entries(run, name):
    """Targets, predictions of each model, group and part of each entry of a dataset."""
    return {what: run[f"{what}_{name}"][...] for what in ("target", "group", "split")} | {
        model: run[f"prediction_{model}_{name}"][...] for model in MODELS
    }


def test_every_cell_of_the_matrix_is_what_scikit_learn_says(run):
    for j, name in enumerate(DATASETS):
        of = entries(run, name)
        test = of["split"] == 2
        for i, model in enumerate(MODELS):
            made, target = of[model][test], of["target"][test]
            assert run["mae"][i, j] == pytest.approx(mean_absolute_error(target, made))
            assert run["rmse"][i, j] == pytest.approx(mean_squared_error(target, made) ** 0.5)
            assert run["r2"][i, j] == pytest.approx(r2_score(target, made))
            assert run["bias"][i, j] == pytest.approx(np.mean(made - target))
            assert run["mae_offset"][i, j] == pytest.approx(np.abs(made - target - np.mean(made - target)).mean())
            assert run["n_tested"][i, j] == test.sum()
            assert run["mae_low"][i, j] <= run["mae"][i, j] <= run["mae_high"][i, j]


def test_combined_test_parts_are_those_of_their_datasets_together(run):
    every = [entries(run, name) for name in DATASETS]
    test = [of["split"] == 2 for of in every]
    target = np.concatenate([of["target"][rows] for of, rows in zip(every, test, strict=True)])
    assert [str(name) for name in run["tested_on"][...]] == ["prototypes", "random", "both"]
    for i, model in enumerate(MODELS):
        made = np.concatenate([of[model][rows] for of, rows in zip(every, test, strict=True)])
        assert run["mae"][i, 2] == pytest.approx(mean_absolute_error(target, made))
        assert run["r2"][i, 2] == pytest.approx(r2_score(target, made))
        assert run["ladder_mae"][-1, i, 2] == pytest.approx(run["mae"][i, 2])


def test_references_are_refitted_to_the_training_part_of_the_tested_dataset(run):
    for j, name in enumerate(DATASETS):
        of = entries(run, name)
        structures = open_materials(NamedMaterials(name=DATASETS[name]), Path()).structures
        x = np.zeros((len(structures), 118))
        for row, one in enumerate(run[f"row_{name}"][...]):
            numbers = structures.numbers[structures.offsets[one] : structures.offsets[one + 1]]
            np.add.at(x[row], numbers - 1, 1 / len(numbers))
        train, test = of["split"] == 0, of["split"] == 2
        for i, model in enumerate(MODELS):
            wrong = of[model] - of["target"]
            fitted = wrong[train].mean() + x @ ridge(x[train], wrong[train] - wrong[train].mean())
            assert run["mae_refit"][i, j] == pytest.approx(np.abs(wrong - fitted)[test].mean())


def test_nobody_is_tested_on_what_trained(run):
    """From the raw structures: groups by spglib's spacegroup and the primitive cell's formula, not by the package."""
    spglib = pytest.importorskip("spglib")
    groups: dict[str, dict[tuple[object, ...], set[int]]] = {}
    for name, registered in DATASETS.items():
        structures = open_materials(NamedMaterials(name=registered), Path()).structures
        parts = dict(zip(run[f"row_{name}"][...].tolist(), run[f"split_{name}"][...].tolist(), strict=True))
        groups[name] = {}
        for row, one in enumerate(structures):
            cell = (one.lattice, one.positions, one.numbers)
            primitive = spglib.standardize_cell(cell, to_primitive=True, no_idealize=True, symprec=0.1)
            label = (spglib.get_spacegroup(cell, symprec=0.1), *np.sort(primitive[2]).tolist())
            groups[name].setdefault(label, set()).add(parts[row])
    for members in MODELS.values():
        seen = {label for d in members for label, parts in groups[d].items() if parts & {0, 1}}
        for name in DATASETS:
            tested = {label for label, parts in groups[name].items() if 2 in parts}
            assert not seen & tested
            assert tested


def test_700_alloys_are_learned_to_20_mev(run):
    maes = dict(zip(run["training"][...], run["validation_mae"][...], strict=True))
    assert maes["random, seed 0"] < 0.020
    assert maes["both, seed 0"] < 0.020


def test_labels_differ_on_the_groups_that_both_have(run):
    means = []
    for name in DATASETS:
        of = entries(run, name)
        groups = np.unique(of["group"])
        means.append({g: of["target"][of["group"] == g].mean() for g in groups.tolist()})
    both = sorted(means[0].keys() & means[1].keys())
    assert run["n_label_groups"][0, 1] == len(both)
    assert run["label_difference"][0, 1] == pytest.approx(np.mean([abs(means[0][g] - means[1][g]) for g in both]))


def test_elements_errors_are_those_of_the_entries_that_contain_them(run):
    of = entries(run, "random")
    symbols = [str(s) for s in run["element"][...]]
    test = np.flatnonzero(of["split"] == 2)
    for symbol in ("Cu", "Au"):
        formulas = run["formula_random"][...]
        has = [row for row in test if symbol in str(formulas[row])]
        e = symbols.index(symbol)
        assert run["element_n"][1, e] == len(has)
        assert run["element_mae"][0, 1, e] == pytest.approx(np.abs(of["prototypes"] - of["target"])[has].mean())


def test_the_ladder_ends_with_the_matrix_and_fits_its_rungs(run):
    np.testing.assert_allclose(run["ladder_mae"][-1], run["mae"][...])
    n, mae = run["ladder_n"][...], run["ladder_mae"][...]
    assert (np.diff(n, axis=0) > 0).all()
    slope, cut = np.polyfit(np.log(n[:, 1]), np.log(mae[:, 1, 1]), 1)
    assert run["ladder_power"][1, 1, 0] == pytest.approx(-slope)
    assert run["ladder_power"][1, 1, 3] == pytest.approx(np.exp(cut))


def test_fine_tuning_helps_and_is_only_where_the_model_is_a_stranger(run):
    tuned = run["mae_fine_tuned"][...]
    assert np.isfinite(tuned[0, 1])
    assert np.isfinite(tuned[1, 0])
    assert np.isnan(tuned[[0, 1, 2, 2], [0, 1, 0, 1]]).all()
    assert np.isnan(tuned[:, 2]).all()
    assert tuned[0, 1] < run["mae"][0, 1]


def test_submitting_again_computes_nothing(run, folder):
    before = (run.folder.path / "journal.jsonl").read_text().count('"class"')
    again = subprocess.run(
        [sys.executable, "-m", "bigdata", "submit", str(SPEC), "--runs", str(folder / "runs")],
        capture_output=True,
        text=True,
        check=True,
    )
    assert "all tasks were done before" in again.stderr
    assert (run.folder.path / "journal.jsonl").read_text().count('"class"') == before


@pytest.fixture
def predict(run, folder):
    def call(*words: str) -> subprocess.CompletedProcess[str]:
        command = [sys.executable, "-m", "bigdata", "predict", str(run.folder.path), *words]
        return subprocess.run(command, capture_output=True, text=True, check=False, cwd=folder)

    return call


def test_predictions_from_the_store_are_those_of_the_study(run, predict):
    made = predict("--file", "emt-prototypes", "--model", "random", "--seen", "--json")
    assert made.returncode == 0, made.stderr
    assert made.stderr.splitlines() == ["formation energy (eV/atom) by edge-gated trained on random"]
    rows = json.loads(made.stdout)
    right = run["prediction_random_prototypes"][...]
    np.testing.assert_allclose([row["prediction"] for row in rows], right, atol=1e-5)
    seen = {row["id"] for row in rows if row["trained on its material"] == "yes"}
    known = set(run["group_random"][...][run["split_random"][...] < 2].tolist())
    ids, groups = run["entry_prototypes"][...], run["group_prototypes"][...]
    assert seen == {str(i) for i, g in zip(ids, groups.tolist(), strict=True) if g in known}


def test_materials_that_were_trained_on_are_refused(run, predict):
    made = predict("--file", "emt-prototypes", "--model", "prototypes", "--json")
    assert made.returncode == 2
    rows = json.loads(made.stdout)
    without = [row for row in rows if row["prediction"] is None]
    assert len(without) == int((run["split_prototypes"][...] < 2).sum())
    assert {row["reason"] for row in without} == {
        "the model was trained on this material; --seen predicts it all the same"
    }


def test_elements_that_a_model_never_saw_are_named(run, predict, folder):
    (folder / "iron.extxyz").write_text(
        '2\nLattice="2.9 0 0 0 2.9 0 0 0 2.9" Properties=species:S:1:pos:R:3 pbc="T T T"\nFe 0 0 0\nCu 1.45 1.45 1.45\n'
    )
    made = predict("--file", "iron.extxyz", "--json")
    (row,) = json.loads(made.stdout)
    assert row["elements never seen"] == "Fe"
    assert np.isfinite(row["prediction"])
    unknown = predict("--file", "iron.extxyz", "--model", "mp")
    assert unknown.returncode == 2
    assert "it has prototypes, random, both" in unknown.stderr


def test_the_split_is_exported_by_names_and_another_study_keeps_it(run, folder):
    export = [sys.executable, "-m", "bigdata", "export", str(run.folder.path)]
    subprocess.run([*export, "--format", "split", "--out", str(folder / "split.json")], check=True)
    target = "formation_energy_per_atom"
    spec = {
        "study": "transferability",
        "name": "again",
        "datasets": {name: {"name": registered, "target": target} for name, registered in DATASETS.items()},
        "target": {"units": "eV/atom", "range": [-6, 4]},
        "split": {"file": "split.json"},
        "model": {"kind": "schnet", "latent": 4, "steps": 1},
        "training": {"max_steps": 1, "evaluate_every": 1},
    }
    (folder / "again.yaml").write_text(json.dumps(spec))
    again = bigdata.submit(bigdata.load_study(folder / "again.yaml"), runs=folder / "runs", site="process")
    for name in DATASETS:
        np.testing.assert_array_equal(again[f"split_{name}"][...], run[f"split_{name}"][...])


def test_weights_are_exported_by_their_names_in_the_equations(run, folder):
    export = [sys.executable, "-m", "bigdata", "export", str(run.folder.path)]
    named = subprocess.run([*export, "--model", "both"], check=False, capture_output=True, text=True)
    assert named.returncode == 2
    assert "add --out model.npz" in named.stderr
    as_npz = ["--format", "npz", "--out", str(folder / "both.npz")]
    subprocess.run([*export, "--model", "both", *as_npz], check=True)
    wrong = subprocess.run([*export, "--model", "bothe", *as_npz], check=False, capture_output=True, text=True)
    assert "it has prototypes, random, both. Did you mean `both`?" in wrong.stderr
    with np.load(folder / "both.npz") as made:
        assert json.loads(str(made["setting"]))["kind"] == "edge-gated"
        found = np.concatenate(
            [
                made[n].ravel()
                for n in made
                if n.startswith("seed0/") and n.split("/")[1] not in ("baseline", "mean_scale")
            ]
        )
    np.testing.assert_array_equal(found, run["weights"][2])


def test_its_report_tells_nothing_of_the_machine(run):
    assert told(run) == set()
