"""Stopping rules: who goes on, in which order, at what cost, whatever the number of workers."""

from __future__ import annotations

import math
from collections import Counter
from typing import Any

import numpy as np
import pytest
from pydantic import TypeAdapter, ValidationError

from bigdata.kind import Ask
from bigdata.studies.architecture_search.methods.random import RandomSearch
from bigdata.studies.architecture_search.search import Objective, Search
from bigdata.studies.architecture_search.standing import curves, standing
from bigdata.studies.architecture_search.stopping import StoppingRule
from bigdata.studies.architecture_search.stopping.cohorts import brackets, shared
from bigdata.studies.architecture_search.stopping.progressive import alike
from bigdata.studies.architecture_search.stopping.rungs import Rungs
from tests.studies.architecture_search.searching import NETWORKS, Rows, planted, run, told

RULES: dict[str, dict[str, Any]] = {
    "no stopping": {"method": "none", "max_steps": 1000},
    "successive halving": {"method": "successive-halving", "min_steps": 16, "max_steps": 1000},
    "successive halving, ten together": {
        "method": "successive-halving",
        "min_steps": 16,
        "max_steps": 1000,
        "together": 10,
    },
    "asynchronous halving": {"method": "asha", "min_steps": 16, "max_steps": 1000},
    "hyperband": {"method": "hyperband", "min_steps": 16, "max_steps": 1000},
    "median": {"method": "median", "min_steps": 16, "max_steps": 1000},
    "progressive": {"method": "progressive", "min_steps": 16, "max_steps": 1000},
    "seconds": {"method": "asha", "min_seconds": "2 s", "max_seconds": "100 s"},
}
WRONG = {
    "neither steps nor seconds": ({"method": "none"}, "either in steps or in seconds"),
    "both": ({"method": "none", "max_steps": 1, "max_seconds": "1 s"}, "either in steps or in seconds"),
    "no first rung": ({"method": "asha", "max_steps": 9}, "has to be in steps"),
    "a first rung in seconds": ({"method": "asha", "max_steps": 9, "min_seconds": "1 s"}, "has to be in steps"),
    "a first rung too many": (
        {"method": "asha", "max_steps": 9, "min_steps": 1, "min_seconds": "1 s"},
        "has to be in steps",
    ),
    "a first rung at the end": ({"method": "asha", "max_steps": 9, "min_steps": 9}, "where trials end at 9"),
}


def rule(fields: dict[str, Any]) -> Any:
    return TypeAdapter[Any](StoppingRule).validate_python(fields)


def search(name: str, n: int = 60, seed: int = 1, **more: Any) -> Search:
    return Search.of(NETWORKS, RandomSearch(trials=n, seed=seed), rule(RULES[name] | more), [Objective("error")])


def rungs_of(asked: list[Ask]) -> Counter[int]:
    return Counter(ask.payload["rung"] for ask in asked)


def in_seconds(ask: Ask) -> Rows:
    return {"error": planted(ask.payload["point"], ask.payload["seconds"][1])}


@pytest.mark.parametrize("wrong", WRONG)
def test_refused(wrong: str) -> None:
    fields, says = WRONG[wrong]
    with pytest.raises(ValidationError, match=says):
        rule(fields)


def test_rungs_are_a_geometric_series_up_to_the_longest() -> None:
    assert Rungs.geometric(20_000, 2_000_000, 4, "steps").levels == (20_000, 80_000, 320_000, 1_280_000, 2_000_000)
    assert Rungs.geometric(1, 27, 3, "steps").levels == (1, 3, 9, 27)


def test_work_is_counted_once_though_rungs_begin_at_zero() -> None:
    rungs = Rungs.geometric(1, 27, 3, "steps")
    assert rungs.work([9, 3, 1, 1]) == 9 * 1 + 3 * 2 + 6 + 18
    assert rungs.span(0) == (0, 1)


@pytest.mark.parametrize("name", RULES)
@pytest.mark.parametrize("workers", [1, 4])
def test_workers_change_nothing(name: str, workers: int) -> None:
    task = in_seconds if name == "seconds" else told
    others = [run(search(name), 8, task, workers, seed) for seed in range(3)]
    assert all(other == run(search(name), 8, task) for other in others)


@pytest.mark.parametrize("name", [name for name in RULES if name != "seconds"])
def test_each_rung_trains_on_from_the_one_before(name: str) -> None:
    asked = run(search(name), 8)
    for ask in asked:
        if ask.payload["rung"] == 0:
            assert ask.after is None
            assert ask.payload["steps"][0] == 0
            continue
        before = asked[ask.after or 0].payload
        assert (before["trial"], before["point"]) == (ask.payload["trial"], ask.payload["point"])
        assert (before["rung"], before["steps"][1]) == (ask.payload["rung"] - 1, ask.payload["steps"][0])


@pytest.mark.parametrize("name", [name for name in RULES if name != "seconds"])
def test_no_more_tasks_than_was_said(name: str) -> None:
    found = search(name)
    asked = run(found, 8)
    counts = rungs_of(asked)
    made = tuple(counts[rung] for rung in range(len(found.counts())))
    assert made[0] == 60
    if name in ("no stopping", "successive halving", "successive halving, ten together", "hyperband"):
        assert made == found.counts()
    assert all(n <= said for n, said in zip(made, found.counts(), strict=True))


def test_the_best_quarter_of_a_cohort_goes_on() -> None:
    """Recomputed with sorted lists from what the objective gives."""
    found = search("successive halving", 64, through=0.0)
    asked = run(found, 8)
    alive, points = list(range(64)), [a.payload["point"] for a in asked if a.payload["rung"] == 0]
    for rung, level in enumerate(found.rule.rungs.levels):
        assert {a.payload["trial"] for a in asked if a.payload["rung"] == rung} == set(alive)
        alive = sorted(alive, key=lambda n: planted(points[n], level))[: max(1, len(alive) // 4)]


def test_asynchronous_halving_lets_on_who_is_among_the_best_so_far() -> None:
    """Recomputed from the history as it was at each time, by the rule's definition."""
    found = search("asynchronous halving", 80, through=0.0)
    known: list[list[tuple[float, int]]] = [[] for _ in found.rule.rungs.levels]
    gone: set[tuple[int, int]] = set()

    def check(ask: Ask) -> Rows:
        trial, rung = ask.payload["trial"], ask.payload["rung"]
        if rung and not found._is_at_end():
            ranked = sorted(known[rung - 1])
            best = [t for _, t in ranked[: len(ranked) // 4] if (t, rung - 1) not in gone]
            assert best[0] == trial
            gone.add((trial, rung - 1))
        rows = told(ask)
        assert rows is not None
        known[rung].append((rows["error"], trial))
        return rows

    run(found, 1, check)
    assert len(gone) > 15


def test_at_the_end_of_an_asynchronous_search_one_was_trained_to_its_end() -> None:
    """Ten trials are two in the second rung and none in the third, by rank alone."""
    found = search("asynchronous halving", 10, through=0.0)
    asked = run(found, 4)
    assert rungs_of(asked)[found.rule.rungs.top] == 1
    assert found.spent()


@pytest.mark.parametrize("name", ["asynchronous halving", "successive halving"])
def test_where_the_last_one_fails_the_next_best_is_trained_to_its_end(name: str) -> None:
    first: list[int] = []

    def fails_once(ask: Ask) -> Rows:
        if ask.payload["rung"] == 3 and not first:
            first.append(ask.payload["trial"])
            return None
        return told(ask)

    found = search(name, 48, through=0.0)
    asked = run(found, 4, fails_once)
    last = [a.payload["trial"] for a in asked if a.payload["rung"] == 3]
    assert len(last) == 2
    assert last[0] == first[0] != last[1]


@pytest.mark.parametrize("name", [name for name in RULES if name != "seconds"])
def test_failed_trials_never_go_on(name: str) -> None:
    def failing(ask: Ask) -> Rows:
        return None if ask.payload["trial"] % 3 == 0 else told(ask)

    asked = run(search(name), 8, failing)
    assert not [a for a in asked if a.payload["rung"] and a.payload["trial"] % 3 == 0]
    assert rungs_of(asked)[0] == 60


@pytest.mark.parametrize("name", [name for name in RULES if name != "seconds"])
def test_all_failed_is_an_end(name: str) -> None:
    found = search(name)
    assert len(run(found, 8, lambda ask: None)) == 60
    assert found.spent()


@pytest.mark.parametrize("name", ["successive halving", "asynchronous halving", "median", "progressive", "hyperband"])
def test_a_share_runs_through_and_changes_no_decision(name: str) -> None:
    with_share, found = search(name, through=0.2), search(name, through=0.2)
    asked = run(with_share, 8)
    through = {n for n in range(60) if with_share.runs_through(n)}
    assert len(through) == 12
    top = with_share.rule.rungs.top
    assert through <= {a.payload["trial"] for a in asked if a.payload["rung"] == top}

    def otherwise(ask: Ask) -> Rows:
        rows = told(ask)
        return {"error": 9.0 - rows["error"]} if rows and found.runs_through(ask.payload["trial"]) else rows

    others = run(found, 8, otherwise)
    assert {(a.payload["trial"], a.payload["rung"]) for a in others} == {
        (a.payload["trial"], a.payload["rung"]) for a in asked
    }


def test_hyperband_has_the_brackets_of_its_paper() -> None:
    """Table 1 of Li et al. with R = 81, η = 3: 81, 34, 15, 8 and 5 trials."""
    assert [b.size for b in brackets(143, 3, 5)] == [81, 34, 15, 8, 5]
    assert [b.first for b in brackets(143, 3, 5)] == [0, 1, 2, 3, 4]
    assert sum(b.size for b in brackets(1000, 3, 5)) == 1000


@pytest.mark.parametrize(("n", "weights"), [(40, [256, 80, 27, 10, 5]), (7, [1, 1, 1]), (2, [5, 5, 5]), (0, [1])])
def test_shares_add_up_and_are_within_one_of_their_due(n: int, weights: list[int]) -> None:
    found = shared(n, weights)
    assert sum(found) == n
    assert all(abs(part - n * w / sum(weights)) < 1 for part, w in zip(found, weights, strict=True))


def test_the_median_of_the_others_decides() -> None:
    found = search("median", through=0.0)
    asked = run(found, 1)
    went_on = {(a.payload["trial"], a.payload["rung"] - 1) for a in asked if a.payload["rung"]}
    seen: list[list[float]] = [[] for _ in found.rule.rungs.levels]
    for entry in found.history:
        assert entry.values
        (value,) = entry.values
        others = seen[entry.rung]
        passes = len(others) < 5 or value <= np.median(others)
        assert ((entry.trial, entry.rung) in went_on) == (passes and entry.rung < found.rule.rungs.top)
        others.append(value)


def test_progressive_rungs_grow_only_where_ranks_change() -> None:
    def steady(ask: Ask) -> Rows:
        return {"error": planted(ask.payload["point"]) + 1.0 / ask.payload["steps"][1]}

    def restless(ask: Ask) -> Rows:
        rng = np.random.default_rng([ask.payload["trial"], ask.payload["rung"]])
        return {"error": rng.random()}

    assert max(rungs_of(run(search("progressive", through=0.0), 8, steady))) == 1
    assert max(rungs_of(run(search("progressive", through=0.0), 8, restless))) == 3


def test_soft_ranks() -> None:
    assert alike([1.0, 2.0, 3.0], 0.0)
    assert not alike([2.0, 1.0, 3.0], 0.1)
    assert alike([2.0, 1.99, 3.0], 0.1)


@pytest.mark.parametrize("name", ["successive halving", "asynchronous halving", "progressive", "hyperband"])
def test_a_good_trial_is_found_at_a_fraction_of_the_work(name: str) -> None:
    """Within 3 % of the best of all 256 trials, on the median of ten seeds."""
    losses, shares = [], []
    for seed in range(10):
        found = search(name, 256, seed, through=0.0)
        asked = run(found, 8)
        best = min(planted(point, 1000.0) for point in found.points)
        winner = found.points[standing(curves(found.history))[0]]
        losses.append(planted(winner, 1000.0) / best - 1.0)
        shares.append(sum(a.work or 0.0 for a in asked) / (256 * 1000.0))
    assert np.median(losses) <= 0.03
    assert max(shares) <= (0.3 if name != "hyperband" else 0.4)
    assert not math.isnan(sum(losses))
