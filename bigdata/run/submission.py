"""From a Plan to a finished run: prepare its folder, run what isn't done, write provenance and report."""

from __future__ import annotations

import json
import os
import signal
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
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
from bigdata.run.controller import Controller, Observer, Outcome, Silent
from bigdata.run.execute import NO_ROOM, NOT_OURS
from bigdata.run.lock import Lock
from bigdata.run.pool import Workers, local_pool
from bigdata.spec import Study
from bigdata.spec.site import Site
from bigdata.store.folder import RunFolder, write_json, write_whole
from bigdata.store.journal import Journal, read_history
from bigdata.store.reading import Run
from bigdata.store.writing import create_arrays, finish_store, open_store, remove_others, write_coordinates

STOPPED = "stopped; what is done is kept. Submit the same study again to go on."


def submit(
    study: Study | Plan, *, site: Site | str = "local", runs: str | Path = "runs", observer: Observer | None = None
) -> Run:
    """Run a study to its report and return the run, opened for reading. What an earlier submission finished is kept.

    Raises PlanRefused before anything is written; SiteError where the machine refuses or another controller runs this
    study; Cancelled; TasksFailed when all else is done.
    """
    plan = study if isinstance(study, Plan) else make_plan(study, site=site, runs=runs)
    plan.refuse()
    if plan.site.scheduler != "local":
        raise SiteError(
            f"the site `{plan.site.site}` starts its workers through {plan.site.scheduler}, which this version of "
            "bigdata doesn't do yet. Run the study on this machine: leave out --site, or name a site with "
            "`scheduler: local`."
        )
    with _disk_errors(plan.folder), _stopping():
        plan.folder.path.mkdir(parents=True, exist_ok=True)
        with Lock(plan.folder.lock) as lock:
            # Whoever held the lock until now may have done some of it.
            plan = make_plan(plan.study, site=plan.site, runs=plan.folder.path.parent)
            if _is_finished(plan):
                return Run(plan.folder.path)
            return _run(plan, lock, observer or Silent())


@contextmanager
def _stopping() -> Iterator[None]:
    """Ctrl-C and a polite kill (SIGTERM) both end in Cancelled, whatever was being done."""
    in_main = threading.current_thread() is threading.main_thread()
    before = signal.signal(signal.SIGTERM, signal.default_int_handler) if in_main else None
    try:
        yield
    except KeyboardInterrupt:
        raise Cancelled(STOPPED) from None
    finally:
        if in_main:
            signal.signal(signal.SIGTERM, before)


def _is_finished(plan: Plan) -> bool:
    """Whether an earlier submission has done all of this, to the end, and nothing was found amiss since."""
    folder = plan.folder
    if plan.n_todo or read_history(folder.journal).state != "done" or folder.damaged.exists():
        return False
    as_understood = json.loads(json.dumps(_resolved(plan)))
    return folder.n_files() > plan.n_files and folder.read_resolved() == as_understood  # the lock is one more file


def _run(plan: Plan, lock: Lock, observer: Observer) -> Run:
    started = time.perf_counter()
    journal = _prepare(plan)
    try:
        outcome = _tasks(plan, journal, lock, observer) if plan.n_todo else Outcome()
        _fold_logs(plan.folder)
        run = _finish(plan, outcome, started, observer)
        _end(journal, outcome)
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
    write_whole(folder.study, _as_given(plan.study))
    write_json(folder.resolved, _resolved(plan))
    root = open_store(folder.store)
    write_coordinates(root, plan.sweep)
    for variant in plan.variants:
        group = root.require_group(variant.group) if variant.group else root
        arrays = [a for s in variant.stages for a in s.stage.arrays]
        create_arrays(group, arrays)
        write_coordinates(group, variant.workload.coordinates)
        remove_others(group, [*(a.name for a in arrays), *(c.name for c in variant.workload.coordinates)])
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


def _as_given(study: Study) -> str:
    """The study file's own text and, as comments, what was said besides it."""
    said = "".join(f"# --set {override}\n" for override in study.overrides)
    return f"{study.text.rstrip()}\n\n# submitted with\n{said}" if said else study.text


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
    pools = {s.pool: Workers(0, plan.site.worker_memory(s.pool)) for s in plan.stages if s.todo}
    for pool in pools:
        n_todo = sum(len(s.todo) for s in plan.stages if s.pool == pool)
        pools[pool] = replace(pools[pool], n=min(plan.site.cores(pool), n_todo))
    try:
        with local_pool(plan.folder.path.absolute(), pools) as workers:
            return controller.run(workers, {pool: w.n for pool, w in pools.items()})
    except KeyboardInterrupt:
        return replace(controller.outcome, cancelled=True)


def _end(journal: Journal, outcome: Outcome) -> None:
    state = "cancelled" if outcome.cancelled else "failed" if outcome.failed else "done"
    skipped = [[path, index, *cause] for (path, index), cause in outcome.skipped.items()]
    journal.append([{"event": "end", "state": state, "skipped": skipped[:1000], "n_skipped": len(skipped)}])


def _finish(plan: Plan, outcome: Outcome, started: float, observer: Observer) -> Run:
    """Provenance, failures, measured rates and the report."""
    run = Run(plan.folder.path)
    if outcome.cancelled:
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
    """One log for all workers' logs of the run, in the order of their names."""
    with (folder.logs / "tasks.log").open("a") as whole:
        for log in sorted(folder.logs.glob("worker-*.log")):
            whole.write(log.read_text(errors="replace"))
            log.unlink()


def _raise_for(outcome: Outcome, plan: Plan) -> None:
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
