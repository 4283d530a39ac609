"""The law of a training's time, with numbers that were calculated by hand."""

from __future__ import annotations

import pytest

from bigdata.models.times.law import Law, Point, Spread
from bigdata.models.times.trainings import Group

SIZES = Group("schnet", "qm9", "gpu", "static-64")
ONE = Group("schnet", "qm9", "gpu", "dynamic")
LAW = Law(
    points={
        SIZES: {16: Point(0.001, 0.002, 50), 32: Point(0.002, 0.003, 100), 64: Point(0.003, 0.005, 150)},
        ONE: {32: Point(0.002, 0.003, 1)},
    },
    compilation={("schnet", "gpu"): 2.0},
    spreads={
        Spread("schnet", "gpu", "batch", True): (0.9, 1.1),
        Spread("schnet", "gpu", "step", True): (0.95, 1.2),
        Spread("schnet", "gpu", "batch", False): (0.5, 2.0),
        Spread("schnet", "gpu", "step", False): (0.6, 1.5),
    },
)


@pytest.mark.parametrize(
    ("batch", "n_steps", "making", "step"),
    [
        (32, 100_000, 0.002, 0.003 + 2 * 100 / 1e5),
        (32, 2_000_000, 0.002, 0.003 + 2 * (1 + 99 * 20**0.06) / 2e6),
        (48, 100_000, 0.0025, 0.004 + 2 * 125 / 1e5),
        (24, 50_000, 0.0015, 0.0025 + 2 * (1 + 74 * 0.5**0.06) / 5e4),
        (8, 100_000, 0.0005, 0.0015 + 2 * 25 / 1e5),
        (128, 100_000, 0.005, 0.009 + 2 * 250 / 1e5),
    ],
)
def test_times_are_straight_lines_between_sizes_and_compilations_are_shared_by_all_steps(
    batch: int, n_steps: int, making: float, step: float
) -> None:
    assert LAW.expected(SIZES, batch, n_steps) == pytest.approx((making, step))


def test_intervals_are_wider_where_the_size_was_not_measured() -> None:
    making, step = LAW.predicted(SIZES, 32, 100_000)
    assert making == pytest.approx((0.0018, 0.002, 0.0022))
    assert step == pytest.approx((0.95 * 0.005, 0.005, 1.2 * 0.005))
    making, step = LAW.predicted(SIZES, 48, 100_000)
    assert making == pytest.approx((0.00125, 0.0025, 0.005))
    assert step == pytest.approx((0.6 * 0.0065, 0.0065, 1.5 * 0.0065))


@pytest.mark.parametrize(
    ("group", "batch", "n_steps", "said"),
    [
        (SIZES, 7, 100_000, "sizes from 8 to 128 are known"),
        (SIZES, 129, 100_000, "sizes from 8 to 128 are known"),
        (ONE, 33, 100_000, "sizes from 32 alone are known"),
        (SIZES, 32, 49_999, "Ask for 50,000 or more"),
        (SIZES._replace(batching="static"), 32, 100_000, "Measured with batching dynamic, static-64"),
        (SIZES._replace(network="painn"), 32, 100_000, "Measured are schnet and mpeu on aflow and qm9"),
    ],
)
def test_what_was_not_measured_nearby_is_refused(group: Group, batch: int, n_steps: int, said: str) -> None:
    with pytest.raises(ValueError, match=said):
        LAW.expected(group, batch, n_steps)
