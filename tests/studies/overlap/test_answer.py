"""The first sentences of an overlap study: verdict, size of the differences, and offset, on values made for it."""

from __future__ import annotations

import json
import math
from itertools import combinations
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from bigdata.store.reading import Run
from bigdata.studies.overlap.answer import Agreement
from tests.bench import Bench
from tests.report.made import made

FORMULAS = [f"{a}{b}" for a, b in combinations(("Al", "Ni", "Cu", "Ag", "Au", "Pd", "Pt", "Fe", "Co", "Ti"), 2)]
FIRST = np.linspace(-2, 2, len(FORMULAS))
NOISE = np.random.default_rng(3).normal(0, 0.05, len(FORMULAS))


def run_of(bench: Bench, **values: NDArray[np.float64]) -> Run:
    """A study of datasets that all have one entry of each formula."""
    datasets: dict[str, Any] = {}
    for name, of in values.items():
        rows = [{"id": f, "formula": f, "e_eV": float(v)} for f, v in zip(FORMULAS, of, strict=True)]
        (bench.folder / f"{name}.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
        datasets[name] = {"file": f"{name}.jsonl", "target": "e_eV"}
    spec = {"study": "overlap", "name": "o", "datasets": datasets, "identity": {"by": ["reduced_formula"]}}
    return bench.submit(bench.write("study.yaml", spec))


@pytest.mark.parametrize(
    ("shift", "scale", "verdict", "offset"),
    [
        (0.0, 0.1, "agree in", "there is no clear offset"),
        (0.3, 1.0, "agree roughly in", "there is an offset, second lies"),
        (-2.0, 1.0, "don't agree in", "there is an offset, first lies"),
    ],
)
def test_says_whether_values_agree_and_which_lies_higher(
    bench: Bench, shift: float, scale: float, verdict: str, offset: str
) -> None:
    second = FIRST + shift + scale * NOISE
    shared, values = made(run_of(bench, first=FIRST, second=second)).summary[:2]
    assert (
        shared
        == "first and second have 45 groups of materials in common: 100% of the 45 of first, 100% of the 45 of second."
    )
    size = np.sort(np.abs(FIRST - second))
    assert f"values of first and second {verdict} the 45 groups".lower() in values.lower()
    assert f"differ by {size[22]:.3g} eV in the median" in values
    assert f"nine of ten by less than {np.percentile(size, 90):.3g} eV" in values
    assert offset in values
    left = np.sort(np.abs(FIRST - second - np.sort(FIRST - second)[22]))[22]
    assert (f"would differ by {left:.3g} eV" in values) == ("no clear" not in offset)


def test_of_several_pairs_the_worst_is_named(bench: Bench) -> None:
    found = made(run_of(bench, a=FIRST, b=FIRST + 0.01, c=FIRST + 1))
    assert found.summary[0].startswith("All 3 datasets have 45 groups of materials in common: 100% of the 45 of a")
    assert "at least roughly in 1 of 3 pairs of datasets" in found.summary[1]
    assert "The worst: Values of a and c don't agree" in found.summary[1]
    assert found.headline["median difference, worst pair (eV)"] == pytest.approx(1)


def test_a_value_that_stands_for_none_is_said(bench: Bench) -> None:
    second = np.where(np.arange(len(FIRST)) == 7, -9999.0, FIRST + NOISE)
    said = made(run_of(bench, first=FIRST, second=second)).summary[1]
    assert "1 difference is far from all others" in said
    assert f"{np.median(np.abs(FIRST - second)):.3g} eV in the median" in said


@pytest.mark.parametrize("n", [6, 7, 25, 60])
def test_the_interval_of_the_offset_holds_the_median_in_95_of_100_draws(n: int) -> None:
    rng = np.random.default_rng(n)
    held = 0
    for _ in range(2000):
        drawn = rng.exponential(1.0, n)
        low, high = Agreement("a", "b", drawn, np.zeros(n)).interval
        held += low <= math.log(2) <= high
    assert held / 2000 > 0.94


def test_of_five_differences_there_is_no_interval() -> None:
    few = Agreement("a", "b", np.arange(1.0, 6.0), np.zeros(5))
    assert all(map(math.isnan, few.interval))
    assert not few.has_offset
