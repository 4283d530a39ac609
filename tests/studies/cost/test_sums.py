"""The sums of a plan: those of the paper by hand, ranges by brute force, and what makes a plan fit."""

from __future__ import annotations

import numpy as np
import pytest

from bigdata.studies.cost.fitting import excesses, pack_of, waves
from bigdata.studies.cost.model import Cost
from bigdata.studies.cost.sums import sums
from bigdata.studies.published import published

PAPER = {
    "study": "cost",
    "name": "paper",
    "stages": {
        "dft": {"calculations": {"structures": 30000, "settings": 9}, "files_each": 41, "bytes_each": "30 MB"},
        "search": {"trials": 2000, "steps": 2000000, "seconds_batch": 0.0010, "seconds_step": 0.0023, "device": "gpu"},
    },
    "prices": {"gpu_hour": "3.00 USD"},
    "limits": {"files": 1000000, "bytes": "2 TB"},
}


def study(**changes) -> Cost:
    return Cost.model_validate({**PAPER, **changes})


def test_the_numbers_of_section_6():
    found = sums(study())
    assert found.of["files"][0].tolist() == [11_070_000] * 3
    assert found.of["bytes"][0].tolist() == [8.1e12] * 3
    assert found.middle("hours", "search") == pytest.approx(3666.67, abs=0.01)
    assert found.middle("dollars", "search") == pytest.approx(11_000)
    assert found.middle("wall_hours", "search") / 8766 == pytest.approx(0.42, abs=0.005)
    assert np.isnan(found.of["hours"][0]).all()
    assert np.isnan(found.of["files"][1]).all()
    assert found.middle("files") == 11_070_000


@pytest.mark.parametrize(("seconds", "hours"), [((0.0010, 0.0023), 1.83), ((0.0012, 0.0177), 10.5)])
def test_one_training(seconds, hours):
    batch, step = seconds
    one = {"trials": 1, "steps": 2_000_000, "seconds_batch": batch, "seconds_step": step}
    assert sums(study(stages={"one": one}, prices={})).middle("hours") == pytest.approx(hours, abs=0.005)


def test_the_published_numbers_are_marked_where_they_do_not_follow_from_their_inputs():
    wrong = {p.quantity: p.value / p.recomputed for p in published() if not p.agrees}
    assert set(wrong) == {"a search of 2,000 architectures", "the same, one after the other", "its price"}
    assert all(10 < times < 11 for times in wrong.values())
    recomputed = {p.quantity: p.recomputed for p in published()}
    assert (recomputed["calculations"], recomputed["files"]) == (270_000, 11_070_000)
    assert recomputed["best over mean, relative"] == pytest.approx(14.7, abs=0.05)


def test_one_range_gives_its_own_quantiles():
    stage = {"calculations": {"structures": 10}, "files_each": [10, 20, 80], "bytes_each": "1 MB", "time_each": "1 h"}
    found = sums(study(stages={"a": stage}, prices={}))
    np.testing.assert_allclose(found.of["files"][0], [100, 200, 800], rtol=1e-3)
    assert found.of["bytes"][0].tolist() == [1e7] * 3
    assert found.of["hours"][0].tolist() == [10.0] * 3


def test_two_ranges_add_as_independent_numbers_do():
    one = {"trials": 1, "steps": 3600, "seconds_batch": [1, 2, 4], "seconds_step": [1, 2, 4]}
    found = sums(study(stages={"a": one}, prices={})).of["hours"][0]
    rng = np.random.default_rng(0)
    spread = np.log(2) / 1.6448536269514722
    brute = np.quantile(2 * np.exp(spread * rng.standard_normal((2, 400_000))).sum(axis=0), (0.05, 0.5, 0.95))
    np.testing.assert_allclose(found, brute, rtol=0.01)


def test_dollars_are_hours_and_kept_bytes():
    stage = {"calculations": {"structures": 100}, "files_each": 1, "bytes_each": "1 GB", "time_each": "30 min",
             "cores_each": 4, "at_once": 50}  # fmt: skip
    prices = {"core_hour": "0.5 USD", "tb_month": "20 USD"}
    found = sums(study(stages={"a": stage}, prices=prices, months=6))
    assert found.middle("hours") == 200
    assert found.middle("wall_hours") == 4
    assert found.middle("dollars") == pytest.approx(200 * 0.5 + 0.1 * 6 * 20)


def test_a_plan_that_breaks_limits_goes_in_waves_or_in_packs():
    model = study()
    assert {e.quantity: round(e.times, 2) for e in excesses(model, sums(model))} == {"files": 11.07, "bytes": 4.05}
    found = waves(model, "dft")
    # 24,390 × 41 files are the most that fit below a million.
    assert (found.size, found.n) == (24_390, 12)
    assert 24_390 * 41 <= 1_000_000 < 24_391 * 41
    assert pack_of(model, "dft") == 1
    assert waves(model, "search") is None
    assert pack_of(study(limits={"files": 100_000}), "dft") == 3


def test_a_plan_that_fits_needs_neither():
    model = study(limits={"files": 20_000_000, "bytes": "10 TB"})
    assert excesses(model, sums(model)) == []
    assert waves(model, "dft") is None
    assert pack_of(model, "dft") is None


def test_trainings_like_those_that_were_measured():
    stage = {"trials": 2000, "steps": 2_000_000, "like": {"network": "schnet", "batch": 32}, "device": "gpu"}
    low, middle, high = sums(study(stages={"a": stage})).of["hours"][0]
    # The authors' A100 is a little quicker than the V100 of the paper: 0.71 + 2.11 ms in place of 1.0 + 2.3 ms.
    assert middle == pytest.approx(2000 * 2e6 * (0.000711241 + 0.00210556) / 3600, rel=2e-3)
    assert low < middle < high < 3667
