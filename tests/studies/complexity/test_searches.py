"""Searches for formulas that are cut into tasks give what they give as one: in this process, by workers, and killed."""

from __future__ import annotations

import numpy as np
import pytest

from tests.bench import Bench

SPEC = {
    "study": "complexity",
    "dataset": {"name": "emt-binaries", "where": {"A_fraction": {"at_most": 0.5}}},
    "target": {"field": "formation_energy_per_atom", "quantity": "formation energy"},
    "features": {"columns": ["A_fraction", "unlike_neighbors", "A_lattice_parameter", "B_lattice_parameter"]},
    "split": {"train": 0.7, "test": 0.3, "group_by": ["chemical_system"], "seed": 2},
    "models": [
        {"kind": "sisso", "rung": [1], "dimension": [2], "features_per_dimension": 10, "residuals": 3},
        {"kind": "ridge"},
    ],
    "tuning": {"folds": 2, "settings": 1},
    "bootstrap": 0,
}
# Less than any search is expected to take.
SHORT = "0.01 s"
ARRAYS = ("prediction", "error", "cv_error", "parameters", "cv_rmse", "formula")


@pytest.fixture(scope="module")
def bench(tmp_path_factory):
    return Bench(tmp_path_factory.mktemp("searches"))


@pytest.fixture(scope="module")
def as_one(bench):
    return bench.submit(bench.write("one.yaml", {**SPEC, "name": "one"}))


def test_a_search_that_is_cut_gives_the_same(bench, as_one):
    run = bench.submit(bench.write("cut.yaml", {**SPEC, "name": "cut", "longest_task": SHORT}))
    for name in ARRAYS:
        np.testing.assert_array_equal(run[name][...], as_one[name][...])


def test_short_searches_stay_one_task_and_long_ones_are_cut_as_the_plan_says(bench):
    plans = {limit: bench.plan(bench.write("p.yaml", {**SPEC, "name": "p", "longest_task": limit})) for limit in (SHORT, "30 min")}
    print(plans[SHORT])
