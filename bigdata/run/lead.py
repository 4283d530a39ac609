"""What a launched controller does: it follows its orders, and a job at the end of its time hands them to the next."""

from __future__ import annotations

import time
from pathlib import Path

import psutil

from bigdata.engine.observer import Observer
from bigdata.engine.shift import LEAVING_SECONDS, Shift, ShiftOver, shift_of_job
from bigdata.errors import Cancelled, SiteError, TasksFailed
from bigdata.planning import Plan
from bigdata.planning import plan as make_plan
from bigdata.run.controller_job import controller_walltime, submit_controller
from bigdata.run.orders import Orders, read_orders
from bigdata.run.submission import submit
from bigdata.spec.site import Site
from bigdata.store.folder import RunFolder
from bigdata.store.lock import holder
from bigdata.store.ownership import ELSEWHERE, require_own
from bigdata.store.reading import Run

# The controller before this one, or the program that launched it, may still hold the lock.
LOCK_SECONDS = 60.0
# Of what is left of a job's time after its shift, for handing in the next one.
SUBMIT_SECONDS = LEAVING_SECONDS / 2


def control(path: Path, observer: Observer) -> Run | None:
    """Run what was launched in a folder; None where the next controller goes on with it. Raises as `submit` does.

    The orders are removed when the run ends, whichever way; they stay where this process ends in disorder.
    """
    folder = RunFolder(path)
    # Its orders name a site, whose prologue is executed.
    require_own(folder, ELSEWHERE)
    orders = read_orders(folder)
    if orders is None:
        raise SiteError(f"no controller was launched in {path}, or it has ended. Use `bigdata submit`.")
    plan = _ordered(orders, path)
    _wait_for_lock(folder)
    try:
        run = submit(plan, observer=observer, shift=_shift(orders, plan.site), private=orders.private)
    except ShiftOver:
        observer.message(_hand_over(folder, orders))
        return None
    except (TasksFailed, Cancelled):
        folder.launch.unlink(missing_ok=True)
        raise
    folder.launch.unlink(missing_ok=True)
    return run


def _ordered(orders: Orders, path: Path) -> Plan:
    """What is to be run. SiteError where that isn't what was launched in this folder."""
    study, site = orders.to_run()
    plan = make_plan(study, site=site, runs=path.parent, fresh=orders.fresh)
    if plan.folder.path.name != path.name:
        raise SiteError(
            f"this installation of bigdata understands the study as {plan.folder.path.name}, not as {path.name}. Was "
            "it changed since the study was submitted? Submit the study again."
        )
    return plan


def _wait_for_lock(folder: RunFolder) -> None:
    """Wait for whoever holds the run's lock to let it go; else `submit` says who holds it."""
    end = time.monotonic() + LOCK_SECONDS
    while holder(folder.lock) is not None and time.monotonic() < end:
        time.sleep(0.1)


def _shift(orders: Orders, site: Site) -> Shift:
    """A job's shift, from when this process began; a controller in the background has no end."""
    if orders.controller != "job":
        return Shift()
    return shift_of_job(psutil.Process().create_time(), controller_walltime(site))


def _hand_over(folder: RunFolder, orders: Orders) -> str:
    """Submit the next controller; its words for the log. A batch system that is busy is asked until there's no time."""
    end = time.monotonic() + SUBMIT_SECONDS
    while True:
        try:
            return f"this job's time is over: job {submit_controller(folder, orders.again()).job} goes on"
        except SiteError:
            if time.monotonic() > end:
                raise
            time.sleep(1)
