"""Starting a controller that needs no terminal, in the background of this machine or as a batch job of its own."""

from __future__ import annotations

import subprocess
import time
from collections.abc import Callable
from pathlib import Path

from bigdata.errors import Cancelled, DiskFull, SiteError, TasksFailed
from bigdata.files import open_plain
from bigdata.jobs import batch
from bigdata.planning.plan import Plan
from bigdata.run.cancelling import release
from bigdata.run.controller_job import submit_controller
from bigdata.run.controller_process import controller_command
from bigdata.run.description import as_understood
from bigdata.run.orders import Orders, read_orders
from bigdata.run.status import is_coming, status
from bigdata.store.folder import RunFolder, write_json, write_whole
from bigdata.store.lock import Lock, holder
from bigdata.store.ownership import ELSEWHERE, require_own

# The program starts, reads its orders and plans anew before it takes the lock.
START_SECONDS = 120.0
# A job that hasn't begun by then waits its turn in the queue.
QUEUE_SECONDS = 5.0
ASK_SECONDS = 1.0
LOOK_SECONDS = 0.05
LAST_WORDS_BYTES = 2_000
# Tasks that fail, or a cancel, are an end that the journal tells of.
ENDED_IN_ORDER = {0, TasksFailed.exit_code, Cancelled.exit_code}


def launch(plan: Plan, *, private: bool = False) -> Orders:
    """Start the controller that the plan's site asks for, `detached` or `job`, and return once it lives.

    Its report tells of the machine where it is `private`. A job that has to wait in its queue counts as living: it
    begins without this terminal. Raises PlanRefused; SiteError where another controller runs this study, the batch
    system refuses, or the controller ends as soon as it starts.
    """
    plan.refuse()
    batch.require(plan.site.scheduler)
    folder = plan.folder
    require_own(folder, ELSEWHERE)
    orders = Orders.of(plan, private=private)
    folder.logs.mkdir(parents=True, exist_ok=True)
    if folder.exists():
        release(status(folder.path))
    with Lock(folder.lock):
        _refuse_second(folder)
        folder.cancel.unlink(missing_ok=True)
        if not folder.exists():  # a run that waits in the queue has a name and a study already
            write_whole(folder.study, plan.study.text)
            write_json(folder.resolved, as_understood(plan))
        orders.write(folder)
    return _START[orders.controller](folder, orders)


def _refuse_second(folder: RunFolder) -> None:
    """SiteError where a controller was launched that hasn't come to take the lock yet."""
    before = read_orders(folder)
    if before and is_coming(folder, before):
        where = f"in job {before.job}" if before.job else "in the background"
        raise SiteError(
            f"this study was launched already, {where}, and is about to begin. See `bigdata status {folder.path}`, or "
            f"stop it with `bigdata cancel {folder.path}`."
        )


def _detached(folder: RunFolder, orders: Orders) -> Orders:
    """A process in a session of its own: the end of this terminal, or of its login, isn't the end of it."""
    begin = size_of(folder.controller_log)
    with folder.controller_log.open("ab") as log:
        process = subprocess.Popen(
            controller_command(folder),
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            start_new_session=True,
        )
    orders = orders.in_process(process.pid).write(folder)
    _wait_for(process, folder)
    if process.returncode not in {None, *ENDED_IN_ORDER}:
        raise _ended_at_once("the controller", folder, begin)
    return orders


def _wait_for(process: subprocess.Popen[bytes], folder: RunFolder) -> None:
    """Until a controller holds the run's lock, or has ended."""
    end = time.monotonic() + START_SECONDS
    while process.poll() is None and (holder(folder.lock) or {}).get("pid") != process.pid:
        if time.monotonic() > end:
            raise SiteError(
                f"the controller (process {process.pid}) has done nothing for {START_SECONDS:.0f} s. "
                f"What it says is in {folder.controller_log}."
            )
        time.sleep(LOOK_SECONDS)


def _job(folder: RunFolder, orders: Orders) -> Orders:
    """A batch job; one that has to wait in the queue isn't waited for."""
    begin = size_of(folder.controller_log)
    try:
        orders = submit_controller(folder, orders)
    except SiteError:
        folder.launch.unlink(missing_ok=True)
        raise
    began = time.monotonic()
    while holder(folder.lock) is None:
        now = status(folder.path)
        if time.monotonic() - began > (QUEUE_SECONDS if now.state in ("queued", "held") else START_SECONDS):
            break
        if now.state in ("interrupted", "refused", "disk-full"):
            raise _ended_at_once(f"the controller's job {orders.job}", folder, begin)
        if not now.is_live:  # it has run to its end already
            break
        time.sleep(ASK_SECONDS)
    return orders


def _ended_at_once(which: str, folder: RunFolder, begin: int) -> SiteError:
    """What it said; on a full disk it may have found no room for that either, and the journal had some in reserve."""
    now = status(folder.path)
    if now.state == "disk-full":
        return DiskFull(now.error)
    return SiteError(f"{which} ended at once:\n{last_words(folder.controller_log, begin)}")


_START: dict[str, Callable[[RunFolder, Orders], Orders]] = {"detached": _detached, "job": _job}


def size_of(path: Path) -> int:
    return path.stat().st_size if path.exists() else 0


def last_words(log: Path, begin: int = 0) -> str:
    """The end of a controller's log, from byte `begin` on."""
    try:
        with open_plain(log, links=False) as file:
            file.seek(max(begin, size_of(log) - LAST_WORDS_BYTES))
            return file.read().decode(errors="replace").strip()
    except OSError:
        return ""
