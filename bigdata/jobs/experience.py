"""What a run's jobs have taught of each lane: whether the batch system takes them, and whether workers come of them."""

from __future__ import annotations

from collections import Counter
from contextlib import suppress
from pathlib import Path

from bigdata.engine import lanes
from bigdata.errors import SiteError
from bigdata.jobs import batch
from bigdata.jobs.listing import Job
from bigdata.jobs.pool_job import STILLBORN, PoolJob
from bigdata.jobs.script import Refused
from bigdata.jobs.worker_job import job_log
from bigdata.store.folder import RunFolder

# Jobs of a lane that ended before a worker came, one after the other: no more are tried.
STILLBORN_AT_FIRST, STILLBORN_LATER = 3, 10
LAST_WORDS_BYTES = 1_500


class Experience:
    """Tells a site's passing troubles from what will never work: a lane that has worked once is right as it is."""

    def __init__(self, folder: RunFolder) -> None:
        self._folder = folder
        self._taken: set[str] = set()
        self._proven: set[str] = set()
        self._stillborn: Counter[str] = Counter()

    def took(self, lane: str) -> None:
        """The batch system has taken a job of a lane."""
        self._taken.add(lane)

    def prove(self, lane: str) -> None:
        """A worker of a lane has come, and is fit for the run's tasks."""
        self._proven.add(lane)
        self._stillborn[lane] = 0

    def is_proven(self, lane: str) -> bool:
        return lane in self._proven

    def refuse(self, lane: str, error: Exception) -> None:
        """A job wasn't taken. SiteError where none of its lane ever will be; a limit, or a batch system in trouble, is
        waited for.
        """
        if isinstance(error, Refused) and lane not in self._taken and not batch.is_passing(error.words):
            raise SiteError(f"the jobs of pool `{lanes.pool_of(lane)}` can't be handed in. {error}") from None

    def see(self, job: PoolJob, seen: Job) -> str:
        """Why a job in the queue would stay there for ever, or "". SiteError where all of its lane would."""
        if not batch.waits_for_ever(seen):
            return ""
        why = seen.reason or "it is held, and the batch system doesn't say why"
        if not self.is_proven(job.lane):
            raise SiteError(
                f"job {job.id} of pool `{lanes.pool_of(job.lane)}` would wait in the queue for ever ({why}). Mend "
                "that, or change what the pool asks for in the site's file, and submit again."
            )
        return why

    def bury(self, job: PoolJob, fate: str) -> None:
        """A job has ended. SiteError where too many did before a worker came of them."""
        if job.greeted is not None or (fate not in STILLBORN and not job.unfit):
            return
        self._stillborn[job.lane] += 1
        n = self._stillborn[job.lane]
        if n >= (STILLBORN_LATER if self.is_proven(job.lane) else STILLBORN_AT_FIRST):
            raise SiteError(
                f"{n} jobs of pool `{job.lane}` ended, one after the other, before a worker came of them. The last "
                f"one, job {job.id} ({job.unfit or fate.lower() or 'ended'}), said:\n"
                f"{_last_words(job_log(self._folder, job.name))}"
            )


def _last_words(log: Path) -> str:
    with suppress(OSError), log.open("rb") as file:
        file.seek(max(0, log.stat().st_size - LAST_WORDS_BYTES))
        if said := file.read().decode(errors="replace").strip():
            return said
    return f"nothing. Is the folder {log.parent} seen by the nodes?"
