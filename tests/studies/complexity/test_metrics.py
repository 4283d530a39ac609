"""Errors, their intervals and tests of chance: made again with scikit-learn, draw by draw, and by all permutations."""

from __future__ import annotations

import itertools
import warnings

import numpy as np
import pytest
from sklearn.metrics import (
    accuracy_score,
    balanced_accuracy_score,
    mean_absolute_error,
    mean_squared_error,
    r2_score,
    root_mean_squared_log_error,
)

from bigdata.studies.complexity.metrics import Judged, chance, drawn, draws, errors, interval, terms
from bigdata.studies.complexity.of_classes import OF_CLASSES

ALL = ("rmsle", "rmse", "mae", "r2")
RNG = np.random.default_rng(5)
TARGET = RNG.lognormal(size=60)
MADE = TARGET * RNG.lognormal(sigma=0.4, size=60)
GROUP = np.repeat(np.arange(12), 5)


def plain(target=TARGET, made=MADE, group=GROUP):
    return Judged(target, made, target, made, False, group)


def logarithmic(target=TARGET, made=MADE, group=GROUP):
    return Judged(target, made, np.log10(target), np.log10(made), True, group)


def test_errors_are_those_of_scikit_learn():
    expected = [root_mean_squared_log_error(TARGET, MADE), mean_squared_error(TARGET, MADE) ** 0.5,
                mean_absolute_error(TARGET, MADE), r2_score(TARGET, MADE)]  # fmt: skip
    np.testing.assert_allclose(errors(ALL, plain()), expected, rtol=1e-12)


def test_where_logarithms_are_learned_rmsle_is_of_decimal_ones_and_r2_on_their_scale():
    decades = np.log10(TARGET), np.log10(MADE)
    expected = [mean_squared_error(*decades) ** 0.5, mean_squared_error(TARGET, MADE) ** 0.5,
                mean_absolute_error(TARGET, MADE), r2_score(*decades)]  # fmt: skip
    np.testing.assert_allclose(errors(ALL, logarithmic()), expected, rtol=1e-12)


def test_predictions_below_zero_count_as_zero_in_rmsle():
    below = np.where(np.arange(60) < 7, -MADE, MADE)
    assert errors(["rmsle"], plain(made=below))[0] == pytest.approx(
        root_mean_squared_log_error(TARGET, np.maximum(below, 0))
    )


def test_a_prediction_of_zero_has_an_infinite_error_where_logarithms_are_learned():
    made = MADE.copy()
    made[3] = 0.0
    with np.errstate(divide="ignore"):
        assert errors(["rmsle"], logarithmic(made=made))[0] == np.inf


def test_all_targets_alike_have_no_r2():
    assert np.isnan(errors(["r2"], plain(target=np.full(60, 0.1)))[0])


@pytest.mark.parametrize("metric", ALL)
@pytest.mark.parametrize("of", [plain, logarithmic])
def test_each_draw_is_the_error_of_the_groups_that_it_repeats(metric, of):
    counts = draws(GROUP, 9, seed=1)
    assert (counts.sum(axis=1) == 12).all()
    for count, found in zip(counts, drawn(metric, of(), counts), strict=True):
        rows = np.concatenate([np.flatnonzero(g == GROUP) for g in range(12) for _ in range(count[g])])
        again = of(TARGET[rows], MADE[rows], GROUP[rows])
        assert found == pytest.approx(errors([metric], again)[0], rel=1e-10)


def test_groups_that_are_not_tested_are_never_drawn():
    counts = draws(np.array([2, 2, 5]), 50, seed=0)
    assert set(np.flatnonzero(counts.any(axis=0))) == {2, 5}


def test_intervals_hold_the_middle_of_the_draws():
    assert interval(np.arange(1001.0)) == pytest.approx((25, 975))
    assert np.isnan(interval(np.array([np.nan]))).all()


def test_chance_is_that_of_all_permutations_of_groups():
    rows = GROUP < 8
    one = plain(TARGET[rows], MADE[rows], GROUP[rows])
    other = plain(TARGET[rows], TARGET[rows] * 1.15, GROUP[rows])
    by_group = [
        np.sum(
            (one.prediction - one.target)[one.group == g] ** 2 - (other.prediction - other.target)[one.group == g] ** 2
        )
        for g in range(8)
    ]
    sums = [np.dot(signs, by_group) for signs in itertools.product((-1, 1), repeat=8)]
    exact = np.mean(np.abs(sums) >= abs(sum(by_group)) - 1e-12)
    assert chance("rmse", one, other, 20_000, seed=0) == pytest.approx(exact, abs=0.015)


def test_models_that_say_the_same_do_not_differ():
    assert chance("mae", plain(), plain(), 100, seed=0) == 1.0
    assert np.isnan(chance("mae", plain(), plain(), 0, seed=0))


CODES = RNG.integers(0, 3, 60).astype(float)
SAID = np.where(RNG.uniform(size=60) < 0.7, CODES, RNG.integers(0, 4, 60)).astype(float)
OVERLAP = RNG.integers(0, 2, 60).astype(float)


def classed(target=CODES, made=SAID, group=GROUP, overlap=OVERLAP):
    """Of five classes, of which two have no sample."""
    return Judged(target, made, target, made, False, group, overlap, 5)


def test_accuracies_are_those_of_scikit_learn():
    with warnings.catch_warnings():
        # A class that is predicted and has no sample counts for nothing.
        warnings.simplefilter("ignore")
        expected = [accuracy_score(CODES, SAID), balanced_accuracy_score(CODES, SAID), OVERLAP.mean()]
    np.testing.assert_allclose(errors(OF_CLASSES, classed()), expected, rtol=1e-12)


@pytest.mark.parametrize("metric", OF_CLASSES)
def test_each_draw_of_classes_is_the_error_of_the_groups_that_it_repeats(metric):
    counts = draws(GROUP, 9, seed=1)
    for count, found in zip(counts, drawn(metric, classed(), counts), strict=True):
        rows = np.concatenate([np.flatnonzero(g == GROUP) for g in range(12) for _ in range(count[g])])
        again = classed(CODES[rows], SAID[rows], GROUP[rows], OVERLAP[rows])
        assert found == pytest.approx(errors([metric], again)[0], rel=1e-10)


def test_the_loss_that_chance_is_told_by_has_the_balanced_accuracy_for_its_mean():
    loss = terms("balanced-accuracy", classed())[:, 1]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        assert 1 - loss.mean() == pytest.approx(balanced_accuracy_score(CODES, SAID))


@pytest.mark.parametrize("metric", ["accuracy", "balanced-accuracy"])
def test_a_sample_without_a_prediction_has_no_accuracy_in_silence(metric):
    said = SAID.copy()
    said[7] = np.nan
    assert np.isnan(errors([metric], classed(made=said))[0])
