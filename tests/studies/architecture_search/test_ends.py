"""Searches that end before their time, or find nothing: what they have is reported."""

from __future__ import annotations

import json

import pytest

pytest.importorskip("tensorflow", reason="the extra `networks` isn't installed")

from bigdata.report.parts import report_parts
from bigdata.studies.architecture_search.status import NOT_RUN
from tests.bench import events
from tests.studies.architecture_search.conftest import SPEC

QUICK = {"space": {"model.nodes": [16, 32]}, "model": {"kind": "dense"}}


def test_a_budget_ends_a_search_within_one_step_of_it(bench_of_search):
    """And what was found by then is retrained, tested and reported."""
    budget = 0.005
    spec = {**SPEC, **QUICK, "name": "budget", "budget": {"core_hours": budget}, "reward": {}, "final": {"retrain": 1}}
    spec |= {"search": {"method": "random", "trials": 400}, "stopping": {"method": "none", "max_steps": 40}}
    run = bench_of_search.submit(bench_of_search.write("budget.yaml", spec))
    done = [event for event in events(run.folder.path, "done") if "from" not in event]
    hours = [event["seconds"] / 3600 for event in done]
    assert sum(hours) <= budget + max(hours)
    begun = run["status"][...] != NOT_RUN
    assert 0 < begun.sum() < 400
    summary = " ".join(make() for make in report_parts(run).summary)
    assert f"The best of {begun.sum()} trial" in summary
    assert f"{(~begun).sum()} not run. A budget" in summary
    assert "test RMSE" in summary
    assert run.history.report["faults"] == []
    said = json.loads(bench_of_search.bigdata("status", run.folder.path, "--json").stdout)
    (spent,) = said["budget"]
    assert spent["used"] == pytest.approx(sum(hours), rel=1e-3)
    assert spent["left"] == pytest.approx(max(0.0, budget - spent["used"]))
    assert f"of {budget} core-hours used" in bench_of_search.bigdata("status", run.folder.path).stdout


def test_where_all_trials_diverge_the_report_says_so(bench_of_search):
    spec = {**SPEC, **QUICK, "name": "diverging", "search": {"method": "random", "trials": 2}}
    spec["training"] = {**SPEC["training"], "learning_rate": 1e30}
    ended = bench_of_search.bigdata("submit", bench_of_search.write("diverging.yaml", spec), "--site", "process")
    assert ended.returncode == 5
    (folder,) = (bench_of_search.folder / "runs").glob("diverging-*")
    page = (folder / "report.html").read_text()
    assert "No trial has a network: the table of trials without one says why." in page
    assert "Of 2 trials 2 have no network: 2 diverged." in page
    assert "trials: 2 of 2 begun, 0 trained to the end, 0 stopped, 2 without a network" in (
        bench_of_search.bigdata("status", folder).stdout
    )
