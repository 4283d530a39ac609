"""What is wrong with the spec of a complexity study, said at its place; and what a spec asks for."""

from __future__ import annotations

import pytest

from bigdata.models.tabular.setting import OPERATORS, Dense, Forest, Ridge, Sisso
from bigdata.studies.complexity.model import Complexity
from bigdata.studies.complexity.trials import n_settings, trials_of
from tests.bench import Bench

SPEC = {
    "study": "complexity",
    "name": "x",
    "dataset": {"name": "emt-binaries"},
    "target": {"field": "formation_energy_per_atom"},
    "features": {"columns": ["A_fraction", "unlike_neighbors"]},
    "models": [{"kind": "ridge"}],
}


def said(bench: Bench, **changes):
    found = bench.bigdata("validate", bench.write("study.yaml", {**SPEC, **changes}))
    assert found.returncode == 2
    assert "Traceback" not in found.stderr
    return found.stderr


@pytest.mark.parametrize(("changes", "what"), [
    ({"features": {}}, "features: names neither columns nor features of the composition"),
    ({"features": {"columns": ["A_fraction", "A_fraction"]}}, "features.columns[1]: A_fraction is listed twice"),
    ({"features": {"columns": ["A_fractions"]}}, "Did you mean `A_fraction`?"),
    ({"features": {"columns": ["formation_energy_per_atom"]}}, "formation_energy_per_atom is the target itself"),
    ({"features": {"composition": "magpy"}}, "features.composition"),
    ({"target": {"field": "formation_energy"}}, "target.field: the dataset has no field `formation_energy`"),
    ({"split": {"train": 0.8, "test": 0.3}}, "train 0.8 and test 0.3 make 1.1"),
    ({"split": {"folds": 5, "test": 0.2}}, "split.folds: stands beside fractions"),
    ({"split": {"group_by": ["prototype"]}}, "split.group_by[0]: the dataset has no field `prototype`"),
    ({"metrics": ["mae", "mae"]}, "metrics[1]: mae is listed twice"),
    ({"models": [{"kind": "ridge"}, {"kind": "ridge"}]}, "`ridge` has an entry already"),
    ({"models": [{"kind": "forest", "trees": [50, 50]}]}, "models[0].trees[1]: 50 is listed twice"),
    ({"models": [{"kind": "sisso", "rung": [4]}]}, "models[0].rung[0]"),
    ({"models": [{"kind": "sisso", "operators": ["plus"]}]}, "models[0].operators[0]"),
    ({"models": [{"kind": "forest", "tuned": ["trees"]}]}, "`trees` is no option that is tuned"),
    ({"dataset": {"name": "emt-binaries", "target": "x"}}, "dataset.target: names the number to predict a second time"),
    ({"learning_curve": [1.0]}, "learning_curve[0]"),
])  # fmt: skip
def test_what_is_wrong_is_said_at_its_place(bench, changes, what):
    assert what in said(bench, **changes)


def test_lower_rungs_and_dimensions_are_fitted_too():
    names = [point.name for point in Sisso(rung=(2,), dimension=(3,)).points]
    assert names == [f"sisso:{r},{d}" for r in (0, 1, 2) for d in (1, 2, 3)]


def test_options_that_are_given_are_not_tuned():
    assert Dense(learning_rate=0.1).tuned == ("weight_decay", "batch")
    assert all("learning_rate" not in draw for draw in Dense(learning_rate=0.1).draws(5, seed=0))
    assert Forest(tuned=()).draws(5, seed=0) == [{}]


def test_the_first_setting_is_the_one_that_is_written_and_no_two_are_alike():
    draws = Forest().draws(8, seed=3)
    assert draws[0] == {"max_features": 0.5, "min_samples_leaf": 1}
    assert len({tuple(draw.items()) for draw in draws}) == 8
    assert len(Ridge().draws(100, seed=0)) == len(Ridge.TUNED["alpha"])


def test_what_is_tuned_survives_being_written_down():
    """A study is read again from its own dump, where all fields are given."""
    again = Dense.model_validate(Dense(batch=16).model_dump(mode="json"))
    assert again.draws(6, 0) == Dense(batch=16).draws(6, 0)


def test_classes_are_tuned_with_the_same_effort():
    grids = [{"kind": "forest", "trees": [5, 9], "max_leaves": [4]}, {"kind": "ridge"}, {"kind": "tree"}]
    model = Complexity.model_validate({**SPEC, "models": grids, "tuning": {"settings": 6}})
    trials = trials_of(model)
    assert {kind: n_settings(trials, kind) for kind in model.classes} == {"forest": 6, "ridge": 6, "tree": 6}


def test_tensorflow_is_needed_for_networks_alone():
    assert Complexity.model_validate(SPEC).extra == ""
    assert Complexity.model_validate({**SPEC, "models": [{"kind": "dense"}]}).extra == "networks"


def test_operators_are_those_of_the_paper_by_default():
    assert Sisso().operators == OPERATORS


@pytest.mark.parametrize(("target", "metrics"), [
    ({"field": "formation_energy_per_atom"}, ("rmse", "mae", "r2")),
    ({"field": "A", "classes": True}, ("accuracy", "balanced-accuracy")),
])  # fmt: skip
def test_metrics_that_are_left_out_are_those_of_the_target(bench, target, metrics):
    spec = {**SPEC, "target": target, "models": [{"kind": "tree"}]}
    assert bench.plan(bench.write("study.yaml", spec)).study.variants[0].model.metrics == metrics
