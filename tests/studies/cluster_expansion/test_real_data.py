"""Cluster expansions on published structures: the specs of `specs/`, where a mirror holds their data."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from bigdata import load_study, submit
from bigdata.store.reading import Run
from tests.bench import ROOT

MIRROR = os.environ.get("BIGDATA_MIRROR", "")
# Dimensions of the arrays that such a study promises.
PROMISED = {
    "correlation": ("structure", "cluster"),
    "rmse": ("features", "n_features"),
    "cv_rmse": ("features", "n_features"),
    "selected": ("features", "step"),
    "coefficient": ("features", "n_features", "step"),
    "prediction": ("features", "structure"),
    "target": ("structure",),
}


def ran(name: str, folder: Path, *overrides: str) -> Run:
    return submit(load_study(ROOT / f"specs/{name}.yaml", overrides), runs=folder)


def needs(folder: str) -> Any:
    return pytest.mark.skipif(
        not (Path(MIRROR) / folder).is_dir() or not MIRROR, reason=f"needs {folder} in the folder BIGDATA_MIRROR"
    )


@needs("icet_agpd")
def test_silver_and_palladium_are_all_mapped_and_nonlinear_features_fit_better(tmp_path: Path) -> None:
    run = ran("agpd-mixing", tmp_path)
    assert {name: run[name].dims for name in PROMISED} == PROMISED
    assert run["correlation"].shape == (625, 27)
    assert run["used"][...].all()
    assert run["displacement"][...].max() < 1e-9
    assert any("405 of degree 2, 4,059 of degree 3" in note for note in run.resolved["notes"])
    fit, cv = run["rmse"][...], run["cv_rmse"][...]
    # The paper's finding: at p = 27 features, nonlinear ones fit better than all clusters do.
    assert fit[1, 26] < 0.8 * fit[0, 26]
    assert np.nanmin(cv[1]) < 0.85 * np.nanmin(cv[0])


@needs("nomad2018_algainO")
def test_gaps_of_235_oxides_are_fitted_better_by_nonlinear_features_and_cross_validation_agrees(tmp_path: Path) -> None:
    run = ran("algaino-gaps", tmp_path)
    assert len(run["target"]) == 235
    fit, cv = run["rmse"][...], run["cv_rmse"][...]
    equal = slice(5, len(run["cluster"]))
    for place in (1, 2):
        assert (fit[place, equal] < fit[0, equal]).all()
        assert (cv[place, equal] < cv[0, equal]).all()
        assert np.nanmin(cv[place]) < 0.6 * np.nanmin(cv[0])


@needs("nomad2018_algainO")
def test_all_six_lattices_of_the_oxides_are_mapped(tmp_path: Path) -> None:
    run = ran("algaino-gaps-six", tmp_path, "features=[1]", "validation.folds=2", "validation.bootstrap=0")
    for view in run.variants:
        assert view["used"][...].all(), view.label
        assert view["displacement"][...].max() < 0.6


@needs("smol_oxides")
def test_lithium_and_vacancies_are_mapped_to_the_layers_but_for_two_glided_ones(tmp_path: Path) -> None:
    run = ran("linio2-vacancies", tmp_path)
    assert np.flatnonzero(run["used"][...] == 0).tolist() == [0, 8]
    assert run["target"].units == "eV/cell"
    lithium = [formula.count("Li") for formula in run["formula"][...].tolist()]
    assert max(lithium) == 1
    # Per cell of LixNiO2; nickel and oxygen alone are the other end.
    assert -38 < np.nanmin(run["target"][...]) < np.nanmax(run["target"][...]) < -31
    assert np.nanmin(run["cv_rmse"][0]) < 0.05
