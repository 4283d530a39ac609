"""A study that learns logarithms: what is exported and predicted is the target itself."""

from __future__ import annotations

from inspect import signature

import numpy as np
import pytest

from bigdata.studies.complexity.results import Results
from tests.bench import Bench


@pytest.fixture(scope="module")
def bench(tmp_path_factory):
    return Bench(tmp_path_factory.mktemp("logarithms"))


@pytest.fixture(scope="module")
def run(bench):
    rng = np.random.default_rng(3)
    a, b, x = rng.uniform(1, 4, 80), rng.uniform(1, 4, 80), rng.normal(size=80)
    y = -(10 ** (a / b + 0.01 * x))
    rows = (
        "".join(f"{i},NaCl,{y[i]!r},{a[i]!r},{b[i]!r}\n" for i in range(80)).replace("np.float64(", "").replace(")", "")
    )
    (bench.folder / "t.csv").write_text("id,formula,y_eV,a,b\n" + rows)
    spec = {
        "study": "complexity", "name": "log", "dataset": {"file": "t.csv"},
        "target": {"field": "y_eV", "transform": "log10-absolute"}, "features": {"columns": ["a", "b"]},
        "metrics": ["rmsle", "mae"], "models": [{"kind": "sisso", "rung": [1], "dimension": [1]}, {"kind": "ridge"}],
        "split": {"folds": 4}, "tuning": {"folds": 3, "settings": 2}, "learning_curve": [0.5], "bootstrap": 50,
        "compare": {"matched": "parameters"},
    }  # fmt: skip
    return bench.submit(bench.write("study.yaml", spec))


def test_the_planted_law_is_found(run):
    results = Results(run)
    assert results.fitted(results.names.index("sisso:1,1")).descriptors == ["a / b"]
    assert results.learned == "log10 |y / (eV)|"


def test_the_exported_function_gives_the_target(bench, run):
    text = bench.bigdata("export", run.folder.path, "--model", "sisso:1,1", "--format", "python").stdout
    space: dict = {}
    exec(text, space)
    columns = dict(zip(["a", "b"], run["feature"][...].T, strict=True))
    made = space["predict"](*(columns[name] for name in signature(space["predict"]).parameters))
    fitted = Results(run).fitted(2).predict(run["feature"][...], np.zeros(80, int))
    np.testing.assert_allclose(made, 10**fitted, rtol=1e-9)
    np.testing.assert_allclose(made, run["target"][...], rtol=0.1)
    assert '"""|y| (eV): ten to the power of its logarithm."""' in text


def test_errors_of_all_parts_are_of_models_that_have_not_seen_the_sample(run):
    part = run["part_of_sample"][...]
    assert set(part.tolist()) == {0, 1, 2, 3}
    target, x = run["learned"][...], run["feature"][...]
    made = np.empty(80)
    for i in range(4):
        test = part == i
        design = np.column_stack([x[:, 0] / x[:, 1], np.ones(80)])
        made[test] = design[test] @ np.linalg.lstsq(design[~test], target[~test], rcond=None)[0]
    place = [str(name) for name in run["model"][...]].index("sisso:1,1")
    np.testing.assert_allclose(np.log10(run["prediction"][place]), made, rtol=1e-8)
    assert run["error"][place, 0] == pytest.approx(np.sqrt(np.mean((made - target) ** 2)))
    assert run["error"][place, 1] == pytest.approx(np.mean(np.abs(10**made - 10**target)))


def test_the_class_is_judged_by_what_it_chose_in_each_part(run):
    chosen, part = run["chosen"][0], run["part_of_sample"][...]
    made = np.array([run["prediction"][int(chosen[p]), i] for i, p in enumerate(part)])
    assert run["class_error"][0, 1] == pytest.approx(np.mean(np.abs(made - run["target"][...])))
    assert run["trial"].shape == (len(run["model"]), 5)
