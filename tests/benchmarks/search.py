"""What search methods and stopping rules are worth, and what they cost: python -m tests.benchmarks.search [--seeds 50].

All trials are instant, on the planted objective of the tests: six fields, a valley that turns, choices that need one
another, learning curves that cross. Its least error is 0.1; a margin is the mean over the seeds of what the best trial
is above that. With `--quick` a tenth of the seeds, and 2,000 trials in place of 20,000.
"""

from __future__ import annotations

import heapq
import sys
import time
import tracemalloc
from collections.abc import Mapping
from typing import Any

import numpy as np
from pydantic import TypeAdapter

from bigdata.kind import Ask
from bigdata.studies.architecture_search.methods import SearchMethod
from bigdata.studies.architecture_search.methods.method import Told
from bigdata.studies.architecture_search.search import Objective, Search
from bigdata.studies.architecture_search.standing import curves, standing
from bigdata.studies.architecture_search.stopping import StoppingRule
from tests.studies.architecture_search.searching import NETWORKS, planted, run, told

Fields = Mapping[str, Any]
QUICK = "--quick" in sys.argv
N_SEEDS = 5 if QUICK else 50
METHODS: dict[str, Fields] = {
    "random": {"method": "random"},
    "grid": {"method": "grid"},
    "evolution": {"method": "evolution"},
    "reinforcement": {"method": "reinforcement"},
    "bayesian (tpe)": {"method": "bayesian"},
}
NEVER = {"method": "none", "max_steps": 1000}
RULES: dict[str, Fields] = {
    "none": NEVER,
    **{name: {"method": name, "min_steps": 16, "max_steps": 1000} for name in ("successive-halving", "asha")},
    **{name: {"method": name, "min_steps": 16, "max_steps": 1000} for name in ("progressive", "hyperband", "median")},
}


def search(method: Fields, n: int, seed: int = 0, rule: Fields = NEVER) -> Search:
    searching = TypeAdapter[Any](SearchMethod).validate_python({**method, "trials": n, "seed": seed})
    return Search.of(NETWORKS, searching, TypeAdapter[Any](StoppingRule).validate_python(rule), [Objective("error")])


def main() -> None:
    margins(100)
    overheads(2_000 if QUICK else 20_000)
    model_times()
    halving(64)
    utilisation(400)


def margins(n: int) -> None:
    """The best of equal numbers of trials, and how often it is better than that of random search."""
    print(f"{n} trials, {N_SEEDS} seeds, 8 at once")
    print(f"{'':18}{'margin':>9}{'of random':>11}{'wins':>7}{'ms/trial':>10}")
    random: list[float] = []
    for name, method in METHODS.items():
        begun = time.perf_counter()
        best = [_best(search(method, n, seed)) for seed in range(N_SEEDS)]
        spent = 1e3 * (time.perf_counter() - begun) / N_SEEDS / n
        random = random or best
        wins = np.mean([own < other for own, other in zip(best, random, strict=True)])
        print(f"{name:18}{np.mean(best):9.4f}{np.mean(best) / np.mean(random):11.2f}{wins:7.0%}{spent:10.2f}")


def _best(found: Search) -> float:
    run(found, 8, lambda ask: {"error": planted(ask.payload["point"])})
    return min(map(planted, found.points)) - 0.1


def overheads(n: int) -> None:
    """Time and memory of the search itself."""
    print(f"\n{n:,} trials: time of a trial in the search, and the peak of all that it holds")
    for name in ("random", "grid", "evolution", "reinforcement"):
        for rule in ("none", "asha", "progressive"):
            found = search({**METHODS[name], **({"per_range": 20} if name == "grid" else {})}, n, 0, RULES[rule])
            spent = _led(found)
            print(f"{name:15}{rule:20}{1e3 * spent / len(found.points):8.3f} ms{len(found.tasks):8,} tasks", end="")
            print(f"{_peak(METHODS[name], n, RULES[rule]):8.1f} MB" if rule == "asha" else "")


def _led(found: Search) -> float:
    """Seconds in `ask`, `tell` and `spent`, without the objective."""
    spent = [0.0]

    def outside(ask: Ask) -> dict[str, float] | None:
        begun = time.perf_counter()
        rows = told(ask)
        spent[0] += time.perf_counter() - begun
        return rows

    begun = time.perf_counter()
    run(found, 16, outside)
    return time.perf_counter() - begun - spent[0]


def _peak(method: Fields, n: int, rule: Fields) -> float:
    tracemalloc.start()
    run(search(method, n, 0, rule), 16)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    return peak / 1e6


def model_times() -> None:
    """One proposal of Optuna's, from so many trials."""
    print("\nBayesian search: one proposal after so many trials, the second of two")
    for n in (100, 500, 1000, 2000):
        points = [NETWORKS.draw(np.random.default_rng([1, i])) for i in range(n)]
        history = [Told(i, 0, point, (planted(point),)) for i, point in enumerate(points)]
        method = search(METHODS["bayesian (tpe)"], 10).method
        method.propose(n, history, {})
        begun = time.perf_counter()
        method.propose(n, history, {})
        print(f"{n:7,}{1e3 * (time.perf_counter() - begun):10.1f} ms")


def halving(n: int) -> None:
    """The trial that a rule finds, against the best of all, and the share of the steps."""
    print(f"\n{n} random trials, {N_SEEDS} seeds: final error of the winner over that of the best of all, and cost")
    print(f"{'':20}{'median':>9}{'within 3 %':>12}{'steps':>8}")
    for name, rule in RULES.items():
        losses, shares = [], []
        for seed in range(N_SEEDS):
            found = search(METHODS["random"], n, seed, rule if name == "none" else {**rule, "through": 0.0})
            asked = run(found, 8)
            best = min(planted(point, 1000) for point in found.points)
            losses.append(planted(found.points[standing(curves(found.history))[0]], 1000) / best - 1)
            shares.append(sum(ask.work or 0.0 for ask in asked) / 1000 / n)
        print(f"{name:20}{np.median(losses):9.1%}{np.mean(np.array(losses) <= 0.03):12.0%}{np.mean(shares):8.0%}")


def utilisation(n: int) -> None:
    """How busy workers are with trials of unlike lengths (a factor of e^±0.5), by the cohort."""
    print(f"\n{n} trials on 8 workers: share of their time that they work, by cohort")
    cohorts = (8, 12, 16, 32, 64)
    print(f"{'':20}" + "".join(f"{cohort:8}" for cohort in cohorts))
    for name, rule in RULES.items():
        busy = [_busy(search(METHODS["random"], n, 0, rule), cohort, 8) for cohort in cohorts]
        print(f"{name:20}" + "".join(f"{share:8.0%}" for share in busy))


def _busy(found: Search, lag: int, workers: int) -> float:
    """A clock that runs through the ends of tasks; each free worker takes the first task that may begin."""
    rng = np.random.default_rng(0)
    asked: list[Ask] = []
    waiting: list[int] = []
    running: list[tuple[float, int]] = []
    ended: dict[int, Any] = {}
    now, work, n_told = 0.0, 0.0, 0
    while True:
        while True:
            while n_told in ended and n_told < len(asked) - (lag - 1):
                found.tell(n_told, ended[n_told])
                n_told += 1
            asks = found.ask() if n_told >= len(asked) - (lag - 1) and not found.spent() else []
            if not asks and n_told in ended:
                found.tell(n_told, ended[n_told])
                n_told += 1
                continue
            if not asks:
                break
            waiting += range(len(asked), len(asked) + len(asks))
            asked += asks
        ready = [i for i in waiting if asked[i].after is None or asked[i].after in ended]
        for i in ready[: workers - len(running)]:
            waiting.remove(i)
            duration = (asked[i].work or 0.0) * float(np.exp(0.5 * rng.standard_normal()))
            work += duration
            heapq.heappush(running, (now + duration, i))
        if not running:
            return work / (workers * now)
        now, done = heapq.heappop(running)
        ended[done] = told(asked[done])


if __name__ == "__main__":
    main()
