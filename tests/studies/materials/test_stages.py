"""Stages that fill the cache: graphs made by a study are the files of the verb, and plans know how large they get."""

from __future__ import annotations

import importlib
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from bigdata.data.derived import Derivation
from bigdata.data.graphs import Graphs, GraphSetting, build, derived
from bigdata.data.materials.dataset import open_import
from bigdata.data.materials.origin import MaterialsFile, NamedMaterials
from bigdata.kind import Findings, Input
from bigdata.places import on_disk
from bigdata.studies.materials.datasets import inputs_of
from bigdata.studies.materials.graphs import graphs_of
from bigdata.studies.materials.model import Identity
from bigdata.studies.materials.stages import graph_stages, kept_of

BY_FORMULA = Identity(by=("reduced_formula",))
DATASETS = {"alloys": NamedMaterials(name="emt-copper-gold")}
SETTINGS = {
    "merged": GraphSetting(neighbors=24),
    "plain": GraphSetting(neighbors=24, quotient=False),
    "with directions": GraphSetting(cutoff=5.0, quotient=False, directions=True),
}


@pytest.fixture
def inputs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> dict[str, Input]:
    """Of a cache that holds no graphs yet."""
    monkeypatch.setenv("BIGDATA_CACHE", str(tmp_path / "cache"))
    return inputs_of(DATASETS, BY_FORMULA, None, tmp_path, graphs=True)


def run_tasks(stage: Any, inputs: dict[str, Input]) -> None:
    module, _, name = stage.function.partition(":")
    for index in range(stage.n_tasks):
        getattr(importlib.import_module(module), name)(SimpleNamespace(stage=stage, inputs=inputs, index=index))


@pytest.mark.parametrize("setting", SETTINGS.values(), ids=SETTINGS)
def test_the_tasks_make_the_graphs_of_all_structures(setting: GraphSetting, inputs: dict[str, Input]) -> None:
    (stage,) = graph_stages(DATASETS, setting, inputs)
    assert (stage.name, stage.inputs, stage.in_run) == ("graphs_alloys", ("alloys",), False)
    assert sum(map(stage.work, range(stage.n_tasks))) == 489
    run_tasks(stage, inputs)
    (done,) = graph_stages(DATASETS, setting, inputs)
    assert sum(map(done.work, range(done.n_tasks))) == 0
    found = Graphs.read(graphs_of(inputs["alloys"].folder, setting).made()).arrays()
    right = build(open_import(inputs["alloys"].folder).structures, setting).arrays()
    assert found.keys() == right.keys()
    assert all((found[name] == right[name]).all() for name in right)


@pytest.mark.parametrize("setting", SETTINGS.values(), ids=SETTINGS)
def test_graphs_of_a_study_are_the_files_of_the_verb(setting: GraphSetting, inputs: dict[str, Input]) -> None:
    folder = inputs["alloys"].folder
    assert graphs_of(folder, setting).folder == Derivation.of(derived.__name__, folder, setting.to_dict()).folder


@pytest.mark.parametrize("setting", SETTINGS.values(), ids=SETTINGS)
def test_what_graphs_will_take_in_the_cache_is_predicted(setting: GraphSetting, inputs: dict[str, Input]) -> None:
    before = {kept.what: kept for kept in kept_of(DATASETS, BY_FORMULA, inputs, setting)}
    assert before.keys() == {"import of alloys", "graphs of alloys"}
    n_files, n_bytes = on_disk(graphs_of(inputs["alloys"].folder, setting).made())
    assert before["graphs of alloys"].n_files == n_files
    # These relaxed alloys are denser, and less of them can be merged, than the crystals of databases.
    assert 0.5 < before["graphs of alloys"].n_bytes / n_bytes < 2
    (after,) = (k for k in kept_of(DATASETS, BY_FORMULA, inputs, setting) if k.what == "graphs of alloys")
    assert after.n_bytes == n_bytes


def test_without_graphs_a_study_keeps_none(inputs: dict[str, Input]) -> None:
    assert [kept.what for kept in kept_of(DATASETS, BY_FORMULA, inputs)] == ["import of alloys"]


def test_formulas_alone_are_refused_where_a_study_needs_graphs(tmp_path: Path) -> None:
    (tmp_path / "only.csv").write_text("formula,x_eV\nAlNi,1\n")
    only = {"mine": MaterialsFile(file="only.csv")}
    assert inputs_of(only, BY_FORMULA, None, tmp_path).keys() == {"mine"}
    with pytest.raises(Findings, match="has formulas only, and crystal graphs need structures"):
        inputs_of(only, BY_FORMULA, None, tmp_path, graphs=True)
