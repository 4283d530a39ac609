"""What is said after a search: ranks early and final, Pareto fronts, importance of fields, and how much was luck."""

from __future__ import annotations

import itertools
import math
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from bigdata.studies.architecture_search.expected_best import expected_best, least_of_normal, luck
from bigdata.studies.architecture_search.importance import importances
from bigdata.studies.architecture_search.methods.method import Told
from bigdata.studies.architecture_search.pareto import dominates, front
from bigdata.studies.architecture_search.standing import agreements, curves, standing
from tests.studies.architecture_search.searching import space

# Ranks


def test_curves_are_of_trials_that_have_not_failed() -> None:
    point: dict[str, Any] = {"a": 1}
    history = [Told(0, 0, point, (3.0, 9.0)), Told(1, 0, point, (2.0, 9.0)), Told(0, 1, point, None)]
    assert curves([*history, Told(1, 1, point, (1.0, 9.0))]) == {1: [2.0, 1.0]}


def test_trials_of_one_length_stand_by_their_last_value() -> None:
    assert standing({0: [1.0, 0.9], 1: [2.0, 0.1], 2: [3.0, 0.5]}) == [1, 2, 0]


def test_a_bad_trial_that_ran_through_stands_behind_good_ones_that_did_not() -> None:
    """4 is the worst at first; it has the smallest error because it was trained four times as long."""
    assert standing({0: [1.0], 1: [2.0, 1.5], 2: [1.5, 1.6], 3: [3.0], 4: [9.0, 8.0, 0.9]}) == [0, 1, 2, 3, 4]


def test_survivors_change_places_among_themselves() -> None:
    assert standing({0: [1.0, 0.8], 1: [2.0, 0.7], 2: [3.0], 3: [4.0, 0.1]}) == [3, 1, 2, 0]


@given(st.lists(st.lists(st.floats(0, 1), min_size=1, max_size=4), min_size=1, max_size=30))
def test_standing_is_an_order_of_all_trials(drawn: list[list[float]]) -> None:
    whole = dict(enumerate(drawn))
    order = standing(whole)
    assert sorted(order) == [*whole]
    longest = max(map(len, drawn))
    top = [n for n in order if len(whole[n]) == longest]
    assert [whole[n][-1] for n in top] == sorted(whole[n][-1] for n in top)


def test_agreement_of_ranks_is_that_of_scipy() -> None:
    rng = np.random.default_rng(0)
    final = rng.random(40)
    early = final + 0.3 * rng.random(40)
    whole = {n: [early[n], final[n]] for n in range(40)}
    whole[40] = [0.0]  # it was stopped, and says nothing
    (found,) = agreements(whole, 2)
    assert found.rho == pytest.approx(stats.spearmanr(early, final).statistic)
    assert found.n == 40
    best = int(np.argmin(final))
    assert found.kept == (np.argsort(early).tolist().index(best) + 1) / 40


def test_the_interval_of_a_correlation_holds_it_as_often_as_it_says() -> None:
    rng, rho, n_held = np.random.default_rng(1), 0.6, 0
    true = 6 / math.pi * math.asin(rho / 2)  # Spearman's of a normal pair with Pearson's rho
    for _ in range(400):
        x, y = rng.multivariate_normal([0, 0], [[1, rho], [rho, 1]], 30).T
        (found,) = agreements({n: [x[n], y[n]] for n in range(30)}, 2)
        n_held += found.low <= true <= found.high
    assert 0.92 < n_held / 400 < 0.98


def test_of_too_few_or_equal_trials_no_agreement_is_given() -> None:
    assert math.isnan(agreements({0: [1.0, 2.0], 1: [2.0, 3.0]}, 2)[0].rho)
    assert math.isnan(agreements({n: [1.0, float(n)] for n in range(9)}, 2)[0].rho)


# Pareto


@given(st.lists(st.tuples(*[st.integers(0, 6)] * 3), max_size=40))
def test_the_front_is_what_none_dominates(values: list[tuple[int, int, int]]) -> None:
    wanted = [i for i, own in enumerate(values) if not any(dominates(other, own) for other in values)]
    assert sorted(front(np.array(values).reshape(-1, 3)).tolist()) == wanted


def test_the_front_is_sorted_by_the_first_objective_and_leaves_failures_out() -> None:
    values = [[3.0, 1.0], [1.0, 3.0], [math.nan, 0.0], [2.0, 2.0], [2.5, 2.5]]
    assert front(values).tolist() == [1, 3, 0]


# Importance

WHERE = space(a={"uniform": [0, 1]}, b=[1, 2, 3, 4], c={"log_uniform": [1e-5, 1e-1]}, d=["x", "y"], fixed=["mpeu"])


def _error(point: dict[str, Any]) -> float:
    """Variances: 16/12 of a, 1.25 of b, (4²)/12/16 of c; d does nothing."""
    return 4.0 * point["a"] + point["b"] + 0.25 * math.log10(point["c"])


def test_importance_of_an_additive_error_is_each_fields_share_of_its_variance() -> None:
    points = [WHERE.draw(np.random.default_rng([3, i])) for i in range(1500)]
    found = importances(WHERE, points, [_error(point) for point in points])
    assert found is not None
    variances = {"a": 16 / 12, "b": 1.25, "c": (4 * 0.25) ** 2 / 12, "d": 0.0}
    for field in found.fields:
        share = variances[field.path] / sum(variances.values())
        assert field.alone == pytest.approx(share, abs=0.05)
        assert field.total == pytest.approx(share, abs=0.05)
    assert [field.path for field in found.fields][:2] == ["a", "b"]
    assert found.r2 > 0.9


def test_what_two_fields_do_together_is_of_neither_alone() -> None:
    where = space(a=[0, 1], b=[0, 1], c=[0, 1])
    points = [where.draw(np.random.default_rng([4, i])) for i in range(400)]
    found = importances(where, points, [float(p["a"] == p["b"]) for p in points])
    assert found is not None
    of = {field.path: field for field in found.fields}
    assert of["a"].alone == pytest.approx(0.0, abs=0.05)
    assert of["a"].total == pytest.approx(1.0, abs=0.05)
    assert of["c"].total == pytest.approx(0.0, abs=0.05)


def test_an_only_field_has_all_of_the_variance() -> None:
    where = space(a={"uniform": [0, 1]}, fixed=[3])
    points = [where.draw(np.random.default_rng([4, i])) for i in range(40)]
    found = importances(where, points, [point["a"] for point in points])
    assert found is not None
    assert [(field.path, field.alone, field.total) for field in found.fields] == [("a", 1.0, 1.0)]


def test_noise_is_called_so() -> None:
    points = [WHERE.draw(np.random.default_rng([5, i])) for i in range(200)]
    found = importances(WHERE, points, np.random.default_rng(0).random(200))
    assert found is not None
    assert found.r2 < 0.1


def test_failed_trials_are_left_out_and_too_few_say_nothing() -> None:
    points = [WHERE.draw(np.random.default_rng([6, i])) for i in range(60)]
    values = np.array([_error(point) for point in points])
    with_failed = np.append(values, math.nan)
    assert importances(WHERE, [*points, points[0]], with_failed) == importances(WHERE, points, values)
    assert importances(WHERE, points[:19], values[:19]) is None
    assert importances(WHERE, points, np.ones(60)) is None


# Luck


@pytest.mark.parametrize("n", [1, 2, 3, 5])
def test_the_expected_best_is_the_mean_over_all_samples(n: int) -> None:
    values = [0.3, 0.9, 0.1, 0.4, 0.7]
    wanted = np.mean([min(sample) for sample in itertools.combinations(values, n)])
    assert expected_best([*values, math.nan], n) == pytest.approx(wanted)


def test_the_expected_best_of_many_trials_is_finite() -> None:
    values = np.random.default_rng(0).random(20_000)
    assert expected_best(values, 100) == pytest.approx(1 / 101, rel=0.05)


@pytest.mark.parametrize("n", [0, 4])
def test_the_best_of_more_trials_than_there_are_is_refused(n: int) -> None:
    with pytest.raises(ValueError, match="ask for 1 to 3"):
        expected_best([1.0, 2.0, 3.0], n)


# The means of the least of n standard normals: Harter, Biometrika 48, 151 (1961), table 1.
@pytest.mark.parametrize(("n", "mean"), [(1, 0.0), (2, -0.56419), (10, -1.53875), (100, -2.50759), (400, -2.96818)])
def test_the_least_of_a_normal(n: int, mean: float) -> None:
    assert least_of_normal(n) == pytest.approx(mean, abs=1e-5)


def test_where_all_are_equal_the_best_is_all_luck() -> None:
    values = 1.0 + 0.1 * np.random.default_rng(0).standard_normal(40)
    found = luck(values, float(np.std(values)))
    assert found.bias == pytest.approx(found.most, abs=4 * found.standard_error)
    assert found.most == pytest.approx(-float(np.std(values)) * least_of_normal(40))


def test_without_noise_nothing_is_luck() -> None:
    assert luck([1.0, 2.0, 3.0], 0.0).bias == 0.0


@pytest.mark.parametrize("noise", [0.05, 0.2, 0.5])
def test_luck_is_what_training_again_shows(noise: float) -> None:
    """Over many searches with known means: the winner's error the first time, against its mean."""
    rng = np.random.default_rng(2)
    true, said = [], []
    for i in range(60):
        means = rng.normal(1.0, 0.3, 100)
        errors = noise * rng.standard_normal(100)
        true.append(-errors[np.argmin(means + errors)])
        if i < 6:
            said.append(luck(means + errors, noise).bias)
    assert np.mean(said) == pytest.approx(np.mean(true), abs=3 * np.std(true) / math.sqrt(60) + 0.01)


def test_luck_of_nothing_is_refused() -> None:
    with pytest.raises(ValueError, match="luck needs errors"):
        luck([math.nan], 0.1)
