"""A search as tasks: the same for any number of workers, and whatever fails."""

from __future__ import annotations

import json
import math
from types import SimpleNamespace
from typing import Any, cast

import pytest

from bigdata.kind import Ask, Stage
from bigdata.planning.growth import Growth
from bigdata.studies.architecture_search.methods.random import RandomSearch
from bigdata.studies.architecture_search.search import Objective, Search
from bigdata.studies.architecture_search.stopping.asynchronous import AsynchronousHalving
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


class Led(Search):
    """As a study kind has it: made of a model and inputs."""

    def __init__(self, model: object, inputs: object) -> None:
        halving = AsynchronousHalving(min_steps=16, max_steps=1000)
        made = Search.of(NETWORKS, RandomSearch(trials=30, seed=3, cohort=5), halving, ERROR)
        vars(self).update(vars(made))


def test_it_is_led_as_the_framework_leads_stages_that_grow() -> None:
    """By the class that plans and controllers use, which also checks what is asked for."""
    search = Led(None, None)
    stage = Stage(
        name="trial",
        function="nobody:calls",
        n_tasks=30 * len(search.rule.rungs),
        rows={"error": "float64"},
        checkpoints=True,
        lag=search.lag,
        proposer=f"{Led.__module__}:Led",
    )
    keys = SimpleNamespace(ask=lambda name, payload, after: json.dumps([name, payload, after]))
    growth = Growth(stage, cast(Any, keys), cast(Any, None), {})
    asked = []
    for number in growth.advance(lambda i: (True, told(growth.asked[i]))):
        asked.append(growth.asked[number])
    assert growth.closed == "the proposer is at its end"
    assert asked == run(search, search.lag)
