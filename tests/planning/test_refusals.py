"""What a refusal says would fit, checked by the same sums made again; and how far a budget gets."""

from __future__ import annotations

import math
import re

import pytest

from bigdata.planning.waves import files_of_tasks
from bigdata.spec.site import load_site
from tests.bench import Bench

POOLS = {"cpu": {"cores": 2, "memory": "2 GiB"}}


def test_waves_that_are_said_to_fit_do(bench: Bench) -> None:
    spec = bench.trial(tasks=40)
    plan = bench.plan(spec)
    fixed = plan.n_files - files_of_tasks(plan)
    allowed = fixed + 25
    here = bench.write(
        "small.yaml", {"site": "small", "scheduler": "local", "pools": POOLS, "limits": {"files": allowed}}
    )
    (said,) = bench.plan(spec, site=load_site(here)).refusals()
    match = re.search(r"; (\d+) waves of at most (\d+) tasks of stage `first` would fit", said)
    assert match is not None
    n_waves, n_tasks = map(int, match.groups())
    assert n_tasks == math.ceil(40 / n_waves)
    # Each wave is a study of so many tasks: it fits, and in one wave less it wouldn't.
    bench.write("trial.yaml", {"study": "trial", "name": "t", "tasks": n_tasks})
    assert bench.plan(spec).n_files <= allowed
    bench.write("trial.yaml", {"study": "trial", "name": "t", "tasks": math.ceil(40 / (n_waves - 1)) + 1})
    assert bench.plan(spec).n_files > allowed


def test_where_no_waves_help_it_says_so(bench: Bench) -> None:
    here = bench.write("small.yaml", {"site": "small", "scheduler": "local", "pools": POOLS, "limits": {"files": 3}})
    (said,) = bench.plan(bench.trial(), site=load_site(here)).refusals()
    assert said.endswith("of them are there whatever is computed, so that no number of waves would fit")


def test_the_largest_pool_is_named_where_none_has_the_memory(bench: Bench) -> None:
    here = load_site(bench.site(cpu=POOLS["cpu"], fat={"cores": 1, "memory": "2 GiB"}))
    said = bench.plan(bench.trial(memory=3 * 2**30), site=here).refusals()[0]
    assert "; of the other pools `fat` has most, 2,147,483,648, which is too little as well" in said


@pytest.mark.parametrize(
    ("budget", "said"),
    [
        ("100 core-hours", "holds all; 13 % is used"),
        ("5 core-hours", "holds 5 (1–12) of the 12 tasks of `first`, and nothing after them; 260 % would be needed"),
    ],
    ids=["enough", "too little"],
)
def test_a_budget_says_how_far_it_gets(budget: str, said: str, bench: Bench) -> None:
    """12 tasks of an hour and one more; nobody measured them here, so that each may take a third or three hours."""
    spec, empty = bench.trial(tasks=12, seconds=3600), str(bench.folder / "cache")
    done = bench.bigdata("plan", spec, "--site", "local", "--budget", budget, BIGDATA_CACHE=empty)
    assert said in done.stdout
    assert done.returncode == (3 if "nothing" in said else 0)


@pytest.mark.parametrize("amount", ["2", "many", "-3 USD", "3 eV"])
def test_what_is_no_budget_is_told(amount: str, bench: Bench) -> None:
    done = bench.bigdata("plan", bench.trial(), "--budget", amount)
    assert done.returncode == 2
    assert f"--budget {amount}" in done.stderr


def test_a_budget_of_wall_time_and_money_reaches_the_study(bench: Bench) -> None:
    done = bench.bigdata("plan", bench.trial(), "--budget", "2 h", "--budget", "3 GPU-hours")
    assert "budget 3 GPU-hours, 7200 s of wall time: holds all" in done.stdout
