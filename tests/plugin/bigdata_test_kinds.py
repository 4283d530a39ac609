"""A study kind for tests of the run: tasks that sleep, fail, eat memory, kill their worker or misbehave, on demand.

It registers as users' own kinds do, by an entry point (the dist-info folder beside this file), so tests walk that way.
"""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Mapping
from functools import partial
from pathlib import Path
from typing import ClassVar

import numpy as np

from bigdata.planning.stage import Rate, Stage, Workload
from bigdata.spec.study import Input, StudyModel
from bigdata.store.arrays import ArraySpec


class Trial(StudyModel):
    """`tasks` tasks of stage `first`, then one task of stage `last` which adds up what they wrote."""

    stages_at: ClassVar[str] = "bigdata_test_kinds:stages"

    tasks: int = 4
    seconds: float = 0.0
    rows: int = 2
    fail: list[int] = []
    eat: list[int] = []
    die: list[int] = []
    stray: list[int] = []
    talk: bool = False
    trace: str = ""
    version: int = 1
    memory: int = 1


def stages(model: Trial, inputs: Mapping[str, Input]) -> Workload:
    n = model.tasks * model.rows
    value = ArraySpec(name="value", shape=(n,), dtype="float64", dims=("row",), shard=(model.rows,), chunk=(model.rows,))
    total = ArraySpec(name="total", shape=(1,), dtype="float64", dims=("one",), shard=(1,), chunk=(1,))
    stage = partial(Stage, version=model.version, rate=Rate("task", model.seconds or 1e-4, "the test"), work=lambda _: 1.0, memory=model.memory)
    first = stage(
        name="first",
        function="bigdata_test_kinds:first",
        n_tasks=model.tasks,
        fields={"rows": model.rows},
        arrays=(value,),
        shards=lambda i: [("value", (i,))],
    )
    last = stage(
        name="last",
        function="bigdata_test_kinds:last",
        n_tasks=1,
        fields={},
        arrays=(total,),
        shards=lambda _: [("total", (0,))],
        needs=lambda _: [("first", i) for i in range(model.tasks)],
    )
    return Workload(stages=(first, last))


def first(ctx):
    model, i = ctx.model, ctx.index
    if model.trace:
        with Path(model.trace).open("a") as file:
            file.write(f"{i} {os.getpid()}\n")
    if model.talk:
        ctx.log("hello")
        print("printed by a task", flush=True)
    time.sleep(model.seconds)
    if i in model.fail:
        raise ZeroDivisionError(f"task {i} was told to fail")
    if i in model.eat:
        hoard = []
        while True:
            hoard.append(np.ones(4_000_000))
            time.sleep(0.02)
    if i in model.die:
        os.kill(os.getpid(), signal.SIGKILL)
    if i in model.stray:
        ctx.write("value", np.zeros(model.rows), (i + 1,))
    values = np.random.default_rng(ctx.seed).random(model.rows)
    ctx.write("value", values)
    return {"mean": float(values.mean())}


def last(ctx):
    ctx.write("total", np.array([ctx.read("value").sum()]))
