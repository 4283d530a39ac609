"""A job's first worker is met before it gets tasks: when its job ends, and whether it finds the packages that we do."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Iterable
from typing import Any

from bigdata.display import duration
from bigdata.engine.greeting import Greeting, difference, greet, missing
from bigdata.engine.hands import Worker
from bigdata.engine.workers import DaskWorkers
from bigdata.environment import Environment
from bigdata.errors import SiteError
from bigdata.jobs.experience import Experience
from bigdata.jobs.pool_job import PoolJob
from bigdata.spec.extras import build_command
from bigdata.spec.site import Site


class Meeting:
    """Lets workers take tasks once their job has answered. `here` is this process's environment; None compares none.

    `extra` is the extra of bigdata whose packages the tasks import, "" for none.
    """

    def __init__(
        self,
        site: Site,
        workers: DaskWorkers,
        experience: Experience,
        say: Callable[[str], None],
        here: Environment | None,
        extra: str,
    ) -> None:
        self._site, self._workers, self._experience = site, workers, experience
        self._say, self._here, self._extra = say, here, extra

    def open(self, job: PoolJob, worker: Worker) -> None:
        """Let a worker take tasks; the first of a job says first what it finds there."""
        if job.removing:
            self._workers.dismiss(worker)
        elif job.greeted:
            worker.ends, worker.is_open = job.ends, not job.leaving
        elif job.greeting is None:
            # What an image holds is known by its label; that it can be imported too, by the first worker of a lane.
            imported = self._site.image is not None and self._here is not None
            extra = [self._extra] if self._extra else []
            first = imported and not self._experience.is_proven(job.lane)
            job.greeting = self._workers.call(worker, greet, first, *extra)

    def hear(self, jobs: Iterable[PoolJob]) -> None:
        """Take in what workers have answered."""
        for job in jobs:
            if job.greeting and job.greeting.done():
                answer, job.greeting = job.greeting, None
                self._greeted(job, answer)

    def _greeted(self, job: PoolJob, answer: Any) -> None:
        if answer.status != "finished":
            if answer.status == "error" and not isinstance(answer.exception(), OSError):
                raise SiteError(_cannot_answer(job, answer.exception()))
            for worker in list(job.workers.values())[:1]:  # that one died; another is asked
                self.open(job, worker)
            return
        found = Greeting(**answer.result())
        self._compare(job, Environment(**found.environment))
        job.greeted = found
        self._experience.prove(job.lane)
        for worker in job.workers.values():
            self.open(job, worker)
        left = f", {duration(found.ends - time.time())} left" if found.ends < math.inf else ""
        self._say(f"job {job.id} works for pool {job.lane} on {found.host}{left}")

    def _compare(self, job: PoolJob, there: Environment) -> None:
        if self._here is not None:
            image = self._site.image_path
            where = f"in the image {image}" if image else f"on the nodes of pool `{job.lane}`"
            refuse_other(self._site, where, there, self._here, self._extra)


def refuse_other(site: Site, where: str, there: Environment, here: Environment, extra: str) -> None:
    """SiteError, with the names, where tasks would run with other packages than this process has, or without those of
    the study's extra.
    """
    build = f"Build the image again with `{build_command(site, extra)} --force`"
    if what := missing(where, there, extra):
        right = build if site.image else f"Run `pip install '.[{extra}]'` there"
        raise SiteError(f"{what}. {right}, and submit again: what is done stays done.")
    if what := difference(where, there, here, extra):
        right = build if site.image else "Use one environment for both"
        raise SiteError(f"{what}. {right}, and submit again: what is done stays done.")


def _cannot_answer(job: PoolJob, error: BaseException) -> str:
    return (
        f"the workers of pool `{job.lane}` can't run what this bigdata asks for ({type(error).__name__}: {error}). "
        "Their environment is another one; install the same there, or build the image again."
    )
