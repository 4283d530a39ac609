"""What the test kind `search` computes: proposers of settings, trainings, and the best of them."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from bigdata.kind import Input, Paused
from bigdata.kind.proposer import Ask

if TYPE_CHECKING:
    from bigdata_test_search import Search

FACTOR = 3
POPULATION = 8


def drawn(rng: np.random.Generator) -> dict[str, float]:
    return {"step": float(10 ** rng.uniform(-3, 0)), "penalty": float(10 ** rng.uniform(-4, 0))}


class Evolution:
    """The first are random; then a mutation of the best of three of the last `POPULATION` that ended."""

    def __init__(self, model: Search, inputs: Mapping[str, Input]) -> None:
        self.model, self.n, self.told = model, 0, list[tuple[float, dict[str, float]]]()
        self.asked: list[dict[str, float]] = []

    def ask(self) -> Sequence[Ask]:
        rng = np.random.default_rng([self.model.seed, len(self.asked)])
        if len(self.told) < POPULATION:
            settings = drawn(rng)
        else:
            tournament = rng.choice(POPULATION, 3, replace=False)
            settings = dict(min((self.told[-POPULATION:][i] for i in tournament), key=lambda t: t[0])[1])
            name = ("step", "penalty")[int(rng.integers(2))]
            settings[name] = float(settings[name] * 10 ** rng.normal(0, 0.2))
        self.asked.append(settings)
        return [Ask(settings)]

    def tell(self, number: int, rows: Mapping[str, Any] | None) -> None:
        if rows is not None:
            self.told.append((rows["rmse"], self.asked[number]))

    def spent(self) -> bool:
        return False


class Halving:
    """Rungs of `epochs`: of each the best third trains on for as long again, until one is left."""

    def __init__(self, model: Search, inputs: Mapping[str, Input]) -> None:
        self.model, self.n = model, 0
        self.rung: dict[int, float] = {}
        self.settings: dict[int, dict[str, float]] = {}

    def ask(self) -> Sequence[Ask]:
        if not self.settings:
            n = max(1, round(self.model.trials * (FACTOR - 1) / FACTOR))
            asks = [Ask(drawn(np.random.default_rng([self.model.seed, i])) | {"rung": 0}) for i in range(n)]
        else:
            kept = sorted(self.rung, key=lambda i: (self.rung[i], i))[: len(self.rung) // FACTOR]
            asks = [Ask(self.settings[i] | {"rung": self.settings[i]["rung"] + 1}, after=i) for i in sorted(kept)]
        self.rung = {}
        for ask in asks:
            self.settings[self.n] = ask.payload
            self.n += 1
        return asks

    def tell(self, number: int, rows: Mapping[str, Any] | None) -> None:
        if rows is not None:
            self.rung[number] = rows["rmse"]

    def spent(self) -> bool:
        return False


def trial(ctx: Any) -> dict[str, Any]:
    model = ctx.model
    if model.trace:
        with Path(model.trace).open("a") as file:
            file.write(f"{ctx.index}\n")
    settings = ctx.payload or drawn(np.random.default_rng([model.seed, ctx.index]))
    if ctx.index in model.fail and (not model.trouble or Path(model.trouble).exists()):
        raise ArithmeticError(f"trial {ctx.index} diverged")
    rng = np.random.default_rng(model.seed)
    x, w = rng.normal(size=(60, 8)), rng.normal(size=8)
    y = x @ w + rng.normal(size=60)
    saved = ctx.checkpoint.load()
    weights, first = (saved["weights"], int(saved["epoch"])) if saved else (np.zeros(8), 0)
    curve = list(saved["curve"]) if saved else []
    last = model.epochs * (1 + int(settings.get("rung", 0)))
    for epoch in range(first, last):
        if ctx.should_stop():
            ctx.checkpoint.save(epoch=epoch, weights=weights, curve=np.array(curve))
            raise Paused
        time.sleep(model.seconds)
        gradient = x[:40].T @ (x[:40] @ weights - y[:40]) / 40 + settings["penalty"] * weights
        weights = weights - settings["step"] * gradient
        curve = [*curve, float(np.sqrt(np.mean((x[40:] @ weights - y[40:]) ** 2)))][-model.curve :]
    ctx.checkpoint.save(epoch=last, weights=weights, curve=np.array(curve))
    return {
        "step": settings["step"],
        "penalty": np.float64(settings["penalty"]),
        "rmse": np.float64(curve[-1]),
        "epochs_done": np.int64(last),
        "curve": np.array(curve),
        "first_seen": np.bool_(not ctx.payload),
    }


def best(ctx: Any) -> None:
    rows = ctx.rows("trial")
    if not rows.numbers:
        ctx.write("best", np.full(3, np.nan))
        return
    at = int(np.nanargmin(rows["rmse"]))
    ctx.write("best", np.array([rows.numbers[at], rows["rmse"][at], rows["step"][at]]))
