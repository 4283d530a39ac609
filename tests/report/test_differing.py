"""`bigdata status --changed`: the fields and numbers that tell runs apart."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from bigdata.report.differing import differing
from bigdata.store.reading import Run
from tests.bench import Bench

SPEC = {
    "study": "similarity",
    "name": "h",
    "dataset": {"name": "hbn-dos-gpaw", "where": {"xc": "LDA", "mode": "pw"}},
    "similarity": {"keep": "matrix"},
    "order_by": ["ecut"],
}


@pytest.fixture
def runs(bench: Bench) -> list[Run]:
    return [
        bench.submit(bench.write("h.yaml", {**SPEC, "groups": {"min_similarity": least}, "description": str(least)}))
        for least in (0.5, 0.99)
    ]


def test_runs_are_told_apart_by_what_differs_and_by_their_numbers(bench: Bench, runs: list[Run]) -> None:
    said = json.loads(bench.bigdata("status", "--changed", "--json").stdout)
    assert {row["groups.min_similarity"] for row in said} == {0.5, 0.99}
    same = {"run", "variant", "study", "groups.min_similarity"}
    assert not [name for row in said for name in row if name not in same and "." in name]
    for row in said:
        run = next(r for r in runs if r.folder.path.name == Path(row["run"]).name)
        assert row["entries"] == run["entry"].size
        assert row["groups"] == len(set(run["group"][...].tolist()) - {-1})
    text = bench.bigdata("status", "--changed").stdout.splitlines()
    assert text[0] == "similarity"
    assert text[2].split()[:2] == ["run", "groups.min_similarity"]
    assert len(text) == 5


def test_a_folder_that_cannot_be_read_hides_no_run(bench: Bench) -> None:
    whole = bench.submit(bench.trial(rows=2)).folder.path
    other = whole.parent / "other"
    other.mkdir()
    (other / "resolved.json").write_text("{}")
    found, unreadable = differing([other, whole])
    assert [v.run for table in found for v in table.variants] == [whole]
    assert list(unreadable) == [other]


def test_variants_of_a_sweep_are_a_line_each(bench: Bench) -> None:
    run = bench.submit(bench.trial(sweep={"grid": {"rows": [2, 3]}}))
    (table,), _ = differing([run.folder.path])
    assert table.fields == ("rows",)
    assert [table.values(v)["rows"] for v in table.variants] == [2, 3]
