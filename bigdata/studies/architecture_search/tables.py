"""The tables of a search's report."""

from __future__ import annotations

from collections import defaultdict
from typing import Any, NamedTuple

import numpy as np

from bigdata.kind import Table
from bigdata.studies.architecture_search import bill
from bigdata.studies.architecture_search.listed import word
from bigdata.studies.architecture_search.points import KIND, USUAL_KIND
from bigdata.studies.architecture_search.results import Results, name_of
from bigdata.studies.architecture_search.status import DIVERGED, FAILED, MEANING, NO_MEMORY
from bigdata.studies.published import ONE_CORE, V100

N_BEST = 10
MOST_FAILED = 200
BATCH = "training.batch"


def best(results: Results) -> Table:
    """The first ten, by how they stand to one another."""
    paths = [*results.model.searched]
    names = [name_of(path) for path in paths]
    rows = [_best_row(results, place, trial) for place, trial in enumerate(results.order[:N_BEST], 1)]
    columns = ("", "trial", *names, results.metric, "trained for", "parameters", "training")
    caption = (
        "Trials are compared where both have been: a stopped one by its last rung. `bigdata export RUN` writes the "
        "first as a study that runs."
    )
    units = {results.metric: results.scale.name, "training": "s"}
    return Table(f"The best {len(rows)} of {len(results.begun):,} trials", columns, rows, units, caption)


def _best_row(results: Results, place: int, trial: int) -> list[Any]:
    curve = results.curves[trial]
    value = float(f"{curve[-1] * results.scale.factor:.4g}")
    values = [shown(v) for v in results.point(trial).values()]
    n, seconds = int(results.view["n_parameters"][trial]), float(f"{results.seconds[trial]:.3g}")
    return [place, trial, *values, value, results.level(len(curve) - 1), f"{n:,}", seconds]


def shown(value: Any) -> Any:
    """A value of a searched field as a table has it: small rates are not rounded to nothing."""
    return f"{value:.4g}" if isinstance(value, float) else word(value)


def importance(results: Results) -> Table:
    """By the share of each, with its interval."""
    view, paths = results.view, [*results.model.searched]
    rows = [_importance_row(results, path, paths.index(path)) for path in results.by_importance]
    columns = ("parameter", "share", "from", "to", "alone")
    r2 = float(view["importance_r2"][0])
    where = f"at {results.level(results.common_rung)}, which all of them reached" if results.common_rung >= 0 else ""
    how = (
        f"R² of trials that the forest didn't see: {r2:.2f}" if np.isfinite(r2) else "Unknown for fewer than 20 trials"
    )
    caption = (
        f"Share of the variance of the {results.metric} over the space, with what the parameter does together with "
        f"others, and alone (Sobol's indices of a random forest on the trials {where}). From, to: 95 % interval over "
        f"draws of trials. {how}{': the shares mean nothing' if r2 <= 0 else ''}."
    )
    return Table("What matters", columns, rows, {}, caption)


def _importance_row(results: Results, path: str, place: int) -> list[Any]:
    names = ("importance", "importance_low", "importance_high", "importance_alone")
    return [f"`{path}`", *(float(f"{float(results.view[name][place]):.2g}") for name in names)]


def rungs(results: Results) -> Table:
    """What each rung ended, and how its ranks agree with the last."""
    rows = [_rung_row(results, rung) for rung in range(len(results.model.rungs))]
    columns = ("rung", "trials", "of these to the next", "ρ", "from", "to", "ranks compared", "best among the first")
    caption = (
        "ρ: Spearman's correlation of the ranks with those at the last rung, with its 95 % interval, over trials that "
        "ran through whatever they showed. Best among the first: the least share of them that had to go on."
    )
    return Table("Rungs", columns, rows, {"best among the first": "%", "of these to the next": "%"}, caption)


def _rung_row(results: Results, rung: int) -> list[Any]:
    through = [len(curve) for curve in results.curves.values() if len(curve) > rung]
    is_last = rung == len(results.model.rungs) - 1
    kept = None if is_last or not through else round(100 * sum(n > rung + 1 for n in through) / len(through))
    names = ("rank_agreement", "rank_agreement_low", "rank_agreement_high")
    ranks = [float(f"{float(results.view[name][rung]):.2f}") for name in names]
    first = float(results.view["rank_kept"][rung])
    n = None if is_last else int(results.view["rank_trials"][rung])
    return [results.level(rung), len(through), kept, *ranks, n, round(100 * first) if np.isfinite(first) else None]


class _Like(NamedTuple):
    """Trials whose steps are timed together."""

    kind: str
    batch: int
    on_gpu: bool


def profile(results: Results) -> Table:
    """As in section 6.2: seconds to make a batch and to take a gradient step, per kind of network and device."""
    of: dict[_Like, list[int]] = defaultdict(list)
    for trial in np.flatnonzero(results.view["n_steps"][...] > 0).tolist():
        of[_like(results, trial)].append(trial)
    rows = [_profile_row(results, like, of[like]) for like in sorted(of)]
    for where, (batch, step) in (("V100", V100), ("CPU, one core", ONE_CORE)):
        rows.append(
            ["the paper's SchNet", 32, where, None, "85,216", batch * 1000, step * 1000, _per_hour(batch + step)]
        )
    columns = (
        "network",
        "batch",
        "device",
        "trials",
        "parameters",
        "to make a batch",
        "gradient step",
        "steps an hour",
    )
    caption = (
        "Medians over the trials; parameters from the least to the most. On a GPU, batches are made while the step "
        "before is computed. The paper's: section 6.2, with 64 features and 81 elements."
    )
    units = {"to make a batch": "ms", "gradient step": "ms"}
    return Table("Seconds to batch and per step", columns, rows, units, caption)


def _like(results: Results, trial: int) -> _Like:
    point, study = results.point(trial), results.model
    kind = point.get(KIND, study.model.kind if study.model else USUAL_KIND)
    batch = point.get(BATCH, study.training.batch)
    return _Like(str(kind), int(batch or 0), bool(results.on_gpu[trial]))


def _profile_row(results: Results, like: _Like, trials: list[int]) -> list[Any]:
    batch, step = (float(np.nanmedian(results.view[f"seconds_{of}"][...][trials])) for of in ("batch", "step"))
    n = results.view["n_parameters"][...][trials]
    cores = results.model.training.cores
    device = "GPU" if like.on_gpu else f"CPU, {'one core' if cores == 1 else f'{cores} cores'}"
    size = f"{n.min():,} to {n.max():,}" if n.min() < n.max() else f"{n.min():,}"
    ms = [float(f"{1000 * seconds:.3g}") for seconds in (batch, step)]
    return [like.kind, like.batch, device, len(trials), size, *ms, _per_hour(batch + step)]


def _per_hour(seconds: float) -> str:
    return f"{3600 / seconds:,.0f}"


def costs(results: Results) -> Table:
    """The bill."""
    rows = [[item.what, *(_amount(value) for value in item[1:])] for item in bill.items(results)]
    columns = ("", "gradient steps", "core-hours", "GPU-hours", "price")
    caption = (
        "Predicted: from times of one core of another machine, before this search. Tasks: what the pools' jobs were "
        "used for, by this run alone; results that were taken over from other runs cost nothing. At the paper's times: "
        "0.0033 s a step on a V100 and 0.0189 s on one core, and 3 USD a GPU-hour. The paper prints its search ten "
        "times too dear."
    )
    return Table("Bill", columns, rows, {"price": "USD"}, caption)


def _amount(value: float) -> str | None:
    if not np.isfinite(value):
        return None
    return f"{value:,.0f}" if value >= 100 else f"{value:.3g}"


def failed(results: Results) -> Table:
    """Each trial without a network, and why."""
    gone = np.flatnonzero(np.isin(results.status, (DIVERGED, NO_MEMORY, FAILED))).tolist()
    rows = [_failed_row(results, trial) for trial in gone[:MOST_FAILED]]
    more = f" The first {MOST_FAILED} of {len(gone):,}." if len(gone) > MOST_FAILED else ""
    caption = f"They are part of the search all the same: it goes on without them.{more}"
    return Table("Trials without a network", ("trial", "what", "point", "why"), rows, {}, caption)


def _failed_row(results: Results, trial: int) -> list[Any]:
    status = int(results.status[trial])
    why = {
        DIVERGED: "its loss or its weights became no numbers: a smaller learning rate may do",
        NO_MEMORY: "it took more memory than its task had: smaller batches, or pools with more, may do",
    }
    return [trial, MEANING[status], results.said(trial), why.get(status) or results.errors.get(trial, "")]
