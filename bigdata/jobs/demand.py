"""How many jobs each lane should have: as its tasks need them, within what pools and site allow."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass

from bigdata.engine import lanes
from bigdata.engine.hands import Need
from bigdata.spec.site import Site

# Of a job's last seconds no use is made.
LAST_SECONDS = 10.0
# Of its walltime a task may be promised so much: what is planned to take longer begins in a new job.
PROMISED = 0.8
# A job that would be done sooner isn't worth its start.
WORTH_SECONDS = 5.0


@dataclass(frozen=True)
class Demand:
    """A site's rules for its jobs."""

    site: Site

    @property
    def allowed(self) -> float:
        """Jobs of all pools that may be in the queue at one time."""
        limit = self.site.limits.submitted_jobs
        return math.inf if limit is None else max(1, limit - (self.site.controller == "job"))

    def max_jobs(self, lane: str) -> int:
        """Jobs of a lane's pool at one time; its lanes share them."""
        return self.site.pools[lanes.pool_of(lane)].max_jobs

    def targets(self, needs: Mapping[str, Need]) -> dict[str, int]:
        """Jobs of each lane: as many as its tasks fill for a while, at most the pool's `max_jobs`, and of all lanes
        together at most what the site allows; of those every lane gets one before any gets two.
        """
        wanted = {lane: self._wanted(lane, need) for lane, need in needs.items()}
        targets, of_pool = dict.fromkeys(wanted, 0), Counter[str]()
        given = True
        while given:
            given = False
            for lane, n in wanted.items():
                pool = lanes.pool_of(lane)
                if targets[lane] < n and of_pool[pool] < self.max_jobs(lane) and of_pool.total() < self.allowed:
                    targets[lane] += 1
                    of_pool[pool] += 1
                    given = True
        return targets

    def _wanted(self, lane: str, need: Need) -> int:
        at_once = lanes.tasks_per_job(self.site, lane)
        worth = math.ceil(need.n_tasks * need.seconds / at_once / WORTH_SECONDS)
        return min(-(-need.n_tasks // at_once), max(1, worth))

    def is_in_the_way(self, lane: str, targets: Mapping[str, int], staying: Counter[str]) -> bool:
        """Whether a lane that should have a job and has none can't have one as long as a job of this lane stays.

        `staying` are the jobs of each lane that aren't about to end.
        """
        if staying.total() >= self.allowed:
            return any(n and not staying[other] for other, n in targets.items())
        ours = [other for other in {*targets, *staying} if lanes.pool_of(other) == lanes.pool_of(lane)]
        is_full = sum(staying[other] for other in ours) >= self.max_jobs(lane)
        return is_full and any(targets.get(other) and not staying[other] for other in ours)

    def has_time(self, lane: str, left: float, seconds: float) -> bool:
        """Whether a task of `seconds` may begin in a job that lasts `left` seconds more.

        It counts on no more than a job that has just begun can give.
        """
        walltime = self.site.pools[lanes.pool_of(lane)].walltime or math.inf
        return LAST_SECONDS + min(seconds, max(0.0, PROMISED * walltime - 2 * LAST_SECONDS)) < left
