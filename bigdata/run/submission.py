"""From a Plan to a finished run: prepare its folder, run what isn't done, write provenance and report."""

from __future__ import annotations

import json
import logging
import os
import signal
import socket
import threading
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager, suppress
from dataclasses import replace
from itertools import islice
from pathlib import Path
from typing import Any

import bigdata
from bigdata.errors import Cancelled, DamagedData, SiteError, TasksFailed
from bigdata.places import cache_folder
from bigdata.planning import ledger
from bigdata.planning import plan as make_plan
from bigdata.planning.plan import DAMAGED, Plan
from bigdata.run import record
from bigdata.run.controller import Controller, Observer, Outcome, Pools, Silent
from bigdata.run.controller_job import CONTROLLER
from bigdata.run.description import as_given, as_understood
from bigdata.run.execute import NO_ROOM, NOT_OURS
from bigdata.run.jobs import batch
from bigdata.run.local import Size, local_pools
from bigdata.run.lock import Lock
from bigdata.run.shift import ALWAYS, Shift, ShiftOver
from bigdata.spec import Study
from bigdata.spec.site import Site
from bigdata.store.folder import RunFolder, write_json, write_whole
from bigdata.store.journal import Journal, read_history
from bigdata.store.packs import remove_other_packs
from bigdata.store.reading import Run
from bigdata.store.writing import create_arrays, finish_store, open_store, remove_others, write_coordinates

STOPPED = "stopped; what is done is kept. Submit the same study again to go on."


def submit(
    study: Study | Plan,
    *,
    site: Site | str | None = None,
    runs: str | Path = "runs",
    observer: Observer | None = None,
    shift: Shift = ALWAYS,
) -> Run:
    """Run a study to its report and return the run, opened for reading. What an earlier submission finished is kept.

    The controller is this process, wherever the site would have it; see `bigdata.run.launch` for the others.
    Raises PlanRefused before anything is written; SiteError where the machine refuses or another controller runs this
    study; Cancelled, which is ShiftOver where the `shift` ended first; TasksFailed when all else is done.
    """
    plan = study if isinstance(study, Plan) else make_plan(study, site=site, runs=runs)
    plan.refuse()
    if plan.n_todo:
        batch.require(plan.site.scheduler)
    with _disk_errors(plan.folder), _stopping():
        plan.folder.path.mkdir(parents=True, exist_ok=True)
        with Lock(plan.folder.lock) as lock:
            # Whoever held the lock until now may have done some of it.
            plan = make_plan(plan.study, site=plan.site, runs=plan.folder.path.parent)
            if _is_finished(plan):
                return Run(plan.folder.path)
            observer = observer or Silent()
            _remove_orphans(plan, observer)
            return _run(plan, lock, observer, shift)


@contextmanager
def _stopping() -> Iterator[None]:
    """Ctrl-C and a polite kill (SIGTERM) both end in Cancelled, whatever was being done."""
    in_main = threading.current_thread() is threading.main_thread()
    before = signal.signal(signal.SIGTERM, signal.default_int_handler) if in_main else None
    try:
        yield
    except KeyboardInterrupt:
        # What Zarr's own thread was writing just then is broken off, and asyncio would complain of that at the exit.
        logging.getLogger("asyncio").setLevel(logging.CRITICAL)
        raise Cancelled(STOPPED) from None
    finally:
        if in_main:
            signal.signal(signal.SIGTERM, before)


def _is_finished(plan: Plan) -> bool:
    """Whether an earlier submission has done all of this, to the end, and nothing was found amiss since."""
    folder = plan.folder
    if plan.n_todo or read_history(folder.journal).state != "done" or folder.damaged.exists():
        return False
    understood = json.loads(json.dumps(as_understood(plan)))
    besides = sum(p.exists() for p in (folder.lock, folder.launch, folder.controller_log))
    is_whole = folder.n_files() - besides >= plan.n_files - (plan.site.controller != "inline")
    return is_whole and folder.read_resolved() == understood


def _remove_orphans(plan: Plan, observer: Observer) -> None:
    """Remove the jobs that a killed controller left: nobody gives them tasks any more, and limits count them."""
    scheduler, prefix = plan.site.scheduler, batch.prefix(plan.folder)
    past = read_history(plan.folder.journal)
    if scheduler == "local" or not past.submits or past.state != "interrupted":
        return
    found = batch.jobs(scheduler, prefix) or ()
    orphans = [job.id for job in found if job.state != "ending" and job.name != f"{prefix}{CONTROLLER}"]
    if orphans:
        observer.message(f"removing jobs that an earlier controller left: {', '.join(orphans)}")
        with suppress(SiteError):  # they end by themselves, later
            batch.remove(scheduler, orphans)


def _run(plan: Plan, lock: Lock, observer: Observer, shift: Shift) -> Run:
    started = time.perf_counter()
    journal = _prepare(plan)
    try:
        outcome = _tasks(plan, journal, lock, observer, shift) if plan.n_todo else Outcome()
        _fold_logs(plan.folder)
        run = _finish(plan, outcome, started, observer)
        _end(journal, outcome)
    except SiteError as error:
        with suppress(SiteError, OSError):  # another controller has the run now, or the disk is full
            lock.check()
            journal.append([{"event": "end", "state": "refused", "error": str(error), "skipped": [], "n_skipped": 0}])
        raise
    finally:
        journal.close()
        plan.folder.cancel.unlink(missing_ok=True)
        plan.folder.sweep()
    _raise_for(outcome, plan)
    return run


def _prepare(plan: Plan) -> Journal:
    """Everything that must be on disk before the first task: the study, the arrays, the journal."""
    folder = plan.folder
    folder.cancel.unlink(missing_ok=True)
    folder.sweep()
    folder.running.mkdir()
    folder.logs.mkdir(exist_ok=True)
    write_whole(folder.study, as_given(plan.study.text, plan.study.overrides))
    write_json(folder.resolved, as_understood(plan))
    root = open_store(folder.store)
    write_coordinates(root, plan.sweep)
    for variant in plan.variants:
        group = root.require_group(variant.group) if variant.group else root
        arrays = [a for s in variant.stages for a in s.stage.arrays]
        create_arrays(group, arrays)
        write_coordinates(group, variant.workload.coordinates)
        remove_others(group, [*(a.name for a in arrays), *(c.name for c in variant.workload.coordinates)])
    remove_other_packs(folder, {s.path: s.stage.n_tasks for s in plan.stages if s.stage.packs})
    journal = Journal(folder.journal)
    journal.append([*_stale(plan), _submitted(plan)])
    folder.damaged.unlink(missing_ok=True)
    return journal


def _stale(plan: Plan) -> Iterator[dict[str, Any]]:
    """What readers found damaged becomes part of the record."""
    for stage in plan.stages:
        for index, why in stage.todo.items():
            if why == DAMAGED:
                yield {"event": "stale", "stage": stage.path, "index": index, "why": why}


def _submitted(plan: Plan) -> dict[str, Any]:
    return {
        "event": "submit",
        "host": socket.gethostname(),
        "pid": os.getpid(),
        "site": plan.site.site,
        "scheduler": plan.site.scheduler,
        "version": bigdata.__version__,
        "todo": plan.n_todo,
        "tasks": {s.path: s.stage.n_tasks for s in plan.stages},
        "stages": {s.path: dict(s.ingredients) for s in plan.stages},
    }


def _tasks(plan: Plan, journal: Journal, lock: Lock, observer: Observer, shift: Shift) -> Outcome:
    """Run what has to run; Ctrl-C ends it cleanly."""
    for stage in plan.stages:
        observer.stage(stage.path, stage.stage.n_tasks - len(stage.todo), stage.stage.n_tasks)
    controller = Controller(plan, journal, lock, observer, shift)
    try:
        with _pools(plan, observer) as pools:
            return controller.run(pools)
    except KeyboardInterrupt:
        return replace(controller.outcome, cancelled=True)


def _pools(plan: Plan, observer: Observer) -> AbstractContextManager[Pools]:
    """Where the plan's site has its workers."""
    folder = plan.folder.path.absolute()
    if plan.site.scheduler != "local":
        from bigdata.run.jobs.pools import job_pools

        return job_pools(plan.site, RunFolder(folder), observer)
    n_todo: Counter[str] = Counter()
    for stage in plan.stages:
        n_todo[stage.pool] += len(stage.todo)
    return local_pools(
        folder,
        {
            pool: Size(min(plan.site.tasks_at_once(pool), n), plan.site.worker_memory(pool))
            for pool, n in n_todo.items()
            if n
        },
        observer,
        dashboard=plan.site.dashboard,
    )


def _end(journal: Journal, outcome: Outcome) -> None:
    state = (
        "relieved" if outcome.relieved else "cancelled" if outcome.cancelled else "failed" if outcome.failed else "done"
    )
    skipped = [[path, index, *cause] for (path, index), cause in outcome.skipped.items()]
    end = {"event": "end", "state": state, "skipped": skipped[:1000], "n_skipped": len(skipped)}
    journal.append([end | {"again": dict(outcome.again)}])


def _finish(plan: Plan, outcome: Outcome, started: float, observer: Observer) -> Run:
    """Provenance, failures, measured rates and the report."""
    run = Run(plan.folder.path)
    if outcome.cancelled or outcome.relieved:
        return run
    with suppress(OSError):  # a cache that can't be written only makes the next plan's estimate worse
        ledger.remember(cache_folder() / "ledger.jsonl", record.measured(plan, outcome.tokens))
    record.write_failures(plan, run)
    finish_store(plan.folder.store, record.provenance(plan, run, time.perf_counter() - started))
    observer.message("writing figures and report")
    from bigdata.report.page import write_report

    try:
        write_report(run)
    except DamagedData as error:
        raise TasksFailed(str(error)) from None
    return run


def _fold_logs(folder: RunFolder) -> None:
    """One log for the logs of all workers and jobs of the run, in the order of their names."""
    with (folder.logs / "tasks.log").open("a") as whole:
        for log in sorted([*folder.logs.glob("worker-*.log"), *folder.logs.glob(f"{batch.JOB_NAMES}*.log")]):
            whole.write(log.read_text(errors="replace"))
            log.unlink()


def _raise_for(outcome: Outcome, plan: Plan) -> None:
    if outcome.relieved:
        raise ShiftOver("this controller's time is over, and tasks are left. Submit the same study again to go on.")
    if outcome.cancelled:
        raise Cancelled(STOPPED)
    if not outcome.failed:
        return
    lines = [
        f"  {path}/{index}: {token['error']}\n    bigdata debug {plan.folder.path} {path}/{index}"
        for (path, index), token in islice(outcome.failed.items(), 5)
    ]
    more = len(outcome.failed) - 5
    skipped = f"; {len(outcome.skipped)} more were skipped because they need them" if outcome.skipped else ""
    raise TasksFailed(
        f"{len(outcome.failed)} of {plan.n_tasks} tasks failed{skipped}:\n"
        + "\n".join(lines)
        + (f"\n  and {more} more; see `bigdata status {plan.folder.path}`" if more > 0 else "")
    )


@contextmanager
def _disk_errors(folder: RunFolder) -> Iterator[None]:
    """A disk that is full or not ours is the machine's refusal, in one sentence."""
    try:
        yield
    except OSError as error:
        if error.errno not in NO_ROOM | NOT_OURS:
            raise
        advice = "Make room" if error.errno in NO_ROOM else "Make it writable"
        raise SiteError(
            f"{error.filename or folder.path}: {os.strerror(error.errno or 0)}. {advice}, or choose another place with "
            "--runs, then submit again: what is done stays done."
        ) from None
