"""How a run stands, told from its folder alone."""

from __future__ import annotations

from collections import Counter
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from bigdata.files import read_json
from bigdata.jobs import batch
from bigdata.jobs.listing import Job
from bigdata.run.orders import Orders, is_waited_for, read_orders
from bigdata.store import journal
from bigdata.store.folder import RunFolder
from bigdata.store.lock import holder, last_holder
from bigdata.store.record import Record

# A living controller touches its lock every few seconds: one silent for longer than this is looked after.
LONG_SILENCE_SECONDS = 20.0
# A reason for each job in the queue, at most.
MOST_WAITING_BYTES = 2**22
# A controller that is alive, or is still to come.
LIVE = ("queued", "held", "starting", "running")


@dataclass(frozen=True)
class Status:
    """How a run stands, and its tasks by stage.

    `state` is queued (the controller's job waits), held (it won't start unless somebody lets it), starting, running,
    done, failed, cancelled (by Ctrl-C, SIGTERM or `bigdata cancel`), refused (by the machine or the batch system;
    `error` says how), disk-full (`error` says which), or interrupted: the controller died without a word. `owner`
    (user, host, pid, since) is the controller that lives, or the one that died, last heard of `silent` seconds ago.
    `launch` is what one without a terminal was told, and `job` its batch job as the scheduler sees it; `waiting` says
    why the run waits for workers, where it does. `scheduler` is what its jobs are in, `local` where it has none;
    `again` counts how often tasks were tried again, by why, and `taken` how many results were taken over, by the run
    that they are from. `past` is what the journal says of it all.
    """

    folder: RunFolder
    state: str
    owner: dict[str, Any] | None
    silent: float
    launch: Orders | None
    job: Job | None
    scheduler: str
    waiting: tuple[str, ...]
    stages: dict[str, dict[str, int]]
    failed: dict[tuple[str, int], Record]
    skipped: int
    again: dict[str, int]
    taken: dict[str, int]
    error: str
    seconds: float
    updated: float
    past: journal.History

    @property
    def n_done(self) -> int:
        return sum(s["done"] for s in self.stages.values())

    @property
    def n_tasks(self) -> int:
        return sum(s["tasks"] for s in self.stages.values())

    @property
    def is_live(self) -> bool:
        """Whether somebody works on it, or will."""
        return self.state in LIVE


def status(path: Path) -> Status:
    """Read a run's journal, lock and launch, and ask its batch system where one must. SiteError: it is no run."""
    folder = RunFolder(path)
    folder.read_resolved()
    owner = holder(folder.lock)
    launch = read_orders(folder)
    # Read after the lock: a controller that ended meanwhile has told the journal so.
    past = journal.read_history(folder.journal)
    ended = past.ends[-1] if past.state != "interrupted" else {}
    if ended.get("time", 0) > (launch.time if launch else 0) and past.state != "relieved":
        launch = None  # it ended in order, and was killed before it took its orders away
    dead, silent = last_holder(folder.lock)
    job = _job(folder, launch) if launch and (silent > LONG_SILENCE_SECONDS or not owner) else None
    if job and job.is_over:
        owner = None  # on another machine, where its lock would count as alive for some time yet
    taken, seconds = _costs(past)
    return Status(
        folder=folder,
        state="running" if owner else _state(folder, past.state, launch, job),
        owner=owner or dead,
        silent=silent,
        launch=launch,
        job=job,
        scheduler=launch.scheduler if launch else _last_scheduler(past),
        waiting=_waiting(folder) if owner else (),
        stages=_counts(past),
        failed=past.failed,
        skipped=ended.get("n_skipped", 0),
        error=ended.get("error", ""),
        taken=dict(taken),
        again=dict(past.again),
        seconds=seconds,
        updated=past.updated or folder.resolved.stat().st_mtime,
        past=past,
    )


def _costs(past: journal.History) -> tuple[Counter[str], float]:
    """How many results were taken over from which run, and the seconds of those that weren't."""
    taken: Counter[str] = Counter()
    seconds = 0.0
    for record in past.done.values():
        if "from" in record:
            taken[record["from"]] += 1
        else:
            seconds += record["seconds"]
    return taken, seconds


def _counts(past: journal.History) -> dict[str, dict[str, int]]:
    """The tasks of each stage, and how many are done or failed."""
    counts = {name: {"tasks": n, "done": 0, "failed": 0} for name, n in past.tasks.items()}
    for word, tasks in (("done", past.done), ("failed", past.failed)):
        for stage, _ in tasks:
            if stage in counts:
                counts[stage][word] += 1
    return counts


def _state(folder: RunFolder, past: str, launch: Orders | None, job: Job | None) -> str:
    """The state of a run whose lock nobody holds."""
    if launch is None:
        return "interrupted" if past == "relieved" else past
    if launch.controller == "job" and launch.job:
        return _state_of_job(job)
    return "starting" if is_waited_for(folder, launch) else "interrupted"


def _state_of_job(job: Job | None) -> str:
    if job is None or job.is_over:
        return "interrupted"
    if batch.waits_for_ever(job):
        return "held"
    return "queued" if job.is_waiting else "starting"


def is_coming(folder: RunFolder, launch: Orders) -> bool:
    """Whether a launched controller that doesn't hold the lock is on its way to it."""
    return _state(folder, "interrupted", launch, _job(folder, launch)) in LIVE


def _job(folder: RunFolder, launch: Orders) -> Job | None:
    """The controller's job as its batch system sees it; None where there is none.

    It has a name where it was found in the queue, as a job of this run and of this user.
    """
    if not launch.job:
        return None
    found = batch.jobs(launch.scheduler, batch.prefix(folder))
    if listed := next((job for job in found or () if job.id == launch.job), None):
        return listed
    # That a job isn't listed may be a batch system's bad moment: its end has to be told.
    can_tell = found is not None or not batch.can_list(launch.scheduler)
    told = batch.one(launch.scheduler, launch.job, batch.prefix(folder)) if can_tell else None
    return told or Job(launch.job, "", "unknown", f"{launch.scheduler} doesn't answer")


def _last_scheduler(past: journal.History) -> str:
    """The batch system that the last submission's jobs were in."""
    return str(past.submits[-1].get("scheduler", "local")) if past.submits else "local"


def _waiting(folder: RunFolder) -> tuple[str, ...]:
    with suppress(OSError, ValueError, KeyError, TypeError):
        said = read_json(folder.waiting, MOST_WAITING_BYTES)
        return tuple(str(row["reason"]) for row in (said if isinstance(said, list) else [said]))
    return ()
