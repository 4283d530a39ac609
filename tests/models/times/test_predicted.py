"""The shipped tables: what they say of the paper's own numbers, and that they are what the trainings give."""

from __future__ import annotations

import csv
import gzip
import os
import random
from collections import defaultdict
from collections.abc import Iterable, Sequence
from pathlib import Path

import numpy as np
import pytest

from bigdata.models.times import fit, tables
from bigdata.models.times.law import GROWTH
from bigdata.models.times.predicted import predicted
from bigdata.models.times.trainings import Training, trainings

FOLDER = Path(os.environ.get("BIGDATA_MIRROR", "")) / "profiling_mpnn"
needs_trainings = pytest.mark.skipif(not FOLDER.is_dir(), reason="needs profiling_mpnn in the folder BIGDATA_MIRROR")


def test_a_search_step_of_the_paper_takes_what_the_paper_says() -> None:
    """Section 6.2: SchNet on AFLOW, batch 32: 0.0012 s + 0.0177 s by CPU and so 10.5 h for 2,000,000 steps; a V100
    takes 0.0023 s a step, and this is an A100."""
    making, step = predicted("schnet", "aflow", 32, "cpu")
    assert step.middle == pytest.approx(0.0177, rel=0.01)
    assert 2e6 * (making.middle + step.middle) / 3600 == pytest.approx(10.5, rel=0.02)
    making, step = predicted("schnet", "aflow", 32, "gpu")
    assert step.middle == pytest.approx(0.0023, rel=0.05)


def test_numbers_calculated_by_hand_from_the_tables() -> None:
    # schnet,aflow,gpu,dynamic: 0.000887302 s at 32 and 0.00157107 s at 64; steps 0.00223584 s and 0.00294151 s, one
    # compilation of 2.08029 s.
    making, step = predicted("schnet", "aflow", 40, "gpu", n_steps=100_000)
    assert making.middle == pytest.approx(0.000887302 + (0.00157107 - 0.000887302) / 4, rel=1e-5)
    assert step.middle == pytest.approx(0.00223584 + (0.00294151 - 0.00223584) / 4 + 2.08029e-5, rel=1e-5)
    assert making.low / making.middle == pytest.approx(0.973579)
    assert step.high / step.middle == pytest.approx(1.08786)


def test_all_that_the_tables_know_is_positive_in_order_and_more_for_larger_batches() -> None:
    law = tables.shipped()
    assert sum(map(len, law.points.values())) == 109
    for group, sizes in law.points.items():
        most = 2 if len(sizes) > 1 else 1
        asked = sorted({*sizes, min(sizes) // most, max(sizes) * most})
        both = [law.predicted(group, batch, 2_000_000) for batch in asked]
        for times in zip(*both, strict=True):
            assert all(0 < t.low < t.middle < t.high for t in times)
            assert [t.middle for t in times] == sorted(t.middle for t in times)


def test_what_no_training_ended_with_is_refused() -> None:
    with pytest.raises(ValueError, match="Measured with batching dynamic-64, static, static-64"):
        predicted("mpeu", "aflow", 32, "cpu")


def test_tables_are_read_as_they_were_written(tmp_path: Path) -> None:
    tables.write(tables.shipped(), tmp_path)
    assert tables.read(tmp_path) == tables.shipped()


@pytest.fixture(scope="module")
def timed() -> list[Training]:
    return trainings(FOLDER)


@needs_trainings
def test_trainings_without_times_are_left_out_and_repeated_rows_are_one(timed: list[Training]) -> None:
    texts = [gzip.decompress(path.read_bytes()).decode() for path in FOLDER.glob("*.csv.gz")]
    rows = [row for text in texts for row in csv.DictReader(text.splitlines())]
    times = [tuple(v for name, v in row.items() if name.endswith(("time_mean", "time_median"))) for row in rows]
    assert (len(rows), sum(map(all, times)), len(set(filter(all, times)))) == (2517, 1786, 1450)
    assert len(timed) == 1450
    ended = [row["experiment_completed"] for row, time in zip(rows, times, strict=True) if all(time)]
    assert set(ended) == {"True"}


@needs_trainings
def test_the_shipped_tables_are_what_the_trainings_give(timed: list[Training], tmp_path: Path) -> None:
    tables.write(fit.fitted(timed), tmp_path)
    for name in (tables.SETTINGS, tables.COMPILATION, tables.SPREADS):
        assert (tmp_path / name).read_text() == (tables.HERE / name).read_text()


@needs_trainings
def test_a_setting_is_the_median_of_its_trainings(timed: list[Training]) -> None:
    """From the rows themselves, for a setting compiled once in each training."""
    path = FOLDER / "profiling_2M_steps_2024-10-24.csv.gz"
    with gzip.open(path, "rt") as file:
        rows = [
            row
            for row in csv.DictReader(file)
            if (row["model"], row["dataset"], row["computing_type"]) == ("schnet", "qm9", "gpu_a100")
            and (row["batching_type"], row["batching_round_to_64"], row["batch_size"]) == ("dynamic", "False", "64")
        ]
    making, step = (
        np.median([float(row[f"step_2_000_000_{name}_time_mean"]) for row in rows]) for name in ("batching", "update")
    )
    found = predicted("schnet", "qm9", 64, "gpu")
    assert (found[0].middle, found[1].middle) == pytest.approx((making, step), rel=1e-5)


@needs_trainings
def test_compilations_take_as_long_and_become_as_rare_as_short_and_long_trainings_say(timed: list[Training]) -> None:
    """The law reads c off mean and median of short trainings; the means of short and long ones tell it as well."""
    settings: dict[tuple[str, str, int], dict[int, list[Training]]] = defaultdict(lambda: defaultdict(list))
    for t in timed:
        if t.group.device == "gpu" and t.group.batching == "static-64":
            settings[t.group.network, t.group.dataset, t.batch][t.n_steps].append(t)
    seconds, growth = defaultdict(list), []
    for (network, _, _), of in settings.items():
        both = [[(t.seconds_step, t.n_compilations) for t in of[n]] for n in (100_000, 2_000_000)]
        short, long = (np.median(each, axis=0) for each in both)
        seconds[network].append((short[0] - long[0]) / (short[1] / 100_000 - long[1] / 2_000_000))
        growth.append(np.log((long[1] - 1) / (short[1] - 1)) / np.log(20))
    assert np.median(growth) == pytest.approx(GROWTH, abs=0.005)
    for network, found in seconds.items():
        assert np.median(found) == pytest.approx(tables.shipped().compilation[network, "gpu"], rel=0.08)


def errors(held: Iterable[fit.HeldOut], what: str) -> float:
    """The median absolute relative error."""
    return float(np.median([abs(h.ratio - 1) for h in held if h.spread.what == what]))


@needs_trainings
def test_held_out_trainings_are_as_predicted(timed: list[Training]) -> None:
    held = fit.other_runs(timed)
    assert len(held) == 2 * 1450
    assert errors(held, "batch") == pytest.approx(0.013, abs=0.001)
    assert errors(held, "step") == pytest.approx(0.005, abs=0.001)
    # On the same device with the same network, each.
    for which in {(h.training.group.network, h.training.group.device) for h in held}:
        own = [h for h in held if (h.training.group.network, h.training.group.device) == which]
        assert max(errors(own, "batch"), errors(own, "step")) < 0.04


@needs_trainings
def test_an_unseen_batch_size_is_nearly_as_predicted(timed: list[Training]) -> None:
    held = fit.other_sizes(timed)
    assert errors(held, "batch") == pytest.approx(0.020, abs=0.002)
    assert errors(held, "step") == pytest.approx(0.035, abs=0.002)
    for batch in (16, 32, 64, 128):
        own = [h for h in held if h.training.batch == batch]
        assert max(errors(own, "batch"), errors(own, "step")) < 0.08


def coverage(held: Sequence[fit.HeldOut], spreads: dict[fit.Spread, tuple[float, float]]) -> float:
    """The share that the intervals hold."""
    return float(np.mean([spreads[h.spread][0] <= h.ratio <= spreads[h.spread][1] for h in held]))


@needs_trainings
@pytest.mark.parametrize("seed", range(3))
def test_intervals_hold_nine_of_ten_trainings_that_they_were_not_made_from(timed: list[Training], seed: int) -> None:
    iterations = random.Random(seed).sample(range(10), 3)
    seen = [t for t in timed if t.iteration not in iterations]
    held = list(fit.held_out(fit.without_intervals(seen), [t for t in timed if t.iteration in iterations]))
    spreads = fit.spreads(fit.other_runs(seen))
    for what in ("batch", "step"):
        own = [h for h in held if h.spread.what == what]
        assert 0.85 <= coverage(own, spreads) <= 0.95
        assert errors(own, what) < 0.02


@needs_trainings
def test_intervals_of_unseen_sizes_made_from_one_dataset_hold_on_the_other(timed: list[Training]) -> None:
    shares = []
    for dataset in ("aflow", "qm9"):
        spreads = fit.spreads(fit.other_sizes([t for t in timed if t.group.dataset != dataset]))
        held = fit.other_sizes([t for t in timed if t.group.dataset == dataset])
        shares += [coverage(held, spreads)] * len(held)
    assert 0.85 <= np.mean(shares) <= 0.95


@needs_trainings
def test_trainings_of_other_days_are_near_and_often_outside_of_the_intervals(timed: list[Training]) -> None:
    """Those of 100,000 steps are all of December 2024, those of 2,000,000 of two other months."""
    short = [t for t in timed if t.n_steps == 100_000]
    known = {(t.group, t.batch) for t in short}
    long = [t for t in timed if t.n_steps != 100_000 and (t.group, t.batch) in known]
    held = list(fit.held_out(fit.without_intervals(short), long))
    assert len(long) == 360
    assert (errors(held, "batch"), errors(held, "step")) == pytest.approx((0.027, 0.020), abs=0.002)
    assert coverage(held, fit.spreads(fit.other_runs(short))) == pytest.approx(0.30, abs=0.02)
