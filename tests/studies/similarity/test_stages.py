"""The stages of a similarity study: every pair once, every shard written by one task, everything needed is made."""

from __future__ import annotations

from itertools import product

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bigdata.kind import Triangle
from bigdata.spec import load_study
from bigdata.studies.similarity import stages as room
from bigdata.studies.similarity.stages import stages

SPEC = """
study: similarity
name: stages
dataset: {name: hbn-dos-gpaw}
order_by: [xc, n_kpts_full, mode, n_basis]
"""


@given(n=st.integers(1, 40))
def test_the_triangle_is_counted_once(n):
    found = [Triangle.block(i) for i in range(n * (n + 1) // 2)]
    assert sorted(found) == [(a, b) for a in range(n) for b in range(n) if a <= b]


@pytest.fixture
def workload(tmp_path, monkeypatch):
    monkeypatch.setattr(room, "FINGERPRINT_ROWS", 30)
    monkeypatch.setattr(room, "MATRIX_ROWS", 25)
    monkeypatch.setattr(room, "NEIGHBOR_ROWS", 40)

    def make(more=""):
        path = tmp_path / "study.yaml"
        path.write_text(SPEC + more)
        model = load_study(path).variants[0].model
        return stages(model, model.inputs(tmp_path))

    return make


@pytest.mark.parametrize(
    "more",
    [
        "groups: {linkage: complete}\n",
        "similarity: {keep: {nearest: 3}}\n",
        "similarity: {keep: {above: 0.5}}\n",
        "similarity: {measure: integrated-l1}\n",
    ],
)
def test_every_shard_has_one_task(workload, more):
    for stage in workload(more).stages:
        written = [s for i in range(stage.n_tasks) for s in stage.shards(i)]
        assert len(written) == len(set(written))
        assert set(written) == {(a.name, s) for a in stage.arrays for s in product(*map(range, a.grid))}


def test_a_block_of_the_matrix_waits_for_its_own_fingerprints_only(workload):
    made = {s.name: s for s in workload().stages}
    matrix, fingerprint = made["similarity"], made["fingerprint"]
    rows, own = matrix.arrays[0].shard[0], fingerprint.arrays[0].shard[0]
    for i in range(matrix.n_tasks):
        entries = {e for b in Triangle.block(i) for e in range(b * rows, min(108, (b + 1) * rows))}
        assert set(matrix.needs(i)) == {("fingerprint", e // own) for e in entries}
    assert sum(matrix.work(i) for i in range(matrix.n_tasks)) >= 108 * 109 / 2
