"""A study kind for tests of the report: its tasks are quick, and parts of its report misbehave on demand."""

# ruff: noqa: RUF012 - pydantic copies defaults
from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from typing import Any, ClassVar

from bigdata.kind import ArraySpec, Input, Rate, Row, Stage, StudyModel, Workload

AT = "bigdata_drawn_report"


ROWS = {"found": Row(units="eV")}


class Drawn(StudyModel):
    """Which of `tasks` trials is best? Those of `fail` fail.

    The words in the file `trouble` name the parts of the report that misbehave, as long as it is there.
    """

    stages_at: ClassVar[str] = "bigdata_drawn_kind:stages"
    report_at: ClassVar[str] = f"{AT}:report"

    tasks: int = 3
    fail: list[int] = []
    trouble: str = ""
    scale: float = 1.0

    def figures(self) -> dict[str, str]:
        return {name: f"{AT}:{name}" for name in ("surface", "steps")}


def stages(model: Drawn, inputs: Mapping[str, Input]) -> Workload:
    n = model.tasks
    error = ArraySpec(name="error", shape=(n,), dtype="float64", dims=("trial",), shard=(1,), chunk=(1,), units="eV")
    trial = partial(Stage, name="trial", version=1, function="bigdata_drawn_kind:trial", n_tasks=n, memory=1)
    fields, rate = {"scale": model.scale}, Rate("trial", 1e-4, "the test")
    stage = trial(
        fields=fields, rate=rate, work=lambda _: 1.0, arrays=(error,), shards=lambda i: [("error", (i,))], rows=ROWS
    )
    return Workload(stages=(stage,), report_bytes=100_000)


def trial(ctx: Any) -> dict[str, float]:
    import numpy as np

    if ctx.index in ctx.model.fail:
        raise ZeroDivisionError(f"trial {ctx.index} was told to fail")
    error = ctx.model.scale * (1.0 + (ctx.index - 1.0) ** 2)
    ctx.write("error", np.array([error]))
    return {"found": error}
