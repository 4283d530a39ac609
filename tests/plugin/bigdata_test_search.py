"""A study kind for tests of stages that grow: which step and penalty train a linear model best?

Trials are small trainings with checkpoints. Their settings are drawn by number (`method: random`), by regularised
evolution or by successive halving, each of whose rungs trains on from the one before (see `bigdata_test_trainings`).
"""

# ruff: noqa: RUF012 - pydantic copies defaults
from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar, Literal

from pydantic import Field

from bigdata.kind import ArraySpec, Input, Rate, Row, Stage, StudyModel, Workload

# What computes is a module of its own, which is loaded where it computes.
TASKS = "bigdata_test_trainings"


class Search(StudyModel):
    """`trials` trainings of `epochs` each, `seconds` an epoch; those of `fail` fail, with `trouble` only while there is
    a file of that name. `trace` names a file where each
    training that begins is noted.
    """

    stages_at: ClassVar[str] = "bigdata_test_search:stages"

    study: Literal["search"] = "search"
    trials: int = Field(default=200, ge=1)
    epochs: int = Field(default=20, ge=1)
    method: Literal["random", "evolution", "halving"] = "random"
    lag: int = 0
    seed: int = 0
    seconds: float = 0.0
    rate: float = 1e-4
    cores: int = 1
    fail: list[int] = []
    trouble: str = ""
    trace: str = ""
    curve: int = 5


def stages(model: Search, inputs: Mapping[str, Input]) -> Workload:
    grows = model.method != "random"
    trial = Stage(
        name="trial",
        version=1,
        function=f"{TASKS}:trial",
        n_tasks=model.trials,
        fields=model.model_dump(mode="json", include={"epochs", "seed", "fail", "curve"}),
        rate=Rate("epoch", model.rate, "the test"),
        work=lambda _: float(model.epochs),
        memory=1,
        rows={
            "step": "float64",
            "penalty": "float64",
            "rmse": Row(units="eV", about="of the validation part"),
            "epochs_done": "int64",
            "curve": Row(length=model.curve, dim="point", units="eV"),
            "first_seen": "bool",
        },
        cores=model.cores,
        checkpoints=True,
        proposer={"random": "", "evolution": f"{TASKS}:Evolution", "halving": f"{TASKS}:Halving"}[model.method],
        lag=model.lag if grows else 0,
    )
    best = Stage(
        name="best",
        version=1,
        function=f"{TASKS}:best",
        n_tasks=1,
        fields={},
        rate=Rate("task", 1e-3, "the test"),
        work=lambda _: 1.0,
        memory=1,
        arrays=(ArraySpec(name="best", shape=(3,), dtype="float64", dims=("what",), shard=(3,), chunk=(3,)),),
        shards=lambda _: [("best", (0,))],
        whole=("trial",),
        despite_failures=True,
    )
    return Workload(stages=(trial, best))
