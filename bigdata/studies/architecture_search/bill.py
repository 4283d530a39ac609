"""What a search cost: gradient steps, hours by device and money; as predicted, and at the step times of the paper."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple, cast

import numpy as np

from bigdata.kind import Prices, Use
from bigdata.studies.architecture_search.results import Results
from bigdata.studies.architecture_search.work import Payload, unit_seconds, work_of
from bigdata.studies.published import DOLLARS_OF_GPU_HOUR, ONE_CORE, V100, Published, published

HOUR = 3600.0


class Item(NamedTuple):
    """A line of the bill; NaN for what isn't known or doesn't apply."""

    what: str
    n_steps: float
    core_hours: float
    gpu_hours: float
    dollars: float


def items(results: Results) -> Iterator[Item]:
    """What was predicted and what was used up; the same steps at the paper's times; and the paper's own search."""
    n, again, prices = n_steps(results), n_retrained_steps(results), results.view.run.prices
    yield Item("trainings of the trials, predicted", n, predicted_hours(results), np.nan, np.nan)
    yield _used("tasks of the trials", n, results.view.used("train"), prices)
    if results.retrained:
        yield _used("training the best anew", again, results.view.used("retrain"), prices)
    gpu, core = at_paper_times(n)
    yield Item("the trials' steps on the paper's V100", n, np.nan, gpu, gpu * DOLLARS_OF_GPU_HOUR)
    yield Item("the trials' steps on the paper's CPU core", n, core, np.nan, np.nan)
    hours, price = paper_search()
    yield Item("the paper's search, as printed", np.nan, np.nan, hours.value, price.value)
    yield Item("the paper's search, from its step times", np.nan, np.nan, hours.recomputed, price.recomputed)


def _used(what: str, steps: float, use: Use, prices: Prices) -> Item:
    return Item(what, steps, use.core_hours, use.gpu_hours, dollars(use, prices))


def dollars(use: Use, prices: Prices) -> float:
    """At the site's prices; NaN where it has none for what was used."""
    is_priced = prices.core_hour is not None or (prices.gpu_hour is not None and not use.core_hours)
    return use.dollars(prices) if is_priced else np.nan


def n_steps(results: Results) -> int:
    """Gradient steps of all trials."""
    return int(np.maximum(results.view["n_steps"][...], 0).sum())


def n_retrained_steps(results: Results) -> float:
    """Those of the networks trained anew; NaN where they are trained for a time."""
    rungs = results.model.rungs
    return len(results.retrained) * rungs.levels[-1] if rungs.resource == "steps" else np.nan


def predicted_hours(results: Results) -> float:
    """Hours of one core that a plan expects of the rungs that trials came through."""
    study, rungs, work = results.model, results.model.rungs, 0.0
    for trial in results.begun.tolist():
        point = results.point(trial)
        for rung in range(int(results.n_rungs[trial])):
            work += work_of(study, cast(Payload, {"point": point, rungs.resource: rungs.span(rung)}))
    return work * unit_seconds(study) / HOUR


def saved(results: Results) -> float:
    """The share of the steps or seconds, of trials that haven't failed, that rungs which weren't trained would take."""
    rungs, curves = results.model.rungs, results.curves
    done = sum(rungs.levels[len(curve) - 1] for curve in curves.values())
    return 1.0 - done / (len(curves) * rungs.levels[-1]) if curves else 0.0


def at_paper_times(steps: float) -> tuple[float, float]:
    """GPU-hours on a V100 and hours of a CPU core, of SchNet-64 on batches of 32."""
    return steps * sum(V100) / HOUR, steps * sum(ONE_CORE) / HOUR


def paper_search() -> tuple[Published, Published]:
    """Hours and price of the paper's search, as printed and recomputed."""
    found = {p.quantity: p for p in published() if p.section == "6.2"}
    return found["a search of 2,000 architectures"], found["its price"]
