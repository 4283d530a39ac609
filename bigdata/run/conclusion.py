"""How a run ends: its record, its last word in the journal, its report, and an error for what it couldn't do."""

from __future__ import annotations

import time
from contextlib import suppress
from itertools import islice

from bigdata.engine.books import Outcome
from bigdata.engine.observer import Observer
from bigdata.engine.shift import ShiftOver
from bigdata.errors import Cancelled, DamagedData, TasksFailed
from bigdata.jobs import batch
from bigdata.planning.plan import Plan
from bigdata.run import provenance, reporting
from bigdata.run.accounting import Accounts
from bigdata.store.folder import RunFolder
from bigdata.store.journal import Journal
from bigdata.store.known import write_index
from bigdata.store.packs import tidy_packs
from bigdata.store.reading import Run
from bigdata.store.writing import finish_store

CANCELLED = "cancelled; what is done is kept. Submit the same study again to go on."
MOST_FAILED_SAID = 5


def end(plan: Plan, outcome: Outcome, journal: Journal, accounts: Accounts) -> None:
    """Write the record of a run, and then the word that it has ended."""
    tidy_packs(plan.folder, plan.packing)
    # A journal that says `done` stands for a record that is whole, however the process ends here.
    if not (outcome.cancelled or outcome.relieved):
        _write_record(plan, accounts.started)
    _write_end(plan, outcome, journal, accounts)
    with suppress(OSError):  # a full disk: other runs find less
        write_index(plan.folder)


def _write_end(plan: Plan, outcome: Outcome, journal: Journal, accounts: Accounts) -> None:
    state = (
        "relieved" if outcome.relieved else "cancelled" if outcome.cancelled else "failed" if outcome.failed else "done"
    )
    skipped = [[path, index, *cause] for (path, index), cause in outcome.skipped.items()]
    end = {"event": "end", "state": state, "skipped": skipped[:1000], "n_skipped": len(skipped)}
    grown = {s.path: s.growth.n_tasks for s in plan.stages if s.growth}
    spent = {"spent": outcome.spent, "unbegun": dict(outcome.unbegun)} if outcome.spent else {}
    costs = {"account": accounts.settled(outcome)}
    journal.append([end | {"again": dict(outcome.again), "tasks": grown} | spent | costs])


def _write_record(plan: Plan, started: float) -> None:
    """Failures and provenance: all that a run says of itself besides its results."""
    run = Run(plan.folder.path)
    provenance.write_failures(plan, run)
    provenance.write_rows(plan, run)
    finish_store(plan.folder.store, provenance.provenance(plan, run, time.perf_counter() - started))


def report(plan: Plan, journal: Journal, observer: Observer, *, private: bool = False) -> DamagedData | None:
    """Draw the figures and the page; returns damaged data that were met."""
    observer.message("writing figures and report")
    return reporting.draw(plan.folder, journal, observer.message, private=private)


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
        raise Cancelled(CANCELLED)
    if outcome.failed:
        raise TasksFailed(_said_of_failures(plan, outcome))
    if damage:
        raise TasksFailed(str(damage))


def _said_of_failures(plan: Plan, outcome: Outcome) -> str:
    """How many tasks failed, and the first of them, each with the command that looks into it."""
    lines = [
        f"  {path}/{index}: {token['error']}\n    bigdata debug {plan.folder.path} {path}/{index}"
        for (path, index), token in islice(outcome.failed.items(), MOST_FAILED_SAID)
    ]
    more = len(outcome.failed) - MOST_FAILED_SAID
    skipped = f"; {len(outcome.skipped)} more were skipped because they need them" if outcome.skipped else ""
    return (
        f"{len(outcome.failed)} of {plan.n_tasks} tasks failed{skipped}:\n"
        + "\n".join(lines)
        + (f"\n  and {more} more; see `bigdata status {plan.folder.path}`" if more > 0 else "")
    )


def unbegun(path: str, n: int, spent: str) -> str:
    """That a stage's last tasks weren't begun, and which part of the budget wouldn't have held the next one."""
    why = f"with the next one {spent} would be used"
    return f"the study's budget ended it: {n} tasks of `{path}` weren't begun, since {why}"
