"""The pools of a run as batch jobs under one Dask scheduler: started by need, replaced when they die, let go when idle.

All decisions are the controller's, in its own thread: `roster` knows the jobs, `meeting` lets their workers in, `queue`
asks the batch system.
"""

from __future__ import annotations

import json
import math
import time
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from typing import Any

from distributed import Client, Scheduler, SpecCluster

from bigdata.engine import lanes
from bigdata.engine.dashboard import how_to_reach, scheduler_options
from bigdata.engine.dask_options import own_dask_configuration
from bigdata.engine.hands import Lost, Need, Worker, news
from bigdata.engine.local import interrupts_held_back
from bigdata.engine.network import address_of, free_ports
from bigdata.engine.observer import Observer
from bigdata.engine.retries import Cause, Ending
from bigdata.engine.workers import DaskWorkers
from bigdata.environment import Environment, environment
from bigdata.errors import SiteError
from bigdata.jobs import batch
from bigdata.jobs.certificates import certificates, security
from bigdata.jobs.demand import Demand
from bigdata.jobs.experience import Experience
from bigdata.jobs.image import labelled
from bigdata.jobs.meeting import Meeting, refuse_other
from bigdata.jobs.pool_job import ENDINGS, LINGER_SECONDS, PoolJob
from bigdata.jobs.queue import Queue
from bigdata.jobs.roster import Roster
from bigdata.jobs.script import JobScript
from bigdata.jobs.worker_job import worker_job
from bigdata.spec.ports import ports
from bigdata.spec.site import Site
from bigdata.store.folder import RunFolder, write_whole

# What a job does that has no workers.
WAITS = {"pending": "waits in the queue", "held": "is held in the queue", "suspended": "is suspended"}


@contextmanager
def job_pools(
    site: Site, folder: RunFolder, observer: Observer, *, extra: str = "", compares: bool = True
) -> Iterator[JobPools]:
    """A scheduler that talks TLS, and no job yet; in the end no job is left.

    `compares` refuses workers that find other packages than this process, or not those of the study's `extra`.
    """
    batch.require(site.scheduler)
    here = environment(imported=False) if compares else None
    if here and site.image and (there := labelled(site.image_path, site.image.bind)):
        refuse_other(site, f"in the image {site.image_path}", there, here, extra)
    with ExitStack() as stack:
        stack.enter_context(own_dask_configuration())
        place = stack.enter_context(certificates(folder))
        own = security(place)
        with interrupts_held_back():
            cluster = stack.enter_context(SpecCluster(scheduler=_scheduler(site, own), security=own, silence_logs=50))
            client = stack.enter_context(Client(cluster, security=own))
            workers = DaskWorkers(cluster, client, folder.path, opens=False)
        if site.dashboard:
            observer.message(how_to_reach(cluster))
        pools = JobPools(site, folder, workers, cluster.scheduler_address, place, observer, here, extra)
        try:
            yield pools
        finally:
            pools.close()


def _scheduler(site: Site, own: Any) -> dict[str, Any]:
    """Dask's scheduler, on the network and at the ports that the site says. SiteError where they can't be had."""
    field = "controller_interface" if site.controller_interface else "interface"
    interface = site.controller_interface or site.interface
    host = address_of(interface, field) if interface else ""
    (port,) = free_ports(ports(site.ports.scheduler), 1, "ports.scheduler", host)
    shown = free_ports(ports(site.ports.dashboard), 1, "ports.dashboard", "127.0.0.1") if site.dashboard else [0]
    options = {
        "protocol": "tls://",
        "security": own,
        "port": port,
        "interface": interface,
        **scheduler_options(dashboard=site.dashboard, port=shown[0]),
    }
    return {"cls": Scheduler, "options": options}


class JobPools:
    """The `Pools` of a site with a batch system; `scheduler` is the address of Dask's."""

    def __init__(
        self,
        site: Site,
        folder: RunFolder,
        workers: DaskWorkers,
        scheduler: str,
        certificates: Path,
        observer: Observer,
        here: Environment | None,
        extra: str,
    ) -> None:
        self.site, self.folder, self.workers = site, folder, workers
        self.scheduler, self._certificates = scheduler, certificates
        self._demand, self._experience = Demand(site), Experience(folder)
        self._queue = Queue(site.scheduler, batch.prefix(folder))
        self._meeting = Meeting(site, workers, self._experience, observer.message, here, extra)
        self._roster = Roster(self._demand, workers, self._queue, self._experience, observer.message)
        self._left_at: dict[str, float] = {}
        self._said: list[str] = []

    def tend(self, needs: Mapping[str, Need]) -> None:
        self._meeting.hear(self._roster)
        self._roster.let_go(needs)
        self._queue.hear()
        if not self._queue.is_asked:
            self._ask_next(needs)
        self._tell(needs)

    def came(self, worker: Worker) -> None:
        if job := self._roster.living(worker):
            job.workers[worker.address] = worker
            job.silent_since = math.inf
            self._meeting.open(job, worker)
        else:  # of a job that is over for us: somebody else has its tasks
            self.workers.dismiss(worker)

    def went(self, worker: Worker) -> None:
        self._left_at.setdefault(worker.address, time.time())
        if job := self._roster.living(worker):
            job.workers.pop(worker.address, None)
            if not job.workers:
                job.silent_since = job.left_at = time.time()
            # Most often its job has ended; a batch system needs a moment to say so.
            self._queue.list_within(0.5)

    def ending(self, lost: Lost) -> Ending | None:
        job = self._roster.of(lost.worker)
        # Its supervisor has started it again, under its name: the job lives.
        if job is None or any(w.name == lost.worker.name for w in self.workers.here()):
            return Ending(Cause.DIED)
        if job.over is not None:
            return self._ending_of(job, lost)
        long_after = self._left_at.setdefault(lost.worker.address, time.time()) + LINGER_SECONDS
        if time.time() < long_after:
            return None
        # What was known of the job before says nothing of this: as long as nobody tells, the death has no cause.
        well_after = max(long_after, self._queue.answers_since + LINGER_SECONDS)
        is_told = job.seen is not None and job.seen.state == "running" and job.seen_at > well_after
        return Ending(Cause.DIED) if job.workers or is_told or not self._queue.can_list else None

    def _ending_of(self, job: PoolJob, lost: Lost) -> Ending:
        fate = job.over or ""
        cause = ENDINGS.get(fate, Cause.LOST)
        # Only Slurm tells how a job ended, and not for long.
        if not fate and time.time() > job.ends:
            cause = Cause.TIMEOUT
        began = math.inf
        with suppress(OSError):
            began = self.folder.mark(*lost.task).stat().st_mtime
        walltime = self.site.pools[lanes.pool_of(job.lane)].walltime or math.inf
        ended = min(job.ends, self._left_at.get(lost.worker.address, time.time()))
        return Ending(cause, max(0.0, ended - began), walltime)

    def larger(self, lane: str) -> str | None:
        return lanes.larger(self.site, lane)

    def has_time(self, worker: Worker, seconds: float) -> bool:
        return self._demand.has_time(worker.lane, worker.ends - time.time(), seconds)

    def _ask_next(self, needs: Mapping[str, Need]) -> None:
        """Ask the batch system what is most urgent, if anything: jobs that nobody needs first, new ones last."""
        queue, roster = self._queue, self._roster
        if queue.has_to_remove:
            queue.remove()
        elif queue.is_list_due() and (len(roster) or queue.has_unsure):
            queue.look(roster.see)
        elif job := roster.unclear() or roster.orphaned():
            roster.ask_for(job)
        elif queue.is_submission_due() and (missing := roster.add_missing(needs)):
            queue.hand_in([self._script(job) for job in missing], lambda *taken: self._handed_in(missing, *taken))

    def _script(self, job: PoolJob) -> JobScript:
        return worker_job(self.site, self.folder, job.name, job.lane, self.scheduler, self._certificates)

    def _handed_in(self, jobs: list[PoolJob], ids: list[str], error: Exception | None) -> None:
        self._roster.take(jobs, ids)
        if error is not None:
            self._experience.refuse(jobs[len(ids)].lane, error)

    def reasons(self, needs: Mapping[str, Need] | None = None) -> list[str]:
        """Why the run waits for workers; of some lanes, or of all that have jobs."""
        reasons = [*self._queue.reasons.values()]
        for lane in needs or {j.lane for j in self._roster}:
            jobs = [j for j in self._roster if j.lane == lane]
            if not any(j.workers for j in jobs):
                reasons += [said for j in jobs if (said := self._reason(j))]
        return reasons

    def _reason(self, job: PoolJob) -> str:
        """Why a job without workers is waited for."""
        if self._queue.is_silent and job.is_orphaned and job.greeted:
            return f"job {job.id} of pool {job.lane} has lost its workers, and nobody says yet whether it has ended"
        if job.seen and (words := WAITS.get(job.seen.state)):
            return f"job {job.id} of pool {job.lane} {words}{f' ({job.seen.reason})' if job.seen.reason else ''}"
        return ""

    def _tell(self, needs: Mapping[str, Need]) -> None:
        """Write why the run waits for workers, for `status`; nothing is there while it doesn't."""
        reasons = self.reasons(needs)
        if reasons != self._said:
            self._said = reasons
            if reasons:
                write_whole(self.folder.waiting, json.dumps([{"reason": reason} for reason in reasons]))
            else:
                self.folder.waiting.unlink(missing_ok=True)

    def close(self) -> None:
        """End all jobs: idle ones in order, the others and those that wait in the queue by force."""
        self._queue.close()
        # A batch's future ends after its last token has come: without it, a job would seem busy.
        end = time.monotonic() + 1.0
        while not self.workers.n_tasks() and any(w.batches for w in self.workers.here()) and time.monotonic() < end:
            news(self, 0.1)
        with suppress(SiteError):
            self._meeting.hear(self._roster)
        orderly = [j for j in self._roster if j.workers and not j.n_batches]
        for job in orderly:
            self._roster.leave(job)
            self._roster.end(job)
        self._queue.remove_now(j.id for j in self._roster if j.id and j not in orderly)
        self._queue.wait_for_the_end({j.id for j in self._roster if j.id})
        self.folder.waiting.unlink(missing_ok=True)
