"""Searches on a planted objective: trials are instant, and are told as the framework tells them."""

from __future__ import annotations

import math
import random
from collections.abc import Callable
from typing import Any

from pydantic import TypeAdapter

from bigdata.kind import Ask
from bigdata.studies.architecture_search.search import Search
from bigdata.studies.architecture_search.space import Point, Space, SpaceFields

Rows = dict[str, float] | None


def space(**written: Any) -> Space:
    """A space as a spec has it; a dot of a path is two underscores."""
    fields = {path.replace("__", "."): values for path, values in written.items()}
    return Space(TypeAdapter(SpaceFields).validate_python(fields))


NETWORKS = space(
    model__kind=["edge-gated", "mpeu", "schnet"],
    model__latent=[32, 64, 128, 256],
    model__steps={"integers": [1, 5]},
    training__batch=[32, 64],
    training__dropout={"uniform": [0.0, 0.5]},
    training__learning_rate={"log_uniform": [1e-5, 1e-2]},
)
LATENT = {32: 0.3, 64: 0.1, 128: 0.0, 256: 0.15}


def planted(point: Point, level: float = math.inf) -> float:
    """An error of 0.1 at one point, with a valley that turns, a choice that needs another one, and a learning curve.

    After `level` steps it is higher by 1/√level, and networks that learn slowly are far behind at first.
    """
    rate, dropout = float(point["training.learning_rate"]), float(point["training.dropout"])  # type: ignore[arg-type]
    steps = int(point["model.steps"])  # type: ignore[arg-type]
    best_rate = -3.3 - 0.15 * steps
    error = 0.1 + 0.08 * (math.log10(rate) - best_rate) ** 2 + 0.04 * abs(steps - 4) + LATENT[point["model.latent"]]  # type: ignore[index]
    error += 0.6 * (dropout - 0.15) ** 2 + {"edge-gated": 0.15, "mpeu": 0.0, "schnet": 0.1}[str(point["model.kind"])]
    error += 0.05 * (point["training.batch"] == 64) * (point["model.kind"] == "mpeu")
    return error + (0.0 if math.isinf(level) else (1.0 + (rate < 1e-4)) / math.sqrt(level))


def told(ask: Ask) -> Rows:
    """What a task returns."""
    return {"error": planted(ask.payload["point"], ask.payload["steps"][1])}


def run(search: Search, lag: int, task: Callable[[Ask], Rows] = told, workers: int = 0, seed: int = 0) -> list[Ask]:
    """Lead a search to its end as a stage with this lag does; all that it asked for.

    With `workers`, results come in the order of chance that so many workers make; with none, one after the other.
    """
    asked: list[Ask] = []
    results: dict[int, Rows] = {}
    open_: list[int] = []
    n_told, rng = 0, random.Random(seed)
    while True:
        if not search.spent() and n_told >= len(asked) - (lag - 1) and (asks := search.ask()):
            open_ += range(len(asked), len(asked) + len(asks))
            asked += asks
            continue
        if n_told == len(asked):
            return asked
        while n_told not in results:
            done = open_.pop(rng.randrange(min(workers, len(open_))) if workers else 0)
            results[done] = task(asked[done])
        search.tell(n_told, results.pop(n_told))
        n_told += 1
