"""The jobs that a run has: which of them go on, which are let go, which are missing, and how each one ended."""

from __future__ import annotations

import math
import time
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping

from bigdata.display import duration
from bigdata.engine import lanes
from bigdata.engine.hands import Need, Worker
from bigdata.engine.workers import DaskWorkers
from bigdata.jobs.demand import Demand
from bigdata.jobs.experience import Experience
from bigdata.jobs.listing import Job
from bigdata.jobs.pool_job import LINGER_SECONDS, PoolJob, name_of_job
from bigdata.jobs.queue import Queue

# A job that nobody needs is let go after so long: the next stage may need it.
IDLE_SECONDS = 30.0
# A job that runs, and whose workers don't come, is on a node that can't reach us.
SILENT_SECONDS = 300.0
# A job that is suspended or about to end for so long, or whose node its batch system doesn't see, is given up.
STUCK_SECONDS = 300.0
# Queues show a job some seconds after it was handed in, Grid Engine's, LSF's and OAR's among them.
UNSEEN_SECONDS = 15.0
# A batch system that doesn't list its jobs is asked for one by itself so often.
ASK_SECONDS = 15.0
# Jobs handed in one after the other before anything else is looked at.
AT_ONCE = 20


class Roster:
    """Those that live, or are about to, by their names, and those that are over."""

    def __init__(
        self, demand: Demand, workers: DaskWorkers, queue: Queue, experience: Experience, say: Callable[[str], None]
    ) -> None:
        self._demand, self._workers, self._queue = demand, workers, queue
        self._experience, self._say = experience, say
        self._jobs: dict[str, PoolJob] = {}
        self._over: dict[str, PoolJob] = {}
        self._number: Counter[str] = Counter()

    def __iter__(self) -> Iterator[PoolJob]:
        """Those that live; safe against changes meanwhile."""
        return iter(list(self._jobs.values()))

    def __len__(self) -> int:
        return len(self._jobs)

    def living(self, worker: Worker) -> PoolJob | None:
        """The job of a worker; None where it is over for us."""
        return self._jobs.get(name_of_job(worker))

    def of(self, worker: Worker) -> PoolJob | None:
        """The job of a worker, living or over."""
        return self.living(worker) or self._over.get(name_of_job(worker))

    def let_go(self, needs: Mapping[str, Need]) -> None:
        """Jobs that have too little time left, and those that nobody has needed for a while."""
        now, targets = time.time(), self._demand.targets(needs)
        for job in self:
            self._look_at_time(job, needs[job.lane].seconds if job.lane in needs else 0.0, now)
        if not self._queue.can_list:  # such a job is over when its workers are gone
            for job in [j for j in self if j.silent_since < now - LINGER_SECONDS]:
                self.bury(job, "")
        self._let_spare_go(targets, now)
        for job in self:
            if job.leaving and not job.n_batches:
                self.end(job)

    def _look_at_time(self, job: PoolJob, seconds: float, now: float) -> None:
        """Since when a job has nothing to do or is silent, and whether a task of `seconds` has time in it."""
        if job.greeted and not self._demand.has_time(job.lane, job.ends - now, seconds):
            self.leave(job)
        job.idle_since = math.inf if job.n_batches else min(job.idle_since, now)
        if job.silent_since < now - SILENT_SECONDS:
            self._give_up(job, f"no worker came within {duration(SILENT_SECONDS)}")
        if job.stuck_since < now - STUCK_SECONDS:
            self._unstick(job)

    def _give_up(self, job: PoolJob, why: str) -> None:
        """Remove a job that is of no use: another one takes its place once it is gone."""
        job.unfit = job.unfit or why
        self.leave(job)
        self._remove(job)

    def _unstick(self, job: PoolJob) -> None:
        """A job that can't be removed either, such as that of a lost node, is over for us."""
        if job.removing:
            self.bury(job, "")
        else:
            job.stuck_since = time.time()
            self._give_up(job, f"it was {_said(job.seen)} for {duration(STUCK_SECONDS)}")

    def _let_spare_go(self, targets: Mapping[str, int], now: float) -> None:
        """Jobs beyond their lane's target, those that work least first."""
        staying = self._staying()
        for job in sorted(self, key=lambda job: (bool(job.workers), job.n_batches, job.idle_since)):
            if job.leaving or staying[job.lane] <= targets.get(job.lane, 0):
                continue
            if job.idle_since < now - IDLE_SECONDS or self._demand.is_in_the_way(job.lane, targets, staying):
                self.leave(job)
                staying[job.lane] -= 1

    def _staying(self) -> Counter[str]:
        return Counter(job.lane for job in self if not job.leaving)

    def leave(self, job: PoolJob) -> None:
        """No more tasks for a job; it ends when it has done what it has in hand."""
        if not job.leaving:
            job.leaving = True
            for worker in job.workers.values():
                worker.is_open = False

    def end(self, job: PoolJob) -> None:
        if job.removing:
            return
        job.removing = True
        for worker in job.workers.values():
            self._workers.dismiss(worker)
        if not job.workers:  # it still waits in the queue, or its workers never came
            self._remove(job)

    def _remove(self, job: PoolJob) -> None:
        job.leaving = job.removing = True
        job.silent_since = math.inf
        if job.id:
            self._queue.remove_soon(job.id)

    def add_missing(self, needs: Mapping[str, Need]) -> list[PoolJob]:
        """Jobs that there should be and aren't; they count from now on."""
        staying, room = self._staying(), self._demand.allowed - len(self)
        new: list[PoolJob] = []
        for lane, target in self._demand.targets(needs).items():
            in_pool = sum(lanes.pool_of(j.lane) == lanes.pool_of(lane) for j in self)
            free = self._demand.max_jobs(lane) - in_pool
            for _ in range(int(min(target - staying[lane], free, room - len(new), AT_ONCE - len(new)))):
                new.append(self._add(lane))
        return new

    def _add(self, lane: str) -> PoolJob:
        self._number[lane] += 1
        job = PoolJob(f"{lane}-{self._number[lane]}", lane)
        self._jobs[job.name] = job
        return job

    def take(self, jobs: list[PoolJob], ids: list[str]) -> None:
        """The first of these jobs have been handed in, and have these numbers; the others don't count any more."""
        for job, number in zip(jobs, ids, strict=False):
            job.id, job.handed_in = number, time.time()
            self._experience.took(job.lane)
            self._say(f"job {number} handed in for pool {job.lane}")
        for job in jobs[len(ids) :]:
            del self._jobs[job.name]

    def see(self, listed: Iterable[Job], asked: float) -> bool:
        """Take in what the queue held when it was `asked`; whether all goes well. SiteError where a job would wait
        there for ever.
        """
        found = {job.id: job for job in listed}
        for job in [j for j in self if j.id]:
            if seen := found.get(job.id):
                self._found(job, seen, asked)
            else:
                _miss(job)
        return all(job.workers and not job.leaving for job in self)

    def _found(self, job: PoolJob, seen: Job, asked: float) -> None:
        if seen.state == "running" and (job.seen is None or job.seen.state != "running") and not job.workers:
            job.silent_since = time.time()
        if seen.state == "suspended" or (seen.state in ("ending", "unknown") and not job.workers):
            job.stuck_since = min(job.stuck_since, time.time())
        else:
            job.stuck_since = math.inf
        job.missed, job.seen, job.seen_at = 0, seen, asked
        if (why := self._experience.see(job, seen)) and not job.removing:
            self._give_up(job, why)

    def unclear(self) -> PoolJob | None:
        """A job that isn't in the queue any more, and of which nobody has asked why."""
        return next((j for j in self if j.seen and j.seen.is_over and j.id), None)

    def orphaned(self) -> PoolJob | None:
        """A job whose workers are gone, and of which the batch system, that lists none, hasn't told what became."""
        if not self._queue.is_silent:
            return None
        late = time.time() - ASK_SECONDS
        return next((j for j in self if j.id and j.is_orphaned and j.asked_at < late), None)

    def ask_for(self, job: PoolJob) -> None:
        """Ask the batch system for a job by itself."""
        job.asked_at = time.time()
        self._queue.ask_for(job.id, lambda told, asked: self._told(job, told, asked))

    def _told(self, job: PoolJob, told: Job | None, asked: float) -> None:
        """What became of a job; None where the batch system doesn't say."""
        if job.over is not None:
            return
        if told is None:
            job.seen = None
        elif not told.is_over:
            self._found(job, told, asked)
        elif told.reason or not _may_live(job, asked):
            self.bury(job, told.reason)
        else:
            job.seen = None
            job.stuck_since = min(job.stuck_since, time.time())

    def bury(self, job: PoolJob, fate: str) -> None:
        """A job is over. SiteError where too many of its lane ended without a worker."""
        job.over = fate
        del self._jobs[job.name]
        self._over[job.name] = job
        for worker in list(job.workers.values()):
            self._workers.give_up(worker)
        if job.leaving and not job.unfit:
            return
        self._experience.bury(job, fate)
        self._say(f"job {job.id} of pool {job.lane} ended ({job.unfit or fate.lower() or 'nobody says why'})")


def _miss(job: PoolJob) -> None:
    """A job wasn't in the queue; once may be an answer that is older than the job."""
    job.missed += 1
    job.seen = Job(job.id, job.name, "ended") if job.missed > 1 or job.seen else None


def _may_live(job: PoolJob, asked: float) -> bool:
    """Whether a job that its batch system didn't know when it was asked is there all the same, or not there yet."""
    return bool(job.workers) or (job.greeted is None and asked < job.handed_in + UNSEEN_SECONDS)


def _said(seen: Job | None) -> str:
    if seen is None:
        return "out of sight"
    return f"{seen.state}{f' ({seen.reason})' if seen.reason else ''}"
