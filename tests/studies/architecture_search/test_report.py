"""What the report and the status of a search say: each number made again in another way."""

from __future__ import annotations

import statistics

import numpy as np
import pytest

pytest.importorskip("tensorflow", reason="the extra `networks` isn't installed")

from bigdata.models.networks.elements import N_ELEMENTS
from bigdata.models.networks.network import layout
from bigdata.models.networks.setting import Dense, SchNet
from bigdata.report.parts import report_parts
from bigdata.studies.architecture_search import judgement
from bigdata.studies.architecture_search.results import Results
from bigdata.studies.materials.error_units import three_digits
from bigdata.studies.materials.training_cost import start_steps, step_seconds
from tests.bench import events
from tests.report.told import told


@pytest.fixture(scope="module")
def results(run):
    return Results(run)


@pytest.fixture(scope="module")
def summary(run):
    return " ".join(make() for make in report_parts(run).summary)


@pytest.fixture(scope="module")
def tables(run):
    return {table.title: table for table in (make() for make in report_parts(run).tables)}


def column(table, name):
    return [row[table.columns.index(name)] for row in table.rows]


def meV(ev):
    return three_digits(1000 * ev)


def test_the_best_stands_beside_mean_and_median(run, results, summary):
    errors = run["validation_rmse"][...]
    reached = np.isfinite(errors).sum(axis=1)
    rung = reached[results.best] - 1
    alike = errors[reached > rung, rung].tolist()
    best, mean, median = min(alike), statistics.mean(alike), statistics.median(alike)
    assert f"number {results.best} (" in summary
    assert f"validation RMSE of {meV(best)} meV/atom; mean and median of the {len(alike)} trained as long" in summary
    assert f"are {meV(mean)} and {meV(median)} meV/atom" in summary
    assert f"better than the mean by {100 * (mean - best) / mean:.1f} %" in summary


def test_the_gain_of_the_papers_search_is_that_of_the_paper():
    # 2,000 trials with a mean of 556 meV/atom, of which the best has 474.
    values = np.append(np.full(1999, (556 * 2000 - 474) / 1999), 474)
    assert round(judgement.gain(values), 1) == 14.7


def test_what_no_trial_saw_tells_the_error_and_how_much_was_luck(run, results, summary):
    part, target = run["split_data"][...], run["target_data"][...]
    tested, validated = (
        [float(np.sqrt(np.mean((made - target)[part == code] ** 2))) for made in run["prediction"][...]]
        for code in (2, 1)
    )
    said = f"test RMSE of {meV(statistics.mean(tested))} ± {meV(statistics.stdev(tested))} meV/atom on the "
    assert f"{said}{int((part == 2).sum())} entries" in summary
    assert f"Their validation RMSE is {meV(statistics.mean(validated))} meV/atom" in summary
    assert f"Seeds alone make it vary by {meV(statistics.stdev(validated))} meV/atom" in summary
    assert f"{meV(run['selection_bias'][0])} meV/atom" in summary
    assert f"would look {meV(run['luck_of_equals'][0])} meV/atom better" in summary


def test_hours_are_those_of_the_journal_and_steps_are_counted(run, summary):
    done = [event for event in events(run.folder.path, "done") if event["stage"] in ("train", "retrain")]
    hours = sum(event["seconds"] for event in done) / 3600
    assert f"The search used up {three_digits(hours)} core-hours" in summary
    trained = {
        event["rows"]["rung_trial"]: event["rows"]["rung_n_steps"] for event in done if event["stage"] == "train"
    }
    assert f"Stopping saved {100 * (1 - sum(trained.values()) / (8 * 80)):.0f} % of the steps" in summary
    assert f"Its {sum(trained.values()):,} gradient steps" in summary


def test_the_papers_search_is_marked_as_ten_times_too_dear(tables, summary):
    assert "prints 40,000 GPU-hours and 120,000 USD for its own 2,000 trials of 2,000,000 steps" in summary
    assert "follow 3,667 and 11,000, 10.9 times less" in summary
    items = {row[0]: row[1:] for row in tables["Bill"].rows}
    assert items["the paper's search, as printed"][2:] == ["40,000", "120,000"]
    assert items["the paper's search, from its step times"][2:] == ["3,667", "11,000"]
    steps = int(items["the trials' steps on the paper's V100"][0])
    assert items["the trials' steps on the paper's V100"][2] == f"{steps * 0.0033 / 3600:.3g}"
    assert items["the trials' steps on the paper's CPU core"][1] == f"{steps * 0.0189 / 3600:.3g}"


def test_the_bill_predicts_the_steps_of_each_network(run, tables):
    study, seconds = run.model, 0.0
    of_kind = {"schnet": SchNet(latent=8), "dense": Dense(nodes=16)}
    for event in events(run.folder.path, "asked"):
        network = of_kind[event["payload"]["point"]["model.kind"]]
        begin, end = event["payload"]["steps"]
        one = step_seconds(network, study.graph, study.training)
        seconds += one * (end - begin + start_steps(network, study.graph, study.training))
    items = {row[0]: row[1:] for row in tables["Bill"].rows}
    assert items["trainings of the trials, predicted"][1] == f"{seconds / 3600:.3g}"


def test_ranks_and_rungs(run, tables, summary):
    rungs = tables["Rungs"]
    assert column(rungs, "rung") == ["20 steps", "40 steps", "80 steps"]
    reached = np.isfinite(run["validation_rmse"][...]).sum(axis=1)
    assert column(rungs, "trials") == [int((reached > rung).sum()) for rung in range(3)]
    assert column(rungs, "ρ")[:2] == [round(float(rho), 2) for rho in run["rank_agreement"][:2]]
    assert f"after 20 steps Spearman's ρ = {run['rank_agreement'][0]:.2f}" in summary
    assert f"of {run['rank_trials'][0]} trials that ran through" in summary


def test_the_table_of_the_best_begins_with_the_winner(run, results, tables):
    table = tables["The best 8 of 8 trials"]
    assert column(table, "trial") == results.order
    assert column(table, "parameters")[0] == f"{run['final_n_parameters'][0]:,}"
    assert column(table, "validation RMSE")[0] == float(f"{1000 * run['reward'][results.best]:.4g}")


def test_steps_are_timed_by_network_and_device_beside_the_papers(run, results, tables):
    table = tables["Seconds to batch and per step"]
    kinds = np.array([results.point(trial)["model.kind"] for trial in range(8)])
    for row in table.rows[:-2]:
        own = np.flatnonzero(kinds == row[0])
        assert row[1:4] == [16, "CPU, one core", len(own)]
        assert row[6] == float(f"{1000 * statistics.median(run['seconds_step'][own]):.3g}")
    assert [row[5:7] for row in table.rows[-2:]] == [[1.0, 2.3], [1.2, 17.7]]
    # The paper's network has 81 elements, ours the whole table.
    assert column(table, "parameters")[-1] == f"{layout(SchNet()).n_parameters - 64 * (N_ELEMENTS - 81):,}" == "85,216"


def test_all_of_the_page_is_there(run):
    report = run.history.report
    assert (report["missing"], report["faults"]) == ({}, [])
    assert report["drawn"] == ["surface", "best_so_far", "parallel", "trials", "front", "ranks"]


def test_the_headline_compares_searches(run, results):
    (headline,) = (make() for make in report_parts(run).headline)
    assert headline["trials"] == 8
    assert headline["best validation RMSE (meV/atom)"] == pytest.approx(1000 * run["reward"][results.best])
    assert headline["test RMSE (meV/atom)"] == pytest.approx(1000 * run["final_test_rmse"][...].mean())


def test_the_status_tells_the_best_and_how_many_were_stopped(run, results, bench_of_search):
    said = bench_of_search.bigdata("status", run.folder.path).stdout
    whole, stopped = (int((run["status"][...] == code).sum()) for code in (0, 1))
    assert f"trials: 8 of 8 begun, {whole} trained to the end, {stopped} stopped\n" in said
    value = meV(run["reward"][results.best])
    assert f"best so far: number {results.best} (" in said
    assert f"validation RMSE {value} meV/atom after" in said


def test_its_report_tells_nothing_of_the_machine(run):
    assert told(run) == set()
