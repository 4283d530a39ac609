"""Stopping a run from any machine that sees its folder: its controller first, then every job that is left of it."""

from __future__ import annotations

import os
import signal
import socket
import time
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from bigdata.errors import SiteError
from bigdata.jobs import batch
from bigdata.run.status import Status, status
from bigdata.store.folder import RunFolder
from bigdata.store.journal import Journal, read_history
from bigdata.store.lock import Lock
from bigdata.store.ownership import require_own

LOOK_SECONDS = 0.2
# Asked more often than this, the programs of a batch system are a burden to it.
ASK_SECONDS = 1.0
ORDERLY_SECONDS = 5.0


@dataclass(frozen=True)
class Cancelled:
    """What a cancel found: whether there was a controller to stop, and the jobs that it had to remove itself."""

    was_live: bool
    jobs: tuple[str, ...]


def cancel(path: Path, wait: float = 60.0) -> Cancelled:
    """Stop a run's controller, or take it out of the queue, and remove the jobs that are left of the run.

    Raises SiteError where the run is somebody else's, where the controller doesn't stop within `wait` seconds (one that
    is a job is ended by force), or where the batch system doesn't answer.
    """
    folder = RunFolder(path)
    require_own(folder, "A run is cancelled by who submitted it")
    before = status(path)
    now = _stopped(before, wait)
    scheduler = before.scheduler
    stopped = before.is_live and not now.is_live
    patience = ORDERLY_SECONDS if stopped else 0.0  # a controller that stops ends its jobs itself, and then its own
    jobs = _remove_jobs(scheduler, batch.prefix(folder), patience, wait) if batch.can_list(scheduler) else ()
    if (
        now.is_live and now.launch and now.launch.job and batch.can_list(scheduler)
    ):  # ended by force just now, and where its job was, so was it
        folder.lock.unlink(missing_ok=True)
    elif now.is_live:
        raise SiteError(_goes_on(now, wait))
    release(now)
    if before.is_live and read_history(folder.journal).state in ("interrupted", "relieved"):
        _write_end(folder)
    return Cancelled(before.is_live, jobs)


def _stopped(now: Status, wait: float) -> Status:
    """How the run stands once its controller was asked to stop, and did so, or didn't within `wait` seconds."""
    end = time.monotonic() + wait
    while now.is_live and time.monotonic() < end:
        _ask_to_stop(now)
        time.sleep(ASK_SECONDS if now.launch and now.launch.job and now.state != "running" else LOOK_SECONDS)
        now = status(now.folder.path)
    return now


def _goes_on(now: Status, wait: float) -> str:
    """Its process is known from files alone: somebody else's may be named there."""
    process = now.launch.process if now.launch else None
    owner = now.owner or (vars(process) if process else {})
    if now.launch and now.launch.job and not owner:
        return (
            f"{now.scheduler} doesn't show job {now.launch.job} as one of {now.folder.path}, so that it wasn't "
            "removed. Look what that job is, and remove it by hand if it is the controller's of this run."
        )
    which = f"process {owner['pid']} on {owner['host']}, as its folder says" if owner else "which hasn't begun"
    return (
        f"the controller of {now.folder.path} ({which}) was asked to stop and hasn't within {wait:.0f} s. It "
        "does so as soon as it can; before you end that process by force, look there whether it is a controller of "
        "this run."
    )


def release(now: Status) -> None:
    """Take away the lock of a controller whose job has ended on another machine: nobody else may know that yet."""
    if now.job and now.job.is_over and now.owner and now.owner["host"] != socket.gethostname():
        now.folder.lock.unlink(missing_ok=True)


def _ask_to_stop(now: Status) -> None:
    """A running controller looks for the file `cancel`; one that hasn't begun is ended."""
    launch = now.launch
    if now.state == "running":
        now.folder.cancel.touch()
    elif launch and launch.job:
        if now.job and now.job.name:  # found in the queue by the run's name
            batch.remove(launch.scheduler, [now.job.id])
    elif launch and launch.process and launch.process.is_alive(now.folder):
        with suppress(ProcessLookupError, PermissionError):
            os.kill(launch.process.pid, signal.SIGTERM)


def _remove_jobs(scheduler: str, prefix: str, patience: float, wait: float) -> tuple[str, ...]:
    """Remove the jobs whose names begin so and that haven't ended in `patience` seconds; wait until none is left."""
    removed: dict[str, None] = {}
    began = time.monotonic()
    while True:
        left = batch.jobs(scheduler, prefix)
        if left is None:
            raise SiteError(
                f"{scheduler} doesn't say which jobs are left of this run. Try again, or remove by hand those whose "
                f"names begin with `{prefix}`."
            )
        if not left:
            return tuple(removed)
        waited = time.monotonic() - began
        if waited > patience + wait:
            ids = ", ".join(job.id for job in left)
            raise SiteError(f"{scheduler} hasn't ended these jobs within {wait:.0f} s: {ids}.")
        new = [job.id for job in left if waited > patience and job.state != "ending" and job.id not in removed]
        batch.remove(scheduler, new)
        removed.update(dict.fromkeys(new))
        time.sleep(ASK_SECONDS)


def _write_end(folder: RunFolder) -> None:
    """The journal's last word, where no controller was there to write it."""
    with Lock(folder.lock):
        journal = Journal(folder.journal)
        journal.append([{"event": "end", "state": "cancelled", "skipped": [], "n_skipped": 0}])
        journal.close()
        folder.cancel.unlink(missing_ok=True)
        folder.launch.unlink(missing_ok=True)
