"""A whole search of the shipped alloys, from submit to the retrained winner: each number made again in another way."""

from __future__ import annotations

import io
import json

import numpy as np
import pytest
from pydantic import TypeAdapter

pytest.importorskip("tensorflow", reason="the extra `networks` isn't installed")

from bigdata.models.networks.crystals import Crystals
from bigdata.models.networks.network import shared
from bigdata.models.networks.setting import Network
from bigdata.models.networks.standard import Standard
from bigdata.models.networks.training import Problem, Trainer, predicted
from bigdata.studies.architecture_search.data import MERGED, _open_graphs
from bigdata.studies.architecture_search.points import setting_of
from bigdata.studies.architecture_search.results import Results
from bigdata.studies.architecture_search.retrained import NETWORK, SETTING
from bigdata.studies.architecture_search.seeds import trial_seed
from tests.bench import events
from tests.studies.architecture_search.conftest import SPEC


@pytest.fixture(scope="module")
def results(run):
    return Results(run)


def problem(run, network):
    model, parts = run.model, run["split_data"][...]
    crystals = Crystals(_open_graphs(MERGED, model, run.inputs), network)
    return Problem(crystals, run["target_data"][...], np.flatnonzero(parts == 0), np.flatnonzero(parts == 1))


def test_rungs_are_those_of_trainings_without_stops(run, results):
    """A trial that ran to the end, trained by hand at once from its seed, has the same errors bit for bit."""
    trial = int(np.flatnonzero(run["status"][...] == 0)[-1])
    setting = setting_of(run.model, results.point(trial), 80)
    of = problem(run, setting.network)
    network = shared(setting.network, run["element_feature"][...])
    done = Trainer(network, setting.training, of, trial_seed(3, trial)).train()
    made = predicted(network, (done.weights, done.standard), of.crystals, of.validation)
    wrong = made - of.values[of.validation]
    assert run["validation_rmse"][trial, -1] == pytest.approx(np.sqrt((wrong**2).mean()), rel=1e-6)
    assert run["validation_mae"][trial, -1] == pytest.approx(np.abs(wrong).mean(), rel=1e-6)
    assert run["n_parameters"][trial] == network.layout.n_parameters == done.weights.size


def test_the_points_are_those_that_were_asked_for(run, results):
    asked = [event["payload"] for event in events(run.folder.path, "asked")]
    for one in asked:
        assert results.point(one["trial"]) == one["point"]
    assert {one["trial"] for one in asked} == set(range(8))


def test_a_stopped_trial_has_no_later_rungs_and_its_last_error_as_reward(run):
    errors, reward = run["validation_rmse"][...], run["reward"][...]
    reached = (~np.isnan(errors)).sum(axis=1)
    assert sorted(set(reached)) == [1, 3] or sorted(set(reached)) == [1, 2, 3]
    assert (reward == errors[np.arange(8), reached - 1]).all()
    assert ((run["status"][...] == 0) == (reached == 3)).all()


def test_the_best_trial_is_that_which_halving_left(run, results):
    whole = np.flatnonzero(run["status"][...] == 0)
    assert results.best == whole[np.argmin(run["reward"][...][whole])] or results.best in whole
    assert (run["final_trial"][...] == results.best).all()


def test_the_winner_is_tested_on_what_no_trial_saw(run):
    part, target = run["split_data"][...], run["target_data"][...]
    for made, rmse, mae in zip(
        run["prediction"][...], run["final_test_rmse"][...], run["final_test_mae"][...], strict=True
    ):
        wrong = (made - target)[part == 2]
        assert rmse == pytest.approx(np.sqrt((wrong**2).mean()), rel=1e-9)
        assert mae == pytest.approx(np.abs(wrong).mean(), rel=1e-9)
    groups = run["group_data"][...]
    assert not set(groups[part == 2]) & set(groups[part < 2])


def test_what_is_kept_of_the_winner_predicts_as_it_did(run):
    pack = run.packs["retrain"][1]
    with np.load(io.BytesIO(pack.read(NETWORK))) as kept:
        weights, standard = kept["weights"], Standard(kept["baseline"], *kept["standard"].tolist())
    network = TypeAdapter(Network).validate_python(json.loads(pack.read(SETTING))["model"])
    of = problem(run, network)
    made = predicted(shared(network, run["element_feature"][...]), (weights, standard), of.crystals, of.validation)
    np.testing.assert_allclose(made, run["prediction"][1][of.validation], rtol=1e-5)
    assert weights.size == run["final_n_parameters"][1]


def test_more_trials_run_those_that_are_new(bench_of_search):
    """The points of random search, without stops, follow from their numbers alone."""
    spec = {**SPEC, "name": "more", "stopping": {"method": "none", "max_steps": 20}, "final": {"retrain": 0}}
    bench = bench_of_search
    before = bench.submit(bench.write("four.yaml", {**spec, "search": {**SPEC["search"], "trials": 4}}))
    after = bench.submit(bench.write("six.yaml", {**spec, "search": {**SPEC["search"], "trials": 6}}))
    done = [event["index"] for event in events(after.folder.path, "done") if event["stage"] == "train"]
    fresh = [e["index"] for e in events(after.folder.path, "done") if e["stage"] == "train" and "from" not in e]
    assert (sorted(done), sorted(fresh)) == ([*range(6)], [4, 5])
    assert (after["reward"][:4] == before["reward"][...]).all()
