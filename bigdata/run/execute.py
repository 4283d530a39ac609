"""One task on a worker: three words in (run, stage, index), shards on disk and a small token out."""

from __future__ import annotations

import errno
import importlib
import json
import math
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

from distributed import get_worker

from bigdata.errors import BigdataError, DamagedData
from bigdata.planning import keys
from bigdata.planning.plan import stages_of
from bigdata.planning.stage import Stage, TaskId
from bigdata.run.checkpoint import Paused
from bigdata.run.context import Context
from bigdata.store.folder import RunFolder
from bigdata.store.reading import Run, View

Token = dict[str, Any]
# The topic under which workers send tokens to their scheduler.
TOKENS = "bigdata-tokens"
# No task begins so shortly before its worker's job ends.
LAST_SECONDS = 5.0
NO_REASON_TO_PAUSE = (
    "the task paused though nothing had asked it to, and had saved nothing since it began: it would never end. A task "
    "pauses once `ctx.should_stop()` is true, or after `ctx.checkpoint.save(…)`"
)
# A token stays under 2 kB.
TRACEBACK_BYTES = 1_000
ERROR_BYTES = 400
RESULT_BYTES = 1_000
NO_ROOM = {errno.ENOSPC, errno.EDQUOT, errno.EFBIG}
NOT_OURS = {errno.EROFS, errno.EACCES, errno.EPERM, errno.ENOTDIR, errno.EIO}


def execute_batch(folder: str, tasks: Sequence[TaskId], ends: float = math.inf) -> None:
    """Run several tasks on this worker, one after the other, and send a token to the scheduler after each.

    Those that it hasn't come to when the run is cancelled, or shortly before the worker's job `ends` (Unix time, s),
    are left out.
    """
    cancel, worker = RunFolder(Path(folder)).cancel, get_worker()
    for path, index in tasks:
        if cancel.exists() or time.time() > ends - LAST_SECONDS:
            return
        token = execute(folder, path, index, ends)
        worker.log_event(TOKENS, json.dumps({"worker": worker.address, "token": token}))


def execute(folder: str, path: str, index: int, ends: float = math.inf) -> Token:
    """Run one task and say how it went; never raises for what goes wrong inside the task.

    The token is what the journal records: under 2 kB, numbers and short texts only.
    """
    run = RunFolder(Path(folder))
    mark = run.mark(path, index)
    try:
        mark.touch()
    except OSError as error:
        return _failed(path, index, _class(error, run), _sentence(error), "")
    token = attempt(run, path, index, _worker_log(run), ends)
    mark.unlink(missing_ok=True)
    return token


def attempt(run: RunFolder, path: str, index: int, log: Callable[[str], None], ends: float = math.inf) -> Token:
    """Run one task in this process, whatever happened to it before; its messages go to `log`.

    The worker's job ends at `ends` (Unix time, s): a task that saves checkpoints pauses before. Its token's seconds are
    those of all jobs that worked on it.
    """
    started, cpu = time.perf_counter(), time.process_time()
    try:
        opened = _open(str(run.path), run.resolved.stat().st_mtime_ns)[path]
        # A process's first task opens the run and loads its code: that isn't the task's own time or memory.
        started, cpu = time.perf_counter(), time.process_time()
        _reset_peak_memory()
        token = {
            "event": "done",
            "stage": path,
            "index": index,
            "key": opened.keys[index],
            **_call(run, opened, path, index, log, ends),
        }
    except Exception as error:  # the task boundary: whatever failed becomes data
        token = _failed(path, index, _class(error, run), _sentence(error), traceback.format_exc())
        with suppress(OSError):  # the disk may be what failed
            log(f"{path}/{index} failed\n{traceback.format_exc()}")
    seconds = token.get("seconds", 0.0) + time.perf_counter() - started
    token |= {"seconds": round(seconds, 4), "cpu": round(time.process_time() - cpu, 4)}
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


def _call(
    run: RunFolder, opened: _OpenStage, path: str, index: int, log: Callable[[str], None], ends: float
) -> dict[str, Any]:
    context = Context(
        run,
        opened.view,
        opened.stage,
        index,
        opened.keys[index],
        lambda message: log(f"{path}/{index} {message}"),
        ends,
    )
    try:
        with context:
            result = opened.function(context)
    except Paused:
        has_saved = context.has_saved
        if not (has_saved or context.should_stop()):
            raise RuntimeError(NO_REASON_TO_PAUSE) from None
        return {"event": "paused", "saved": has_saved, "seconds": context.earlier_seconds}
    if context.unwritten:
        raise RuntimeError(f"the task ended without writing {sorted(context.unwritten)}")
    if _json_bytes(result) > RESULT_BYTES:
        raise RuntimeError(f"the task returned more than {RESULT_BYTES} bytes; what is large belongs in an array")
    written = {"bytes": context.bytes_written, "seconds": context.earlier_seconds, **context.programs}
    return {**written, **({"result": result} if result else {})}


def failed_token(path: str, index: int, kind: str, error: str) -> Token:
    """The record of a task that failed without saying so itself."""
    return _failed(path, index, kind, error, "")


def _failed(path: str, index: int, kind: str, error: str, trace: str) -> Token:
    what = {"class": kind, "error": _cut(error, ERROR_BYTES), "traceback": _cut(trace, TRACEBACK_BYTES, end=True)}
    return {"event": "failed", "stage": path, "index": index, **what}


def _class(error: Exception, run: RunFolder) -> str:
    """What kind of failure this is, which decides what is done about it."""
    if isinstance(error, MemoryError):
        return "memory"
    if isinstance(error, DamagedData):
        return "damaged"
    if isinstance(error, OSError):
        ours = str(error.filename or "").startswith(str(run.path))
        return "storage" if error.errno in NO_ROOM or (ours and error.errno in NOT_OURS) else "error"
    return "error"


def _sentence(error: Exception) -> str:
    if isinstance(error, BigdataError):  # written for the user already
        return str(error)
    return f"{type(error).__name__}: {error}" if str(error) else type(error).__name__


def _cut(text: str, n_bytes: int, *, end: bool = False) -> str:
    """The beginning of a text, or its end, that takes at most so many bytes of JSON."""
    cut = text[-n_bytes:] if end else text[:n_bytes]
    while _json_bytes(cut) > n_bytes:
        away = 1 + len(cut) // 10
        cut = cut[away:] if end else cut[:-away]
    if len(cut) == len(text):
        return text
    return "…" + cut if end else cut + "…"


def _json_bytes(value: Any) -> int:
    return len(json.dumps(value, ensure_ascii=False).encode(errors="replace"))


def _worker_log(run: RunFolder) -> Callable[[str], None]:
    """Append lines to this worker's own log; the controller folds the logs together when the run ends."""

    def write(message: str) -> None:
        run.logs.mkdir(exist_ok=True)
        with (run.logs / f"worker-{socket.gethostname()}-{os.getpid()}.log").open("a", errors="replace") as file:
            file.write(f"{time.strftime('%Y-%m-%d %H:%M:%S')} {message}\n")

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
