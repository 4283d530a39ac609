"""The power law of a ladder, against SciPy's regression and laws that are known."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from bigdata.studies.transferability.ladder import power_law

RUNGS = np.array([100, 300, 1000, 3000, 10000])


@given(st.integers(0, 2**32 - 1), st.integers(3, 5))
def test_the_law_and_its_interval_are_those_of_scipy(seed: int, k: int) -> None:
    mae = np.exp(np.random.default_rng(seed).normal(-2, 1, k))
    found, expected = power_law(RUNGS[:k], mae), stats.linregress(np.log(RUNGS[:k]), np.log(mae))
    half = stats.t.ppf(0.975, k - 2) * expected.stderr
    np.testing.assert_allclose(
        found,
        (-expected.slope, -expected.slope - half, -expected.slope + half, np.exp(expected.intercept)),
        rtol=1e-8,
        atol=1e-10,
    )


def test_a_law_is_found_again() -> None:
    found = power_law(RUNGS, 2.5 * RUNGS**-0.3)
    np.testing.assert_allclose(found, (0.3, 0.3, 0.3, 2.5), rtol=1e-6)
    np.testing.assert_allclose(found.at(np.array([50.0, 1e6])), 2.5 * np.array([50.0, 1e6]) ** -0.3)


def test_the_interval_holds_the_exponent_in_95_of_100_ladders() -> None:
    rng = np.random.default_rng(0)
    laws = (power_law(RUNGS[:4], RUNGS[:4] ** -0.4 * np.exp(0.1 * rng.normal(size=4))) for _ in range(2000))
    assert np.mean([law.low <= 0.4 <= law.high for law in laws]) == pytest.approx(0.95, abs=0.015)


def test_two_points_are_a_line_without_interval() -> None:
    found = power_law(RUNGS[:2], np.array([0.3, 0.1]))
    assert found.exponent == pytest.approx(1)
    assert found.amplitude == pytest.approx(30)
    assert np.isnan([found.low, found.high]).all()


@pytest.mark.parametrize(
    ("n", "mae"), [([], []), ([100], [0.1]), ([100, 100, 100], [0.1, 0.2, 0.3]), ([100, 200], [0.1, np.nan])]
)
def test_fewer_points_tell_nothing(n: list[int], mae: list[float]) -> None:
    assert np.isnan(power_law(np.array(n), np.array(mae))).all()


def test_points_without_a_logarithm_are_left_out() -> None:
    found = power_law(np.array([0, 100, 300, 1000, 50]), np.array([0.5, 0.4, 0.3, 0.2, 0.0]))
    np.testing.assert_allclose(found, power_law(RUNGS[:3], np.array([0.4, 0.3, 0.2])))
