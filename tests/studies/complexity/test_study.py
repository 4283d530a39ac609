"""A whole study of the shipped table, from submit to report: each number made again from the store in another way."""

from __future__ import annotations

import json
from inspect import signature

import numpy as np
import pytest
from sklearn.metrics import mean_absolute_error, mean_squared_error, r2_score

from bigdata.studies.complexity.captioned import curves
from bigdata.studies.complexity.results import Results
from tests.bench import Bench
from tests.report.made import made
from tests.report.told import told

pytest.importorskip("tensorflow", reason="the extra `networks` isn't installed")

COLUMNS = ["A_fraction", "unlike_neighbors", "A_lattice_parameter", "B_lattice_parameter", "A_cohesive_energy"]
SPEC = {
    "study": "complexity",
    "name": "small",
    "dataset": {"name": "emt-binaries", "where": {"A_fraction": {"at_most": 0.5}}},
    "target": {"field": "formation_energy_per_atom", "quantity": "formation energy"},
    "features": {"columns": COLUMNS},
    "split": {"train": 0.7, "test": 0.3, "group_by": ["chemical_system"], "seed": 2},
    "metrics": ["rmse", "mae", "r2"],
    "models": [
        {"kind": "sisso", "rung": [1], "dimension": [2], "features_per_dimension": 10, "residuals": 3},
        {"kind": "dense", "layers": [1], "nodes": [4, 8], "max_epochs": 30, "learning_rate": 0.01},
        {"kind": "forest", "trees": [5], "max_leaves": [4, 12]},
        {"kind": "ridge"},
    ],
    "tuning": {"folds": 3, "settings": 2},
    "compare": {"matched": "parameters", "weights": {"a": 1, "b": 2, "c": 3}},
    "learning_curve": [0.5],
    "bootstrap": 50,
}
NAMES = ["mean", "sisso:0,1", "sisso:0,2", "sisso:1,1", "sisso:1,2", "dense:1,4", "dense:1,8", "forest:5,4",
         "forest:5,12", "ridge"]  # fmt: skip


@pytest.fixture(scope="module")
def bench(tmp_path_factory):
    return Bench(tmp_path_factory.mktemp("complexity"))


@pytest.fixture(scope="module")
def run(bench):
    return bench.submit(bench.write("study.yaml", SPEC))


@pytest.fixture(scope="module")
def results(run):
    return Results(run)


def place(run, name):
    return [str(n) for n in run["model"][...]].index(name)


def arrays(results, name):
    """What predicts, as it lies in the run."""
    return results.fitted(results.names.index(name)).arrays()


def test_the_models_are_named_by_class_and_place_on_the_grid(run):
    assert [str(name) for name in run["model"][...]] == NAMES
    assert run.is_finished


def test_errors_of_every_model_are_what_scikit_learn_says(run):
    tested = run["split"][...] == 2
    target, predictions = run["target"][...][tested], run["prediction"][...][:, tested]
    for error, found in zip(run["error"][...], predictions, strict=True):
        expected = [
            mean_squared_error(target, found) ** 0.5,
            mean_absolute_error(target, found),
            r2_score(target, found),
        ]
        np.testing.assert_allclose(error, expected, rtol=1e-10)
    assert (run["error_low"][...] <= run["error"][...] + 1e-12)[1:].all()
    assert (run["error_high"][...] >= run["error"][...] - 1e-12)[1:].all()


def test_no_group_is_trained_on_and_tested(run):
    tested, group = run["split"][...] == 2, run["group"][...]
    assert not set(group[tested]) & set(group[~tested])
    assert 0.15 < tested.mean() < 0.45


def test_the_baseline_is_the_mean_of_the_training_part(run):
    trained = run["split"][...] == 0
    np.testing.assert_allclose(run["prediction"][0], run["target"][...][trained].mean(), rtol=1e-12)


def test_the_network_is_its_own_forward_pass_by_hand(run, results):
    for name in ("dense:1,4", "dense:1,8"):
        a = arrays(results, name)
        (theta,), nodes = a["thetas"], int(name[-1])
        kept, x = a["standard_kept"], run["feature"][...]
        columns = (x[:, kept] - a["standard_means"]) / a["standard_scales"]
        p = columns.shape[1]
        first, last, bias, end = np.split(theta.astype(float), np.cumsum([p * nodes, nodes, nodes]))
        mean, scale = a["standard_target"]
        made = mean + scale * (np.maximum(columns @ first.reshape(p, nodes) + bias, 0) @ last + end)
        np.testing.assert_allclose(run["prediction"][place(run, name)], made, rtol=1e-9, atol=1e-12)


def test_parameters_are_counted_from_what_was_fitted(run, results):
    counted = {name: run["parameters"][place(run, name)].tolist() for name in NAMES}
    assert counted["mean"] == [1, 0, 0]
    assert counted["sisso:1,2"] == [1, 2, 0]
    assert counted["dense:1,8"] == [8 + 1, len(COLUMNS) * 8 + 8, 0]
    assert counted["ridge"] == [1, len(COLUMNS), 0]
    a = arrays(results, "forest:5,12")
    leaves = int((a["feature"] < 0).sum())
    assert counted["forest:5,12"] == [leaves, 0, leaves - 5]
    assert leaves <= 60
    components = [str(name) for name in run["component"][...]]
    of_forest = dict(zip(components, run["complexity"][place(run, "forest:5,12")], strict=True))
    assert (of_forest["leaves"], of_forest["splits"], of_forest["trees"]) == (leaves, leaves - 5, 5)
    assert np.isnan(of_forest["weights"])
    of_formula = dict(zip(components, run["complexity"][place(run, "sisso:1,2")], strict=True))
    assert (of_formula["rung"], of_formula["dimension"], of_formula["biases"]) == (1, 2, 1)


def test_eq_4_with_the_weights_of_the_study(run, results):
    a, b, c = run["parameters"][place(run, "forest:5,4")].tolist()
    assert results.weighted[place(run, "forest:5,4")] == a + 2 * b + 3 * c


def test_the_formula_predicts_what_the_run_says(run, results):
    """The exported function, run on the columns of the store."""
    for name in ("sisso:0,2", "sisso:1,2"):
        text = results.fitted(results.names.index(name)).python(name="predict")
        space = {}
        exec(text, space)
        columns = dict(zip(COLUMNS, run["feature"][...].T, strict=True))
        made = space["predict"](*(columns[name] for name in signature(space["predict"]).parameters))
        np.testing.assert_allclose(made, run["prediction"][place(run, name)], rtol=1e-9)


def test_formulas_are_least_squares_of_their_terms(run, results):
    trained, y = run["split"][...] == 0, run["target"][...]
    for name in ("sisso:0,1", "sisso:0,2"):
        terms = results.fitted(results.names.index(name)).descriptors
        x = np.stack([run["feature"][...][:, COLUMNS.index(term)] for term in terms], axis=1)
        design = np.column_stack([x, np.ones(len(x))])
        made = design @ np.linalg.lstsq(design[trained], y[trained], rcond=None)[0]
        np.testing.assert_allclose(run["prediction"][place(run, name)], made, rtol=1e-8)


def test_ridge_is_that_of_scikit_learn(run, results):
    from sklearn.linear_model import Ridge
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler

    trained, x, y = run["split"][...] == 0, run["feature"][...], run["target"][...]
    alpha = results.point(place(run, "ridge")).options["alpha"]
    made = make_pipeline(StandardScaler(), Ridge(alpha=alpha * trained.sum())).fit(x[trained], y[trained]).predict(x)
    np.testing.assert_allclose(run["prediction"][place(run, "ridge")], made, rtol=1e-8)


def test_the_best_of_a_class_has_the_least_error_inside_and_never_sees_the_test_part(run, results):
    for kind, chosen in zip(("sisso", "dense", "forest", "ridge"), run["chosen"][:, -1], strict=True):
        own = [i for i, name in enumerate(NAMES) if name.startswith(kind)]
        assert chosen == min(own, key=lambda i: run["cv_rmse"][i, -1])
        place_of = ("sisso", "dense", "forest", "ridge").index(kind)
        np.testing.assert_allclose(run["class_error"][place_of], run["error"][chosen])
    tested = run["split"][...] == 2
    for trial in range(len(results.trials)):
        from bigdata.studies.complexity.packed import LEFT_OUT, packed_array

        left_out = packed_array(run.packs["tune"][trial], LEFT_OUT)
        n = len(results.trials[trial].points)
        assert np.isnan(left_out[:, tested]).all()
        assert np.isfinite(left_out[:n, ~tested]).all()
        made = np.sqrt(((left_out[:n] - run["learned"][...]) ** 2)[:, ~tested].mean(axis=1))
        np.testing.assert_allclose(run["cv_error"][trial, :n], made, rtol=1e-10)


def test_differences_are_those_of_the_errors(run):
    error = run["class_error"][:, 0]
    np.testing.assert_allclose(run["difference"][...], error[:, None] - error, atol=1e-15)
    assert (np.diag(run["chance"][...]) == 1).all()
    assert (run["chance"][...] == run["chance"][...].T).all()


def test_matched_sizes_come_as_near_as_the_class_allows(run, results):
    wanted, found = run["wanted_parameters"][...], run["n_parameters"][...]
    best = {kind: int(results.n_parameters[p]) for kind, p in results.best.items()}
    for i, (one, other) in enumerate(results.pairs):
        assert wanted[i] == best[other]
        # A network of this table has 8 parameters at least, each of which adds 7; formulas are short.
        if one == "dense" and wanted[i] > 20:
            assert abs(found[i] - wanted[i]) <= 7
        if one == "forest" and wanted[i] > 20:
            assert abs(found[i] - wanted[i]) <= 0.3 * wanted[i]
    tested = run["split"][...] == 2
    made = run["matched_prediction"][...]
    assert np.isnan(made[:, ~tested]).all()
    for row, prediction in enumerate(made):
        expected = mean_squared_error(run["target"][...][tested], prediction[tested]) ** 0.5
        assert run["matched_error"][row, 0] == pytest.approx(expected)


def test_predictions_for_a_file_are_those_of_the_run(bench, run):
    ids, x = run["sample"][...], run["feature"][...]
    rows = ["id,formula," + ",".join(COLUMNS)]
    rows += [f"{ids[i]},{run['formula_of_sample'][i]}," + ",".join(map(repr, x[i].tolist())) for i in range(5)]
    (bench.folder / "new.csv").write_text("\n".join([*rows, "bad,Al,0.1,,1,1,1"]) + "\n")
    for name in ("sisso:1,2", "dense:1,8", "forest:5,12", "ridge", "mean"):
        said = bench.bigdata("predict", run.folder.path, "--file", "new.csv", "--model", name, "--json", "--skip-bad")
        assert said.returncode == 0, said.stderr
        *known, bad = json.loads(said.stdout)
        np.testing.assert_allclose(
            [row["prediction"] for row in known], run["prediction"][place(run, name)][:5], rtol=1e-9
        )
        if not name.startswith("sisso"):
            assert (bad["prediction"], bad["reason"]) == (None, "no value of unlike_neighbors")


def test_a_formula_needs_its_own_columns_alone(bench, run, results):
    name = "sisso:0,1"
    (term,) = results.fitted(results.names.index(name)).descriptors
    x = run["feature"][...][:, COLUMNS.index(term)]
    rows = [f"{i},Al,{value!r}" for i, value in enumerate(x[:3].tolist())]
    (bench.folder / "few.csv").write_text("\n".join([f"id,formula,{term}", *rows]) + "\n")
    said = bench.bigdata("predict", run.folder.path, "--file", "few.csv", "--model", name, "--json")
    made = [row["prediction"] for row in json.loads(said.stdout)]
    np.testing.assert_allclose(made, run["prediction"][place(run, name)][:3], rtol=1e-9)
    refused = bench.bigdata("predict", run.folder.path, "--file", "few.csv", "--model", "ridge")
    assert refused.returncode == 2
    assert "has no column `" in refused.stderr


def test_a_model_that_is_not_there_is_named_with_those_that_are(bench, run):
    said = bench.bigdata("predict", run.folder.path, "--file", "emt-binaries", "--model", "sisso:3,1")
    assert said.returncode == 2
    assert "the run has no model `sisso:3,1`; its models are mean, sisso:0,1" in said.stderr


def test_models_are_exported(bench, run):
    said = bench.bigdata("export", run.folder.path, "--model", "sisso:1,1", "--format", "text")
    assert said.stdout.startswith("formation energy = ")
    about = json.loads(bench.bigdata("export", run.folder.path, "--model", "forest").stdout)
    assert about["class"] == "forest"
    assert (
        bench.bigdata("export", run.folder.path, "--model", "ridge", "--format", "npz", "--out", "m.npz").returncode
        == 0
    )
    with np.load(bench.folder / "m.npz", allow_pickle=False) as kept:
        assert json.loads(str(kept["about"]))["model"] == "ridge"
    refused = bench.bigdata("export", run.folder.path, "--model", "forest", "--format", "latex")
    assert refused.returncode == 2
    assert "is no formula: write --format npz" in refused.stderr


def test_a_learning_curve_has_intervals_and_ends_at_the_whole_training_part(results):
    of_class = {end: results.view[f"class_error{end}"][...][:, 0] for end in ("", "_low", "_high")}
    for kind, curve in curves(results).items():
        assert curve.n[0] < curve.n[1] == np.count_nonzero(~results.tested)
        assert np.all((curve.low <= curve.error) & (curve.error <= curve.high))
        assert np.all(curve.low < curve.high)
        last = [of_class[end][results.classes.index(kind)] for end in ("", "_low", "_high")]
        assert [curve.error[1], curve.low[1], curve.high[1]] == last


def test_the_report_answers_the_question_first(run):
    page = (run.folder.path / "report.html").read_text()
    first = page.index("of 4 classes") if "of 4 classes" in page else page.index("samples tested, best first")
    assert first < page.index("<h2")  # before any other part
    assert "Class or complexity?" in page
    assert "The simplest formula within one standard error of the best" in page
    for title in ("The best of each class", "At matched numbers of parameters", "Formulas", "All models"):
        assert title in run.tables or title in page
    assert {f.name for f in (run.folder.path / "figures").glob("*.png")} >= {
        "errors.png", "parity.png", "pareto.png", "descriptors.png", "importance.png", "learning_curve.png",
    }  # fmt: skip


def test_its_report_tells_nothing_of_the_machine(run):
    assert told(run) == set()


def test_where_nothing_is_sure_the_likeliest_difference_is_said(run, monkeypatch):
    """Of the pairs of classes with about as many parameters, from the stored errors and chances."""
    monkeypatch.setattr("bigdata.studies.complexity.report.CERTAIN", 0.0)
    results, chance = Results(run), run["chance"][...]
    matched = run.rows("matched")
    sizes = zip(matched["n_parameters"], matched["wanted_parameters"], strict=True)
    pairs = [results.pairs[i] for i, (n, wanted) in enumerate(sizes) if wanted / 2 <= n <= 2 * wanted]
    places = [tuple(results.classes.index(kind) for kind in pair) for pair in pairs]
    least = min(float(chance[place]) for place in places)
    said = made(run).summary[0]
    assert "of the classes that come near to one size no two differ by more than chance" in said
    assert f"(p = {least:.2g} for the best of each)" in said
    # With the errors at about one size: of the first class as it was matched, of the other at its best.
    (i,) = (i for i, place in enumerate(places) if float(chance[place]) == least)
    one, other = pairs[i]
    k = results.pairs.index((one, other))
    at_one_size = (results.errors("matched_")[k, 0], results.errors("class_")[results.classes.index(other), 0])
    for error in at_one_size:
        assert f"{float(error):.3g} " in said
    assert f"{int(matched['n_parameters'][list(matched.numbers).index(k)]):,} parameters and " in said
