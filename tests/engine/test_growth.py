"""Stages that grow: a proposer's decisions follow from results alone, survive kills, and end with the budget."""

from __future__ import annotations

import random
import signal
import time
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from bigdata.errors import PlanRefused
from bigdata.store.reading import Run
from tests.bench import Bench, Running, events, until

METHODS = {
    "evolution, one after the other": {"method": "evolution", "lag": 1},
    "evolution, with a lag of four": {"method": "evolution", "lag": 4},
    "halving, rung by rung": {"method": "halving"},
}
ROWS = ("step", "penalty", "rmse", "epochs_done", "curve")


@pytest.fixture(autouse=True)
def no_measured_rates(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """What other tests measured says nothing about the rates that these give."""
    monkeypatch.setenv("BIGDATA_CACHE", str(tmp_path / "cache"))


def search(bench: Bench, **fields: Any) -> Path:
    return bench.write("search.yaml", {"study": "search", "name": "ridge", "trials": 40, "epochs": 4, **fields})


def inside(bench: Bench, spec: Path, **more: Any) -> Run:
    return bench.submit(spec, site="process", **more)


def rows(run: Run) -> dict[str, Any]:
    # As texts, since NaN, which ends a short curve, equals nothing.
    return {name: repr(run[name][...].tolist()) for name in ROWS}


def asked(run: Path) -> list[Any]:
    return [(r["index"], r["payload"], r["after"]) for r in events(run, "asked")]


@pytest.mark.parametrize("method", METHODS)
def test_workers_change_nothing_of_what_is_asked_for(method: str, bench: Bench, tmp_path_factory: Any) -> None:
    """Results come in another order from two workers than from none."""
    one = inside(bench, search(bench, **METHODS[method]))
    other = Bench(tmp_path_factory.mktemp("other"))
    spec = search(other, **METHODS[method], seconds=0.002)
    two = other.submit(spec, site="local", fresh=True)
    assert asked(one.folder.path) == asked(two.folder.path)
    assert rows(one) == rows(two)
    assert one["best"][...].tolist() == two["best"][...].tolist()


def test_evolution_finds_better_than_it_began_with(bench: Bench) -> None:
    """The proposer is told what the trainings returned: else it would go on drawing at random."""
    run = inside(bench, search(bench, method="evolution", lag=1, trials=60))
    error = run["rmse"][...]
    assert np.median(error[-20:]) < np.median(error[:8])


def test_a_rung_trains_on_from_the_one_before(bench: Bench) -> None:
    """The best of the first rung, trained twice as long at once, has the same error in its second rung."""
    run = inside(bench, search(bench, method="halving", trials=30))
    second = next(r for r in events(run.folder.path, "asked") if r["after"] is not None)
    assert run["epochs_done"][second["index"]] == 8
    longer = inside(bench, search(bench, method="halving", trials=30, epochs=8))
    assert run["rmse"][second["index"]] == longer["rmse"][second["after"]]
    assert run["curve"][second["index"]].tolist() == longer["curve"][second["after"]].tolist()


def test_checkpoints_are_gone_when_a_search_is_done(bench: Bench) -> None:
    run = inside(bench, search(bench, method="halving"))
    assert not run.folder.checkpoints.exists()
    assert run.folder.n_files() == bench.plan(search(bench, method="halving")).n_files


def test_a_search_that_is_done_is_not_asked_again(bench: Bench) -> None:
    spec = search(bench, method="evolution", lag=4)
    run = inside(bench, spec)
    n = len(events(run.folder.path, "asked"))
    plan = bench.plan(spec)
    assert (plan.n_todo, plan.stages[0].n_tasks) == (0, 40)
    inside(bench, spec)
    assert len(events(run.folder.path, "asked")) == n == 40


def test_more_trials_go_on_where_the_search_was(bench: Bench) -> None:
    first = inside(bench, search(bench, method="evolution", lag=1))
    spec = search(bench, method="evolution", lag=1, trials=50)
    reasons = bench.plan(spec).stages[0].reasons
    assert reasons == {f"known from {first.folder.path.name}": 40, "new": 1, "asked for as results come in": 9}
    more = inside(bench, spec)
    assert more["rmse"][:40].tolist() == first["rmse"][...].tolist()
    assert sum("from" in record for record in more.history.done.values()) == 40


def test_trials_with_equal_settings_are_run_once(bench: Bench) -> None:
    """Another rung may be asked for again by a search that goes on: its checkpoint was removed, and is made anew."""
    first = inside(bench, search(bench, method="halving", trials=30))
    again = inside(bench, search(bench, method="halving", trials=32))
    n_known = sum("from" in record for record in again.history.done.values())
    assert n_known >= 20
    alone = inside(bench, search(bench, method="halving", trials=32, name="alone"), fresh=True)
    assert rows(again) == rows(alone)
    assert first.history.state == "done"


def test_failed_trials_are_told_and_the_search_goes_on(bench: Bench) -> None:
    spec = search(bench, method="evolution", lag=1, fail=[3, 20])
    done = bench.bigdata("submit", spec, "--site", "process")
    assert done.returncode == 5, done.stderr
    assert "2 of 41 tasks failed" in done.stderr
    run = Run(bench.run_folder().path)
    assert np.isnan(run["rmse"][...]).nonzero()[0].tolist() == [3, 20]
    assert run["best"][0] not in (3, 20)
    before = asked(run.folder.path)
    # They are tried again by the next submission; they fail again, and all else is as it was.
    again = bench.bigdata("submit", spec, "--site", "process")
    assert again.returncode == 5
    assert asked(run.folder.path) == before
    assert [(r["index"], r["event"]) for r in _last(run.folder.path)] == [(3, "failed"), (20, "failed"), (0, "done")]


def _last(run: Path) -> list[dict[str, Any]]:
    """What the last submission did."""
    began = events(run, "submit")[-1]["time"]
    did = [r for event in ("failed", "done") for r in events(run, event) if r["time"] > began]
    return sorted(did, key=lambda record: float(record["time"]))


@pytest.mark.parametrize("method", METHODS)
def test_trials_that_failed_for_a_passing_reason_leave_no_trace(method: str, bench: Bench) -> None:
    """A licence server that was away: the search goes on as if it had been there, and the best is that of all."""
    trouble = bench.folder / "trouble"
    trouble.write_text("")
    fields = {**METHODS[method], "trials": 20, "fail": list(range(20)), "trouble": str(trouble)}
    assert bench.bigdata("submit", search(bench, **fields), "--site", "process").returncode == 5
    trouble.unlink()
    done = bench.bigdata("submit", search(bench, **fields), "--site", "process")
    assert done.returncode == 0, done.stderr
    run = Run(bench.run_folder().path)
    undisturbed = inside(bench, search(bench, **fields, name="undisturbed"), fresh=True)
    assert rows(run) == rows(undisturbed)
    assert run["best"][...].tolist() == undisturbed["best"][...].tolist()
    assert run["best"][1] == np.nanmin(run["rmse"][...])


def test_checkpoints_of_a_search_with_failures_are_gone_too(bench: Bench) -> None:
    """Its run stays failed, and would keep a file for each trial."""
    bench.bigdata("submit", search(bench, method="evolution", lag=1, fail=[3]), "--site", "process")
    folder = bench.run_folder()
    assert not folder.checkpoints.exists() or not list(folder.checkpoints.iterdir())


def test_two_thousand_trials_of_many_numbers_are_few_files(bench: Bench) -> None:
    assert bench.plan(search(bench, trials=2000)).n_files < 30


def test_all_trials_failed(bench: Bench) -> None:
    done = bench.bigdata("submit", search(bench, trials=5, fail=list(range(5))), "--site", "process")
    assert done.returncode == 5
    run = Run(bench.run_folder().path)
    assert run.history.state == "failed"
    assert np.isnan(run["best"][...]).all()


def test_a_budget_ends_a_search_in_order(bench: Bench) -> None:
    """0.1 s a trial: of 1.2 core-seconds some are kept for the last stage, and no trial is begun that wouldn't fit."""
    fields = {"method": "evolution", "lag": 1, "seconds": 0.025, "rate": 0.025}
    spec = search(bench, **fields, budget={"core_hours": 1.2 / 3600})
    done = bench.bigdata("submit", spec, "--site", "process")
    assert done.returncode == 0, done.stderr
    folder = bench.run_folder()
    used = sum(record["seconds"] for record in events(folder.path, "done"))
    n = len(Run(folder.path)["rmse"][...])
    assert 0.8 < used <= 1.2 + 0.15  # and one step
    assert 5 < n < 13
    said = " ".join(done.stderr.split())
    assert f"the study's budget ended it: {40 - n} tasks of `trial` weren't begun" in said
    (end,) = events(folder.path, "end")
    assert (end["state"], end["unbegun"]) == ("done", {"trial": 40 - n})
    assert "core-hours, of" in end["spent"]
    again = bench.bigdata("submit", spec, "--site", "process")
    assert again.returncode == 0
    assert len(events(folder.path, "submit")) == 1
    assert "; it ended the last submission, where " in again.stderr
    assert "Allow more under `budget:` to go on" in " ".join(again.stderr.split())
    # With more of it, the search goes on.
    more = bench.bigdata("submit", search(bench, **fields, budget={"core_hours": 2.4 / 3600}), "--site", "process")
    assert more.returncode == 0
    assert len(Run(folder.path)["rmse"][...]) > n


def test_a_budget_of_wall_time_ends_a_search(bench: Bench) -> None:
    spec = search(bench, method="evolution", lag=1, seconds=0.1, rate=0.1, budget={"wall_time": "3 s"})
    run = inside(bench, spec)
    assert 5 < len(run["rmse"][...]) < 28
    assert "hours of wall time" in run.history.ends[-1]["spent"]


def test_a_study_that_its_budget_cannot_hold_is_refused(bench: Bench) -> None:
    spec = search(bench, rate=100.0, budget={"core_hours": 1.0})
    with pytest.raises(PlanRefused, match=r"4\.44 core-hours, of 1 allowed, by the study's `budget:`"):
        bench.submit(spec)


def test_wall_time_is_held_against_the_plan_of_what_cannot_be_cut_short(bench: Bench) -> None:
    spec = search(bench, rate=10.0, budget={"wall_time": "60 s"})
    with pytest.raises(PlanRefused, match=r"hours of wall time, of 0\.0167 allowed"):
        bench.submit(spec)


def test_a_study_that_takes_longer_than_it_said_is_stopped_by_its_budget(bench: Bench) -> None:
    spec = search(bench, seconds=0.05, rate=1e-4, budget={"core_hours": 1.0 / 3600})
    done = bench.bigdata("submit", spec, "--site", "process")
    assert done.returncode == 6
    assert "the study's budget doesn't hold what is left to do" in done.stderr
    assert 2 < len(events(bench.run_folder().path, "done")) < 8


def test_a_dollar_budget_needs_prices(bench: Bench) -> None:
    spec = search(bench, budget={"dollars": 1.0})
    with pytest.raises(PlanRefused, match="site `process` names no prices"):
        bench.submit(spec)


@pytest.mark.parametrize(
    "method",
    ["evolution, with a lag of four", pytest.param("halving, rung by rung", marks=pytest.mark.slow)],
)
def test_a_search_killed_five_times_asks_the_same(method: str, bench: Bench, tmp_path_factory: Any) -> None:
    fields = {**METHODS[method], "seconds": 0.01, "trials": 60}
    undisturbed = Bench(tmp_path_factory.mktemp("undisturbed"))
    wanted = inside(undisturbed, search(undisturbed, **METHODS[method], trials=60))
    spec, rng = search(bench, **fields), random.Random(1)
    for kill in range(5):
        running = bench.start("submit", spec, "--site", "process")
        until(partial(_has_come_to, bench, running, 8 * (kill + 1)))
        time.sleep(rng.random() * 0.1)
        running.process.send_signal(signal.SIGKILL)
        running.wait()
    assert bench.bigdata("submit", spec, "--site", "process").returncode == 0
    run = Run(bench.run_folder().path)
    assert rows(run) == rows(wanted)
    assert run["best"][...].tolist() == wanted["best"][...].tolist()
    last = {r["index"]: (r["index"], r["payload"], r["after"]) for r in events(run.folder.path, "asked")}
    assert [last[i] for i in sorted(last)] == asked(wanted.folder.path)
    assert len(events(run.folder.path, "asked")) == len(last)


def _has_come_to(bench: Bench, running: Running, n: int) -> bool:
    runs = bench.folder / "runs"
    n_done = len(events(bench.run_folder().path, "done")) if runs.exists() and any(runs.iterdir()) else 0
    return n_done >= n or running.process.poll() is not None
