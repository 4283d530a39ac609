"""What was measured on a site: rates and their intervals, recomputed by SciPy; other sites and probes."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from scipy import stats

from bigdata.kind.stage import Rate
from bigdata.planning import ledger
from bigdata.planning.interval import Interval, both, later, total
from bigdata.planning.keys import Keys
from bigdata.planning.ledger import PROBE, RUN_SPREAD, Ledger, run_factor
from bigdata.planning.planned import PlannedStage
from bigdata.planning.tally import Tally
from bigdata.spec.site import Site, load_site, local, process
from tests.bench import Bench
from tests.planning.test_keys import stage


def tally(seconds: float, memory: int = 100) -> Tally:
    """Two tasks of one unit each, which took as long on the mean."""
    made = Tally()
    for share in (0.8, 1.2):
        made.done({"seconds": seconds * share, "memory": memory}, 1.0)
    return made


def remember(path: Path, *seconds: float, site: Site | None = None, memory: int = 100, by: str = ledger.RUN) -> None:
    ledger.remember(path, [ledger.row(site or local(), stage(), "cpu", tally(s, memory), by) for s in seconds])


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "ledger.jsonl"


def test_the_rate_is_the_median_of_the_last_five_runs(path: Path) -> None:
    assert Ledger(path, local()).rate(stage(), "cpu") == stage().rate
    remember(path, 100, 1, 2, 3, 4, 5)
    with path.open("a") as file:
        file.write('{"torn": \n7\n{"function": "m:f", "version": 1, "unit": "task", "seconds_per_unit": 9}\n')
    rate = Ledger(path, local()).rate(stage(), "cpu")
    assert (rate.seconds, rate.source) == (3.0, "measured on this site in 5 runs (10 tasks)")
    assert rate.scatter == pytest.approx(np.std([0.8, 1.2], ddof=1), abs=1e-4)


@pytest.mark.parametrize(
    "other", [{"version": 2}, {"cores": 2}, {"function": "m:g"}], ids=["version", "cores", "function"]
)
def test_a_rate_is_of_one_function_its_version_and_its_cores(other: dict[str, Any], path: Path) -> None:
    remember(path, 2.0)
    assert Ledger(path, local()).rate(stage(**other), "cpu") == stage().rate
    assert Ledger(path, local()).rate(stage(), "gpu") == stage().rate


def test_a_rate_is_of_one_site(path: Path, bench: Bench) -> None:
    remember(path, 2.0, site=load_site(bench.site(cpu={"cores": 1, "memory": "1 GiB"})))
    assert Ledger(path, local()).rate(stage(), "cpu") == stage().rate
    remember(path, 5.0)
    assert Ledger(path, process()).rate(stage(), "cpu").seconds == 5.0


def test_a_probe_counts_until_there_is_a_run(path: Path) -> None:
    remember(path, 2.0, by=PROBE)
    rate = Ledger(path, local()).rate(stage(), "cpu")
    assert (rate.seconds, rate.source) == (2.0, "a probe of 2 tasks on this machine")
    remember(path, 4.0)
    remember(path, 8.0, by=PROBE)
    assert Ledger(path, local()).rate(stage(), "cpu").seconds == 4.0


@pytest.mark.parametrize("n", [1, 2, 3, 4, 5])
def test_the_interval_is_that_of_the_next_run_by_students_distribution(n: int) -> None:
    seconds = np.array([2.0, 2.4, 1.9, 3.0, 2.2])[:n]
    logs = np.log(seconds)
    s = math.sqrt((np.sum((logs - logs.mean()) ** 2) + 4 * RUN_SPREAD**2) / (n + 3))
    expected = math.exp(stats.t.ppf(0.95, n + 3) * s * math.sqrt(1 + 1 / n))
    assert run_factor([*seconds]) == pytest.approx(expected, rel=1e-3)


def test_nine_of_ten_next_runs_lie_within_the_interval() -> None:
    """Runs that differ as is taken for granted, by a log-normal of RUN_SPREAD."""
    rng = np.random.default_rng(3)
    runs = np.exp(rng.normal(0, RUN_SPREAD, (4000, 4)))
    held = [Interval.within(float(np.median(r[:3])), run_factor([*r[:3]])).holds(r[3]) for r in runs]
    assert np.mean(held) == pytest.approx(0.9, abs=0.03)


def test_the_peak_is_of_tasks_that_ask_for_as_much(path: Path) -> None:
    remember(path, 1.0, memory=100)
    remember(path, 1.0, memory=300)
    measured = Ledger(path, local())
    assert measured.peak(stage(), "cpu") == Interval(100 / 1.25, 300, 300 * 1.25)
    assert measured.peak(stage(memory=2), "cpu") is None


def test_the_scatter_is_that_of_seconds_per_unit_weighted_by_work() -> None:
    rng = np.random.default_rng(5)
    work, each = rng.uniform(1, 5, 200), rng.lognormal(0, 0.4, 200)
    made = Tally()
    for w, rate in zip(work, each, strict=True):
        made.done({"seconds": w * rate, "memory": 1}, w)
    mean = np.average(each, weights=work)
    assert made.rate == pytest.approx(mean)
    expected = math.sqrt(np.average((each / mean - 1) ** 2, weights=work) * 200 / 199)
    assert made.scatter == pytest.approx(expected)


def test_one_task_says_nothing_of_scatter_and_failed_ones_nothing_of_rates() -> None:
    made = Tally()
    made.done({"seconds": 3.0, "memory": 1}, 2.0)
    made.failed({"seconds": 100.0})
    assert (made.scatter, made.rate, made.n_failed, made.failed_seconds) == (0.0, 1.5, 1, 100.0)


def test_intervals_add_up_and_the_later_one_counts() -> None:
    one, other = Interval(1, 2, 5), Interval(0.5, 3, 4)
    assert total([one, other]) == Interval(1.5, 5, 9)
    assert later(one, other) == Interval(1, 3, 5)
    assert both(2.0, 2.0) == pytest.approx(2 ** math.sqrt(2))


def test_scatter_widens_an_interval_as_a_log_normal_distribution_does() -> None:
    """One task whose seconds per unit have a deviation of twice their mean."""
    rate = Rate("task", 1.0, "", 1.0, 2.0)
    made = PlannedStage("", stage(), Keys("", [stage()], {}), "cpu", "cpu", rate, {}, {}, {}, {})
    sigma = float(stats.lognorm(s=math.sqrt(math.log(5))).std() / stats.lognorm(s=math.sqrt(math.log(5))).mean())
    assert sigma == pytest.approx(2.0)
    low = stats.lognorm(s=math.sqrt(math.log(5))).ppf(0.05)
    assert made.interval_of(1.0, 1).low == pytest.approx(low, rel=1e-3)
