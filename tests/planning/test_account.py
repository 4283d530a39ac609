"""Predicted against measured: recomputed from the journal's own records of tasks."""

from __future__ import annotations

import json

import pytest

from bigdata.errors import TasksFailed
from bigdata.places import ledger_file
from bigdata.planning import ledger
from bigdata.planning.account import CORE_TIME, JUDGED, WALL_TIME, held, judgement
from bigdata.run.status import status
from bigdata.spec.site import local
from bigdata.store.accounts import compared
from tests.bench import Bench, events


@pytest.fixture(autouse=True)
def own_ledger(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    """What other tests measured is no business of these."""
    monkeypatch.setenv("BIGDATA_CACHE", str(bench.folder / "cache"))


def test_the_end_says_what_each_stage_took(bench: Bench) -> None:
    run = bench.submit(bench.trial(tasks=3, seconds=0.05))
    (end,) = events(run.folder.path, "end")
    done = events(run.folder.path, "done")
    for path, row in end["account"]["stages"].items():
        own = [t for t in done if t["stage"] == path]
        assert row["tasks"] == len(own)
        assert row["seconds"] == pytest.approx(sum(t["seconds"] for t in own), abs=1e-3)
        assert row["memory"] == max(t["memory"] for t in own)
        assert row["source"] == "the test" or row["source"]
    low, middle, high = end["account"]["stages"]["first"]["predicted"]
    assert low < middle < high


def test_files_are_exact_and_the_core_time_is_that_of_all_tasks(bench: Bench) -> None:
    run = bench.submit(bench.trial(tasks=3, seconds=0.05))
    rows = {row.what: row for row in compared(run.folder, run.history)}
    assert rows["files"].predicted == (run.folder.n_files(),) * 3
    assert rows["files"].holds
    assert rows["bytes"].measured == run.folder.n_bytes()
    seconds = sum(t["seconds"] for t in events(run.folder.path, "done"))
    assert rows["core time"].measured == pytest.approx(seconds, abs=2e-3)
    assert status(run.folder.path).past.ends[-1]["account"]["held"][CORE_TIME][1] == 1


def test_a_run_with_failures_is_judged_by_the_tasks_that_were_done(bench: Bench) -> None:
    with pytest.raises(TasksFailed):
        bench.submit(bench.trial(tasks=3, fail=[1]))
    folder = bench.run_folder()
    (end,) = events(folder.path, "end")
    assert end["account"]["stages"]["first"]["tasks"] == 2
    assert "core_seconds" not in end["account"]
    assert not any(row.what in ("files", "core time") for row in compared(folder, status(folder.path).past))


def test_a_submission_that_finds_all_done_says_nothing_new(bench: Bench) -> None:
    bench.submit(bench.trial(tasks=2))
    n = len(ledger_file().read_text().splitlines())
    bench.submit(bench.trial(tasks=2))
    assert len(ledger_file().read_text().splitlines()) == n


def test_how_often_intervals_held_is_counted_over_the_last_ones_of_the_site(bench: Bench) -> None:
    path = bench.folder / "ledger.jsonl"
    rows = [judgement(local(), WALL_TIME, [1, 2, 3], 2.5 if i % 4 else 9.0) for i in range(JUDGED + 8)]
    ledger.remember(path, [*rows, {**rows[0], "site": "elsewhere"}])
    assert held(path, local()) == {WALL_TIME: [sum(bool(i % 4) for i in range(8, JUDGED + 8)), JUDGED]}


def test_the_next_plan_knows_what_the_report_took(bench: Bench) -> None:
    spec = bench.trial(tasks=2)
    run = bench.submit(spec)
    rows = [r for r in map(json.loads, ledger_file().read_text().splitlines()) if r.get("unit") == "figure"]
    assert len(rows) == 1
    assert rows[0]["bytes"] == run.folder.report.stat().st_size
    plan = bench.plan(spec, fresh=True)
    assert plan.variants[0].report.n_bytes == rows[0]["bytes"]
    assert plan.n_bytes.low < run.folder.n_bytes() < plan.n_bytes.high


def test_status_and_report_show_it(bench: Bench) -> None:
    run = bench.submit(bench.trial(tasks=2))
    page = bench.bigdata("status", run.folder.path).stdout
    assert "predicted against measured" in page
    assert "the 90 % interval held for core time in" in page
    html = run.folder.report.read_text()
    assert "Predicted against measured" in html
    assert 'href="#costs"' in html
    data = json.loads(bench.bigdata("status", run.folder.path, "--json").stdout)
    assert {row["what"] for row in data["compared"]} >= {"files", "bytes", "wall time", "core time"}
