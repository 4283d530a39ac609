"""A study kind for tests of the run: tasks that sleep, fail, eat memory, kill their worker or misbehave, on demand.

It registers as users' own kinds do, by an entry point (the dist-info folder beside this file), so tests walk that way.
"""

# ruff: noqa: RUF012, T201 - pydantic copies defaults; printing is what one of the tasks is for
from __future__ import annotations

import hashlib
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterable, Mapping
from functools import partial
from pathlib import Path
from typing import Any, ClassVar

from bigdata.kind import ArraySpec, Coordinate, Input, Paused, Rate, Row, Stage, StudyModel, Workload, located, named

STEP_SECONDS = 0.1
HOLD_SECONDS = 2.0
# More rows have no coordinate.
MOST_ROWS = 10_000
PLACE = ("CUDA_VISIBLE_DEVICES", "SLURM_JOB_ID", "SLURM_JOB_PARTITION")


class Trial(StudyModel):
    """`tasks` tasks of stage `first`, then one task of stage `last` which adds up what they wrote.

    The lists name the tasks of `first` that misbehave; with `trouble`, only while a file of that name exists.
    Those of `first` take `cores` cores each, that of `last` takes `last_cores`. With `checkpoint`, they pause when they
    should stop; `trace` then also names a file, with `.steps` behind, of the steps they did. `gpus` puts them on pool
    `gpu`; with it or `where`, their results tell their place. Those of `hold` fill `hold_bytes` themselves, and
    `child_bytes` in a process that they start, for two seconds. `scratch_bytes` is what each leaves in its scratch.
    """

    stages_at: ClassVar[str] = "bigdata_test_kinds:stages"

    tasks: int = 4
    seconds: float = 0.0
    last_seconds: float = 0.0
    rows: int = 2
    write: bool = True
    file: str = ""
    fail: list[int] = []
    eat: list[int] = []
    ask: list[int] = []
    die: list[int] = []
    quit: list[int] = []
    vanish: list[int] = []
    stray: list[int] = []
    boast: list[int] = []
    lament: list[int] = []
    idle: list[int] = []
    pause: list[int] = []
    hold: list[int] = []
    hold_bytes: int = 0
    child_bytes: int = 0
    scratch_bytes: int = 0
    trouble: str = ""
    talk: bool = False
    trace: str = ""
    memory: int = 1
    checkpoint: bool = False
    gpus: bool = False
    where: bool = False
    cores: int = 1
    last_cores: int = 1

    def data_files(self, folder: Path) -> Iterable[Path]:
        return [named(folder, self.file)] if self.file else []

    def inputs(self, folder: Path) -> dict[str, Input]:
        """The file's digest; nothing of it is read."""
        if not self.file:
            return {}
        digest = hashlib.sha256(located(folder, self.file).read_bytes()).hexdigest()
        return {"file": Input(digest, "", self.file, digest)}


def stages(model: Trial, inputs: Mapping[str, Input]) -> Workload:
    n = model.tasks * model.rows
    shard = (model.rows,)
    value = ArraySpec(name="value", shape=(n,), dtype="float64", dims=("row",), shard=shard, chunk=shard, units="eV")
    total = ArraySpec(name="total", shape=(1,), dtype="float64", dims=("one",), shard=(1,), chunk=(1,))
    stage = partial(
        Stage,
        # From the environment, as the stage's code would change between two submissions of the same study.
        version=int(os.environ.get("TRIAL_VERSION", "1")),
        rate=Rate("task", model.seconds or 1e-4, "the test"),
        work=lambda _: 1.0,
        memory=model.memory,
    )
    first = stage(
        name="first",
        function="bigdata_test_kinds:first",
        n_tasks=model.tasks,
        fields={"rows": model.rows, "pair": (1, 2)},
        arrays=(value,) if model.write else (),
        shards=(lambda i: [("value", (i,))]) if model.write else (lambda _: []),
        inputs=tuple(inputs),
        pool="gpu" if model.gpus else "cpu",
        checkpoints=model.checkpoint,
        cores=model.cores,
        rows={"mean": Row(units="eV"), "told": "string"},
    )
    last = stage(
        name="last",
        cores=model.last_cores,
        function="bigdata_test_kinds:last",
        n_tasks=1,
        fields={},
        arrays=(total,),
        shards=lambda _: [("total", (0,))],
        needs=lambda _: [("first", i) for i in range(model.tasks)],
        rows={"surroundings": "string"},
        # Or its time would be that of a task that pauses, and no job long enough for it.
        **({"rate": Rate("task", 1e-4, "the test")} if model.checkpoint else {}),
    )
    row = Coordinate(name="row", dim="row", values=range(n)) if model.write and n <= MOST_ROWS else None
    return Workload(stages=(first, last), coordinates=(row,) if row else ())


def first(ctx: Any) -> dict[str, Any]:
    import numpy as np

    model, i, began = ctx.model, ctx.index, time.time()
    if model.trace:
        with Path(model.trace).open("a") as file:
            file.write(f"{i} {os.getpid()}\n")
    if model.talk:
        ctx.log("hello")
        print("printed by a task", flush=True)
    told: dict[str, Any] = {}
    if model.checkpoint:
        told["begun"] = wait_in_steps(ctx)
    else:
        time.sleep(model.seconds)
    if not model.trouble or Path(model.trouble).exists():
        misbehave(ctx)
    if model.scratch_bytes:
        (ctx.scratch / "left").write_bytes(b"x" * model.scratch_bytes)
    values = np.random.default_rng(ctx.seed).random(model.rows)
    if model.write and i not in model.idle:
        ctx.write("value", values)
    if model.talk:
        told |= surroundings() | {"cores": ctx.cores, "began": began, "ended": time.time()}
    if model.gpus or model.where:
        told |= {name: os.environ.get(name) for name in PLACE}
    return {"mean": values.mean(), "told": "x" * 10_000 if i in model.boast else json.dumps(told)}


def wait_in_steps(ctx: Any) -> int:
    """Wait as long as the study says, over all jobs that it takes; returns the step that this one began with."""

    saved = ctx.checkpoint.load()
    begun = int(saved["step"]) if saved else 0
    for step in range(begun, round(ctx.model.seconds / STEP_SECONDS)):
        if ctx.should_stop():
            ctx.checkpoint.save(step=step)
            raise Paused
        time.sleep(STEP_SECONDS)
        if ctx.model.trace:
            with Path(f"{ctx.model.trace}.steps").open("a") as file:
                file.write(f"{ctx.index} {step}\n")
    return begun


def misbehave(ctx: Any) -> None:
    import numpy as np

    model, i = ctx.model, ctx.index
    if i in model.fail:
        raise ZeroDivisionError(f"task {i} was told to fail")
    if i in model.lament:
        raise RuntimeError('ä\n\x01"' * 100_000)
    if i in model.ask:
        np.ones(2**55)
    if i in model.pause:
        raise Paused
    if i in model.eat:
        hoard = []
        while True:
            hoard.append(np.ones(4_000_000))
            time.sleep(0.02)
    if i in model.hold:
        hold(model.hold_bytes, model.child_bytes)
    if i in model.quit:
        sys.exit(3)
    if i in model.vanish:
        os._exit(0)
    if i in model.die:
        os.kill(os.getpid(), signal.SIGKILL)
    if i in model.stray:
        ctx.write("value", np.zeros(model.rows), (i + 1,))


def hold(own_bytes: int, child_bytes: int) -> None:
    """Fill memory for two seconds, here and in a process of its own."""
    import numpy as np

    fill = f"import time; memory = bytearray(b'1') * {child_bytes}; time.sleep({HOLD_SECONDS})"
    child = subprocess.Popen([sys.executable, "-c", fill]) if child_bytes else None
    memory = np.ones(own_bytes // 8)
    time.sleep(HOLD_SECONDS)
    del memory
    if child and child.wait():
        raise RuntimeError("the child was ended")


def surroundings() -> dict[str, Any]:
    """What a task sees of its worker."""
    from distributed import get_worker

    threads = [os.environ.get(name) for name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS")]
    tensorflow = [os.environ.get(f"TF_NUM_{which}_THREADS") for which in ("INTRAOP", "INTEROP")]
    return {
        "pools": sorted(get_worker().state.total_resources),
        "threads": threads,
        "tensorflow": [*tensorflow, os.environ.get("ONEDNN_MAX_CPU_ISA")],
    }


def last(ctx: Any) -> dict[str, Any]:
    import numpy as np

    time.sleep(ctx.model.last_seconds)
    total = ctx.read("value").sum() if ctx.model.write else float(ctx.model.tasks)
    ctx.write("total", np.array([total]))
    return {"surroundings": json.dumps(surroundings()) if ctx.model.talk else ""}
