"""A probe runs tasks for real, in their own process, and leaves nothing but what it measured."""

from __future__ import annotations

import json
import tempfile
from pathlib import Path

import pytest

from bigdata.places import ledger_file
from bigdata.run.probe import probe
from tests.bench import Bench


@pytest.fixture(autouse=True)
def own_ledger(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("BIGDATA_CACHE", str(bench.folder / "cache"))


def test_a_probe_measures_the_tasks_that_need_little(bench: Bench) -> None:
    spec = bench.trial(tasks=40, seconds=0.2)
    first, last = probe(bench.plan(spec, site="local"), 60)
    # `last` adds up what the forty have written: that is no probe any more.
    assert (first.tally.n_tasks, last.tally.n_tasks) == (3, 0)
    assert last.why_not == "it needs more than 12 tasks before it"
    (row,) = map(json.loads, ledger_file().read_text().splitlines())
    assert row["seconds_per_unit"] == pytest.approx(first.tally.seconds / first.tally.work)
    assert first.tally.seconds >= 3 * 0.2
    plan = bench.plan(spec, site="local")
    assert plan.stages[0].rate.source == "a probe of 3 tasks on this machine"
    assert plan.stages[0].todo_seconds == pytest.approx(40 * first.tally.rate * plan.stages[0].work(0))
    assert not (bench.folder / "runs").exists()
    assert not list(Path(tempfile.gettempdir()).glob("bigdata-probe-*/t-*"))


def test_a_chain_that_is_short_is_run_to_its_end(bench: Bench) -> None:
    _, last = probe(bench.plan(bench.trial(tasks=2), site="local"), 60)
    assert last.tally.n_tasks == 1


def test_a_probe_ends_when_its_time_is_over(bench: Bench) -> None:
    first, last = probe(bench.plan(bench.trial(tasks=2, seconds=100), site="local"), 0.5)
    assert (first.why_not, last.why_not) == ("the time was over", "the time was over")
    assert not ledger_file().exists()


def test_a_task_that_ends_its_process_ends_the_probe_alone(bench: Bench) -> None:
    first, _ = probe(bench.plan(bench.trial(tasks=1, die=[0]), site="local"), 60)
    assert first.why_not == "first/0 ended its process"


def test_a_task_that_fails_says_so(bench: Bench) -> None:
    first, _ = probe(bench.plan(bench.trial(tasks=1, fail=[0]), site="local"), 60)
    assert first.why_not.startswith("first/0 failed: ")


def test_what_runs_have_measured_is_not_probed(bench: Bench) -> None:
    bench.submit(bench.trial(tasks=2, seconds=0.3))
    first, _ = probe(bench.plan(bench.trial(tasks=2, seconds=0.3, name="u"), site="local", fresh=True), 60)
    assert first.why_not == "runs have measured it on this site"
