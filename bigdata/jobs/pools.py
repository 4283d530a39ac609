"""The pools of a run as batch jobs under one Dask scheduler: started by need, replaced when they die, let go when idle.

All decisions are the controller's, in its own thread. What asks the batch system something, which may take long, is
done one call at a time in a thread beside it.
"""

from __future__ import annotations

import json
import math
import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from typing import Any

from distributed import Client, Scheduler, SpecCluster

from bigdata.display import duration
from bigdata.engine import lanes
from bigdata.engine.controller import Observer
from bigdata.engine.dashboard import how_to_reach, scheduler_options
from bigdata.engine.dask_options import own_dask_configuration
from bigdata.engine.greeting import Greeting, difference, greet
from bigdata.engine.hands import Lost, Need, Worker, news
from bigdata.engine.local import interrupts_held_back
from bigdata.engine.retries import Cause, Ending
from bigdata.engine.workers import DaskWorkers
from bigdata.environment import Environment, environment
from bigdata.errors import SiteError
from bigdata.jobs import batch
from bigdata.jobs.batch import Job
from bigdata.jobs.certificates import certificates, security
from bigdata.jobs.demand import Demand
from bigdata.jobs.image import labelled
from bigdata.jobs.pool_job import ENDINGS, STILLBORN, PoolJob, name_of_job
from bigdata.jobs.script import JobScript, Refused
from bigdata.jobs.worker_job import job_log, worker_job
from bigdata.spec.site import Site
from bigdata.store.folder import RunFolder, write_whole

# How often the queue is looked at: seldom while all goes well, as its programs are a burden to a batch system.
CALM_SECONDS, BUSY_SECONDS = 15.0, 2.0
# A batch system that refuses or doesn't answer is asked again after so long, then twice that, and so on.
LEAST_WAIT, MOST_WAIT = 5.0, 120.0
# A job that nobody needs is let go after so long: the next stage may need it.
IDLE_SECONDS = 30.0
# A process that died is brought back by its supervisor, and has a new address. Where that isn't so after this time,
# and the job is said to live, it was the process alone that died.
LINGER_SECONDS = 15.0
# A job that runs, and whose workers don't come, is on a node that can't reach us.
SILENT_SECONDS = 300.0
# Jobs of a lane that ended before a worker came, one after the other: no more are tried.
STILLBORN_AT_FIRST, STILLBORN_LATER = 3, 10
# Jobs handed in one after the other before anything else is looked at.
AT_ONCE = 20
ORDERLY_SECONDS, CLOSE_SECONDS = 5.0, 20.0
LAST_WORDS_BYTES = 1_500


@contextmanager
def job_pools(site: Site, folder: RunFolder, observer: Observer, *, compares: bool = True) -> Iterator[JobPools]:
    """A scheduler that talks TLS, and no job yet; in the end no job is left.

    `compares` refuses workers that find other packages than this process.
    """
    batch.require(site.scheduler)
    here = environment(imported=False) if compares else None
    if here and site.image and (there := labelled(site.image_path, site.image.bind)):
        _refuse_other(site, f"in the image {site.image_path}", there, here)
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
        pools = JobPools(site, folder, workers, cluster.scheduler_address, place, observer, here)
        try:
            yield pools
        finally:
            pools.close()


def _scheduler(site: Site, own: Any) -> dict[str, Any]:
    options = {
        "protocol": "tls://",
        "security": own,
        "port": 0,
        "interface": site.interface,
        **scheduler_options(dashboard=site.dashboard),
    }
    return {"cls": Scheduler, "options": options}


class JobPools:
    """The `Pools` of a site with a batch system."""

    def __init__(
        self,
        site: Site,
        folder: RunFolder,
        workers: DaskWorkers,
        scheduler: str,
        certificates: Path,
        observer: Observer,
        here: Environment | None,
    ) -> None:
        self.site, self.folder, self.workers = site, folder, workers
        self.scheduler, self._certificates, self._say = scheduler, certificates, observer.message
        self._prefix = batch.prefix(folder)
        self._here, self._demand = here, Demand(site)
        self._jobs: dict[str, PoolJob] = {}
        self._over: dict[str, PoolJob] = {}
        self._left_at: dict[str, float] = {}
        self._number: Counter[str] = Counter()
        self._stillborn: Counter[str] = Counter()
        self._proven: set[str] = set()
        self._taken: set[str] = set()
        self._beside = ThreadPoolExecutor(1, "bigdata-batch")
        self._call: tuple[Future[Any], Callable[[Future[Any]], None]] | None = None
        self._to_remove: list[str] = []
        # Names of jobs that may have been taken though the batch system didn't say so.
        self._unsure: set[str] = set()
        self._list_at = 0.0
        self._wait = LEAST_WAIT
        self._submit_at = 0.0
        self._reasons: dict[str, str] = {}
        self._said: list[str] = []

    # What the controller asks.

    def tend(self, needs: Mapping[str, Need]) -> None:
        self._hear_greetings()
        self._let_go(needs)
        if self._call and self._call[0].done():
            done, then = self._call
            self._call = None
            then(done)
        if self._call is None:
            self._next_call(needs)
        self._tell(needs)

    def ending(self, lost: Lost) -> Ending | None:
        job = self._job_of(lost.worker)
        if job is None or any(w.name == lost.worker.name for w in self.workers.here()):
            return Ending(Cause.DIED)
        if job.over is not None:
            return self._ending_of(job, lost)
        away = time.time() - self._left_at.setdefault(lost.worker.address, time.time())
        is_alive = job.seen is not None and job.seen.state == "running"
        return Ending(Cause.DIED) if away > LINGER_SECONDS and (is_alive or not self._can_list) else None

    def larger(self, lane: str) -> str | None:
        return lanes.larger(self.site, lane)

    def has_time(self, worker: Worker, seconds: float) -> bool:
        return self._demand.has_time(worker.lane, worker.ends - time.time(), seconds)

    # Who came and who went.

    def came(self, worker: Worker) -> None:
        if job := self._jobs.get(name_of_job(worker)):
            job.workers[worker.address] = worker
            job.silent_since = math.inf
            self._open(job, worker)
        else:  # of a job that is over for us: somebody else has its tasks
            self.workers.dismiss(worker)

    def went(self, worker: Worker) -> None:
        self._left_at.setdefault(worker.address, time.time())
        if job := self._jobs.get(name_of_job(worker)):
            job.workers.pop(worker.address, None)
            if not job.workers:
                job.silent_since = time.time()
            self._list_at = min(self._list_at, time.time() + 0.5)

    def _hear_greetings(self) -> None:
        for job in self._jobs.values():
            if job.greeting and job.greeting.done():
                answer, job.greeting = job.greeting, None
                self._greeted(job, answer)

    def _open(self, job: PoolJob, worker: Worker) -> None:
        """Let a worker take tasks; the first of a job says first what it finds there."""
        if job.removing:
            self.workers.dismiss(worker)
        elif job.greeted:
            worker.ends, worker.is_open = job.ends, not job.leaving
        elif job.greeting is None:
            imported = self.site.image is not None and self._here is not None and job.lane not in self._proven
            job.greeting = self.workers.call(worker, greet, imported)

    def _greeted(self, job: PoolJob, answer: Any) -> None:
        if answer.status != "finished":
            if answer.status == "error" and not isinstance(answer.exception(), OSError):
                raise SiteError(self._cannot_answer(job, answer.exception()))
            for worker in list(job.workers.values())[:1]:  # that one died; another is asked
                self._open(job, worker)
            return
        found = Greeting(**answer.result())
        if self._here is not None:
            self._compare(job, Environment(**found.environment), self._here)
        job.greeted = found
        self._proven.add(job.lane)
        self._stillborn[job.lane] = 0
        for worker in job.workers.values():
            self._open(job, worker)
        left = f", {duration(found.ends - time.time())} left" if found.ends < math.inf else ""
        self._say(f"job {job.id} works for pool {job.lane} on {found.host}{left}")

    def _compare(self, job: PoolJob, there: Environment, here: Environment) -> None:
        """SiteError, with the names, where a worker finds other packages than this process does."""
        image = self.site.image_path
        where = f"in the image {image}" if image else f"on the nodes of pool `{job.lane}`"
        _refuse_other(self.site, where, there, here)

    def _cannot_answer(self, job: PoolJob, error: BaseException) -> str:
        return (
            f"the workers of pool `{job.lane}` can't run what this bigdata asks for ({type(error).__name__}: {error}). "
            "Their environment is another one; install the same there, or build the image again."
        )

    # Which jobs there should be.

    def _let_go(self, needs: Mapping[str, Need]) -> None:
        """Jobs that have too little time left, and those that nobody has needed for a while."""
        now, targets = time.time(), self._demand.targets(needs)
        for job in self._jobs.values():
            seconds = needs[job.lane].seconds if job.lane in needs else 0.0
            if job.greeted and not self._demand.has_time(job.lane, job.ends - now, seconds):
                self._leave(job)
            is_busy = job.n_batches > 0
            job.idle_since = math.inf if is_busy else min(job.idle_since, now)
            if job.silent_since < now - SILENT_SECONDS:
                self._remove(job)
        if not self._can_list:  # such a job is over when its workers are gone
            for job in [j for j in self._jobs.values() if j.silent_since < now - LINGER_SECONDS]:
                self._bury(job, "")
        staying = Counter(job.lane for job in self._jobs.values() if not job.leaving)
        for job in sorted(self._jobs.values(), key=lambda job: (bool(job.workers), job.n_batches, job.idle_since)):
            if job.leaving or staying[job.lane] <= targets.get(job.lane, 0):
                continue
            if job.idle_since < now - IDLE_SECONDS or self._demand.is_in_the_way(job.lane, targets, staying):
                self._leave(job)
                staying[job.lane] -= 1
        for job in self._jobs.values():
            if job.leaving and not job.n_batches:
                self._end(job)

    def _leave(self, job: PoolJob) -> None:
        """No more tasks for a job; it ends when it has done what it has in hand."""
        if not job.leaving:
            job.leaving = True
            for worker in job.workers.values():
                worker.is_open = False

    def _end(self, job: PoolJob) -> None:
        if job.removing:
            return
        job.removing = True
        for worker in job.workers.values():
            self.workers.dismiss(worker)
        if not job.workers:  # it still waits in the queue, or its workers never came
            self._remove(job)

    def _remove(self, job: PoolJob) -> None:
        job.leaving = job.removing = True
        job.silent_since = math.inf
        if job.id:
            self._to_remove.append(job.id)

    # What is asked of the batch system, one thing at a time.

    @property
    def _can_list(self) -> bool:
        return batch.can_list(self.site.scheduler)

    def _next_call(self, needs: Mapping[str, Need]) -> None:
        now, scheduler = time.time(), self.site.scheduler
        if self._to_remove:
            ids = [*_taken_out(self._to_remove)]
            self._ask(lambda: batch.remove(scheduler, ids), self._removed)
        elif self._can_list and (self._jobs or self._unsure) and now >= self._list_at:
            self._ask(lambda: batch.jobs(scheduler, self._prefix), self._listed)
        elif (unclear := self._unclear()) is not None:
            self._ask(lambda: batch.fate(scheduler, unclear.id), lambda done: self._ended(unclear, done))
        elif now >= self._submit_at and (scripts := self._missing(needs)):
            self._ask(lambda: _hand_in(scheduler, scripts), lambda done: self._handed_in(scripts, done))

    def _ask(self, call: Callable[[], Any], then: Callable[[Future[Any]], None]) -> None:
        self._call = self._beside.submit(call), then

    def _removed(self, done: Future[Any]) -> None:
        with suppress(SiteError):  # it will be seen in the queue, and is removed once more in the end
            done.result()
        self._list_at = min(self._list_at, time.time() + 1.0)

    def _listed(self, done: Future[Any]) -> None:
        listed: list[Job] | None = done.result()
        now = time.time()
        if listed is None:
            self._reasons["queue"] = f"{self.site.scheduler} doesn't answer"
            self._list_at = now + self._wait
            self._wait = min(2 * self._wait, MOST_WAIT)
            return
        self._reasons.pop("queue", None)
        self._wait = LEAST_WAIT
        self._to_remove += self._strays(listed)
        self._unsure.clear()
        found = {job.id: job for job in listed}
        for job in [j for j in self._jobs.values() if j.id]:
            seen = found.get(job.id)
            if seen is None:
                # An answer may be older than the job.
                job.missed += 1
                job.seen = Job(job.id, job.name, "ended") if job.missed > 1 or job.seen else None
                continue
            if seen.state == "running" and (job.seen is None or job.seen.state != "running") and not job.workers:
                job.silent_since = now
            job.missed, job.seen = 0, seen
            if batch.waits_for_ever(seen) and job.lane not in self._proven:
                raise SiteError(
                    f"job {job.id} of pool `{lanes.pool_of(job.lane)}` would wait in the queue for ever "
                    f"({seen.reason}). Change what the pool asks for in the site's file, and submit again."
                )
        is_calm = all(job.workers and not job.leaving for job in self._jobs.values())
        self._list_at = now + (CALM_SECONDS if is_calm else BUSY_SECONDS)

    def _strays(self, listed: list[Job]) -> list[str]:
        """Jobs of ours in the queue whose numbers we were never told."""
        return [job.id for job in listed if job.name.removeprefix(self._prefix) in self._unsure]

    def _unclear(self) -> PoolJob | None:
        """A job that isn't in the queue any more, and of which nobody has asked why."""
        return next((j for j in self._jobs.values() if j.seen and j.seen.is_over and j.id), None)

    def _ended(self, job: PoolJob, done: Future[Any]) -> None:
        fate: str | None = done.result()
        if fate is None:  # the batch system doesn't know yet
            job.seen = None
            self._list_at = min(self._list_at, time.time() + 1.0)
            return
        self._bury(job, fate)

    def _bury(self, job: PoolJob, fate: str) -> None:
        job.over = fate
        del self._jobs[job.name]
        self._over[job.name] = job
        for worker in list(job.workers.values()):
            self.workers.give_up(worker)
        if job.leaving:
            return
        if job.greeted is None and fate in STILLBORN:
            self._count_stillborn(job, fate)
        self._say(f"job {job.id} of pool {job.lane} ended ({fate.lower() or 'nobody says why'})")

    def _count_stillborn(self, job: PoolJob, fate: str) -> None:
        self._stillborn[job.lane] += 1
        n = self._stillborn[job.lane]
        if n >= (STILLBORN_LATER if job.lane in self._proven else STILLBORN_AT_FIRST):
            raise SiteError(
                f"{n} jobs of pool `{job.lane}` ended, one after the other, before a worker came of them. The last "
                f"one, job {job.id} ({fate.lower() or 'ended'}), said:\n{_last_words(job_log(self.folder, job.name))}"
            )

    def _missing(self, needs: Mapping[str, Need]) -> list[JobScript]:
        """Scripts for jobs that there should be and aren't; they count as jobs from now on."""
        targets = self._demand.targets(needs)
        room = self._demand.allowed - len(self._jobs)
        staying = Counter(job.lane for job in self._jobs.values() if not job.leaving)
        scripts: list[JobScript] = []
        for lane, target in targets.items():
            in_pool = sum(lanes.pool_of(j.lane) == lanes.pool_of(lane) for j in self._jobs.values())
            free = self.site.pools[lanes.pool_of(lane)].max_jobs - in_pool
            for _ in range(int(min(target - staying[lane], free, room - len(scripts), AT_ONCE - len(scripts)))):
                self._number[lane] += 1
                name = f"{lane}-{self._number[lane]}"
                self._jobs[name] = PoolJob(name, lane)
                scripts.append(worker_job(self.site, self.folder, name, lane, self.scheduler, self._certificates))
        return scripts

    def _handed_in(self, scripts: list[JobScript], done: Future[Any]) -> None:
        ids, error = done.result()
        now = time.time()
        for script, number in zip(scripts, ids, strict=False):
            job = self._jobs[script.name.removeprefix(self._prefix)]
            job.id = number
            self._taken.add(job.lane)
            self._say(f"job {number} handed in for pool {job.lane}")
        for script in scripts[len(ids) :]:
            del self._jobs[script.name.removeprefix(self._prefix)]
        self._list_at = min(self._list_at, now + BUSY_SECONDS)
        if error is None:
            self._reasons.pop("submit", None)
            self._wait = LEAST_WAIT
            return
        self._unsure.add(scripts[len(ids)].name.removeprefix(self._prefix))
        self._refused(error, scripts[len(ids)])

    def _refused(self, error: Exception, script: JobScript) -> None:
        """A limit, or a batch system in trouble, is waited for; what can never be is an error."""
        lane = script.name.removeprefix(self._prefix).rpartition("-")[0]
        if isinstance(error, Refused) and lane not in self._taken and not batch.is_passing(error.words):
            raise SiteError(f"the jobs of pool `{lanes.pool_of(lane)}` can't be handed in. {error}") from None
        said = error.words.splitlines()[-1] if isinstance(error, Refused) else "no answer"
        self._reasons["submit"] = f"{self.site.scheduler} takes no more jobs now: {said}"
        self._submit_at = time.time() + self._wait
        self._wait = min(2 * self._wait, MOST_WAIT)

    # What the user is told, and the end.

    def reasons(self, needs: Mapping[str, Need] | None = None) -> list[str]:
        """Why the run waits for workers; of some lanes, or of all that have jobs."""
        reasons = [*self._reasons.values()]
        for lane in needs or {j.lane for j in self._jobs.values()}:
            jobs = [j for j in self._jobs.values() if j.lane == lane]
            if any(j.workers for j in jobs):
                continue
            reasons += [
                f"job {j.id} of pool {lane} waits in the queue{f' ({j.seen.reason})' if j.seen.reason else ''}"
                for j in jobs
                if j.seen and j.seen.state == "pending"
            ]
        return reasons

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
        self._beside.shutdown(wait=True)
        if self._call:
            with suppress(SiteError):
                self._call[1](self._call[0])
        end = time.monotonic() + 1.0
        while not self.workers.n_tasks() and any(w.batches for w in self.workers.here()) and time.monotonic() < end:
            news(self, 0.1)
        with suppress(SiteError):
            self._hear_greetings()
        orderly = [j for j in self._jobs.values() if j.workers and not j.n_batches]
        by_force = [j.id for j in self._jobs.values() if j.id and j not in orderly]
        for job in orderly:
            self._leave(job)
            self._end(job)
        with suppress(SiteError):
            batch.remove(self.site.scheduler, by_force)
        self._wait_for_the_end()
        self.folder.waiting.unlink(missing_ok=True)

    def _wait_for_the_end(self) -> None:
        ours = {j.id for j in self._jobs.values() if j.id}
        began, removed = time.monotonic(), False
        while (ours or self._unsure) and self._can_list and time.monotonic() - began < CLOSE_SECONDS:
            left = batch.jobs(self.site.scheduler, self._prefix)
            if left is not None and not (ours := ours.union(self._strays(left)) & {job.id for job in left}):
                return
            if time.monotonic() - began > ORDERLY_SECONDS and not removed:
                removed = True
                with suppress(SiteError):
                    batch.remove(self.site.scheduler, ours)
            time.sleep(0.5)
        if ours:
            with suppress(SiteError):
                batch.remove(self.site.scheduler, ours)

    def _job_of(self, worker: Worker) -> PoolJob | None:
        name = name_of_job(worker)
        return self._jobs.get(name) or self._over.get(name)

    def _ending_of(self, job: PoolJob, lost: Lost) -> Ending:
        fate = job.over or ""
        cause = ENDINGS.get(fate, Cause.LOST)
        if not fate and time.time() > job.ends:
            cause = Cause.TIMEOUT
        began = math.inf
        with suppress(OSError):
            began = self.folder.mark(*lost.task).stat().st_mtime
        walltime = self.site.pools[lanes.pool_of(job.lane)].walltime or math.inf
        ended = min(job.ends, self._left_at.get(lost.worker.address, time.time()))
        return Ending(cause, max(0.0, ended - began), walltime)


def _refuse_other(site: Site, where: str, there: Environment, here: Environment) -> None:
    """SiteError where tasks would run in another environment than this one."""
    build = f"Build the image again with `bigdata sites image build {site.file} --force`"
    if what := difference(where, there, here):
        right = build if site.image else "Use one environment for both"
        raise SiteError(f"{what}. {right}, and submit again: what is done stays done.")


def _taken_out(items: list[Any]) -> Iterator[Any]:
    while items:
        yield items.pop(0)


def _hand_in(scheduler: str, scripts: list[JobScript]) -> tuple[list[str], Exception | None]:
    """The numbers of the jobs that were taken, and what stopped that before the last one."""
    ids: list[str] = []
    try:
        for script in scripts:
            ids.append(script.submit(scheduler))
    except (Refused, TimeoutError) as error:
        return ids, error
    return ids, None


def _last_words(log: Path) -> str:
    with suppress(OSError), log.open("rb") as file:
        file.seek(max(0, log.stat().st_size - LAST_WORDS_BYTES))
        if said := file.read().decode(errors="replace").strip():
            return said
    return f"nothing. Is the folder {log.parent} seen by the nodes?"
