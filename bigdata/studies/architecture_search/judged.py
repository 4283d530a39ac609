"""What a search says beyond its best trial: which parameters matter, how early ranks foretell final ones, and luck."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from bigdata.kind import ArraySpec, whole
from bigdata.studies.architecture_search import course, expected_best
from bigdata.studies.architecture_search.importance import importances, spread
from bigdata.studies.architecture_search.listed import unit_of_metric
from bigdata.studies.architecture_search.model import ArchitectureSearch
from bigdata.studies.architecture_search.pareto import front
from bigdata.studies.architecture_search.search import runs_through
from bigdata.studies.architecture_search.standing import agreements
from bigdata.studies.architecture_search.trials import Trials

if TYPE_CHECKING:
    from bigdata.kind import Context

Floats = NDArray[np.float64]
# 95 % of a normal distribution lie so many standard deviations about its mean.
TWO_SIDED = 1.959964
# Of these the networks that are trained anew have a value of their own.
ERRORS = ("validation_rmse", "validation_mae")

BY_PARAMETER = {
    "importance": "share of the variance of the metric that decides, with all that the parameter does with others",
    "importance_low": "lower end of its 95 % interval over draws of the trials",
    "importance_high": "upper end of its 95 % interval over draws of the trials",
    "importance_alone": "share of the variance that is the parameter's alone",
}
BY_RUNG = {
    "rank_agreement": "Spearman's correlation of the ranks at this rung with those at the last, of trials that were "
    "never judged; NaN for the last, and where there are too few",
    "rank_agreement_low": "lower end of its 95 % interval",
    "rank_agreement_high": "upper end of its 95 % interval",
    "rank_kept": "the least share of these trials that had to go on at this rung for the best one to be among them",
}
LUCK = {
    "retrain_noise": "standard deviation of the metric that decides, of the best point trained anew from other seeds",
    "selection_bias": "by so much the best value lies below the mean of that trial trained anew, as expected from the "
    "noise and the spread of the trials",
    "selection_bias_error": "standard error of the selection bias, of the draws that it is found by",
    "luck_of_equals": "by so much the best of as many trials lies below their mean where all are equally good",
}


def arrays(study: ArchitectureSearch, unit: str) -> Iterator[ArraySpec]:
    """Those that this writes."""
    n = study.search.trials
    units = unit_of_metric(study.reward.metric, unit)
    for name, about in BY_PARAMETER.items():
        yield whole(name, "float64", {"parameter": len(study.searched)}, about=about)
    about = "R² of the forest that tells importance, of trials that it didn't see"
    yield whole("importance_r2", "float64", {"one": 1}, about=about)
    yield whole("rank_trials", "int64", {"rung": len(study.rungs)}, about="trials whose ranks are compared")
    for name, about in BY_RUNG.items():
        yield whole(name, "float64", {"rung": len(study.rungs)}, about=about)
    for name, about in LUCK.items():
        yield whole(name, "float64", {"one": 1}, units, about)
    about = "whether no trial of the same length of training beats it in all objectives"
    yield whole("on_front", "bool", {"trial": n}, about=about)
    yield whole("spent", "float64", {"trial": n}, "s", "time of training of this and all earlier trials")
    about = "least value of the metric that decides, at any rung of this and all earlier trials"
    yield whole("best_so_far", "float64", {"trial": n}, units, about)
    about = "median over random orders of the trials of the least value, when as much was spent"
    yield whole("best_in_random_order", "float64", {"trial": n}, units, about)


def write(ctx: Context[ArchitectureSearch]) -> None:
    """Write all of `arrays`."""
    trials = Trials(ctx.model, ctx.read)
    parts = (of_parameters(trials), of_ranks(trials), of_luck(trials, retrained(ctx)), of_trials(trials))
    for name, values in ((name, values) for part in parts for name, values in part.items()):
        ctx.write(name, values)


def retrained(ctx: Context[ArchitectureSearch]) -> Floats:
    """(networks,) the metric that decides, of those trained anew; empty where they have none of it."""
    name = f"final_{ctx.model.reward.metric}"
    has_any = ctx.model.final.retrain and ctx.model.reward.metric in ERRORS
    return np.asarray(ctx.rows("retrain")[name]) if has_any else np.empty(0)


def of_parameters(trials: Trials) -> Mapping[str, NDArray[Any]]:
    """Of the rung that all have come through: what a parameter does to early and late values isn't the same."""
    space = trials.study.searched
    points = [trials.point(trial) for trial in trials.curves]
    values = [curve[trials.common_rung] for curve in trials.curves.values()]
    found = {name: np.full(len(space), np.nan) for name in BY_PARAMETER}
    judged = importances(space, points, values)
    if judged is None:
        return found | {"importance_r2": np.full(1, np.nan)}
    half = dict(zip(space.open, TWO_SIDED * spread(space, points, values), strict=True))
    for place, path in enumerate(space):
        for field in (field for field in judged.fields if field.path == path):
            found["importance"][place], found["importance_alone"][place] = field.total, field.alone
            found["importance_low"][place] = max(0.0, field.total - half[path])
            found["importance_high"][place] = max(field.total, min(1.0, field.total + half[path]))
    return found | {"importance_r2": np.array([judged.r2])}


def of_ranks(trials: Trials) -> Mapping[str, NDArray[Any]]:
    """Over the trials that run through whatever they show: others went on because of their early ranks."""
    study, n = trials.study, len(trials.study.rungs)
    through = {t: c for t, c in trials.curves.items() if runs_through(t, study.stops.share_through)}
    found = {name: np.full(n, np.nan) for name in BY_RUNG}
    counted = np.array([sum(len(curve) == n for curve in through.values())] * n)
    for one in agreements(through, n):
        values = (one.rho, one.low, one.high, one.kept)
        for name, value in zip(BY_RUNG, values, strict=True):
            found[name][one.rung] = value
    return found | {"rank_trials": counted}


def of_luck(trials: Trials, again: Floats) -> Mapping[str, NDArray[Any]]:
    """What of the best value is luck, where the noise of trainings is known by two of the same point at least."""
    if len(again) < 2 or not len(trials.alike):
        return {name: np.full(1, np.nan) for name in LUCK}
    noise = float(np.std(again, ddof=1))
    found = expected_best.luck(trials.at_rung(trials.study.reward.metric), noise)
    return {name: np.array([value]) for name, value in zip(LUCK, (noise, *found), strict=True)}


def of_trials(trials: Trials) -> Mapping[str, NDArray[Any]]:
    """Which trials no other beats, and how the best fell."""
    n = len(trials.status)
    on_front = np.zeros(n, dtype=bool)
    if len(trials.alike):
        values = np.column_stack([trials.at_rung(metric) for metric in trials.study.reward.metrics])
        on_front[trials.alike[front(values)]] = True
    least = np.full(n, np.nan)
    for trial, curve in trials.curves.items():
        least[trial] = min(curve)
    return {
        "on_front": on_front,
        "spent": np.cumsum(trials.seconds),
        "best_so_far": course.best_so_far(least),
        "best_in_random_order": course.in_random_order(least, trials.seconds),
    }
