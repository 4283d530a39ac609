"""One task on a worker: run, stage and index in, shards on disk and a small token out."""

from __future__ import annotations

import json
import math
import os
import resource
import socket
import tempfile
import time
import traceback
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

from bigdata.disks import is_full, no_room
from bigdata.engine.own_worker import surroundings
from bigdata.errors import BigdataError, DamagedData, DiskFull, Paused
from bigdata.kind.context import Context
from bigdata.kind.order import Order
from bigdata.kind.stage import Stage, TaskId, address
from bigdata.naming import named
from bigdata.planning.keys import Keys
from bigdata.planning.workload import stages_of
from bigdata.store.folder import NOT_OURS, RunFolder
from bigdata.store.journal import History, read_history
from bigdata.store.reading import Run, View
from bigdata.store.rows import Row, encoded

Token = dict[str, Any]
# The topic under which workers send tokens to their scheduler.
TOKENS = "bigdata-tokens"
# No task begins so shortly before its worker's job ends.
LAST_SECONDS = 5.0
NO_REASON_TO_PAUSE = (
    "the task paused though nothing had asked it to, and had saved nothing since it began: it would never end. A task "
    "pauses once `ctx.should_stop()` is true, or after `ctx.checkpoint.save(…)`"
)
# A token is small: what a task returns is bounded by `rows`, and so are the words of its failure.
TRACEBACK_BYTES = 1_000
ERROR_BYTES = 400


def execute_batch(
    folder: str, orders: Sequence[Order], ends: float = math.inf, topic: str = TOKENS, sender: str = ""
) -> None:
    """Run several tasks on this worker, one after the other, and send a token to the scheduler after each, by a topic.

    Those that it hasn't come to when the run is cancelled, or shortly before the worker's job `ends` (Unix time, s),
    are left out. Tokens are sent in the name of `sender`, else of the worker. FileNotFoundError where it doesn't see
    the run.
    """
    # Not at the top: a task in the user's own process, or in `debug`, has no need of Dask.
    from distributed import get_worker

    run, worker = RunFolder(Path(folder)), get_worker()
    cancel = run.cancel
    if not run.exists():
        raise FileNotFoundError(f"{socket.gethostname()} doesn't see the run's folder {folder}")
    for order in orders:
        # Dask can't take back a batch that has begun. Network file systems may show the file some seconds late.
        if cancel.exists() or time.time() > ends - LAST_SECONDS:
            return
        token = perform(folder, order, ends)
        worker.log_event(topic, json.dumps({"worker": sender or worker.address, "token": token}))


def perform(folder: str, order: Order, ends: float = math.inf) -> Token:
    """Run one task and say how it went; never raises for what goes wrong inside the task.

    The token is what the journal records: small, numbers and short texts only.
    """
    run = RunFolder(Path(folder))
    mark = run.mark(*order.task)
    try:
        # Read by the controller where this process dies: it tells what ran from what only waited.
        mark.touch()
    except OSError as error:
        return _failed(*order.task, _class(error, run), _sentence(error, run), "")
    token = attempt(run, order, _worker_log(run), ends)
    mark.unlink(missing_ok=True)
    return token


def order_of(run: RunFolder, path: str, index: int, tokens: Iterable[Token] = ()) -> Order:
    """What a controller would tell of a task, from the run's folder; `tokens` are those of the tasks that it needs.

    Without tokens, what these returned is in the journal, as is what a proposer asked for.
    """
    opened = _open(str(run.path), run.resolved.stat().st_mtime_ns)[path]
    past = read_history(run.journal)
    asked = past.asked.get((path, index))
    group, stage = path.rpartition("/")[0], opened.stage
    opened.keys.absent = {(p.rpartition("/")[2], i) for p, i in past.failed if p.rpartition("/")[0] == group}
    opened.keys.reset()
    if asked is None:
        wanted = {(address(group, name), i) for name, i in stage.needs(index)}
        whole = {address(group, name) for name in stage.whole}
        rows: dict[str, dict[int, Any]] = {}
        for record in list(tokens) or _done(past, wanted, whole):
            if "rows" in record and (record["stage"] in whole or (record["stage"], record["index"]) in wanted):
                rows.setdefault(record["stage"].rpartition("/")[2], {})[record["index"]] = record["rows"]
        payloads: dict[str, dict[int, Any]] = {}
        for (grown, i), record in past.asked.items():
            if grown in whole and i < past.tasks.get(grown, 0):
                payloads.setdefault(grown.rpartition("/")[2], {})[i] = record["payload"]
        return Order(path, index, opened.keys[stage.name, index], rows=rows, payloads=payloads)
    after = (path, asked["after"]) if asked["after"] is not None else None
    after_key = past.asked[after]["key"] if after else ""
    return Order(path, index, asked["key"], asked["payload"], after, after_key)


def _done(past: History, wanted: Iterable[TaskId], whole: Iterable[str]) -> Iterator[Token]:
    """The records of these tasks, and of all of these stages, as far as they are done."""
    yield from (past.done[task] for task in wanted if task in past.done)
    for path in whole:
        yield from (record for _, record in past.done.stage(path))


def stage_of(run: RunFolder, path: str) -> Stage:
    """A stage of the run, by its address."""
    return _open(str(run.path), run.resolved.stat().st_mtime_ns)[path].stage


def attempt(run: RunFolder, order: Order, log: Callable[[str], None], ends: float = math.inf) -> Token:
    """Run one task in this process, whatever happened to it before; its messages go to `log`.

    The worker's job ends at `ends` (Unix time, s): a task that saves checkpoints pauses before. Its token's seconds are
    those of all jobs that worked on it.
    """
    path, index = order.task
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
            "key": order.key,
            **_call(run, opened, order, log, ends),
        }
    except (Exception, SystemExit) as error:  # the task boundary: whatever failed becomes data
        token = _failed(path, index, _class(error, run), _sentence(error, run), traceback.format_exc())
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
    keys: Keys
    rows: Mapping[str, Mapping[str, Row]]
    function: Callable[[Context[Any]], Mapping[str, Any] | None]
    readable: frozenset[str]


def _readable(stage: Stage, before: Mapping[str, frozenset[str]]) -> frozenset[str]:
    """The inputs whose digests are in the keys of a stage's tasks: its own, and those of the stages that it needs."""
    needed = {*stage.whole, *(name for name, _ in (stage.needs(0) if stage.n_tasks else ()))}
    return frozenset(stage.inputs).union(*(before.get(name, frozenset()) for name in needed))


@lru_cache(maxsize=4)
def _open(folder: str, _written: int) -> dict[str, _OpenStage]:
    """The run's stages by address; `_written` is the time of resolved.json, so that a changed run is opened anew."""
    opened = {}
    for view in Run(folder).variants:
        workload = stages_of(view.model, view.inputs)
        keys = Keys(view.model.study, workload.stages, view.inputs)
        rows = {stage.name: stage.row_specs for stage in workload.stages}
        readable: dict[str, frozenset[str]] = {}
        for stage in workload.stages:
            readable[stage.name] = _readable(stage, readable)
            # In parts, and for its own tasks alone: those that need them may not read the others.
            own = readable[stage.name].union(stage.parts_of)
            opened[address(view.group, stage.name)] = _OpenStage(view, stage, keys, rows, named(stage.function), own)
    return opened


def _call(run: RunFolder, opened: _OpenStage, order: Order, log: Callable[[str], None], ends: float) -> dict[str, Any]:
    words, around = f"{order.path}/{order.index} ", surroundings(ends)
    context: Context[Any] = Context(
        run,
        opened.view,
        opened.stage,
        order,
        opened.rows,
        lambda said: log(words + said),
        around,
        opened.readable,
    )
    try:
        with context:
            returned = opened.function(context)
    except Paused:
        has_saved = context.has_saved
        if not (has_saved or context.should_stop()):
            raise RuntimeError(NO_REASON_TO_PAUSE) from None
        return {"event": "paused", "saved": has_saved, "seconds": context.earlier_seconds}
    if context.unwritten:
        raise RuntimeError(f"the task ended without writing {sorted(context.unwritten)}")
    written = {"bytes": context.bytes_written, "seconds": context.earlier_seconds, **context.programs}
    if returned is None and not opened.stage.rows:
        return written
    return {**written, "rows": encoded(opened.stage.row_specs, returned)}


def failed_token(path: str, index: int, kind: str, error: str) -> Token:
    """The record of a task that failed without saying so itself."""
    return _failed(path, index, kind, error, "")


def _failed(path: str, index: int, kind: str, error: str, trace: str) -> Token:
    what = {"class": kind, "error": _cut(error, ERROR_BYTES), "traceback": _cut(trace, TRACEBACK_BYTES, end=True)}
    return {"event": "failed", "stage": path, "index": index, **what}


def _class(error: BaseException, run: RunFolder) -> str:
    """What kind of failure this is, which decides what is done about it."""
    if isinstance(error, MemoryError):
        return "memory"
    if isinstance(error, DamagedData):
        return "damaged"
    if isinstance(error, DiskFull) or (isinstance(error, OSError) and is_full(error)):
        return "disk-full"
    if isinstance(error, OSError):
        ours = str(error.filename or "").startswith(str(run.path))
        return "storage" if ours and error.errno in NOT_OURS else "error"
    return "error"


def _sentence(error: BaseException, run: RunFolder) -> str:
    if isinstance(error, OSError) and is_full(error):
        return no_room(error, run.path, Path(surroundings(math.inf).folder or tempfile.gettempdir()))
    if isinstance(error, SystemExit):
        return f"the task ended its process: sys.exit({error.code!r})"
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
