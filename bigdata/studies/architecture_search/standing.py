"""How trials of unlike lengths stand to one another, and how well early ranks predicted the final ones."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from typing import NamedTuple

import numpy as np
from scipy import stats

from bigdata.studies.architecture_search.methods.method import Told

Curves = Mapping[int, Sequence[float]]
"""Of each trial, by its number, the first objective at the end of each rung that it has come through."""


def curves(history: Iterable[Told]) -> dict[int, list[float]]:
    """The curves of all trials that haven't failed so far."""
    found: dict[int, list[float]] = {}
    failed = set[int]()
    for told in history:
        found.setdefault(told.trial, []).append(told.values[0] if told.values else math.nan)
        failed |= {told.trial} if told.values is None else set()
    return {trial: curve for trial, curve in found.items() if trial not in failed}


def standing(curves: Curves) -> list[int]:
    """The trials, the best first.

    They are ranked by their first rung; those that have come through the second are then ranked by it among the places
    that they hold, and so on. So trials are compared where both have been, and a bad one that was trained to its end,
    because it runs through, stands behind good ones that weren't.
    """
    order = sorted(curves, key=lambda trial: (curves[trial][0], trial))
    for rung in range(1, max(map(len, curves.values()), default=0)):
        places = [place for place, trial in enumerate(order) if len(curves[trial]) > rung]
        ranked = sorted((order[place] for place in places), key=lambda trial: (curves[trial][rung], trial))
        for place, trial in zip(places, ranked, strict=True):
            order[place] = trial
    return order


class Agreement(NamedTuple):
    """How the ranks at one rung agree with those at the last: Spearman's ρ of `n` trials, and the 95 % interval of it.

    `kept` is the least share of trials that had to go on at this rung so that the best one would have been among them.
    """

    rung: int
    n: int
    rho: float
    low: float
    high: float
    kept: float


def agreements(curves: Curves, n_rungs: int) -> list[Agreement]:
    """Of each rung but the last, over the trials that are given and have come through all: those that run through.

    The others were let on for their early ranks, and would show too little of how these err.
    """
    whole = np.array([curve for curve in curves.values() if len(curve) == n_rungs]).reshape(-1, n_rungs)
    return [_agreement(rung, whole[:, rung], whole[:, -1]) for rung in range(n_rungs - 1)]


def _agreement(rung: int, early: np.ndarray, final: np.ndarray) -> Agreement:
    n = len(final)
    if n < 3 or np.ptp(early) == 0.0 or np.ptp(final) == 0.0:
        return Agreement(rung, n, math.nan, math.nan, math.nan, math.nan)
    rho = float(stats.spearmanr(early, final).statistic)
    kept = float(np.mean(early <= early[np.argmin(final)]))
    return Agreement(rung, n, rho, *_interval(rho, n), kept)


def _interval(rho: float, n: int) -> tuple[float, float]:
    """Fisher's transformation with the variance (1 + ρ²/2) / (n − 3), Bonett & Wright, Psychometrika 65, 23 (2000)."""
    if n <= 3 or abs(rho) == 1.0:
        return (-1.0, 1.0) if n <= 3 else (rho, rho)
    half = 1.959964 * math.sqrt((1.0 + rho**2 / 2.0) / (n - 3))
    return math.tanh(math.atanh(rho) - half), math.tanh(math.atanh(rho) + half)
