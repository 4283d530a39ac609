"""A controller's shift: one that is a batch job leaves before its walltime ends, and another goes on."""

from __future__ import annotations

import math
import os
import time
from dataclasses import dataclass

from bigdata.errors import Cancelled

# What is kept of a job's time for tasks under way to end in, and for the report or the next job's submission.
SHARE = 0.25
LEAST_SECONDS, MOST_SECONDS = 20.0, 600.0
# Between the end of a shift and the end of the job: to stop the workers and submit the next controller.
LEAVING_SECONDS = 15.0


class ShiftOver(Cancelled):
    """The controller stopped because its own time is over, and the run isn't: the next controller goes on."""


@dataclass(frozen=True)
class Shift:
    """No task is handed out after `stop`, and the controller leaves what still runs at `end` (Unix times, s)."""

    stop: float = math.inf
    end: float = math.inf

    def is_ending(self) -> bool:
        return time.time() >= self.stop

    def is_over(self) -> bool:
        return time.time() >= self.end


ALWAYS = Shift()


def shift_of_job(began: float, walltime: float | None) -> Shift:
    """The shift of a job that began at a Unix time and may run for `walltime` seconds; no end without a walltime.

    Where the scheduler tells the job its end (Slurm does), that counts: it knows of limits that the site file doesn't.
    """
    told = os.environ.get("SLURM_JOB_END_TIME", "")
    end = float(told) if told.isdigit() else began + walltime if walltime else math.inf
    if end == math.inf:
        return ALWAYS
    rest = min(MOST_SECONDS, max(LEAST_SECONDS, SHARE * (end - began)))
    return Shift(end - rest - LEAVING_SECONDS, end - LEAVING_SECONDS)
