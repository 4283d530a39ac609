"""What a site makes of a plan: refusals with their arithmetic, pools that stand in for others, time and price."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from bigdata.errors import PlanRefused, SpecError
from bigdata.planning import Plan
from bigdata.spec.site import Site, load_site
from tests.bench import Bench

GIB = 2**30
POOLS = {
    "cpu": {"cores": 2, "memory": "2 GiB", "walltime": "10 min", "max_jobs": 4},
    "gpu": {"cores": 4, "gpus": 2, "memory": "8 GiB", "walltime": "2 h", "max_jobs": 3},
}


def site(bench: Bench, **more: Any) -> Site:
    return load_site(bench.write("far.yaml", {"site": "far", "scheduler": "slurm", "pools": POOLS, **more}))


def planned(bench: Bench, on: Site, **fields: Any) -> Plan:
    return bench.plan(bench.trial(**fields), site=on)


def test_a_pool_that_the_site_has_under_any_name_is_taken(bench: Bench) -> None:
    far = site(bench, pools={**POOLS, "large": {"cores": 1, "memory": "64 GiB"}})
    plan = planned(bench, far, pools={"first": "large"}, memory=32 * GIB)
    assert [s.pool for s in plan.stages] == ["large", "cpu"]
    assert plan.notes == ()


def test_an_unknown_pool_is_refused_at_its_place_with_a_guess(bench: Bench) -> None:
    plan = planned(bench, site(bench), pools={"last": "gup"})
    (reason,) = plan.refusals()
    assert reason == (
        f"{bench.folder}/trial.yaml:1:51: pools.last: site `far` has no pool `gup`. Its pools: `cpu`, `gpu`. "
        "Did you mean `gpu`?"
    )
    assert plan.notes == ()


def test_a_stage_that_wants_a_gpu_runs_on_cpu_where_there_is_none_and_says_so(bench: Bench) -> None:
    plan = planned(bench, site(bench, pools={"cpu": POOLS["cpu"]}), pools={"last": "gpu"})
    assert [s.pool for s in plan.stages] == ["cpu", "cpu"]
    assert plan.notes == ("stage `last` asks for pool `gpu`; site `far` has none, so it runs on `cpu`",)
    assert plan.refusals() == []


def test_a_pool_for_a_stage_that_is_not_there_is_an_error_in_the_study(bench: Bench) -> None:
    with pytest.raises(SpecError) as caught:
        planned(bench, site(bench), pools={"frist": "gpu"})
    assert str(caught.value).splitlines()[0] == (
        f"{bench.folder}/trial.yaml:1:43: pools.frist: there is no such stage. The stages: `first`, `last`. "
        "Did you mean `first`?"
    )


def test_a_pool_without_the_memory_is_refused_and_one_that_has_it_named(bench: Bench) -> None:
    far = site(bench, pools={**POOLS, "large": {"cores": 1, "memory": "4 GiB"}})
    plan = planned(bench, far, memory=3 * GIB, pools={"last": "gpu"})
    assert plan.refusals() == [
        "a task of stage `first` needs about 3,221,225,472 bytes of memory, and a worker of pool `cpu` has "
        "973,078,528 (2.0 GiB, less 192.0 MiB for the job's own program, shared by 2 tasks); "
        "pool `large` has enough: write `pools: {first: large}` into the study"
    ]
    assert planned(bench, far, memory=3 * GIB, pools={"first": "large", "last": "gpu"}).refusals() == []


def test_where_no_pool_has_the_memory_the_site_file_is_named(bench: Bench) -> None:
    plan = planned(bench, site(bench), memory=9 * GIB, pools={"last": "gpu"})
    assert plan.refusals() == [
        "a task of stage `first` needs about 9,663,676,416 bytes of memory, and a worker of pool `cpu` has "
        "973,078,528 (2.0 GiB, less 192.0 MiB for the job's own program, shared by 2 tasks); "
        "give the pool `memory: 19 GiB` in " + f"{bench.folder}/far.yaml",
        "a task of stage `last` needs about 9,663,676,416 bytes of memory, and a worker of pool `gpu` has "
        "8,388,608,000 (8.0 GiB, less 192.0 MiB for the job's own program); "
        "give the pool `memory: 10 GiB` in " + f"{bench.folder}/far.yaml",
    ]


def test_a_walltime_shorter_than_a_task_and_its_start_is_refused(bench: Bench) -> None:
    image = {"image": {"apptainer": "x.sif"}}
    (bench.folder / "x.sif").touch()
    assert planned(bench, site(bench), seconds=594, pools={"last": "gpu"}).refusals() == []
    plan = planned(bench, site(bench, **image), seconds=594, pools={"last": "gpu"})
    assert plan.refusals() == [
        "the longest task of stage `first` takes about 9 min 54 s and saves no checkpoints, its job 10.0 s to start, "
        f"and a job of pool `cpu` may run 10 min 0 s; give the pool `walltime: 13 min` in {bench.folder}/far.yaml"
    ]
    plan = planned(bench, site(bench), seconds=9000, pools={"first": "gpu", "last": "gpu"})
    assert plan.refusals()[0] == (
        "the longest task of stage `first` takes about 2 h 30 min and saves no checkpoints, its job 5.0 s to start, "
        f"and a job of pool `gpu` may run 2 h 0 min; give the pool `walltime: 4 h` in {bench.folder}/far.yaml"
    )


def test_tasks_that_save_checkpoints_may_last_longer_than_a_job(bench: Bench) -> None:
    assert planned(bench, site(bench), seconds=9000, checkpoint=True).refusals() == []


def test_this_machine_and_pools_without_one_have_no_walltime(bench: Bench) -> None:
    here = load_site(bench.site(cpu=POOLS["cpu"]))
    assert planned(bench, here, seconds=9000).refusals() == []
    endless = site(bench, pools={"cpu": {"cores": 1, "memory": "2 GiB"}})
    assert planned(bench, endless, seconds=9000).refusals() == []


def test_a_controllers_job_that_leaves_none_for_the_pools_is_refused(bench: Bench) -> None:
    one = site(bench, limits={"submitted_jobs": 1})
    assert planned(bench, one).refusals() == []
    assert planned(bench, one.model_copy(update={"controller": "job"})).refusals() == [
        "the controller's job is the only one that the site `far` allows, and none is left for the pools"
    ]


def test_what_is_done_is_not_refused(bench: Bench) -> None:
    spec = bench.trial()
    bench.submit(spec)
    small = site(bench, pools={"cpu": {"cores": 1, "memory": "1 B", "walltime": "1 s"}})
    assert bench.plan(spec, site=small).refusals() == []


def test_variants_are_refused_once(bench: Bench) -> None:
    sweep = {"zip": {"memory": [1, 5 * GIB, 3 * GIB], "rows": [2, 3, 4]}}
    (reason, _) = planned(bench, site(bench, pools={"cpu": POOLS["cpu"]}), sweep=sweep).refusals()
    assert reason.startswith("a task of stage `variant-1/first` needs about 5,368,709,120 bytes")


def test_all_reasons_are_said_at_once_with_exit_code_3(bench: Bench) -> None:
    site(bench, limits={"files": 10, "bytes": "1 kB"})
    bench.trial(memory=3 * GIB, seconds=900, pools={"last": "gup"})
    done = bench.bigdata("plan", "trial.yaml", "--site", "far.yaml")
    assert done.returncode == PlanRefused.exit_code
    reasons = [line for line in done.stdout.splitlines() if line.startswith("REFUSED: ")]
    assert [reason.split()[1:3] for reason in reasons] == [
        ["trial.yaml:1:89:", "pools.last:"],
        ["22", "files"],
        [reasons[2].split()[1], "bytes"],
        ["a", "task"],
        ["the", "longest"],
    ]


def test_a_job_with_gpus_counts_as_one_task(bench: Bench) -> None:
    """12 tasks of 60 s: 8 at once on cores, 3 at once on jobs with GPUs."""
    fields = {"tasks": 12, "seconds": 60.0}
    on_cores = planned(bench, site(bench), **fields)
    on_gpus = planned(bench, site(bench), **fields, pools={"first": "gpu"})
    assert on_cores.seconds.middle == pytest.approx(4 + 5 + 1 + 1.2 + 12 / 8 * 60 + 60)
    assert on_gpus.seconds.middle == pytest.approx(4 + 5 + 1 + 1.2 + 12 / 3 * 60 + 60)
    # Nobody has measured the kind here: its rate may be three times too low or too high, the start's and the report's
    # four times, the end's five times; stages load their packages for up to 1 s, and each task takes up to 0.02 s
    # beside its work.
    assert on_gpus.seconds.low == pytest.approx((4 + 5 + 1.2) / 4 + 1 / 5 + (12 / 3 * 60 + 60) / 3)
    tasks = (12 * 180 + 12 * 0.02 + 1) / 3 + 180 + 0.02 + 1
    assert on_gpus.seconds.high == pytest.approx((4 + 5 + 1.2) * 4 + 5 + tasks)


PRICES = {"core_hour": "0.02 USD", "gpu_hour": "3 USD", "tb_month": "20 USD"}
# 12 tasks of an hour and one more: those of `first` on 3 jobs with 2 GPUs and 4 cores, `last` on a core of a job of 2.
# Each job takes 5 s to start, and the last one's other core is idle.
START = 5 / 3600
COSTS = {
    "cores and GPUs": (PRICES, 2 * (1 + START) * 0.02 + (12 + 3 * START) * 2 * 3),
    "GPUs by their job's cores": ({"core_hour": "0.02 USD"}, 2 * (1 + START) * 0.02 + (12 + 3 * START) * 4 * 0.02),
    "GPUs alone": ({"gpu_hour": "3 USD"}, (12 + 3 * START) * 2 * 3),
    "keeping alone": ({"tb_month": "20 USD"}, None),
    "nothing": ({}, None),
}


@pytest.mark.parametrize("case", COSTS)
def test_the_price(case: str, bench: Bench) -> None:
    prices, dollars = COSTS[case]
    price = planned(bench, site(bench, prices=prices), tasks=12, seconds=3600, pools={"first": "gpu"}).price
    assert (price.compute and price.compute.middle) == (None if dollars is None else pytest.approx(dollars))
    assert (price.month is None) == ("tb_month" not in prices)


def test_the_price_is_shown_with_its_arithmetic(bench: Bench) -> None:
    site(bench, prices=PRICES)
    bench.trial(tasks=12, seconds=3600, pools={"first": "gpu"})
    shown = bench.bigdata("plan", "trial.yaml", "--site", "far.yaml").stdout.splitlines()
    (price,) = (line for line in shown if line.startswith("price"))
    assert price.startswith(
        "price  72.07 USD (24.04–216.15 USD): 1 core-hours × 0.02 USD + 24 GPU-hours × 3 USD + 0.05 USD while jobs "
        "start or stand idle; "
    )
    assert price.endswith(" USD a month to keep it")
    (time,) = (line for line in shown if line.startswith("time"))
    assert time.endswith(
        "on up to 3 jobs of `gpu` (1 task each), up to 4 jobs of `cpu` (2 tasks each); start and report included, "
        "waiting in the queue not"
    )
    data = json.loads(bench.bigdata("plan", "trial.yaml", "--site", "far.yaml", "--json").stdout)
    assert data["dollars"]["middle"] == pytest.approx(COSTS["cores and GPUs"][1], abs=1e-6)
    paid = data["price"]
    assert (paid["core_hours"]["middle"], paid["gpu_hours"]["middle"]) == pytest.approx((1, 24))
    assert paid["dollars_of_idle_jobs"] == pytest.approx(data["dollars"]["middle"] - 72.02, abs=1e-5)


def test_energy_is_of_all_cores_and_gpus_that_are_held(bench: Bench) -> None:
    prices = {"watts_per_core": 10, "watts_per_gpu": 300}
    price = planned(bench, site(bench, prices=prices), tasks=12, seconds=3600, pools={"first": "gpu"}).price
    assert price.kwh is not None
    of_gpu_jobs, of_the_last = (12 + 3 * START) * (2 * 300 + 4 * 10), (1 + START) * 2 * 10
    assert price.kwh.middle == pytest.approx((of_gpu_jobs + of_the_last) / 1000)
    assert price.compute is None


def test_a_site_with_one_pool_of_gpus_can_be_planned_for(bench: Bench) -> None:
    here = load_site(bench.site(gpu={"cores": 1, "memory": "1 GiB", "gpus": 1}))
    assert here.file is not None
    done = bench.bigdata("plan", bench.trial(), "--site", here.file)
    assert (done.returncode, "on 1 core, start and report included" in done.stdout) == (0, True)


def test_the_site_that_is_recognised_is_taken_and_the_plan_says_why(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XDG_CONFIG_HOME", str(bench.folder / "config"))
    (bench.folder / "config/bigdata/sites").mkdir(parents=True)
    recognised = {"recognised_by": {"environment": "AT_HOME"}}
    file = bench.write(
        "config/bigdata/sites/far.yaml", {"site": "far", "scheduler": "slurm", "pools": POOLS, **recognised}
    )
    why = f"`far` ({file}) is recognised by `AT_HOME` in the environment"
    found = bench.bigdata("plan", bench.trial(), "--json", AT_HOME="yes")
    assert [json.loads(found.stdout)[key] for key in ("site", "site_because")] == ["far", why]
    assert f"\nsite   {why}\n" in bench.bigdata("plan", "trial.yaml", AT_HOME="yes").stdout
    named = bench.bigdata("plan", "trial.yaml", "--site", "local", "--json", AT_HOME="yes")
    assert [json.loads(named.stdout)[key] for key in ("site", "site_because")] == ["local", ""]
    assert json.loads(bench.bigdata("plan", "trial.yaml", "--json").stdout)["site"] == "local"


def test_a_plan_without_any_site_says_nothing_of_it(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(bench.folder)
    monkeypatch.setenv("XDG_CONFIG_HOME", str(Path("config")))
    assert bench.plan(bench.trial()).site_because == ""
