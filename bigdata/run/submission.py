"""From a Plan to a finished run: prepare its folder, run what isn't done, write provenance and report."""

from __future__ import annotations

import logging
import os
import signal
import threading
import time
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager, suppress
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from bigdata.disks import disk_full, is_full
from bigdata.engine.books import Outcome
from bigdata.engine.controller import Controller
from bigdata.engine.hands import Pools
from bigdata.engine.inside import inside_pools, what_ended_it
from bigdata.engine.observer import Observer
from bigdata.engine.records import fold
from bigdata.engine.shift import ALWAYS, Shift
from bigdata.errors import Cancelled, DamagedData, DiskFull, SiteError
from bigdata.jobs import batch
from bigdata.planning import plan as make_plan
from bigdata.planning.plan import Plan
from bigdata.run import reporting
from bigdata.run.accounting import Accounts
from bigdata.run.conclusion import CANCELLED, end, fold_logs, raise_for, report, unbegun
from bigdata.run.controller_job import CONTROLLER
from bigdata.run.description import is_understood
from bigdata.run.notebook import usual_observer
from bigdata.run.preparation import prepare
from bigdata.spec import Study
from bigdata.spec.site import Site
from bigdata.store.done import DoneTasks
from bigdata.store.folder import NOT_OURS, RunFolder
from bigdata.store.journal import History, Journal, read_history
from bigdata.store.known import write_index
from bigdata.store.lock import Lock
from bigdata.store.ownership import ELSEWHERE, require_own
from bigdata.store.reading import Run

if TYPE_CHECKING:
    from distributed import Client


def submit(
    study: Study | Plan,
    *,
    site: Site | str | None = None,
    runs: str | Path | None = None,
    observer: Observer | None = None,
    shift: Shift = ALWAYS,
    client: Client | None = None,
    fresh: bool = False,
    draw: bool = True,
    private: bool = False,
) -> Run:
    """Run a study to its report and return the run, opened for reading. What an earlier submission finished is kept.

    The controller is this process, wherever the site would have it; see `bigdata.run.launch` for the others. With a
    Dask `client`, tasks run on its cluster. Where no `observer` is named, a notebook shows the progress. `fresh` takes
    nothing over from other runs, and does one that has ended anew; without `draw` the report is left to the next
    submission, and a `private` one tells absolute paths, hosts and the user.
    Raises, before anything is written, PlanRefused, and SpecError where packages that the tasks import are missing;
    SiteError where the machine refuses or another controller runs this study; Cancelled, which is ShiftOver where the
    `shift` ended first; TasksFailed when all else is done.
    """
    plan = study if isinstance(study, Plan) else make_plan(study, site=site, runs=runs, fresh=fresh)
    plan.refuse(is_client=client is not None)
    if plan.n_todo:
        batch.require(plan.site.scheduler)
    require_own(plan.folder, ELSEWHERE)
    with _disk_errors(plan.folder), _stopping():
        plan.folder.path.mkdir(parents=True, exist_ok=True)
        with Lock(plan.folder.lock) as lock:
            # Whoever held the lock until now, or a graph that another scheduler ran, may have done some of it.
            fold(plan.folder)
            plan = make_plan(plan.study, site=plan.site, runs=plan.folder.path.parent, fresh=plan.fresh, before=plan)
            lead, past = (
                Lead(lock, observer or usual_observer(), shift, client, draw, private),
                read_history(plan.folder.journal),
            )
            if _is_finished(plan, past, lead):
                _say_finished(plan, past, lead.observer)
                return Run(plan.folder.path)
            _remove_orphans(plan, lead.observer)
            _say_what_ended_it(plan, past, lead.observer)
            return _run(plan, lead)


@dataclass(frozen=True)
class Lead:
    """What leads a run beside its plan: the lock that it holds, who is told, its shift, whose cluster it uses, and
    whether it draws the report, and a private one.
    """

    lock: Lock
    observer: Observer
    shift: Shift
    client: Client | None
    draws: bool
    is_private: bool


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
        raise Cancelled(CANCELLED) from None
    finally:
        if in_main:
            signal.signal(signal.SIGTERM, before)


def _is_finished(plan: Plan, past: History, lead: Lead) -> bool:
    """Whether an earlier submission has done all of this, to the end, and nothing was found amiss since."""
    folder = plan.folder
    if past.state != "done" or folder.damaged.exists() or (plan.n_todo and not past.ends[-1].get("spent")):
        return False
    besides = sum(p.exists() for p in (folder.lock, folder.launch, folder.controller_log, folder.report_log))
    lacking = 2 * len(reporting.undrawn(past)) + (plan.site.controller != "inline")
    is_whole = folder.n_files() - besides >= plan.n_files - lacking
    return (
        is_whole
        and reporting.is_drawn(plan, past, private=lead.is_private)
        and is_understood(plan, folder.read_resolved())
    )


def _say_finished(plan: Plan, past: History, observer: Observer) -> None:
    """What the submission that finished the run has left to be known."""
    for path, n in past.ends[-1].get("unbegun", {}).items():
        observer.message(f"{unbegun(path, n, plan.spent)}. Allow more under `budget:` to go on")
    reporting.say_again(plan.folder, past, observer.message)


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


def _say_what_ended_it(plan: Plan, past: History, observer: Observer) -> None:
    """Which task ran when the last controller died that ran its tasks itself."""
    was_here = past.state == "interrupted" and past.submits and past.submits[-1].get("scheduler") == "process"
    if was_here and (said := what_ended_it(plan.folder)):
        observer.message(f"last time {said}")


def _run(plan: Plan, lead: Lead) -> Run:
    accounts = Accounts.opened(plan)
    try:
        with _last_word(plan, lead.lock), _disk_errors(plan.folder):
            outcome, damage = _led(plan, lead, accounts)
    finally:
        plan.folder.cancel.unlink(missing_ok=True)
        plan.folder.sweep()
    raise_for(plan, outcome, damage)
    return Run(plan.folder.path)


def _led(plan: Plan, lead: Lead, accounts: Accounts) -> tuple[Outcome, DamagedData | None]:
    """How the tasks went, and damaged data that the report met."""
    past = read_history(plan.folder.journal)
    journal, taken = prepare(plan, past)
    try:
        outcome = _tasks(plan, past, journal, lead, taken) if plan.n_todo or taken else Outcome(taken)
        for path, n in outcome.unbegun.items():
            lead.observer.message(unbegun(path, n, outcome.spent))
        fold_logs(plan.folder)
        end(plan, outcome, journal, accounts)
        # The run has ended: whatever becomes of its report, another submission has nothing to run.
        is_over = not (outcome.cancelled or outcome.relieved)
        return outcome, _report(plan, outcome, journal, lead, accounts) if is_over and lead.draws else None
    finally:
        journal.close()


def _report(plan: Plan, outcome: Outcome, journal: Journal, lead: Lead, accounts: Accounts) -> DamagedData | None:
    """Draw the report, and close the accounts; returns damaged data that were met."""
    began = time.perf_counter()
    damage = report(plan, journal, lead.observer, private=lead.is_private)
    if damage is None:
        accounts.closed(outcome, time.perf_counter() - began)
    return damage


@contextmanager
def _last_word(plan: Plan, lock: Lock) -> Iterator[None]:
    """The journal tells what ended a submission that hasn't come to say so itself: the user, a disk, or the site."""
    try:
        yield
    except KeyboardInterrupt:
        _write_last_word(plan.folder, lock, {"state": "cancelled"})
        raise
    except SiteError as error:
        state = "disk-full" if isinstance(error, DiskFull) else "refused"
        _write_last_word(plan.folder, lock, {"state": state, "error": str(error)})
        raise


def _write_last_word(folder: RunFolder, lock: Lock, word: dict[str, str]) -> None:
    with suppress(SiteError, OSError):  # another controller has the run now, or somebody has filled the reserve, too
        lock.check()
        if read_history(folder.journal).state != "interrupted":
            return
        folder.reserve.unlink(missing_ok=True)
        journal = Journal(folder.journal)
        journal.append([{"event": "end", **word, "skipped": [], "n_skipped": 0}])
        journal.close()
        write_index(folder)


def _tasks(plan: Plan, past: History, journal: Journal, lead: Lead, taken: DoneTasks) -> Outcome:
    """Run what has to run; Ctrl-C ends it cleanly."""
    for stage in plan.stages:
        n_taken = len(taken.indices(stage.path))
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

    return job_pools(plan.site, RunFolder(plan.folder.path.absolute()), observer, extra=plan.study.extra)


@contextmanager
def _disk_errors(folder: RunFolder) -> Iterator[None]:
    """A disk that is full, or not ours, says so in one sentence."""
    try:
        yield
    except OSError as error:
        again = "choose another place with --runs, then submit again: what is done stays done"
        if is_full(error):
            raise disk_full(error, folder.path, then=again) from None
        if error.errno not in NOT_OURS:
            raise
        where = error.filename or folder.path
        raise SiteError(f"{where}: {os.strerror(error.errno or 0)}. Make it writable, or {again}.") from None
