"""A search as tasks: the same for any number of workers, and whatever fails."""

from __future__ import annotations

import math

import pytest

from bigdata.kind import Ask
from bigdata.studies.architecture_search.methods.random import RandomSearch
from bigdata.studies.architecture_search.search import Objective, Search
from bigdata.studies.architecture_search.stopping.never import NoStopping
from tests.studies.architecture_search.searching import NETWORKS, Rows, run, told

ERROR = [Objective("error")]


def random_search(n: int = 30) -> Search:
    method = RandomSearch(trials=n, seed=3).on(NETWORKS)
    return Search(method, NoStopping(max_steps=100).rule(n), ERROR, n)


def failing(ask: Ask) -> Rows:
    """Every third trial fails, every other third diverges."""
    return (None, {"error": math.nan}, told(ask))[ask.payload["trial"] % 3]


def test_random_trials_are_drawn_from_their_numbers() -> None:
    few, many = (run(random_search(n), lag=4) for n in (10, 30))
    assert [a.payload for a in few] == [a.payload for a in many[:10]]
    assert many[7].payload["steps"] == [0, 100]
    assert many[7].work == 100.0


def test_failed_trials_are_recorded_and_the_search_goes_on() -> None:
    search = random_search()
    assert len(run(search, lag=4, task=failing)) == 30
    assert [t.trial for t in search.history if t.values is None] == [n for n in range(30) if n % 3 < 2]
    assert search.spent()


def test_more_is_better_where_an_objective_is_maximised() -> None:
    method = RandomSearch(trials=2).on(NETWORKS)
    search = Search(method, NoStopping(max_steps=1).rule(2), [Objective("error"), Objective("speed", False)], 2)
    run(search, lag=1, task=lambda ask: {"error": 0.5, "speed": 3.0})
    assert search.history[0].values == (0.5, -3.0)


@pytest.mark.parametrize("workers", [1, 2, 4])
def test_workers_change_nothing(workers: int) -> None:
    assert run(random_search(), lag=6, workers=workers) == run(random_search(), lag=6)
