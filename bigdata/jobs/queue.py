"""A run's jobs in its batch system's queue: listed, removed and handed in, one call at a time, in a thread beside.

Such a call may take a minute, and what runs must be fed meanwhile. All that is decided by an answer is decided in the
controller's thread, once it looks for it.
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Iterable
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import suppress
from typing import Any

from bigdata.errors import SiteError
from bigdata.jobs import batch
from bigdata.jobs.listing import Job
from bigdata.jobs.script import JobScript, Refused

# How often the queue is looked at: seldom while all goes well, as its programs are a burden to a batch system.
CALM_SECONDS, BUSY_SECONDS = 15.0, 2.0
# A batch system that refuses or doesn't answer is asked again after so long, then twice that, and so on.
LEAST_WAIT, MOST_WAIT = 5.0, 120.0
ORDERLY_SECONDS, CLOSE_SECONDS = 5.0, 20.0


class Queue:
    """Where the jobs wait and run whose names begin with `prefix`. `reasons` tell why the batch system is waited for.

    A call's answer goes to the function that came with it, when `hear` finds it there; none is begun before.
    """

    def __init__(self, scheduler: str, prefix: str) -> None:
        self._scheduler, self._prefix = scheduler, prefix
        self.reasons: dict[str, str] = {}
        self._beside = ThreadPoolExecutor(1, "bigdata-batch")
        self._call: tuple[Future[Any], Callable[[Future[Any]], None]] | None = None
        self._to_remove: list[str] = []
        # Names of jobs that may have been taken though the batch system didn't say so.
        self._unsure: set[str] = set()
        # Since when (Unix time, s) it answers without a break: what it says after one may be from before.
        self.answers_since = math.inf
        self._list_at = 0.0
        self._submit_at = 0.0
        self._wait = LEAST_WAIT

    @property
    def can_list(self) -> bool:
        return batch.can_list(self._scheduler)

    @property
    def is_asked(self) -> bool:
        """Whether there is a call under way."""
        return self._call is not None

    @property
    def has_to_remove(self) -> bool:
        return bool(self._to_remove)

    @property
    def has_unsure(self) -> bool:
        return bool(self._unsure)

    @property
    def is_silent(self) -> bool:
        """Whether the batch system didn't say, when it was last asked, which jobs there are."""
        return "queue" in self.reasons

    def is_list_due(self) -> bool:
        return self.can_list and time.time() >= self._list_at

    def is_submission_due(self) -> bool:
        """Not as long as a job may have been taken without our knowing: it would be there twice."""
        return time.time() >= self._submit_at and not (self._unsure and self.can_list)

    def remove_soon(self, job: str) -> None:
        self._to_remove.append(job)

    def list_within(self, seconds: float) -> None:
        """Look at the queue that soon, unless that is planned for sooner."""
        self._list_at = min(self._list_at, time.time() + seconds)

    def hear(self) -> None:
        """Take in the answer to the call that is under way, if it is there."""
        if self._call and self._call[0].done():
            done, then = self._call
            self._call = None
            then(done)

    def _ask(self, call: Callable[[], Any], then: Callable[[Future[Any]], None]) -> None:
        self._call = self._beside.submit(call), then

    def remove(self) -> None:
        """Remove the jobs that are to be."""
        ids, self._to_remove = self._to_remove, []
        self._ask(lambda: batch.remove(self._scheduler, ids), self._removed)

    def _removed(self, done: Future[Any]) -> None:
        with suppress(SiteError):  # it will be seen in the queue, and is removed once more in the end
            done.result()
        self.list_within(1.0)

    def look(self, then: Callable[[Iterable[Job], float], bool]) -> None:
        """See which jobs there are; `then` is told when that was asked, and says whether all goes well."""
        asked = time.time()

        def heard(done: Future[Any]) -> None:
            self._listed(done.result(), lambda listed: then(listed, asked))

        self._ask(lambda: batch.jobs(self._scheduler, self._prefix), heard)

    def _listed(self, listed: list[Job] | None, then: Callable[[Iterable[Job]], bool]) -> None:
        now = time.time()
        if listed is None:
            if not self.is_silent:
                self._note_answer(answers=False)
            self.reasons["queue"] = f"{self._scheduler} doesn't answer"
            self._list_at = now + self._next_wait()
            return
        self._note_answer(answers=True)
        self.reasons.pop("queue", None)
        self._wait = LEAST_WAIT
        self._to_remove += self._strays(listed)
        # The list was asked for after those submissions: what isn't in it wasn't taken.
        self._unsure.clear()
        self._list_at = now + (CALM_SECONDS if then(listed) else BUSY_SECONDS)

    def _next_wait(self) -> float:
        wait, self._wait = self._wait, min(2 * self._wait, MOST_WAIT)
        return wait

    def _strays(self, listed: Iterable[Job]) -> list[str]:
        """Jobs of ours in the queue whose numbers we were never told."""
        return [job.id for job in listed if job.name.removeprefix(self._prefix) in self._unsure]

    def ask_for(self, job: str, then: Callable[[Job | None, float], None]) -> None:
        """Ask for one job by itself; `then` is told when that was asked, too."""
        asked = time.time()

        def heard(done: Future[Any]) -> None:
            self._note_answer(answers=done.result() is not None)
            then(done.result(), asked)

        self._ask(lambda: batch.one(self._scheduler, job, self._prefix), heard)

    def _note_answer(self, *, answers: bool) -> None:
        self.answers_since = min(self.answers_since, time.time()) if answers else math.inf

    def hand_in(self, scripts: list[JobScript], then: Callable[[list[str], Exception | None], None]) -> None:
        """Submit jobs, one after the other: `then` is given the numbers of those that were taken, and what stopped
        that before the last one.
        """

        def heard(done: Future[Any]) -> None:
            ids, error = done.result()
            self._note_taken(scripts[len(ids) :], error)
            then(ids, error)

        self._ask(lambda: _hand_in(self._scheduler, scripts), heard)

    def _note_taken(self, left: list[JobScript], error: Exception | None) -> None:
        self.list_within(BUSY_SECONDS)
        if error is None:
            self.reasons.pop("submit", None)
            self._wait = LEAST_WAIT
            return
        # sbatch may have been broken off after the job was taken, or its answer was lost.
        self._unsure.add(left[0].name.removeprefix(self._prefix))
        said = _last_line(error.words) if isinstance(error, Refused) else "no answer"
        self.reasons["submit"] = f"{self._scheduler} takes no more jobs now: {said}"
        self._submit_at = time.time() + self._next_wait()

    def close(self) -> None:
        """Take in the last answer; no call is begun any more."""
        self._beside.shutdown(wait=True)
        if self._call:
            with suppress(SiteError):
                self.hear()

    def remove_now(self, ids: Iterable[str]) -> None:
        """Remove jobs as far as the batch system does so."""
        with suppress(SiteError):
            batch.remove(self._scheduler, ids)

    def wait_for_the_end(self, ours: set[str]) -> None:
        """Wait until these jobs have ended, and such as we were never told of; after a while they are removed."""
        began, removed = time.monotonic(), False
        while (ours or self._unsure) and self.can_list and time.monotonic() - began < CLOSE_SECONDS:
            left = batch.jobs(self._scheduler, self._prefix)
            if left is not None and not (ours := ours.union(self._strays(left)) & {job.id for job in left}):
                return
            if time.monotonic() - began > ORDERLY_SECONDS and not removed:
                removed = True
                self.remove_now(ours)
            time.sleep(0.5)
        if ours:
            self.remove_now(ours)


def _last_line(words: str) -> str:
    """What Grid Engine ends with after its reason is none."""
    lines = [line for line in words.splitlines() if line.strip() not in ("", "Exiting.")]
    return lines[-1] if lines else words


def _hand_in(scheduler: str, scripts: list[JobScript]) -> tuple[list[str], Exception | None]:
    ids: list[str] = []
    try:
        for script in scripts:
            ids.append(script.submit(scheduler))
    except (Refused, TimeoutError) as error:
        return ids, error
    return ids, None
