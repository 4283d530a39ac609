"""From a Plan to a finished run: prepare its folder, run what isn't done, write provenance and report."""

from __future__ import annotations

import errno
import getpass
import os
import shutil
import socket
import sys
import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from importlib import metadata
from pathlib import Path
from typing import Any

import bigdata
from bigdata.data.cache import cache_folder
from bigdata.errors import Cancelled, DamagedData, SiteError, TasksFailed
from bigdata.planning import ledger
from bigdata.planning import plan as make_plan
from bigdata.planning.plan import Plan
from bigdata.run.controller import Controller, Observer, Outcome, Silent, writer_of
from bigdata.run.execute import NO_ROOM
from bigdata.run.lock import Lock
from bigdata.run.pool import local_pool
from bigdata.spec import Study
from bigdata.spec.site import Site
from bigdata.store.folder import RunFolder, write_json, write_whole
from bigdata.store.journal import Journal
from bigdata.store.reading import Run
from bigdata.store.writing import create_arrays, create_store, finish_store, write_coordinates, write_small

# Less than this says more about the clock and the disk's mood than about the rate.
MEASURABLE_SECONDS = 0.5
RECORDED_VERSIONS = ("bigdata", "dask", "distributed", "numpy", "scipy", "zarr", "pydantic", "matplotlib")


def submit(
    study: Study | Plan, *, site: Site | str = "local", runs: str | Path = "runs", observer: Observer | None = None
) -> Run:
    """Run a study to its report and return the run, opened for reading. What an earlier submission finished is kept.

    Raises PlanRefused before anything is written; SiteError where the machine refuses or another controller runs this
    study; Cancelled; TasksFailed when all else is done.
    """
    plan = study if isinstance(study, Plan) else make_plan(study, site=site, runs=runs)
    plan.refuse()
    with _disk_errors(plan.folder):
        plan.folder.path.mkdir(parents=True, exist_ok=True)
        with Lock(plan.folder.lock) as lock:
            # Whoever held the lock until now may have done some of it.
            plan = make_plan(plan.study, site=plan.site, runs=plan.folder.path.parent)
            return _run(plan, lock, observer or Silent())


def _run(plan: Plan, lock: Lock, observer: Observer) -> Run:
    started = time.perf_counter()
    journal = _prepare(plan)
    try:
        outcome = _tasks(plan, journal, lock, observer) if plan.n_todo else Outcome()
        _fold_logs(plan.folder)
        _end(journal, outcome)
        run = _finish(plan, journal, outcome, started, observer)
    finally:
        journal.close()
        _sweep(plan.folder)
    _raise_for(outcome, plan)
    return run


def _prepare(plan: Plan) -> Journal:
    """Everything that must be on disk before the first task: the study, the arrays, the journal."""
    folder = plan.folder
    folder.cancel.unlink(missing_ok=True)
    _sweep(folder)
    folder.running.mkdir()
    folder.logs.mkdir(exist_ok=True)
    write_whole(folder.study, plan.study.text)
    write_json(folder.resolved, _resolved(plan))
    root = create_store(folder.store)
    for variant in plan.variants:
        group = root.require_group(variant.group) if variant.group else root
        create_arrays(group, (a for s in variant.stages for a in s.stage.arrays))
        write_coordinates(group, variant.workload.coordinates)
    journal = Journal(folder.journal)
    journal.append([_submitted(plan)])
    return journal


def _resolved(plan: Plan) -> dict[str, Any]:
    return {
        "study": plan.study.resolved(),
        "variants": [
            {"group": v.group, "label": v.variant.label, "inputs": {name: vars(i) for name, i in v.inputs.items()}}
            for v in plan.variants
        ],
        "notes": list(plan.notes),
    }


def _submitted(plan: Plan) -> dict[str, Any]:
    return {
        "event": "submit",
        "host": socket.gethostname(),
        "pid": os.getpid(),
        "site": plan.site.site,
        "version": bigdata.__version__,
        "todo": plan.n_todo,
        "tasks": {s.path: s.stage.n_tasks for s in plan.stages},
        "stages": {s.path: dict(s.ingredients) for s in plan.stages},
    }


def _tasks(plan: Plan, journal: Journal, lock: Lock, observer: Observer) -> Outcome:
    """Run what has to run; Ctrl-C ends it cleanly."""
    for stage in plan.stages:
        observer.stage(stage.path, stage.stage.n_tasks - len(stage.todo), stage.stage.n_tasks)
    controller = Controller(plan, journal, lock, observer)
    n_workers = min(plan.site.cores("cpu"), plan.n_todo)
    try:
        with local_pool(plan.folder.path.absolute(), n_workers, plan.site.worker_memory("cpu")) as pool:
            return controller.run(pool, n_workers)
    except KeyboardInterrupt:
        return replace(controller.outcome, cancelled=True)


def _end(journal: Journal, outcome: Outcome) -> None:
    state = "cancelled" if outcome.cancelled else "failed" if outcome.failed else "done"
    skipped = [[path, index, *cause] for (path, index), cause in outcome.skipped.items()]
    journal.append([{"event": "end", "state": state, "skipped": skipped[:1000], "n_skipped": len(skipped)}])


def _finish(plan: Plan, journal: Journal, outcome: Outcome, started: float, observer: Observer) -> Run:
    """Provenance, failures, measured rates and the report."""
    run = Run(plan.folder.path)
    if outcome.cancelled:
        return run
    ledger.remember(cache_folder() / "ledger.jsonl", _measured(plan, outcome))
    _write_failures(plan, run)
    finish_store(plan.folder.store, _provenance(plan, run, time.perf_counter() - started))
    observer.message("writing figures and report")
    from bigdata.report.page import write_report

    try:
        write_report(run)
    except DamagedData as error:
        if task := writer_of(plan, error.array, error.shard):
            path, index = task
            journal.append([{"event": "stale", "stage": path, "index": index, "why": "its data were found damaged"}])
        raise TasksFailed(str(error)) from None
    return run


def _measured(plan: Plan, outcome: Outcome) -> Iterator[dict[str, Any]]:
    """Seconds per unit of work of each stage that ran enough to be measured."""
    for stage in plan.stages:
        tokens = [t for t in outcome.tokens if t["event"] == "done" and t["stage"] == stage.path]
        work = sum(stage.stage.work(t["index"]) for t in tokens)
        if work and (seconds := sum(t["seconds"] for t in tokens)) > MEASURABLE_SECONDS:
            unit, version = stage.rate.unit, stage.stage.version
            row = {"function": stage.stage.function, "version": version, "unit": unit, "seconds_per_unit": seconds / work}
            yield {**row, "host": socket.gethostname()}


def _write_failures(plan: Plan, run: Run) -> None:
    """Failed tasks are data: what failed and its traceback, in the store."""
    failed = run.history.failed
    root = create_store(plan.folder.store)
    if not failed:
        for name in ("failed_task", "failed_error", "failed_traceback"):
            if name in root:
                del root[name]
        return
    import numpy as np

    columns = {
        "failed_task": [f"{path}/{index}" for path, index in failed],
        "failed_error": [record["error"] for record in failed.values()],
        "failed_traceback": [record["traceback"] for record in failed.values()],
    }
    for name, values in columns.items():
        write_small(root, name, np.array(values, dtype=object), ("failure",))


def _provenance(plan: Plan, run: Run, seconds: float) -> dict[str, Any]:
    done = run.history.done.values()
    return {
        "study": plan.study.resolved(),
        "inputs": {f"{v.group}/{name}".lstrip("/"): i.digest for v in plan.variants for name, i in v.inputs.items()},
        "notes": list(plan.notes),
        "versions": {name: _version(name) for name in RECORDED_VERSIONS} | {"python": sys.version.split()[0]},
        "platform": {"host": socket.gethostname(), "user": _user(), "system": " ".join(os.uname()[i] for i in (0, 2, 4))},
        "written": time.strftime("%Y-%m-%dT%H:%M:%S%z"),
        "seconds": round(seconds, 2),
        "task_seconds": round(sum(t["seconds"] for t in done), 2),
        "peak_memory_bytes": max((t["memory"] for t in done), default=0),
    }


def _version(name: str) -> str:
    try:
        return metadata.version(name)
    except metadata.PackageNotFoundError:
        return "not installed"


def _user() -> str:
    try:
        return getpass.getuser()
    except (KeyError, OSError):
        return str(os.getuid())


def _fold_logs(folder: RunFolder) -> None:
    """One log for all workers' logs of the run, in the order of their names."""
    with (folder.logs / "tasks.log").open("a") as whole:
        for log in sorted(folder.logs.glob("worker-*.log")):
            whole.write(log.read_text(errors="replace"))
            log.unlink()


def _sweep(folder: RunFolder) -> None:
    """Remove the marks of tasks under way: between two runs none is."""
    shutil.rmtree(folder.running, ignore_errors=True)


def _raise_for(outcome: Outcome, plan: Plan) -> None:
    if outcome.cancelled:
        raise Cancelled("stopped; what is done is kept. Submit the same study again to go on.")
    if not outcome.failed:
        return
    lines = [
        f"  {path}/{index}: {token['error']}\n    bigdata debug {plan.folder.path} {path}/{index}"
        for (path, index), token in _first(outcome.failed.items(), 5)
    ]
    more = len(outcome.failed) - 5
    skipped = f"; {len(outcome.skipped)} more were skipped because they need them" if outcome.skipped else ""
    raise TasksFailed(
        f"{len(outcome.failed)} of {plan.n_tasks} tasks failed{skipped}:\n"
        + "\n".join(lines)
        + (f"\n  and {more} more; see `bigdata status {plan.folder.path}`" if more > 0 else "")
    )


def _first(items: Iterable[Any], n: int) -> Iterator[Any]:
    return (item for item, _ in zip(items, range(n), strict=False))


@contextmanager
def _disk_errors(folder: RunFolder) -> Iterator[None]:
    """A disk that is full or not ours is the machine's refusal, in one sentence."""
    try:
        yield
    except OSError as error:
        if error.errno not in NO_ROOM | {errno.ENOTDIR, errno.EPERM, errno.EIO}:
            raise
        where = error.filename or folder.path
        raise SiteError(
            f"{where}: {os.strerror(error.errno or 0)}. Make room or choose another place with --runs, then submit again: "
            "what is done stays done."
        ) from None
