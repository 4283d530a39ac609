"""One task on a worker: three words in (run, stage, index), shards on disk and a small token out."""

from __future__ import annotations

import errno
import importlib
import os
import resource
import socket
import time
import traceback
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

from bigdata.errors import DamagedData
from bigdata.planning import keys
from bigdata.planning.plan import stages_of
from bigdata.planning.stage import Stage, TaskId
from bigdata.run.context import Context
from bigdata.store.folder import RunFolder
from bigdata.store.reading import Run, View

Token = dict[str, Any]
# A task whose worker has died this often while running it is not tried again.
MOST_DEATHS = 3
TRACEBACK_CHARACTERS = 1_200
ERROR_CHARACTERS = 400
NO_ROOM = {errno.ENOSPC, errno.EDQUOT, errno.EROFS, errno.EACCES, errno.EFBIG}


def execute_batch(folder: str, tasks: Sequence[TaskId]) -> list[Token]:
    """Run several tasks, one after the other; a cancelled run leaves out those that it hasn't come to."""
    cancel = RunFolder(Path(folder)).cancel
    return [execute(folder, path, index) for path, index in tasks if not cancel.exists()]


def execute(folder: str, path: str, index: int) -> Token:
    """Run one task and say how it went; never raises for what goes wrong inside the task.

    The token is what the journal records: under 2 kB, numbers and short texts only.
    """
    run = RunFolder(Path(folder))
    mark = run.running / f"{path.replace('/', '.')}.{index}"
    deaths = _count_deaths(mark)
    if deaths >= MOST_DEATHS:
        mark.unlink(missing_ok=True)
        return _failed(path, index, "worker-died", _died(deaths), "")
    token = attempt(run, path, index)
    mark.unlink(missing_ok=True)
    return token


def attempt(run: RunFolder, path: str, index: int) -> Token:
    """Run one task in this process, whatever happened to it before."""
    started, cpu = time.perf_counter(), time.process_time()
    try:
        opened = _open(str(run.path), run.resolved.stat().st_mtime_ns)[path]
        # A process's first task opens the run and loads its code: that isn't the task's own time or memory.
        started, cpu = time.perf_counter(), time.process_time()
        _reset_peak_memory()
        token = {"event": "done", "stage": path, "index": index, "key": opened.keys[index], **_call(run, opened, path, index)}
    except Exception as error:  # the task boundary: whatever failed becomes data
        token = _failed(path, index, _class(error), _sentence(error), traceback.format_exc())
        if isinstance(error, DamagedData):
            token["damaged"] = [error.array, list(error.shard)]
        _log(run)(f"{path}/{index} failed\n{traceback.format_exc()}")
    token |= {"seconds": round(time.perf_counter() - started, 4), "cpu": round(time.process_time() - cpu, 4)}
    return token | {"memory": _peak_memory(), "worker": f"{socket.gethostname()}:{os.getpid()}"}


@dataclass(frozen=True)
class _OpenStage:
    """A stage as a worker needs it, opened once a process."""

    view: View
    stage: Stage
    keys: list[str]
    function: Callable[[Context], dict[str, Any] | None]


@lru_cache(maxsize=4)
def _open(folder: str, _written: int) -> dict[str, _OpenStage]:
    """The run's stages by address; `_written` is the time of resolved.json, so that a changed run is opened anew."""
    opened = {}
    for view in Run(folder).variants:
        workload = stages_of(view.model, view.inputs)
        task_keys = keys.stage_keys(view.model.study, workload.stages, view.inputs)
        for stage in workload.stages:
            path = f"{view.group}/{stage.name}" if view.group else stage.name
            opened[path] = _OpenStage(view, stage, task_keys[stage.name], _function(stage.function))
    return opened


def _function(address: str) -> Callable[[Context], dict[str, Any] | None]:
    module, _, name = address.partition(":")
    function: Callable[[Context], dict[str, Any] | None] = getattr(importlib.import_module(module), name)
    return function


def _call(run: RunFolder, opened: _OpenStage, path: str, index: int) -> dict[str, Any]:
    log = _log(run)
    context = Context(
        run,
        opened.view,
        opened.stage,
        index,
        opened.keys[index],
        lambda message: log(f"{path}/{index} {message}"),
    )
    result = opened.function(context)
    if context.unwritten:
        raise RuntimeError(f"the task ended without writing {sorted(context.unwritten)}")
    return {"bytes": context.bytes_written, **({"result": result} if result else {})}


def _count_deaths(mark: Path) -> int:
    """How many workers have died while running this task: each left its mark, counted on, behind."""
    with suppress(FileNotFoundError, ValueError):
        deaths = int(mark.read_text())
        mark.write_text(str(deaths + 1))
        return deaths
    mark.parent.mkdir(exist_ok=True)
    mark.write_text("1")
    return 0


def _died(deaths: int) -> str:
    return (
        f"the worker died {deaths} times while running this task, most likely because it ran out of memory. "
        "Give the pool more memory per worker, or make the study's pieces smaller"
    )


def _failed(path: str, index: int, kind: str, error: str, trace: str) -> Token:
    tail = trace if len(trace) <= TRACEBACK_CHARACTERS else "…" + trace[-TRACEBACK_CHARACTERS:]
    return {"event": "failed", "stage": path, "index": index, "class": kind, "error": error, "traceback": tail}


def _class(error: Exception) -> str:
    """What kind of failure this is, which decides what is done about it."""
    if isinstance(error, MemoryError):
        return "memory"
    if isinstance(error, DamagedData):
        return "damaged"
    return "storage" if isinstance(error, OSError) and error.errno in NO_ROOM else "error"


def _sentence(error: Exception) -> str:
    text = f"{type(error).__name__}: {error}" if str(error) else type(error).__name__
    return text if len(text) <= ERROR_CHARACTERS else text[:ERROR_CHARACTERS] + "…"


def _log(run: RunFolder) -> Callable[[str], None]:
    """Append lines to this worker's own log; the controller folds the logs together when the run ends."""

    def write(message: str) -> None:
        run.logs.mkdir(exist_ok=True)
        with (run.logs / f"worker-{socket.gethostname()}-{os.getpid()}.log").open("a") as file:
            file.write(f"{time.strftime('%Y-%m-%dT%H:%M:%S')} {message}\n")

    return write


def _reset_peak_memory() -> None:
    # Linux forgets the peak of a process when 5 is written here; elsewhere the peak is that of the process so far.
    with suppress(OSError):
        Path("/proc/self/clear_refs").write_text("5")


def _peak_memory() -> int:
    """Peak resident memory in bytes since the last reset."""
    with suppress(OSError, StopIteration, ValueError):
        line = next(ln for ln in Path("/proc/self/status").read_text().splitlines() if ln.startswith("VmHWM:"))
        return int(line.split()[1]) * 1024
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
