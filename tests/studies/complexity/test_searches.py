"""Searches for formulas that are cut into tasks give what they give as one: in this process, by workers, and killed."""

from __future__ import annotations

import os
import signal

import numpy as np
import pytest

from tests.bench import Bench, events, until

SPEC = {
    "study": "complexity",
    "name": "searches",
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
SHORT = {**SPEC, "longest_task": "0.01 s"}
ARRAYS = ("prediction", "error", "cv_error", "parameters", "cv_rmse", "cv_fits", "formula")


# Runs of one folder would take each other's answers.
@pytest.fixture(scope="module")
def as_one(tmp_path_factory):
    bench = Bench(tmp_path_factory.mktemp("one"))
    return bench.submit(bench.write("study.yaml", SPEC))


def check(run, as_one):
    for name in ARRAYS:
        np.testing.assert_array_equal(run[name][...], as_one[name][...])


def test_a_search_that_is_cut_gives_the_same_in_every_bit(tmp_path, as_one):
    bench = Bench(tmp_path)
    check(bench.submit(bench.write("study.yaml", SHORT)), as_one)


def test_workers_share_a_search_and_one_that_is_killed_costs_a_part(tmp_path, as_one):
    bench = Bench(tmp_path)
    site = bench.site(cpu={"cores": 2, "memory": "4 GiB", "max_jobs": 2})
    running = bench.start("submit", bench.write("study.yaml", SHORT), "--site", site)
    screened = until(lambda: (bench.folder / "runs").is_dir() and parts_done(bench))
    os.kill(int(screened[-1]["worker"].rpartition(":")[2]), signal.SIGKILL)
    assert running.process.wait(180) == 0, running.err.read_text()
    check(bench.submit(bench.folder / "study.yaml"), as_one)
    done = [(record["stage"], record["index"]) for record in parts_done(bench)]
    assert len({record["worker"] for record in parts_done(bench)}) > 1
    assert len(done) - len(set(done)) <= 2


def parts_done(bench):
    """The records of parts that were screened."""
    runs = list((bench.folder / "runs").iterdir())
    return [record for run in runs for record in events(run, "done") if "_screen_" in record["stage"]]


def test_short_searches_stay_one_task_and_the_plan_says_what_is_cut(tmp_path):
    bench = Bench(tmp_path)
    whole, parts = (bench.plan(bench.write("study.yaml", spec)) for spec in (SPEC, SHORT))
    assert not any("longest_task" in note for note in whole.notes)
    assert "4 searches of `tune` are cut into 32 tasks, by `longest_task`" in parts.notes
    assert "tune_screen_1" not in str(whole)
    assert "tune_screen_2: 16 of 16 tasks to do" in str(parts)
