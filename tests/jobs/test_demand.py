"""How many jobs there should be, without any."""

from __future__ import annotations

from collections import Counter
from typing import Any

import pytest

from bigdata.engine.hands import Need
from bigdata.jobs.demand import LAST_SECONDS, Demand
from bigdata.spec.site import Site

POOLS = {
    "cpu": {"cores": 4, "memory": "8 GiB", "walltime": "10 min", "max_jobs": 3},
    "gpu": {"cores": 4, "gpus": 1, "memory": "8 GiB", "max_jobs": 2},
}


def demand(**fields: Any) -> Demand:
    return Demand(Site.model_validate({"site": "far", "scheduler": "slurm", "pools": POOLS, **fields}))


LONG = 100.0
TARGETS: dict[str, tuple[dict[str, Any], dict[str, Need], dict[str, int]]] = {
    "nothing to do": ({}, {}, {}),
    "as many as tasks fill": ({}, {"cpu": Need(5, LONG)}, {"cpu": 2}),
    "no more than the pool may have": ({}, {"cpu": Need(500, LONG)}, {"cpu": 3}),
    "a job with a GPU runs one task": ({}, {"gpu": Need(2, LONG)}, {"gpu": 2}),
    "no more than the tasks are worth": ({}, {"cpu": Need(500, 0.01)}, {"cpu": 1}),
    "lanes of a pool share its jobs": ({}, {"cpu": Need(500, LONG), "cpu.1": Need(9, LONG)}, {"cpu": 2, "cpu.1": 1}),
    "every lane gets one first": (
        {"limits": {"submitted_jobs": 3}},
        {"cpu": Need(500, LONG), "gpu": Need(500, LONG)},
        {"cpu": 2, "gpu": 1},
    ),
    "the controller's job is one": (
        {"limits": {"submitted_jobs": 3}, "controller": "job"},
        {"cpu": Need(500, LONG), "gpu": Need(500, LONG)},
        {"cpu": 1, "gpu": 1},
    ),
}


@pytest.mark.parametrize("case", TARGETS)
def test_jobs_that_there_should_be(case: str) -> None:
    fields, needs, expected = TARGETS[case]
    assert demand(**fields).targets(needs) == expected


def test_a_job_makes_room_for_a_lane_that_has_none() -> None:
    few = demand(limits={"submitted_jobs": 2})
    targets = {"cpu": 1, "gpu": 1}
    assert few.is_in_the_way("cpu", targets, Counter(cpu=2))
    assert not few.is_in_the_way("cpu", targets, Counter(cpu=1, gpu=1))
    # Within a pool, and where the site allows more.
    assert demand().is_in_the_way("cpu", {"cpu": 2, "cpu.1": 1}, Counter(cpu=3))
    assert not demand().is_in_the_way("cpu", {"cpu": 2, "gpu": 1}, Counter(cpu=3))


def test_a_task_begins_where_it_has_time() -> None:
    rules = demand()
    assert rules.has_time("cpu", 100.0, 50.0)
    assert not rules.has_time("cpu", 100.0, 100.0)
    assert not rules.has_time("cpu", LAST_SECONDS, 0.0)
    # One that is planned to take longer than a job is tried in a new one, and not refused for ever.
    assert rules.has_time("cpu", 595.0, 10_000.0)
    assert not rules.has_time("cpu", 300.0, 10_000.0)
    assert rules.has_time("gpu", float("inf"), 10_000.0)
