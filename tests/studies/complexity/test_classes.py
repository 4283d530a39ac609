"""A whole study of classes of samples, from submit to report: each number made again from the store in another way."""

from __future__ import annotations

import csv
import json
import re
from inspect import signature

import numpy as np
import pytest
from scipy.optimize import linprog
from sklearn.metrics import accuracy_score, balanced_accuracy_score, confusion_matrix

from bigdata.models.tabular.setting import Sisso
from bigdata.studies.complexity import captioned_classes, of_classes
from bigdata.studies.complexity.model import Complexity
from bigdata.studies.complexity.packed import LEFT_OUT, OVERLAP, packed_array
from bigdata.studies.complexity.results import Results
from tests.bench import Bench

COLUMNS = ["width", "height", "mass"]
LABELS = ["flat", "square", "tall"]
SPEC = {
    "study": "complexity",
    "name": "shapes",
    "dataset": {"file": "shapes.csv", "format": "table", "units": {"width": "angstrom", "height": "angstrom"}},
    "target": {"field": "shape", "classes": True},
    "features": {"columns": COLUMNS},
    "split": {"train": 0.7, "test": 0.3, "group_by": ["batch"], "seed": 1},
    "metrics": ["accuracy", "balanced-accuracy", "overlap"],
    "models": [
        {"kind": "sisso", "rung": [1], "dimension": [2], "features_per_dimension": 6, "near": 3},
        {"kind": "forest", "trees": [5], "max_leaves": [3, 9]},
        {"kind": "tree", "max_leaves": [4]},
        {"kind": "boosting", "trees": [4], "max_leaves": [4], "min_samples_leaf": 3},
    ],
    "tuning": {"folds": 3, "settings": 2},
    "compare": {"matched": "parameters"},
    "learning_curve": [0.5],
    "bootstrap": 40,
}
NAMES = ["mean", "sisso:0,1", "sisso:0,2", "sisso:1,1", "sisso:1,2", "forest:5,3", "forest:5,9", "tree:4",
         "boosting:4,4"]  # fmt: skip


def shapes(n=110):
    """Rows of a table in which the ratio of height and width decides, but for one row in twelve."""
    rng = np.random.default_rng(4)
    width, height, mass = rng.uniform(1, 4, (3, n))
    codes = np.digitize(height / width + 0.12 * rng.standard_normal(n), [0.7, 1.4])
    return [
        {"shape": LABELS[c], "width": w, "height": h, "mass": m, "batch": i // 5, "is_tall": bool(c == 2), "s": c + 8}
        for i, (c, w, h, m) in enumerate(zip(codes, width, height, mass, strict=True))
    ]  # fmt: skip


def write_table(folder, rows):
    with (folder / "shapes.csv").open("w", newline="") as file:
        writer = csv.DictWriter(file, list(rows[0]))
        writer.writeheader()
        writer.writerows(rows)


@pytest.fixture(scope="module")
def bench(tmp_path_factory):
    folder = tmp_path_factory.mktemp("classes")
    write_table(folder, shapes())
    return Bench(folder)


@pytest.fixture(scope="module")
def run(bench):
    return bench.submit(bench.write("study.yaml", SPEC))


@pytest.fixture(scope="module")
def results(run):
    return Results(run)


@pytest.fixture(scope="module")
def tested(run):
    return run["split"][...] == 2


def place(name):
    return NAMES.index(name)


def test_codes_are_places_among_the_sorted_texts(run):
    assert [str(name) for name in run["model"][...]] == NAMES
    assert [str(label) for label in run["class_label"][...]] == LABELS
    assert [LABELS[int(code)] for code in run["target"][...]] == [row["shape"] for row in shapes()]
    assert run["target"].units == "1"
    assert run.is_finished


def test_errors_of_every_model_are_what_scikit_learn_says(run, tested):
    target, predictions = run["target"][...][tested], run["prediction"][...][:, tested]
    for error, made in zip(run["error"][...], predictions, strict=True):
        expected = [accuracy_score(target, made), balanced_accuracy_score(target, made)]
        np.testing.assert_allclose(error[:2], expected, rtol=1e-12)
    assert (run["error_low"][...] <= run["error"][...] + 1e-12)[:, :2].all()


def test_the_baseline_is_the_most_frequent_class_of_the_training_part(run, tested):
    counts = np.bincount(run["target"][...][~tested].astype(int))
    assert (run["prediction"][0] == np.argmax(counts)).all()
    assert run["parameters"][0].tolist() == [1, 0, 0]


def leaf(a, part, tree, column):
    """The values of the leaf of a stored tree that a standardised sample comes to, step by step."""
    first, at = int(a[f"first_{part}"][tree]), 0
    while a[f"feature_{part}"][first + at] >= 0:
        goes_left = column[a[f"feature_{part}"][first + at]] <= a[f"threshold_{part}"][first + at]
        at = int(a[f"left_{part}" if goes_left else f"right_{part}"][first + at])
    return a[f"value_{part}"][first + at]


def test_trees_are_followed_by_hand(run, results):
    x = run["feature"][...]
    for name in NAMES[5:]:
        a = results.fitted(place(name)).arrays()
        columns = (x[:, a["standard_kept"]] - a["standard_means"]) / a["standard_scales"]
        if name.startswith("boosting"):
            scores = [
                [a["constants"][k] + sum(leaf(a, k, t, row) for t in range(4)) for k in range(3)] for row in columns
            ]
        else:
            n = len(a["first_0"]) - 1
            scores = [sum(leaf(a, 0, t, row) for t in range(n)) for row in columns.astype(np.float32)]
        np.testing.assert_array_equal(run["prediction"][place(name)], a["codes"][np.argmax(scores, axis=1)])


def test_parameters_are_counted_from_what_was_fitted(run, results):
    counted = {name: run["parameters"][place(name)].tolist() for name in NAMES}
    assert counted["sisso:0,1"] == [2, 2, 0]
    assert counted["sisso:1,2"] == [2, 4, 0]
    for name in ("forest:5,9", "tree:4"):
        a = results.fitted(place(name)).arrays()
        leaves, trees = int((a["feature_0"] < 0).sum()), len(a["first_0"]) - 1
        np.testing.assert_allclose(a["value_0"][a["feature_0"] < 0].sum(axis=1), 1)
        assert counted[name] == [2 * leaves, 0, leaves - trees]
    a = results.fitted(place("boosting:4,4")).arrays()
    leaves = sum(int((a[f"feature_{k}"] < 0).sum()) for k in range(3))
    assert counted["boosting:4,4"] == [leaves + 3, 0, leaves - 12]


def descriptors(results, name, x):
    """(d, n) from the texts of the terms, by Python's own arithmetic."""
    columns = dict(zip(COLUMNS, x.T, strict=True))
    return np.array([eval(term, {}, columns) for term in results.fitted(place(name)).descriptors])


def lies_in(corners, point):
    """Whether weights that are positive and have the sum 1 make the point of the corners (m, d)."""
    conditions = np.vstack((corners.T, np.ones(len(corners))))
    return linprog(np.zeros(len(corners)), A_eq=conditions, b_eq=[*point, 1.0]).status == 0


def test_overlap_is_that_of_hulls_by_brute_force(run, results, tested):
    x, y = run["feature"][...], run["target"][...]
    for name in ("sisso:0,2", "sisso:1,1"):
        points = descriptors(results, name, x).T
        expected = [any(lies_in(points[~tested & (y == c)], points[i]) for c in set(y) - {y[i]}) for i in range(len(y))]
        packed = packed_array(run.packs["model"][place(name)], OVERLAP)
        np.testing.assert_array_equal(packed, expected)
        assert run["error"][place(name), 2] == pytest.approx(packed[tested].mean())
        assert f"{int(packed[~tested].sum())} of {(~tested).sum()} samples overlap" in str(run["formula"][place(name)])
    assert np.isnan(run["error"][place("forest:5,3"), 2])


def test_rules_are_multinomial_regressions_of_their_terms(run, results, tested):
    """At the least penalised loss, its gradient vanishes: of the softmax, written out."""
    x, y = run["feature"][...], run["target"][...].astype(int)
    for name in ("sisso:0,1", "sisso:0,2"):
        f = descriptors(results, name, x)
        rule = results.fitted(place(name)).found.rule
        scores = np.vstack((np.zeros(len(y)), rule.coefficients @ np.vstack((np.ones(len(y)), f))))
        np.testing.assert_array_equal(run["prediction"][place(name)], np.argmax(scores, axis=0))
        share = np.exp(scores) / np.exp(scores).sum(axis=0)
        excess = (share - (np.arange(3)[:, None] == y))[:, ~tested]
        np.testing.assert_allclose(excess.mean(axis=1), 0, atol=2e-4)
        np.testing.assert_allclose(excess @ ((f - f.mean()) / f.std()).T[~tested] / excess.shape[1], 0, atol=2e-4)
        wrong = (np.argmax(scores, axis=0) != y)[~tested].sum()
        assert f"{wrong} on the wrong side" in str(run["formula"][place(name)])


def test_the_ratio_that_decides_is_found(results, run):
    # The ratio and its inverse say the same by their order, in which hulls of one dimension overlap.
    (term,) = results.fitted(place("sisso:1,1")).descriptors
    assert term in ("height / width", "width / height")
    assert run["error"][place("sisso:1,1"), 0] > 0.85 > run["error"][place("sisso:0,1"), 0]


def test_the_exported_function_predicts_what_the_run_says(run, results):
    for name in ("sisso:0,2", "sisso:1,1"):
        space = {}
        exec(results.fitted(place(name)).python(name="predict"), space)
        columns = dict(zip(COLUMNS, run["feature"][...].T, strict=True))
        made = space["predict"](*(columns[c] for c in signature(space["predict"]).parameters))
        assert made.tolist() == [LABELS[int(code)] for code in run["prediction"][place(name)]]


def test_models_are_chosen_by_the_share_of_wrong_classes_inside_the_training_part(run, results, tested):
    y = run["target"][...]
    for trial in range(len(results.trials)):
        left_out = packed_array(run.packs["tune"][trial], LEFT_OUT)[: len(results.trials[trial].points)]
        assert np.isnan(left_out[:, tested]).all()
        wrong = [1 - accuracy_score(y[~tested], said[~tested]) for said in left_out]
        np.testing.assert_allclose(run["cv_error"][trial, : len(wrong)], wrong, atol=1e-12)
    for kind, chosen in zip(results.classes, run["chosen"][:, -1], strict=True):
        own = [i for i, name in enumerate(NAMES) if name.startswith(kind)]
        assert chosen == min(own, key=lambda i: run["cv_rmse"][i, -1])


def test_the_standard_error_of_a_share_is_that_of_a_mean_over_groups(run, results, tested):
    i = place("tree:4")
    left_out = packed_array(run.packs["tune"][int(run["trial"][i, -1])], LEFT_OUT)[0]
    wrong = (left_out != run["target"][...])[~tested]
    group = run["group"][...][~tested]
    sums = np.array([(wrong[group == g] - wrong.mean()).sum() for g in np.unique(group)])
    expected = np.sqrt(len(sums) / (len(sums) - 1) * (sums**2).sum()) / len(wrong)
    assert run["cv_standard_error"][i] == pytest.approx(expected)


def test_chance_and_intervals_are_of_the_accuracy(run, results, tested):
    error = run["class_error"][:, 0]
    np.testing.assert_allclose(run["difference"][...], error[:, None] - error, atol=1e-15)
    assert results.order[0] == results.classes[int(np.argmax(error))]


def test_matched_models_are_judged_as_others(run, results, tested):
    target, made = run["target"][...][tested], run["matched_prediction"][:, tested]
    for error, prediction, overlap in zip(run["matched_error"][...], made, run["matched_overlap"][...], strict=True):
        assert error[0] == pytest.approx(accuracy_score(target, prediction))
        assert np.array_equal(error[2], overlap[tested].mean(), equal_nan=True)
    assert np.isnan(run["matched_prediction"][:, ~tested]).all()


def test_confusions_are_those_of_scikit_learn(run, results, tested):
    target = run["target"][...][tested]
    for name in NAMES:
        expected = confusion_matrix(target, run["prediction"][place(name)][tested], labels=[0, 1, 2])
        np.testing.assert_array_equal(captioned_classes.confused(results, place(name)), expected)


def test_predictions_for_a_file_say_the_class(bench, run):
    rows = [{key: row[key] for key in COLUMNS} for row in shapes()[:6]]
    (bench.folder / "new").mkdir()
    write_table(bench.folder / "new", [*rows, {"width": 1.0, "height": 2.0, "mass": ""}])
    words = ("--file", "new/shapes.csv", "--format", "table", "--json", "--skip-bad")
    for name in ("mean", "sisso:1,1", "forest:5,9", "boosting:4,4"):
        said = bench.bigdata("predict", run.folder.path, "--model", name, *words)
        assert said.returncode == 0, said.stderr
        *known, bad = json.loads(said.stdout)
        codes = run["prediction"][place(name)][:6]
        assert [row["prediction"] for row in known] == codes.tolist()
        assert [row["class"] for row in known] == [LABELS[int(code)] for code in codes]
        assert (bad["prediction"], bad["class"], bad["reason"]) == (None, None, "no value of mass")


def test_models_are_exported(bench, run):
    said = bench.bigdata("export", run.folder.path, "--model", "sisso:1,1", "--format", "text").stdout
    assert said.startswith("shape = the class of the highest score of flat: 0; square: ")
    latex = bench.bigdata("export", run.folder.path, "--model", "sisso:1,1", "--format", "latex").stdout
    assert r"\frac{" in latex
    about = json.loads(bench.bigdata("export", run.folder.path, "--model", "forest").stdout)
    assert (about["class"], about["learned"], about["classes"]) == ("forest", "class", LABELS)


def test_the_report_speaks_of_classes(run):
    # Figures in Base64 may spell anything.
    page = re.sub(r'base64,[^"]*', "", (run.folder.path / "report.html").read_text())
    said = ("Accuracy of ", "most frequent class of the training part alone has", "balanced accuracy",
            "error inside: the share of wrong classes", "samples that overlap or are on the wrong side")  # fmt: skip
    assert [words for words in said if words not in page] == []
    assert [words for words in ("RMSE", "ACCURACY", "The mean of the training part") if words in page] == []
    drawn = {file.name for file in (run.folder.path / "figures").glob("*.png")}
    assert drawn == {"errors.png", "confusion.png", "pareto.png", "hulls.png", "descriptors.png", "importance.png",
                     "learning_curve.png"}  # fmt: skip


def test_options_that_do_nothing_for_classes_make_no_settings():
    grid = Sisso(dimension=(1,), rung=(0,))
    draws = grid.draws(99, 0, of_classes=True)
    assert sorted(draw["features_per_dimension"] for draw in draws) == [20, 50, 100]
    assert len(grid.draws(99, 0)) == 12


def test_a_study_that_was_written_down_whole_is_the_same():
    model = Complexity.model_validate(SPEC)
    # A quantity has a unit in a spec, and none in what is written down of it.
    again = Complexity.model_validate(model.model_dump(mode="json", exclude={"longest_task"}))
    assert again == model
    assert list(of_classes.findings({"target": again.target, "models": again.models, "metrics": again.metrics})) == []
    plain = {key: value for key, value in SPEC.items() if key != "metrics"}
    assert Complexity.model_validate(plain).metrics == ("accuracy", "balanced-accuracy")


@pytest.mark.parametrize(("field", "labels"), [("is_tall", ["false", "true"]), ("s", ["10", "8", "9"])])
def test_truth_values_and_whole_numbers_are_classes_too(bench, field, labels):
    made = bench.plan(bench.write("other.yaml", {**SPEC, "target": {"field": field, "classes": True}}))
    (found,) = (c.values for c in made.coordinates if c.name == "class_label")
    assert found == labels


@pytest.mark.parametrize(("changes", "what"), [
    ({"target": {"field": "mass", "classes": True}, "features": {"columns": ["width"]}},
     "target.field: `mass` holds decimals such as"),
    ({"target": {"field": "batch", "classes": True}},
     "target.field: `batch` has 22 different values (0, 1, 10, 11, 12, …"),
    ({"dataset": {**SPEC["dataset"], "where": {"shape": "flat"}}}, "all entries have the shape flat"),
    ({"target": {"field": "shapes", "classes": True}}, "target.field: the dataset has no field `shapes`"),
    ({"target": {"field": "shape", "classes": True, "units": "eV", "transform": "log10"}},
     "target.transform: is about numbers, and `classes: true` stands beside it"),
    ({"metrics": ["accuracy", "rmse"]}, "metrics[1]: rmse is an error of numbers, and the target is a class"),
    ({"metrics": ["overlap"]}, "metrics[0]: overlap is of formulas alone"),
    ({"metrics": ["accuracy", "overlap"], "models": [{"kind": "tree"}]}, "`models:` has no `sisso`"),
    ({"models": [{"kind": "ridge"}]}, "models[0].kind: `ridge` predicts numbers"),
    ({"models": [{"kind": "sisso", "tasks": "batch"}]}, "models[0].tasks: is about numbers that are predicted"),
    ({"models": [{"kind": "sisso", "residuals": 3}]}, "models[0].residuals: is about numbers that are predicted"),
    ({"target": {"field": "batch"}}, "metrics[0]: accuracy is of classes, and the target is a number"),
])  # fmt: skip
def test_what_does_not_go_with_classes_is_said_at_its_place(bench, changes, what):
    spec = {**SPEC, "metrics": ["accuracy"], **changes}
    found = bench.bigdata("plan", bench.write("wrong.yaml", spec))
    assert found.returncode == 2
    assert what in found.stderr
    assert "Traceback" not in found.stderr


def test_entries_without_a_class_are_left_out_and_counted(tmp_path):
    rows = shapes()
    rows[3]["shape"] = ""
    write_table(tmp_path, rows)
    bench = Bench(tmp_path)
    skipping = {**SPEC, "dataset": {**SPEC["dataset"], "on_bad_entry": "skip"}}
    notes = bench.plan(bench.write("study.yaml", skipping)).notes
    assert any(note.startswith("1 entries have no value of shape and are left out") for note in notes)
    assert any(note.startswith("3 classes: flat (") for note in notes)
    refused = bench.bigdata("plan", bench.write("study.yaml", SPEC))
    assert "`shape` has no value" in refused.stderr
