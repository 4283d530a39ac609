"""From a Plan to a finished run: prepare its folder, run what isn't done, write provenance and report."""

from __future__ import annotations

import logging
import os
import signal
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager, suppress
from dataclasses import dataclass, replace
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Any

from bigdata.engine.controller import NOT_WHOLE, Controller, Observer, Outcome, Silent
from bigdata.engine.execute import Token
from bigdata.engine.hands import Pools
from bigdata.engine.inside import inside_pools
from bigdata.engine.records import fold
from bigdata.engine.shift import ALWAYS, Shift, ShiftOver
from bigdata.engine.taking import take_over
from bigdata.errors import Cancelled, DamagedData, SiteError, TasksFailed
from bigdata.jobs import batch
from bigdata.places import cache_folder
from bigdata.planning import ledger
from bigdata.planning import plan as make_plan
from bigdata.planning.plan import Plan
from bigdata.run import provenance, reporting
from bigdata.run.controller_job import CONTROLLER
from bigdata.run.description import as_understood, is_understood
from bigdata.spec import Study
from bigdata.spec.site import Site
from bigdata.store.folder import NO_ROOM, NOT_OURS, RunFolder, write_json, write_whole
from bigdata.store.journal import History, Journal, read_history
from bigdata.store.known import write_index
from bigdata.store.lock import Lock
from bigdata.store.packs import remove_other_packs
from bigdata.store.reading import Run
from bigdata.store.writing import create_arrays, finish_store, open_store, remove_others, write_coordinates
from bigdata.version import VERSION

if TYPE_CHECKING:
    from distributed import Client

STOPPED = "stopped; what is done is kept. Submit the same study again to go on."


def submit(
    study: Study | Plan,
    *,
    site: Site | str | None = None,
    runs: str | Path | None = None,
    observer: Observer | None = None,
    shift: Shift = ALWAYS,
    client: Client | None = None,
    fresh: bool = False,
) -> Run:
    """Run a study to its report and return the run, opened for reading. What an earlier submission finished is kept.

    The controller is this process, wherever the site would have it; see `bigdata.run.launch` for the others. With a
    Dask `client`, tasks run on its cluster. `fresh` takes nothing over from other runs.
    Raises PlanRefused before anything is written; SiteError where the machine refuses or another controller runs this
    study; Cancelled, which is ShiftOver where the `shift` ended first; TasksFailed when all else is done.
    """
    plan = study if isinstance(study, Plan) else make_plan(study, site=site, runs=runs, fresh=fresh)
    plan.refuse()
    if plan.n_todo:
        batch.require(plan.site.scheduler)
    with _disk_errors(plan.folder), _stopping():
        plan.folder.path.mkdir(parents=True, exist_ok=True)
        with Lock(plan.folder.lock) as lock:
            # Whoever held the lock until now, or a graph that another scheduler ran, may have done some of it.
            fold(plan.folder)
            plan = make_plan(plan.study, site=plan.site, runs=plan.folder.path.parent, fresh=plan.fresh)
            lead, past = Lead(lock, observer or Silent(), shift, client), read_history(plan.folder.journal)
            if _is_finished(plan, past):
                for path, n in past.ends[-1].get("unbegun", {}).items():
                    lead.observer.message(f"{_unbegun(path, n, plan.spent)}. Allow more under `budget:` to go on")
                reporting.say_again(plan.folder, past, lead.observer.message)
                return Run(plan.folder.path)
            _remove_orphans(plan, lead.observer)
            return _run(plan, lead)


@dataclass(frozen=True)
class Lead:
    """What leads a run beside its plan: the lock that it holds, who is told, its shift, and whose cluster it uses."""

    lock: Lock
    observer: Observer
    shift: Shift
    client: Client | None


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


def _is_finished(plan: Plan, past: History) -> bool:
    """Whether an earlier submission has done all of this, to the end, and nothing was found amiss since."""
    folder = plan.folder
    if past.state != "done" or folder.damaged.exists() or (plan.n_todo and not past.ends[-1].get("spent")):
        return False
    besides = sum(p.exists() for p in (folder.lock, folder.launch, folder.controller_log, folder.report_log))
    lacking = 2 * len(reporting.undrawn(past)) + (plan.site.controller != "inline")
    is_whole = folder.n_files() - besides >= plan.n_files - lacking
    return is_whole and reporting.is_drawn(plan, past) and is_understood(plan, folder.read_resolved())


def _remove_orphans(plan: Plan, observer: Observer) -> None:
    """Remove the jobs that a killed controller left: nobody gives them tasks any more, and limits count them."""
    scheduler, prefix = plan.site.scheduler, batch.prefix(plan.folder)
    past = read_history(plan.folder.journal)
    if not plan.site.has_jobs or not past.submits or past.state != "interrupted":
        return
    found = batch.jobs(scheduler, prefix) or ()
    orphans = [job.id for job in found if job.state != "ending" and job.name != f"{prefix}{CONTROLLER}"]
    if orphans:
        observer.message(f"removing jobs that an earlier controller left: {', '.join(orphans)}")
        with suppress(SiteError):  # they end by themselves, later
            batch.remove(scheduler, orphans)


def _run(plan: Plan, lead: Lead) -> Run:
    started = time.perf_counter()
    past = read_history(plan.folder.journal)
    journal, taken = prepare(plan, past)
    try:
        outcome = _tasks(plan, past, journal, lead, taken) if plan.n_todo or taken else Outcome()
        for path, n in outcome.unbegun.items():
            lead.observer.message(_unbegun(path, n, outcome.spent))
        fold_logs(plan.folder)
        end(plan, outcome, journal, started)
    except SiteError as error:
        with suppress(SiteError, OSError):  # another controller has the run now, or the disk is full
            lead.lock.check()
            journal.append([{"event": "end", "state": "refused", "error": str(error), "skipped": [], "n_skipped": 0}])
            write_index(plan.folder)
        raise
    else:
        # The run has ended: whatever becomes of its report, another submission has nothing to run.
        damage = None if outcome.cancelled or outcome.relieved else report(plan, journal, lead.observer)
    finally:
        journal.close()
        plan.folder.cancel.unlink(missing_ok=True)
        plan.folder.sweep()
    raise_for(plan, outcome, damage)
    return Run(plan.folder.path)


def _unbegun(path: str, n: int, spent: str) -> str:
    why = f"with the next one {spent} would be used"
    return f"the study's budget ended it: {n} tasks of `{path}` weren't begun, since {why}"


def prepare(plan: Plan, past: History) -> tuple[Journal, list[Token]]:
    """Everything that must be on disk before the first task: the study, the arrays, what is taken over, the journal.

    Returns the records of what was taken over, too.
    """
    folder = plan.folder
    folder.cancel.unlink(missing_ok=True)
    folder.sweep()
    folder.running.mkdir()
    folder.logs.mkdir(exist_ok=True)
    write_whole(folder.study, plan.study.text)
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
    journal.append([_submitted(plan), *_stale(plan, past)])
    taken = list(_taken_over(plan))
    journal.append(taken)
    folder.damaged.unlink(missing_ok=True)
    return journal, taken


def _taken_over(plan: Plan) -> Iterator[Token]:
    """The records of tasks that other runs have done; one whose data there aren't whole has to run."""
    for stage in plan.stages:
        for index, known in list(stage.known.items()):
            del stage.known[index]
            token = take_over(stage, index, known, plan.folder)
            if token is None:
                stage.todo[index] = NOT_WHOLE
            else:
                yield token


def _stale(plan: Plan, past: History) -> Iterator[dict[str, Any]]:
    """What was done and has to be done anew, such as what readers found damaged.

    It is said before anything is written over its data: a kill, or another run that takes results over, would else meet
    the record of one result beside the data of another.
    """
    for stage in plan.stages:
        elsewhere = dict.fromkeys([*stage.known, *stage.copies], "its results are taken from elsewhere")
        for index, why in (stage.todo | elsewhere).items():
            if (stage.path, index) in past.done:
                yield {"event": "stale", "stage": stage.path, "index": index, "why": why}


def _submitted(plan: Plan) -> dict[str, Any]:
    return {
        "event": "submit",
        "host": socket.gethostname(),
        "pid": os.getpid(),
        "site": plan.site.site,
        "scheduler": plan.site.scheduler,
        "version": VERSION,
        "todo": plan.n_todo,
        "tasks": {s.path: s.n_tasks for s in plan.stages},
        "figures": [figure.name for figure in plan.figures],
        "stages": {s.path: dict(s.ingredients) for s in plan.stages},
    }


def _tasks(plan: Plan, past: History, journal: Journal, lead: Lead, taken: list[Token]) -> Outcome:
    """Run what has to run; Ctrl-C ends it cleanly."""
    for stage in plan.stages:
        n_taken = sum(token["stage"] == stage.path for token in taken)
        lead.observer.stage(stage.path, stage.n_tasks - stage.n_todo - n_taken, stage.n_tasks)
    controller = Controller(plan, past, journal, lead.lock, lead.observer, lead.shift)
    controller.known(taken)
    if not plan.n_todo:
        return controller.outcome
    try:
        with _pools(plan, lead.observer, lead.client) as pools:
            return controller.run(pools)
    except KeyboardInterrupt:
        return replace(controller.outcome, cancelled=True)


def _pools(plan: Plan, observer: Observer, client: Client | None) -> AbstractContextManager[Pools]:
    """Where the plan's site has its workers; nothing of Dask is loaded for tasks in this process."""
    if client is not None or plan.site.scheduler == "dask":
        from bigdata.engine.foreign import foreign_pools

        return foreign_pools(plan, observer, client)
    if plan.site.scheduler == "process":
        return inside_pools(plan)
    if plan.site.scheduler == "local":
        from bigdata.engine.local import local_pools

        return local_pools(plan, observer)
    from bigdata.jobs.pools import job_pools

    return job_pools(plan.site, RunFolder(plan.folder.path.absolute()), observer)


def end(plan: Plan, outcome: Outcome, journal: Journal, started: float) -> None:
    """Write the record of a run, and then the word that it has ended; `started` is by the process's own clock."""
    if not (outcome.cancelled or outcome.relieved):
        _write_record(plan, outcome, started)
    _write_end(plan, outcome, journal)
    with suppress(OSError):  # a full disk: other runs find less
        write_index(plan.folder)


def _write_end(plan: Plan, outcome: Outcome, journal: Journal) -> None:
    state = (
        "relieved" if outcome.relieved else "cancelled" if outcome.cancelled else "failed" if outcome.failed else "done"
    )
    skipped = [[path, index, *cause] for (path, index), cause in outcome.skipped.items()]
    end = {"event": "end", "state": state, "skipped": skipped[:1000], "n_skipped": len(skipped)}
    grown = {s.path: s.growth.n_tasks for s in plan.stages if s.growth}
    spent = {"spent": outcome.spent, "unbegun": dict(outcome.unbegun)} if outcome.spent else {}
    journal.append([end | {"again": dict(outcome.again), "tasks": grown} | spent])


def _write_record(plan: Plan, outcome: Outcome, started: float) -> None:
    """Measured rates, failures and provenance: all that a run says of itself besides its results."""
    run = Run(plan.folder.path)
    with suppress(OSError):  # a cache that can't be written only makes the next plan's estimate worse
        ledger.remember(cache_folder() / "ledger.jsonl", provenance.measured(plan, outcome.tokens.values()))
    provenance.write_failures(plan, run)
    provenance.write_rows(plan, run)
    finish_store(plan.folder.store, provenance.provenance(plan, run, time.perf_counter() - started))


def report(plan: Plan, journal: Journal, observer: Observer) -> DamagedData | None:
    """Draw the figures and the page; returns damaged data that were met."""
    observer.message("writing figures and report")
    return reporting.draw(plan.folder, journal, observer.message)


def fold_logs(folder: RunFolder) -> None:
    """One log for the logs of all workers and jobs of the run, in the order of their names."""
    with (folder.logs / "tasks.log").open("a") as whole:
        for log in sorted([*folder.logs.glob("worker-*.log"), *folder.logs.glob(f"{batch.JOB_NAMES}*.log")]):
            whole.write(log.read_text(errors="replace"))
            log.unlink()


def raise_for(plan: Plan, outcome: Outcome, damage: DamagedData | None) -> None:
    """Whatever kept the run from being done, as the error that says so."""
    if outcome.relieved:
        raise ShiftOver("this controller's time is over, and tasks are left. Submit the same study again to go on.")
    if outcome.cancelled and outcome.spent:
        raise Cancelled(
            f"the study's budget doesn't hold what is left to do: with the next task {outcome.spent} would be used. "
            "What is done is kept; allow more under `budget:` and submit again to go on."
        )
    if outcome.cancelled:
        raise Cancelled(STOPPED)
    if not outcome.failed and damage:
        raise TasksFailed(str(damage))
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
