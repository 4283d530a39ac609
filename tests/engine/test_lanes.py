"""A pool's lanes, from the first to the one where a task has a whole job."""

from __future__ import annotations

from typing import Any

import pytest

from bigdata.engine import lanes
from bigdata.spec.site import WATCH_BYTES, Site, load_site
from tests.bench import Bench

GIB = 2**30


def site(bench: Bench, scheduler: str = "slurm", **pool: Any) -> Site:
    pools = {"my_cpu-1": {"cores": 16, "memory": "64 GiB", **pool}}
    return load_site(bench.write("far.yaml", {"site": "far", "scheduler": scheduler, "pools": pools}))


def ladder(found: Site, lane: str) -> list[str]:
    larger = lanes.larger(found, lane)
    return [lane, *(ladder(found, larger) if larger else [])]


@pytest.mark.parametrize(
    ("cores", "more"),
    [(1, []), (2, [".1"]), (4, [".1"]), (5, [".1"]), (16, [".4", ".1"]), (128, [".32", ".8", ".2", ".1"])],
)
def test_each_lane_runs_fewer_tasks_in_a_job_until_one_is_alone(cores: int, more: list[str], bench: Bench) -> None:
    names = ladder(site(bench, cores=cores), "my_cpu-1")
    assert names == ["my_cpu-1", *(f"my_cpu-1{n}" for n in more)]
    assert {lanes.pool_of(name) for name in names} == {"my_cpu-1"}


def test_a_job_with_gpus_has_one_lane(bench: Bench) -> None:
    found = site(bench, gpus=4)
    assert lanes.tasks_per_job(found, "my_cpu-1") == 1
    assert ladder(found, "my_cpu-1") == ["my_cpu-1"]


def test_the_memory_of_a_job_is_shared_by_the_tasks_of_its_lane(bench: Bench) -> None:
    found = site(bench)
    usable = 64 * GIB - WATCH_BYTES
    asked = {lane: lanes.task_memory(found, lane) for lane in ladder(found, "my_cpu-1")}
    assert asked == {"my_cpu-1": usable // 16, "my_cpu-1.4": usable // 4, "my_cpu-1.1": usable}


def test_on_this_machine_nothing_is_kept_for_a_program_that_watches(bench: Bench) -> None:
    assert lanes.task_memory(site(bench, "local"), "my_cpu-1") == 4 * GIB


def test_tasks_of_several_cores_have_a_lane_of_their_own(bench: Bench) -> None:
    """Apart from that of tasks of one core that need more memory: their threads are others."""
    found = site(bench)
    assert [lanes.lane(found, "my_cpu-1", cores) for cores in (1, 4, 16)] == [
        "my_cpu-1",
        "my_cpu-1.4x4",
        "my_cpu-1.1x16",
    ]
    assert ladder(found, "my_cpu-1.4x4") == ["my_cpu-1.4x4", "my_cpu-1.1x4"]
    assert [lanes.threads(found, lane) for lane in ("my_cpu-1", "my_cpu-1.4", "my_cpu-1.4x4")] == [1, 1, 4]
    assert lanes.task_memory(found, "my_cpu-1.4x4") == lanes.task_memory(found, "my_cpu-1.4")


def test_a_job_with_gpus_gives_its_task_all_cores(bench: Bench) -> None:
    found = site(bench, gpus=1)
    assert lanes.lane(found, "my_cpu-1", 4) == "my_cpu-1"
    assert lanes.threads(found, "my_cpu-1") == 16
