"""What is judged of the trials, each made again in another way from planted arrays."""

from __future__ import annotations

import itertools
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from scipy import stats

from bigdata.studies.architecture_search import course, importance, judged
from bigdata.studies.architecture_search.expected_best import luck
from bigdata.studies.architecture_search.importance import importances
from bigdata.studies.architecture_search.model import ArchitectureSearch
from bigdata.studies.architecture_search.search import runs_through
from bigdata.studies.architecture_search.status import FAILED, NOT_RUN, RAN, STOPPED
from bigdata.studies.architecture_search.trials import Trials

N, N_RUNGS, SHARE = 40, 3, 0.4
STUDY = ArchitectureSearch.model_validate(
    {
        "name": "planted",
        "dataset": {"name": "emt-prototypes", "target": "formation_energy_per_atom"},
        "space": {
            "model.latent": [16, 32, 64],
            "model.kind": ["schnet", "mpeu"],
            "training.learning_rate": {"log_uniform": [1e-3, 1e-2]},
            "training.batch": [32],
        },
        "search": {"method": "random", "trials": N},
        "stopping": {"method": "successive-halving", "min_steps": 100, "max_steps": 400, "factor": 2, "through": SHARE},
        "reward": {"beside": ["n_parameters"]},
    }
)


def planted() -> dict[str, NDArray[Any]]:
    """The best third goes on beside those that run through; one has failed, one wasn't run."""
    rng = np.random.default_rng(5)
    latent, kind = rng.choice([16, 32, 64], N), rng.integers(0, 2, N)
    rate = 10 ** rng.uniform(-3, -2, N)
    final = 0.1 + 0.05 * kind + 0.002 * latent + 0.02 * rng.standard_normal(N)
    errors = final[:, None] + np.array([0.3, 0.1, 0.0]) * (1 + 0.3 * rng.standard_normal((N, 1)))
    early = np.argsort(np.argsort(errors[:, 0]))
    whole = np.array([runs_through(trial, SHARE) or place < N // 3 for trial, place in enumerate(early)])
    errors[~whole, 1:] = np.nan
    status = np.where(whole, RAN, STOPPED)
    errors[7], status[7] = np.nan, FAILED
    errors[11], status[11] = np.nan, NOT_RUN
    reached = (~np.isnan(errors)).sum(axis=1)
    reward = np.array([row[n - 1] if n else np.nan for row, n in zip(errors, reached, strict=True)])
    seconds = np.where(np.isnan(errors), np.nan, np.cumsum(rng.uniform(1, 5, (N, N_RUNGS)), axis=1))
    return {
        "reward": reward,
        "status": status,
        "validation_rmse": errors,
        "seconds": seconds,
        "n_parameters": np.where(reached > 0, latent * 100 + kind, -1),
        "model.latent": latent,
        "model.kind": kind,
        "training.learning_rate": rate,
        "training.batch": np.full(N, 32),
    }


@pytest.fixture
def arrays() -> dict[str, NDArray[Any]]:
    return planted()


@pytest.fixture
def trials(arrays: dict[str, NDArray[Any]]) -> Trials:
    return Trials(STUDY, arrays.__getitem__)


def test_ranks_are_compared_over_trials_that_nothing_stops(trials, arrays):
    errors = arrays["validation_rmse"]
    through = [t for t in range(N) if runs_through(t, SHARE) and np.isfinite(errors[t, -1])]
    found = judged.of_ranks(trials)
    assert found["rank_trials"].tolist() == [len(through)] * N_RUNGS
    for rung in range(N_RUNGS - 1):
        early, final = errors[through, rung], errors[through, -1]
        assert found["rank_agreement"][rung] == pytest.approx(stats.spearmanr(early, final).statistic)
        best = int(np.argmin(final))
        assert found["rank_kept"][rung] == np.sum(early <= early[best]) / len(through)
        assert found["rank_agreement_low"][rung] < found["rank_agreement"][rung] < found["rank_agreement_high"][rung]
    assert np.isnan(found["rank_agreement"][-1])


def test_of_too_few_trials_that_run_through_no_agreement_is_given(arrays):
    stopping = STUDY.stopping.model_copy(update={"through": 0.0})
    found = judged.of_ranks(Trials(STUDY.model_copy(update={"stopping": stopping}), arrays.__getitem__))
    assert found["rank_trials"].tolist() == [0] * N_RUNGS
    assert np.isnan(found["rank_agreement"]).all()


def test_the_front_is_among_trials_of_one_length(trials, arrays):
    errors, size = arrays["validation_rmse"][:, -1], arrays["n_parameters"]
    whole = np.flatnonzero(np.isfinite(errors))
    wanted = [
        t
        for t in whole
        if not any(
            errors[o] <= errors[t] and size[o] <= size[t] and (errors[o], size[o]) != (errors[t], size[t])
            for o in whole
        )
    ]
    assert np.flatnonzero(judged.of_trials(trials)["on_front"]).tolist() == wanted


def test_importance_is_that_of_the_rung_that_all_came_through(trials, arrays, monkeypatch):
    """With the interval of a bootstrap over trials."""
    monkeypatch.setattr(importance, "N_DRAWS", 6)
    space = STUDY.searched
    known = np.array([t for t in range(N) if arrays["status"][t] in (RAN, STOPPED)])
    points, first = [trials.point(t) for t in known], arrays["validation_rmse"][known, 0]
    of = {field.path: field for field in importances(space, points, first).fields}
    rng = np.random.default_rng(0)
    draws = [rng.choice(len(known), len(known)) for _ in range(6)]
    totals = [importances(space, [points[i] for i in d], first[d], seed, 50).fields for seed, d in enumerate(draws)]
    found = judged.of_parameters(trials)
    for place, path in enumerate(space):
        if path == "training.batch":
            assert np.isnan(found["importance"][place])
            continue
        drawn = [field.total for fields in totals for field in fields if field.path == path]
        half = stats.norm.ppf(0.975) * np.std(drawn, ddof=1)
        assert (found["importance"][place], found["importance_alone"][place]) == (of[path].total, of[path].alone)
        assert found["importance_low"][place] == pytest.approx(max(0.0, of[path].total - half), abs=1e-6)
        top = max(of[path].total, min(1.0, of[path].total + half))
        assert found["importance_high"][place] == pytest.approx(top, abs=1e-6)


def test_fewer_than_twenty_trials_tell_no_importance(arrays):
    arrays["reward"][15:] = np.nan
    found = judged.of_parameters(Trials(STUDY, arrays.__getitem__))
    assert np.isnan([*found["importance"], *found["importance_low"], *found["importance_r2"]]).all()


def test_noise_is_the_spread_of_the_best_trained_anew(trials, arrays):
    again = np.array([0.20, 0.23, 0.19])
    found = judged.of_luck(trials, again)
    noise = np.sqrt(((again - again.mean()) ** 2).sum() / 2)
    assert found["retrain_noise"][0] == pytest.approx(noise)
    final = arrays["validation_rmse"][:, -1]
    wanted = luck(final[np.isfinite(final)], noise)
    assert (found["selection_bias"][0], found["luck_of_equals"][0]) == (wanted.bias, wanted.most)


def test_one_training_anew_tells_nothing_of_luck(trials):
    assert all(np.isnan(value).all() for value in judged.of_luck(trials, np.array([0.2])).values())


def test_the_best_so_far_is_the_least_of_any_rung(trials, arrays):
    found = judged.of_trials(trials)
    for trial in range(N):
        assert found["best_so_far"][trial] == np.nanmin(arrays["validation_rmse"][: trial + 1])
        assert found["spent"][trial] == pytest.approx(
            np.nansum(np.nanmax(np.nan_to_num(arrays["seconds"][: trial + 1]), axis=1))
        )


def test_random_orders_are_those_of_all_permutations() -> None:
    """Of four trials: the median over all 24 orders of the best among those that have ended by then."""
    values, seconds = np.array([3.0, np.nan, 1.0, 2.0]), np.array([1.0, 2.0, 4.0, 1.0])
    found = course.in_random_order(values, seconds)
    for place, spent in enumerate(np.cumsum(seconds)):
        best = []
        for order in itertools.permutations(range(4)):
            ended = [values[t] for t, end in zip(order, np.cumsum(seconds[[*order]]), strict=True) if end <= spent]
            best.append(min((v for v in ended if np.isfinite(v)), default=np.inf))
        wanted = np.median(best)
        # Of 200 draws the median may be the next value where the orders are nearly halved.
        near = sorted(best)[10:14]
        assert found[place] in {*near, wanted} or not np.isfinite(wanted)


def test_in_equal_times_random_orders_end_with_the_best() -> None:
    values = np.random.default_rng(0).random(50)
    found = course.in_random_order(values, np.ones(50))
    assert found[-1] == values.min()
    # The median of the least of k of 50 values, drawn without repeating any.
    rising = np.sort(values)
    for k in (5, 20):
        missed = np.cumprod([(50 - k - i) / (50 - i) for i in range(50 - k)])
        assert found[k - 1] == pytest.approx(rising[int(np.argmax(missed <= 0.5))], abs=0.03)


def test_a_search_without_networks_is_judged_all_the_same(arrays):
    arrays["reward"][:] = np.nan
    arrays["validation_rmse"][:] = np.nan
    trials = Trials(STUDY, arrays.__getitem__)
    assert trials.best is None
    assert not judged.of_trials(trials)["on_front"].any()
    assert np.isnan(judged.of_trials(trials)["best_so_far"]).all()
    assert np.isnan(judged.of_luck(trials, np.array([0.1, 0.2]))["retrain_noise"]).all()
    assert np.isnan(judged.of_parameters(trials)["importance"]).all()
    assert judged.of_ranks(trials)["rank_trials"].tolist() == [0] * N_RUNGS
