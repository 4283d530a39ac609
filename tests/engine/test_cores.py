"""Tasks of several cores: they have them, in threads too, and leave none to others meanwhile."""

from __future__ import annotations

from itertools import pairwise
from typing import Any

import pytest

from bigdata.errors import PlanRefused
from bigdata.spec.site import load_site
from bigdata.store.reading import Run
from tests.bench import Bench, events, told

POOL = {"cores": 4, "memory": "4 GiB"}


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Run:
    """Six tasks of two cores on a pool of four."""
    bench = Bench(tmp_path_factory.mktemp("cores"))
    spec = bench.trial(tasks=6, seconds=0.15, cores=2, talk=True)
    return bench.submit(spec, site=load_site(bench.site(cpu=POOL)))


def said(run: Run) -> list[dict[str, Any]]:
    return [told(record) for (stage, _), record in run.history.done.items() if stage == "first"]


def test_they_have_their_cores_and_so_have_numerical_libraries(run: Run) -> None:
    assert {task["cores"] for task in said(run)} == {2}
    assert all(task["threads"] == ["2", "2", "2"] for task in said(run))
    assert all(task["tensorflow"] == ["2", "1", "AVX2"] for task in said(run))


def test_a_stage_of_one_core_keeps_one_thread(run: Run) -> None:
    assert told(run.history.done["last", 0])["threads"] == ["1", "1", "1"]


def test_no_more_run_at_one_time_than_have_their_cores(run: Run) -> None:
    changes = sorted([(t["began"], 1) for t in said(run)] + [(t["ended"], -1) for t in said(run)])
    n, most = 0, 0
    for _, change in changes:
        n += change
        most = max(most, n)
    assert most == 2


def test_the_record_names_threads_and_instructions(run: Run) -> None:
    found = run.attributes["environment"]
    assert set(found) == {"cpu.2x2", "cpu"}
    assert found["cpu.2x2"]["OMP_NUM_THREADS"] == "2"
    assert found["cpu"]["ONEDNN_MAX_CPU_ISA"] == "AVX2"


def test_tasks_larger_than_a_pool_go_one_after_the_other_with_its_other_tasks(bench: Bench) -> None:
    """A pool of two cores has room for one task of two, or for two of one."""
    spec = bench.trial(tasks=3, seconds=0.1, cores=2, talk=True)
    run = bench.submit(spec, site=load_site(bench.site(cpu={"cores": 2, "memory": "2 GiB"})))
    times = sorted((task["began"], task["ended"]) for task in said(run))
    assert all(before[1] <= after[0] for before, after in pairwise(times))


def test_tasks_of_several_cores_are_not_kept_waiting_by_smaller_ones(bench: Bench) -> None:
    """The last task of the second variant is ready soon, and finds all cores taken by the first one's many."""
    spec = bench.trial(seconds=0.03, last_cores=2, sweep={"grid": {"tasks": [80, 4]}})
    run = bench.submit(spec, site=load_site(bench.site(cpu={"cores": 2, "memory": "2 GiB"})))
    order = [record["stage"] for record in events(run.folder.path, "done")]
    assert order.index("variant-1/last") < len(order) - 30


def test_more_cores_than_a_job_has_are_refused(bench: Bench) -> None:
    site = load_site(bench.site(cpu={"cores": 2, "memory": "2 GiB"}, large={"cores": 8, "memory": "8 GiB"}))
    plan = bench.plan(bench.trial(cores=4), site=site)
    assert plan.refusals() == [
        "a task of stage `first` needs 4 cores, and a job of pool `cpu` has 2; pool `large` has enough: write "
        "`pools: {first: large}` into the study"
    ]
    with pytest.raises(PlanRefused):
        bench.submit(bench.trial(cores=4), site=site)


def test_several_cores_cost_as_much(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("BIGDATA_CACHE", str(bench.folder / "cache"))  # nothing was measured there
    site = load_site(bench.site(cpu=POOL))
    one, four = (bench.plan(bench.trial(seconds=900, cores=n, name=f"n{n}"), site=site) for n in (1, 4))
    assert one.price.core_hours.middle == pytest.approx(1.25)
    assert four.price.core_hours.middle == pytest.approx(4 * 1.0 + 0.25)
    # Four tasks of a quarter of an hour: side by side, or one after the other.
    assert four.seconds.middle - one.seconds.middle == pytest.approx(3 * 900)
