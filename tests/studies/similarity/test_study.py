"""The whole similarity study on the h-BN spectra that come with the package, from the spec to the store."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

import bigdata
from bigdata.studies.similarity import stages as room
from bigdata.studies.similarity.grid import Grid

SPECS = Path(__file__).parents[3] / "specs"
SPEC = """
study: similarity
name: {name}
dataset: {{name: hbn-dos-gpaw, where: {{xc: [LDA, PBE]}}}}
spectrum: {{zero: valence-band-maximum, window: [-10 eV, 10 eV]}}
fingerprint: {{grid: "nonuniform:0:0.05:1.05:0.5:5.5:10:-10:10:56"}}
similarity: {similarity}
order_by: [xc, n_kpts_full, mode, n_basis]
groups: {groups}
"""


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    return bigdata.submit(
        bigdata.load_study(SPECS / "similarity.yaml"), site="process", runs=tmp_path_factory.mktemp("runs")
    )


@pytest.fixture(scope="module")
def submit(tmp_path_factory):
    folder = tmp_path_factory.mktemp("studies")

    def made(name, similarity, groups="null"):
        path = folder / f"{name}.yaml"
        path.write_text(SPEC.format(name=name, similarity=similarity, groups=groups))
        return bigdata.submit(bigdata.load_study(path), site="process", runs=folder / "runs")

    return made


def test_arrays_have_the_names_and_dimensions_of_the_contract(run):
    dims = {name: run[name].dims for name in run}
    assert dims["height"] == ("entry", "column")
    assert dims["similarity"] == ("entry", "entry_2")
    assert dims["group"] == dims["order"] == ("entry",)
    assert {"xc", "n_kpts_full", "mode", "n_basis", "entry"} <= set(run.coordinates)
    assert all(run[name].units for name in run)


def test_the_matrix_is_symmetric_with_ones_on_its_diagonal(run):
    s = run["similarity"][...]
    assert np.array_equal(s, s.T)
    assert (np.diag(s) == 1).all()
    assert s.min() > 0


def test_the_last_entry_of_a_functional_is_its_reference(run):
    names, reference = run["entry"][...], run["reference"][...]
    assert set(names[reference]) == {"pw_LDA_12x12x4_ec600", "pw_PBE_12x12x4_ec600"}
    s = run["similarity"][...]
    assert np.array_equal(run["reference_similarity"][...], s[np.arange(108), reference])


def test_order_sorts_by_the_settings_named(run):
    order = run["order"][...]
    keys = [tuple(run[f][...][i] for f in ("xc", "n_kpts_full", "mode", "n_basis")) for i in order]
    assert keys == sorted(keys)
    assert sorted(order) == list(range(108))


def test_blocks_are_the_combinations_of_functional_and_k_points(run):
    block, label, s = run["block"][...], run["block_label"][...], run["similarity"][...]
    assert len(label) == 6
    mean = run["block_mean"][...]
    a, b = np.flatnonzero(block == 0), np.flatnonzero(block == 5)
    assert np.isclose(mean[0, 5], s[np.ix_(a, b)].mean())
    inside = s[np.ix_(a, a)][np.triu_indices(len(a), 1)]
    assert np.isclose(mean[0, 0], inside.mean())
    assert run["block_min"][...][0, 0] == inside.min()


def test_groups_are_as_alike_as_asked_for(run):
    s, group = run["similarity"][...], run["group"][...]
    for g in np.unique(group):
        members = np.flatnonzero(group == g)
        assert s[np.ix_(members, members)].min() >= 0.9


def test_nearest_neighbours_are_the_top_of_the_sorted_matrix(run, submit):
    s = run["similarity"][...].copy()
    np.fill_diagonal(s, -1)
    near = submit("nearest", "{keep: {nearest: 7}}")
    want = np.lexsort((np.broadcast_to(np.arange(108), s.shape), -s))[:, :7]
    assert np.array_equal(near["neighbor"][...], want)
    assert np.array_equal(near["neighbor_similarity"][...], np.take_along_axis(s, want, 1))


def test_neighbours_above_a_similarity_and_their_groups(run, submit):
    s = run["similarity"][...].copy()
    np.fill_diagonal(s, -1)
    above = submit("above", "{keep: {above: 0.9, at_most: 2}}", "{linkage: complete, min_similarity: 0.9}")
    count = (s >= 0.9).sum(axis=1)
    assert np.array_equal(above["n_above"][...], count)
    assert np.array_equal((above["neighbor"][...] >= 0).sum(axis=1), np.minimum(count, 2))
    assert np.array_equal(above["group"][...], run["group"][...])


def test_the_integrated_distance_is_a_similarity(run, submit):
    made = submit("l1", "{measure: integrated-l1}")
    s = made["similarity"][...]
    assert np.array_equal(s, s.T)
    assert (np.diag(s) == 1).all()
    assert ((s >= 0) & (s <= 1)).all()
    states, width = made["states"][...], made["column_width"][...]
    n = np.cumsum(states[[0, 60]], axis=1) * width
    assert np.isclose(s[0, 60], 1 - np.abs(n[0] - n[1]).sum() / np.maximum(n[0], n[1]).sum())


def test_columns_lie_in_the_window(run):
    left, width = run["column"][...], run["column_width"][...]
    assert left[0] >= -10
    assert left[-1] + width[-1] <= 10
    assert len(left) == run["height"].shape[1]
    assert Grid.from_id(run.model.fingerprint.grid).n_columns >= len(left)


def test_xarray_opens_the_store(run):
    xarray = pytest.importorskip("xarray")
    with xarray.open_zarr(run.store) as data:
        assert data["similarity"].dims == ("entry", "entry_2")
        assert "n_basis" in data.coords
        names = run["entry"][...]
        assert data["similarity"].sel(entry=names[3], entry_2=names[60]) == run["similarity"][3, 60]


def test_too_many_blocks_are_left_out_and_said(tmp_path, monkeypatch):
    monkeypatch.setattr(room, "MOST_BLOCKS", 5)
    path = tmp_path / "many.yaml"
    path.write_text(SPEC.format(name="many", similarity="{}", groups="null"))
    plan = bigdata.plan(bigdata.load_study(path), runs=tmp_path)
    assert "blocks" not in [s.path for s in plan.stages]
    assert any("take 6 values together" in note for note in plan.notes)
