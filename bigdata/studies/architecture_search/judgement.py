"""What a search has found, in sentences: the first screen of its report."""

from __future__ import annotations

from collections import Counter

import numpy as np

from bigdata.kind import Use
from bigdata.studies.architecture_search import bill
from bigdata.studies.architecture_search.data import TEST
from bigdata.studies.architecture_search.results import Results, name_of
from bigdata.studies.architecture_search.status import MEANING, NOT_RUN, RAN, STOPPED
from bigdata.studies.materials.error_units import three_digits
from bigdata.studies.published import DOLLARS_OF_GPU_HOUR, ONE_CORE, STEPS, TRIALS, V100


def of_best(results: Results) -> str:
    """Section 6.2: 474 meV/atom beside a mean of 556 and a median of 553, 14.7 % less."""
    if results.best is None:
        return "No trial has a network: the table of trials without one says why."
    values, scale = results.at_rung(results.model.reward.metric), results.scale
    best, mean, median = float(values.min()), float(values.mean()), float(np.median(values))
    return (
        f"The best of {_n(len(results.begun), 'trial')} is number {results.best} ({results.said(results.best)}), with "
        f"a {results.metric} of {scale.said(best)}; mean and median of the {len(values):,} trained as long "
        f"({results.level(results.rung)}) are {scale.number(mean)} and {scale.said(median)}, so that it is better than "
        f"the mean by {gain(values):.1f} %.{_not_whole(results)}"
    )


def gain(values: np.ndarray) -> float:
    """By how many percent the least is below the mean."""
    return float(100.0 * (1.0 - values.min() / values.mean()))


def _not_whole(results: Results) -> str:
    top = len(results.model.rungs) - 1
    if results.rung == top:
        return ""
    return f" It wasn't trained to its end, at {results.level(top)}."


def of_test(results: Results) -> str:
    """What the best is worth: trained from other seeds, on entries that decided nothing."""
    if not results.retrained:
        return "The best point wasn't trained anew: how good it is on entries that no trial saw isn't known."
    unit, n = results.error_unit, len(results.retrained)
    n_tested = int((results.view["split_data"][...] == TEST).sum())
    tested = results.final("test_rmse")
    said = (
        f"Trained anew from {_n(n, 'other seed')}, its network has a test RMSE of {_with_spread(results, tested)} "
        f"{unit.name} on the {_n(n_tested, 'entry')} that no trial saw"
    ).replace("  ", " ")
    return f"{said}{' (mean and standard deviation)' if n > 1 else ''}.{_luck(results)}"


def _with_spread(results: Results, values: np.ndarray) -> str:
    number = results.error_unit.number
    spread = f" ± {number(float(np.std(values, ddof=1)))}" if len(values) > 1 else ""
    return f"{number(float(np.mean(values)))}{spread}"


def _luck(results: Results) -> str:
    """How much of the gain is that the luckiest of many trials was taken."""
    bias, most, noise = (results.one(name) for name in ("selection_bias", "luck_of_equals", "retrain_noise"))
    if not np.isfinite(bias):
        return (
            " How much of its lead is luck isn't known: that needs two networks trained anew, and an error to decide."
        )
    values, scale = results.at_rung(results.model.reward.metric), results.scale
    lead = float(values.mean() - values.min())
    again = float(np.mean(results.final(results.model.reward.metric)))
    share = f" ({100 * bias / lead:.0f} % of its lead over the mean)" if lead > 0 else ""
    return (
        f" Their {results.metric} is {scale.said(again)} where the trial itself has {scale.said(float(values.min()))}. "
        f"Seeds alone make it vary by {scale.said(noise)}: of the best trial's value {scale.said(bias)}{share} is "
        f"expected to be luck, and of {len(values):,} equally good trials the best would look {scale.said(most)} "
        "better than it is."
    )


def of_cost(results: Results) -> str:
    """What was used up."""
    view = results.view
    use = view.used("train", "retrain")
    price = bill.dollars(use, view.run.prices)
    parts = [f"{three_digits(use.core_hours)} core-hours"] if use.core_hours or not use.gpu_hours else []
    parts += [f"{three_digits(use.gpu_hours)} GPU-hours"] if use.gpu_hours else []
    money = f", {three_digits(price)} USD at the site's prices" if np.isfinite(price) else ""
    again = (
        f", {three_digits(_hours(view.used('retrain')))} of these to train the best anew" if results.retrained else ""
    )
    said = f"The search used up {' and '.join(parts)}{money}{again}."
    if len(results.model.rungs) > 1:
        what = f"of the {results.model.rungs.resource} that as many whole trials take"
        said += f" Stopping saved {100 * bill.saved(results):.0f} % {what}."
    return said


def _hours(use: Use) -> float:
    return use.core_hours + use.gpu_hours


def of_paper(results: Results) -> str:
    """The same search at the step times of section 6.2, and the paper's own."""
    steps = bill.n_steps(results)
    gpu, core = bill.at_paper_times(steps)
    hours, price = bill.paper_search()
    return (
        f"Its {steps:,} gradient steps would take {three_digits(gpu)} hours of the paper's V100 "
        f"({three_digits(gpu * DOLLARS_OF_GPU_HOUR)} USD at {DOLLARS_OF_GPU_HOUR:g} USD an hour) or "
        f"{three_digits(core)} of its CPU core, at {sum(V100):.4f} and {sum(ONE_CORE):.4f} s a step. "
        f"The paper prints {hours.value:,.0f} GPU-hours and {price.value:,.0f} USD for its own {TRIALS:,} trials of "
        f"{STEPS:,} steps; from these times follow {hours.recomputed:,.0f} and {price.recomputed:,.0f}, "
        f"{hours.value / hours.recomputed:.1f} times less."
    )


def of_ranks(results: Results) -> str:
    """How well early ranks predicted final ones, or that it can't be told."""
    view, n_rungs = results.view, len(results.model.rungs)
    if n_rungs == 1:
        return ""
    n, rho = int(view["rank_trials"][0]), view["rank_agreement"][...]
    if not np.isfinite(rho[:-1]).any():
        return (
            f"How well early ranks predict final ones can't be told: {_n(n, 'trial')} ran to the end whatever they "
            "showed, and three that differ are needed. Raise `through` under `stopping:`."
        )
    said = "; ".join(_rank(results, rung) for rung in range(n_rungs - 1))
    return f"Ranks against those at the end, of {_n(n, 'trial')} that ran through whatever they showed: {said}."


def _rank(results: Results, rung: int) -> str:
    view = results.view
    rho, low, high = (float(view[f"rank_agreement{end}"][rung]) for end in ("", "_low", "_high"))
    kept = 100 * float(view["rank_kept"][rung])
    return (
        f"after {results.level(rung)} Spearman's ρ = {rho:.2f} (95 % interval {low:.2f} to {high:.2f}), and the best "
        f"was among the first {kept:.0f} %"
    )


def of_importance(results: Results) -> str:
    """What matters, where that can be told."""
    r2 = results.one("importance_r2")
    if not results.tells_importance:
        return ""
    total = dict(zip(results.model.searched, results.view["importance"][...].tolist(), strict=True))
    first = results.by_importance[0]
    return (
        f"What matters most is `{name_of(first)}`, with {100 * min(1.0, total[first]):.0f} % of the variance of the "
        f"{results.metric} that a forest learns from the trials (R² {r2:.2f} on trials that it didn't see)."
    )


def of_failures(results: Results) -> str:
    """How many trials have no network, by why."""
    counts = Counter(results.status.tolist())
    parts = [f"{counts[code]:,} {MEANING[code]}" for code in MEANING if code not in (RAN, STOPPED) and counts[code]]
    if not parts:
        return ""
    n = sum(n for code, n in counts.items() if code not in (RAN, STOPPED))
    unrun = " A budget, or an end before its time, leaves trials that aren't run." if counts[NOT_RUN] else ""
    return f"Of {_n(len(results.status), 'trial')} {n:,} have no network: {', '.join(parts)}.{unrun}"


def _n(n: int, what: str) -> str:
    plural = what[:-1] + "ies" if what.endswith("y") else f"{what}s"
    return f"{n:,} {what if n == 1 else plural}"
