"""A cluster expansion as a user runs it, on copper and gold, relaxed, which come with bigdata."""

from __future__ import annotations

import gzip
import json
import shutil
from collections import Counter
from importlib.resources import files
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from sklearn.linear_model import LinearRegression, orthogonal_mp

from bigdata import load_study
from bigdata.data.materials.structures import Structure, Structures
from bigdata.errors import PlanRefused, SpecError, TasksFailed
from bigdata.models.monomials import Monomials
from bigdata.store.reading import Run
from bigdata.studies.cluster_expansion.prediction import predict
from tests.bench import Bench
from tests.report.made import made
from tests.report.told import told

# The tests' own use of spglib: that it will raise errors one day, which these structures don't give.
pytestmark = pytest.mark.filterwarnings("ignore:Set OLD_ERROR_HANDLING:DeprecationWarning")
BROKEN = {"file": "broken.jsonl", "units": {"mixing_energy": "eV/atom"}}
SPEC: dict[str, Any] = {
    "study": "cluster-expansion",
    "name": "cuau",
    "dataset": {"name": "emt-copper-gold"},
    "target": {"field": "mixing_energy", "units": "eV/atom", "quantity": "mixing energy"},
    "parent": {"lattice": {"prototype": "fcc", "a": "3.85 angstrom"}, "sublattices": [["Cu", "Au"]]},
    "clusters": {"cutoffs": {"2": "6 angstrom", "3": "4 angstrom", "4": "4 angstrom"}, "keep": 10},
    "features": [1, 2],
    "selection": {"max_features": 40},
    "validation": {"folds": 4, "seed": 1, "bootstrap": 100},
}


def rows() -> list[dict[str, Any]]:
    """The lines of the shipped file, read without bigdata."""
    path = Path(str(files("bigdata") / "data/shipped/emt_alloys/copper_gold.jsonl.gz"))
    return [json.loads(line) for line in gzip.open(path)]


@pytest.fixture(scope="module")
def bench(tmp_path_factory: pytest.TempPathFactory) -> Bench:
    return Bench(tmp_path_factory.mktemp("clusters"))


@pytest.fixture(scope="module")
def run(bench: Bench) -> Run:
    return bench.submit(bench.write("study.yaml", SPEC))


def columns(run: Run, degree: int) -> NDArray[np.float64]:
    """All features of a degree, multiplied out here: (structures, features)."""
    x = run["correlation"][...]
    found = [x[:, i] for i in range(x.shape[1])]
    if degree == 2:
        found += [x[:, i] * x[:, j] for j in range(x.shape[1]) for i in range(j + 1)]
    return np.stack(found, axis=1)


def test_every_structure_is_mapped_and_the_target_is_that_of_the_file(run: Run) -> None:
    lines = rows()
    assert run["structure"][...].tolist() == [line["id"] for line in lines]
    np.testing.assert_allclose(run["target"][...], [line["mixing_energy"] for line in lines])
    assert run["n_cells"][...].tolist() == [line["n_atoms"] for line in lines]
    assert 0.1 < run["displacement"][...].max() < 1.0, "the structures are relaxed"


def test_correlations_of_the_metals_are_powers_of_their_spin(run: Run) -> None:
    formulas = run["formula"][...].tolist()
    order = run["cluster_order"][...]
    # Species are numbered as the sublattice lists them: copper is -1, gold +1.
    assert run["correlation"][formulas.index("Cu1")].tolist() == ((-1.0) ** order).tolist()
    assert run["correlation"][formulas.index("Au1")].tolist() == [1.0] * 10


def test_the_point_correlation_is_the_composition(run: Run) -> None:
    gold = [Counter(line["species"])["Au"] / line["n_atoms"] for line in rows()]
    np.testing.assert_allclose(run["correlation"][:, 0], 2 * np.array(gold) - 1, atol=1e-12)


@pytest.mark.parametrize("place", [0, 1])
def test_paths_and_their_errors_are_those_of_scikit_learn(run: Run, place: int) -> None:
    x, y = columns(run, place + 1), run["target"][...]
    scaled = x - x.mean(axis=0)
    scaled /= np.linalg.norm(scaled, axis=0)
    assert x.shape[1] == (10, 65)[place]
    chosen = run["selected"][place]
    for size in (1, 2, 5, 10):
        theirs = np.flatnonzero(orthogonal_mp(scaled, y - y.mean(), n_nonzero_coefs=size))
        assert sorted(chosen[:size].tolist()) == theirs.tolist()
        fit = LinearRegression().fit(x[:, chosen[:size]], y)
        np.testing.assert_allclose(run["coefficient"][place, size - 1, :size], fit.coef_, rtol=1e-8)
        np.testing.assert_allclose(run["intercept"][place, size - 1], fit.intercept_, rtol=1e-8, atol=1e-12)
        rmse = np.sqrt(((fit.predict(x[:, chosen[:size]]) - y) ** 2).mean())
        np.testing.assert_allclose(run["rmse"][place, size - 1], rmse, rtol=1e-10)


def test_structures_left_out_are_predicted_by_models_that_have_not_seen_them(run: Run) -> None:
    assert run["cv_rmse"][1, 6] == pytest.approx(cv_rmse(run, 2, 7), rel=1e-8)
    sizes = np.bincount(run["fold"][...])
    assert sizes.sum() == len(rows())
    assert np.ptp(sizes) <= 1


def cv_rmse(run: Run, degree: int, size: int) -> float:
    """The error left out, by scikit-learn's paths without each fold in turn."""
    x, y, fold = columns(run, degree), run["target"][...], run["fold"][...]
    squares = np.zeros(len(y))
    for part in np.unique(fold):
        out = fold == part
        mean = x[~out].mean(axis=0)
        norm = np.linalg.norm(x[~out] - mean, axis=0)
        found = orthogonal_mp((x[~out] - mean) / norm, y[~out] - y[~out].mean(), n_nonzero_coefs=size)
        squares[out] = (((x[out] - mean) / norm) @ found + y[~out].mean() - y[out]) ** 2
    return float(np.sqrt(squares.mean()))


def test_the_size_to_take_is_the_smallest_within_a_standard_error_of_the_least(run: Run) -> None:
    for place in (0, 1):
        cv, size, least = run["cv_rmse"][place], *(int(run[n][place]) for n in ("recommended_size", "size_of_least_cv"))
        assert least == int(np.nanargmin(cv)) + 1
        assert size <= least
        assert (cv[: size - 1] > cv[size - 1]).all()
        assert run["cv_rmse_low"][place, size - 1] < cv[size - 1] < run["cv_rmse_high"][place, size - 1]


def test_nonlinear_features_fit_better_at_equal_size(run: Run) -> None:
    both = np.isfinite(run["rmse"][...]).all(axis=0)
    assert both.sum() == 10
    assert (run["rmse"][1, both] <= run["rmse"][0, both] + 1e-12).mean() > 0.8


def test_the_first_sentences_say_which_model_to_take_and_what_it_gains(run: Run) -> None:
    """Recomputed from predictions of structures left out, and from the spread of the target."""
    best, gain, *_ = made(run).summary
    y = run["target"][...]
    own = [np.sqrt(np.mean((p - y) ** 2)) for p in run["cv_prediction"][...]]
    place = int(np.argmin(own))
    size = int(run["recommended_size"][place])
    assert f"Take degree {SPEC['features'][place]} with {size} features: the error on structures left out" in best
    assert f"is {own[place]:.4g} " in best
    assert f"would be wrong by {np.sqrt(np.mean((y - y.mean()) ** 2)):.4g}" in gain
    assert f"the model takes {1 - own[place] / y.std():.0%} of that away" in gain


def test_errors_and_predictions_are_those_of_the_recommended_model(run: Run) -> None:
    y = run["target"][...]
    for place in (0, 1):
        for on, name in enumerate(("prediction", "cv_prediction")):
            off = np.abs(run[name][place] - y)
            expected = [np.sqrt((off**2).mean()), off.mean(), off.max()]
            np.testing.assert_allclose(run["error"][place, on, 0], expected)
        size = int(run["recommended_size"][place])
        np.testing.assert_allclose(run["error"][place, 0, 0, 0], run["rmse"][place, size - 1])
        np.testing.assert_allclose(run["error"][place, 1, 0, 0], run["cv_rmse"][place, size - 1])


def test_files_were_predicted_exactly_and_nothing_is_left_to_do(bench: Bench, run: Run) -> None:
    plan = bench.plan(bench.folder / "study.yaml")
    assert plan.n_todo == 0
    assert run.folder.n_files() == plan.n_files


def test_predictions_need_the_run_alone(run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("BIGDATA_CACHE", str(tmp_path / "empty"))
    elsewhere = Run(shutil.copytree(run.folder.path, tmp_path / "run"))
    made = predict(elsewhere, structures(), "2")
    np.testing.assert_allclose(made.values, run["prediction"][1], rtol=1e-9)
    assert made.unit == "eV/atom"
    assert not any(made.reasons)
    np.testing.assert_allclose(made.beside["distance from known"], 0, atol=1e-6)


def structures() -> Structures:
    from bigdata.data.materials.elements import NUMBERS

    return Structures.of(
        Structure(
            np.array(line["lattice"]),
            np.array([NUMBERS[s] for s in line["species"]], np.uint8),
            np.array(line["frac_coords"]),
        )
        for line in rows()
    )


def test_predictions_do_not_depend_on_how_a_structure_is_written(run: Run) -> None:
    """Rotated, doubled, its origin moved and its atoms in another order."""
    rng = np.random.default_rng(0)
    rotation = np.linalg.qr(rng.normal(size=(3, 3)))[0]
    rotation *= np.sign(np.linalg.det(rotation))
    some = [structures()[i] for i in range(20, 60)]
    written = []
    for s in some:
        order = rng.permutation(2 * len(s.numbers))
        positions = np.concatenate([s.positions, s.positions + np.array([1, 0, 0])]) / [2, 1, 1] + rng.random(3)
        lattice = (s.lattice * np.array([[2.0], [1.0], [1.0]])) @ rotation
        written.append(Structure(lattice, np.tile(s.numbers, 2)[order], positions[order]))
    as_given, as_written = (predict(run, Structures.of(group), "2:20").values for group in (some, written))
    np.testing.assert_allclose(as_written, as_given, rtol=1e-9)


def test_an_exported_model_can_be_evaluated_from_its_json_alone(bench: Bench, run: Run) -> None:
    result = bench.bigdata("export", run.folder.path, "--model", "2:15", "--out", "model.json")
    assert result.returncode == 0, result.stderr
    document = json.loads((bench.folder / "model.json").read_text())
    assert len(document["features"]) == 15
    cell = document["parent"]["lattice_angstrom"]
    some = [i for i, line in enumerate(rows()) if line["n_atoms"] == 4][:10]
    values = [evaluated(document, cell, rows()[i]) for i in some]
    expected = predict(run, structures().take(some), "2:15").values
    np.testing.assert_allclose(values, expected, rtol=1e-8)


def evaluated(document: dict[str, Any], lattice: Any, line: dict[str, Any]) -> float:
    """The model's value by the words of its `definition`: clusters repeated by the symmetry that spglib finds."""
    import spglib

    rotations = spglib.get_symmetry((lattice, [[0, 0, 0]], [1]))["rotations"]
    lattice = np.array(lattice)
    # The atoms on the ideal lattice, by the supercell that is nearest the relaxed one.
    scale = (abs(np.linalg.det(line["lattice"])) / line["n_atoms"] / abs(np.linalg.det(lattice))) ** (1 / 3)
    supercell = np.rint(np.array(line["lattice"]) @ np.linalg.inv(lattice * scale)).astype(int)
    assert round(abs(np.linalg.det(supercell))) == line["n_atoms"]
    places = np.array(line["frac_coords"]) @ supercell
    places -= places[0]
    sites = np.rint(places).astype(int)
    spins = np.array([document["functions"][0][s][0] for s in line["species"]])

    def spin(cell: Any) -> float:
        steps = (np.asarray(cell) - sites) @ np.linalg.inv(supercell)
        (at,) = np.flatnonzero(np.abs(steps - np.rint(steps)).max(axis=1) < 1e-6)
        return float(spins[at])

    def correlation(cluster: dict[str, Any]) -> float:
        cells = [point["cell"] for point in cluster["points"]]
        images = {tuple(sorted(tuple((r @ c).tolist()) for c in cells)) for r in rotations}
        found = [[spin(np.array(c) + site) for c in image] for image in images for site in sites]
        return float(np.mean(np.prod(found, axis=1)))

    x = {name: correlation(cluster) for name, cluster in document["clusters"].items()}
    value = document["constant"]
    for feature in document["features"]:
        powers = [factor.partition("^") for factor in feature["feature"].split()]
        value += feature["coefficient"] * np.prod([x[name] ** int(power or 1) for name, _, power in powers])
    return float(value)


def test_the_program_predicts_and_names_what_it_cannot_map(bench: Bench, run: Run) -> None:
    good, bad = rows()[30], {**rows()[31], "id": "strange", "species": ["Ni"] * rows()[31]["n_atoms"]}
    path = bench.folder / "new.jsonl"
    path.write_text(
        "".join(json.dumps({k: v for k, v in line.items() if k != "formula"}) + "\n" for line in (good, bad))
    )
    result = bench.bigdata("predict", run.folder.path, "--file", path, "--json")
    assert result.returncode == 2
    first, second = json.loads(result.stdout)
    assert first["prediction"] == pytest.approx(float(run["prediction"][1, 30]))
    assert second["prediction"] is None
    assert "Ni" in second["reason"]
    assert "1 of 2 entries have no prediction" in result.stderr
    assert bench.bigdata("predict", run.folder.path, "--file", path, "--skip-bad").returncode == 0


@pytest.mark.parametrize(
    ("model", "said"),
    [("3", "no model `3`"), ("2:999", "`999` is no number of features"), ("2:0", "`0` is no number of features")],
)
def test_a_model_that_a_run_does_not_have_is_refused(run: Run, model: str, said: str) -> None:
    with pytest.raises(SpecError, match=said):
        predict(run, structures().take([0]), model)


def broken(bench: Bench) -> Path:
    """A file whose second structure is hexagonal, and no decoration of fcc."""
    lines = rows()[:60]
    strange = {**lines[1], "id": "hexagonal", "lattice": [[3, 0, 0], [-1.5, 2.598, 0], [0, 0, 9.0]], "n_atoms": 1,
               "species": ["Au"], "frac_coords": [[0, 0, 0]], "formula": "Au1"}  # fmt: skip
    path = bench.folder / "broken.jsonl"
    path.write_text("".join(json.dumps(line) + "\n" for line in (lines[0], strange, *lines[2:])))
    return path


def test_what_cannot_be_mapped_is_refused_by_name(bench: Bench) -> None:
    broken(bench)
    spec = {**SPEC, "name": "refused", "dataset": BROKEN, "selection": {"max_features": 5}}
    with pytest.raises(TasksFailed) as failed:
        bench.submit(bench.write("refused.yaml", spec))
    said = str(failed.value)
    assert "1 of 60 structures don't map onto the parent lattice. Mend `parent:`, or say `on_unmapped: skip`" in said
    assert "hexagonal: its cell is 392 % larger" in said


def test_what_cannot_be_mapped_is_left_out_and_counted_where_asked(bench: Bench) -> None:
    broken(bench)
    parent = {**SPEC["parent"], "on_unmapped": "skip"}
    spec = {**SPEC, "name": "skipped", "dataset": BROKEN, "parent": parent, "features": [1]}
    run = bench.submit(bench.write("skipped.yaml", spec | {"selection": {"max_features": 5}}))
    assert np.flatnonzero(run["used"][...] == 0).tolist() == [1]
    assert np.isnan(run["correlation"][1]).all()
    assert np.isnan(run["prediction"][0, 1])
    assert run["rmse"][0, 4] == pytest.approx(float(np.sqrt(np.nanmean(residuals(run) ** 2))))
    ((name, _, why),) = run.tables["Structures that can't be mapped"].rows
    assert name == "hexagonal"
    assert "392 % larger than 1 cell of the parent" in why


def residuals(run: Run) -> NDArray[np.float64]:
    """Of the largest model, from the stored coefficients."""
    chosen = run["selected"][0]
    used = run["used"][...].astype(bool)
    features = Monomials(run["correlation"][...][used], 1).columns(chosen)
    return np.asarray(features @ run["coefficient"][0, 4] + run["intercept"][0, 4] - run["target"][...][used])


def test_species_that_no_site_can_hold_are_refused_before_anything_runs(bench: Bench) -> None:
    parent = {**SPEC["parent"], "sublattices": [["Cu", "Ag"]]}
    with pytest.raises(SpecError, match="hold Au, which is on no sublattice"):
        bench.plan(bench.write("silver.yaml", {**SPEC, "parent": parent}))


def test_compositions_are_left_out_as_a_whole(bench: Bench) -> None:
    spec = {**SPEC, "name": "compositions", "features": [1], "selection": {"max_features": 5}}
    spec["validation"] = {"folds": 5, "by": "composition"}
    run = bench.submit(bench.write("compositions.yaml", spec))
    of: dict[float, set[int]] = {}
    for line, fold in zip(rows(), run["fold"][...].tolist(), strict=True):
        of.setdefault(round(line["species"].count("Au") / line["n_atoms"], 9), set()).add(fold)
    assert all(len(folds) == 1 for folds in of.values())
    assert len(set().union(*of.values())) == 5


def test_leave_one_out_makes_a_path_for_each_structure(bench: Bench) -> None:
    spec = {**SPEC, "name": "one", "features": [1], "selection": {"max_features": 4}}
    spec |= {
        "dataset": {"name": "emt-copper-gold", "sample": {"entries": 40}},
        "validation": {"folds": "leave-one-out"},
    }
    run = bench.submit(bench.write("one.yaml", spec))
    assert run["fold_prediction"].shape == (1, 40, 1, 4)
    assert run["cv_rmse"][0, 2] == pytest.approx(cv_rmse(run, 1, 3), rel=1e-8)


@pytest.mark.parametrize("method", ["least-squares", "ridge", "lasso", "elastic-net", "ard"])
def test_every_method_gives_models_that_predict(bench: Bench, method: str) -> None:
    spec = {**SPEC, "name": method, "features": [1], "selection": {"method": method, "max_features": 10}}
    run = bench.submit(bench.write(f"{method}.yaml", spec | {"validation": {"folds": 3, "bootstrap": 20}}))
    best = int(run["recommended_size"][0])
    assert run["cv_rmse"][0, best - 1] < 0.7 * run["target"][...].std()
    np.testing.assert_allclose(predict(run, structures(), "1").values, run["prediction"][0], rtol=1e-8)


def test_a_parent_from_a_file_gives_the_same_expansion(bench: Bench, run: Run) -> None:
    (bench.folder / "fcc.cif").write_text(
        "data_fcc\n_space_group_IT_number 1\n_cell_length_a 3.85\n_cell_length_b 3.85\n_cell_length_c 3.85\n"
        "_cell_angle_alpha 90\n_cell_angle_beta 90\n_cell_angle_gamma 90\nloop_\n_atom_site_label\n"
        "_atom_site_type_symbol\n_atom_site_fract_x\n_atom_site_fract_y\n_atom_site_fract_z\n"
        "Cu1 Cu 0 0 0\nCu2 Cu 0 0.5 0.5\nCu3 Cu 0.5 0 0.5\nCu4 Cu 0.5 0.5 0\n"
    )
    parent = {"lattice": {"file": "fcc.cif"}, "sublattices": [["Cu", "Au"]]}
    again = bench.submit(bench.write("cif.yaml", {**SPEC, "name": "cif", "parent": parent}))
    np.testing.assert_allclose(again["correlation"][...], run["correlation"][...], atol=1e-12)
    np.testing.assert_allclose(again["rmse"][...], run["rmse"][...], rtol=1e-9)


def test_values_at_the_bound_have_errors_of_their_own(bench: Bench) -> None:
    target = {**SPEC["target"], "bound": -0.04}
    run = bench.submit(bench.write("bound.yaml", {**SPEC, "name": "bound", "target": target, "features": [1]}))
    y = run["target"][...]
    off = np.abs(run["cv_prediction"][0] - y)
    np.testing.assert_allclose(run["error"][0, 1, 1, 1], off[y > -0.04].mean())
    np.testing.assert_allclose(run["error"][0, 1, 2, 1], off[y <= -0.04].mean())
    rows_of = run.tables["Errors at the bound -0.04"].rows
    assert [row[3] for row in rows_of[:3]] == [len(y), int((y > -0.04).sum()), int((y <= -0.04).sum())]


def test_a_sample_is_drawn_and_said(bench: Bench) -> None:
    plan = bench.plan(
        bench.write("some.yaml", {**SPEC, "dataset": {"name": "emt-copper-gold", "sample": {"entries": 50}}})
    )
    assert any("50 of 489 entries are taken, drawn at random" in note for note in plan.notes)


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"validation": {"folds": 490}}, "490 folds of 489 structures can't be made. Ask for 489 folds at most"),
        (
            {
                "selection": {"method": "ard"},
                "features": [6],
                "clusters": {"cutoffs": {"2": "9 angstrom", "3": "6 angstrom"}},
            },
            "ard holds all",
        ),
        ({"clusters": {"cutoffs": {"2": "4 angstrom"}, "keep": 300}}, ""),
    ],
)
def test_what_the_data_do_not_allow_is_refused_at_planning(bench: Bench, change: dict[str, Any], said: str) -> None:
    path = bench.write("odd.yaml", {**SPEC, **change})
    if not said:
        assert any("fewer than the 300 to keep" in note for note in bench.plan(path).notes)
        return
    with pytest.raises((SpecError, PlanRefused), match=said):
        bench.plan(path)


def test_the_spec_of_the_documentation_is_valid(bench: Bench) -> None:
    assert load_study(bench.write("again.yaml", SPEC)).kind == "cluster-expansion"


def test_values_that_are_divided_already_are_not_divided_again(bench: Bench) -> None:
    target = {**SPEC["target"], "per": "primitive-cell"}
    with pytest.raises(SpecError, match="mixing_energy is in eV/atom, and would be divided a second time"):
        bench.plan(bench.write("twice.yaml", {**SPEC, "target": target}))


def test_the_size_to_take_is_one_that_the_fit_to_all_structures_has(bench: Bench) -> None:
    """The LASSO passes sizes over, others in each fold than with all structures."""
    spec = {**SPEC, "name": "passed-over", "selection": {"method": "lasso", "max_features": 30}}
    run = bench.submit(bench.write("lasso-2.yaml", spec))
    fit, cv = run["rmse"][...], run["cv_rmse"][...]
    assert np.isnan(cv[np.isnan(fit)]).all()
    sizes = run["recommended_size"][...] - 1
    assert np.isfinite(fit[np.arange(2), sizes]).all()
    assert np.isfinite(run["prediction"][...]).all()


def test_a_parent_of_another_volume_is_said_with_the_factor_that_would_fit(bench: Bench) -> None:
    parent = {**SPEC["parent"], "lattice": {"prototype": "fcc", "a": "4.5 angstrom"}}
    spec = {**SPEC, "name": "far", "parent": parent, "features": [1], "clusters": {"cutoffs": {"2": "6 angstrom"}}}
    run = bench.submit(bench.write("far.yaml", spec | {"selection": {"max_features": 4}}))
    said = " ".join(made(run).summary)
    assert "In volume they differ from it by -" in said
    assert "times as long would fit" in said


def test_more_cluster_functions_than_can_be_told_apart_are_refused(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("bigdata.lattices.clusters.MOST_FUNCTIONS", 20)
    clusters = {"cutoffs": {"2": "8.1 angstrom", "3": "6.1 angstrom"}}
    with pytest.raises(SpecError, match=r"the cutoffs give \d+ cluster functions. Lower them, or keep 20 at most"):
        bench.plan(bench.write("many.yaml", {**SPEC, "clusters": clusters}))


def test_its_report_tells_nothing_of_the_machine(run: Run) -> None:
    assert told(run) == set()
