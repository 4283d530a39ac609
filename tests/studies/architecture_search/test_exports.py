"""What a search leaves for others: a study that runs, weights, Optuna's journal, and predictions."""

from __future__ import annotations

import json

import numpy as np
import pytest

pytest.importorskip("tensorflow", reason="the extra `networks` isn't installed")

from bigdata import load_study
from bigdata.data.materials.dataset import open_materials
from bigdata.data.materials.origin import NamedMaterials
from bigdata.errors import SpecError
from bigdata.models.networks.layout import Layout
from bigdata.models.networks.network import layout
from bigdata.studies.architecture_search.export import export
from bigdata.studies.architecture_search.prediction import predict
from bigdata.studies.architecture_search.results import Results


def test_the_winner_is_a_study_that_is_accepted_and_trains_the_same_network(tmp_path, run):
    path = tmp_path / "winner.yaml"
    export(run, "", "spec", path)
    (variant,) = load_study(path).variants
    results = Results(run)
    assert variant.model.study == "transferability"
    assert variant.model.model == results.network
    assert variant.model.training.max_steps == 80
    assert variant.model.split.train == run.model.split.train
    assert layout(variant.model.model).n_parameters == run["final_n_parameters"][0]


def test_the_weights_are_those_of_the_layers(tmp_path, run):
    path = tmp_path / "winner.npz"
    export(run, "", "npz", path)
    with np.load(path) as made:
        parameters: Layout = layout(Results(run).network)
        for name, parameter in parameters.parameters.items():
            assert made[f"network1/{name}"].shape == parameter.shape
        assert json.loads(str(made["setting"]))["kind"] in ("schnet", "dense")


def test_optuna_opens_the_trials(tmp_path, run):
    optuna = pytest.importorskip("optuna", reason="the extra `search` isn't installed")
    from optuna.storages import JournalStorage
    from optuna.storages.journal import JournalFileBackend

    path = tmp_path / "trials.log"
    export(run, "", "optuna", path)
    study = optuna.load_study(study_name="small", storage=JournalStorage(JournalFileBackend(str(path))))
    results = Results(run)
    assert len(study.trials) == 8
    for trial in study.trials:
        assert trial.params == results.point(trial.user_attrs["trial"])
        assert trial.value == pytest.approx(run["reward"][trial.user_attrs["trial"]])
    with pytest.raises(SpecError, match="is there already"):
        export(run, "", "optuna", path)


def test_predictions_of_the_winner_are_those_of_the_run(run):
    opened = open_materials(
        NamedMaterials.model_validate(run.model.dataset.model_dump(exclude_unset=True)), run.folder.path
    )
    rows = run["row_data"][...]
    made = predict(run, opened.structures.take(rows), seen=True)
    np.testing.assert_allclose(made.values, run["prediction"][...].mean(axis=0), rtol=1e-5)
    unseen = predict(run, opened.structures.take(rows))
    assert (np.isnan(unseen.values) == (run["split_data"][...] != 2)).all()
