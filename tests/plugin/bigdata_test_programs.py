"""A study kind for tests of foreign programs: each task calls one that behaves or not, and packs what it leaves."""

# ruff: noqa: RUF012 - pydantic copies defaults
from __future__ import annotations

import sys
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any, ClassVar

from bigdata.kind import ArraySpec, Input, Pack, Rate, Stage, StudyModel, Workload

PROGRAM = Path(__file__).with_name("foreign_program.py")
PACK_BYTES = 600


class Calls(StudyModel):
    """`tasks` tasks of stage `call`, each of which runs tests/plugin/foreign_program.py with the words `program`.

    With `pack`, they pack their folder; `rough` names tasks whose program fails. `where` is a file to which each task
    adds its scratch folder and its process.
    """

    stages_at: ClassVar[str] = "bigdata_test_programs:stages"

    tasks: int = 2
    program: list[str] = ["write"]
    rough: list[int] = []
    timeout: float | None = None
    grace: float = 1.0
    pack: bool = False
    checkpoint: bool = False
    where: str = ""

    def data_files(self, folder: Path) -> Iterable[Path]:
        return []

    def inputs(self, folder: Path) -> dict[str, Input]:
        return {}


def stages(model: Calls, inputs: Mapping[str, Input]) -> Workload:
    cpu = ArraySpec(name="left", shape=(model.tasks,), dtype="int64", dims=("task",), shard=(1,), chunk=(1,))
    stage = Stage(
        name="call",
        version=1,
        function="bigdata_test_programs:call",
        n_tasks=model.tasks,
        fields={},
        rate=Rate("task", 0.1, "the test"),
        work=lambda _: 1.0,
        memory=1,
        arrays=(cpu,),
        shards=lambda i: [("left", (i,))],
        checkpoints=model.checkpoint,
        packs=Pack(n_bytes=PACK_BYTES) if model.pack else None,
    )
    return Workload(stages=(stage,))


def call(ctx: Any) -> None:
    import os

    import numpy as np

    model = ctx.model
    if model.where:
        with Path(model.where).open("a") as file:
            file.write(f"{ctx.index} {os.getpid()} {ctx.scratch}\n")
    words = ["fail"] if ctx.index in model.rough else model.program
    try:
        # The run's name is there to find the program, and all that it starts, among all processes.
        ran = ctx.call(
            [sys.executable, PROGRAM, *words, "--of", ctx.model.name],
            timeout=model.timeout,
            grace=model.grace,
        )
    finally:
        if model.pack:
            ctx.pack.add(ctx.scratch)
    ctx.write("left", np.array([ran.n_files]))
