"""The jobs of a run as its batch system sees them: found by their names, and removed."""

from __future__ import annotations

import hashlib
import json
import re
import shutil
import subprocess
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from xml.etree import ElementTree

from bigdata.errors import SiteError
from bigdata.jobs.surroundings import without_options
from bigdata.store.folder import RunFolder
from bigdata.store.lock import user

# What the names of all jobs of bigdata begin with.
JOB_NAMES = "bd-"
# Two folders of runs may hold the same study.
PLACE_LETTERS = 4
PATIENCE_SECONDS = 60
SLURM_ENDED = (
    *("CANCELLED", "FAILED", "TIMEOUT", "NODE_FAIL", "COMPLETED", "OUT_OF_MEMORY", "PREEMPTED", "BOOT_FAIL"),
    *("DEADLINE", "REVOKED"),
)


@dataclass(frozen=True)
class Job:
    """A job: `state` is pending, running, ending, ended or unknown; `reason` is why it waits, or how it ended."""

    id: str
    name: str
    state: str
    reason: str = ""

    @property
    def is_over(self) -> bool:
        return self.state == "ended"

    @property
    def is_waiting(self) -> bool:
        return self.state in ("pending", "unknown")


def prefix(folder: RunFolder) -> str:
    """What the names of all jobs of a run begin with: the study's name and key, and a sign of this very folder.

    That is its number in the file system, since its path may be another one on another machine.
    """
    try:
        place = str(folder.path.stat().st_ino)
    except FileNotFoundError:
        place = str(folder.path)
    return f"{JOB_NAMES}{folder.path.absolute().name}-{hashlib.sha256(place.encode()).hexdigest()[:PLACE_LETTERS]}-"


def require(scheduler: str) -> None:
    """SiteError where this machine can't hand jobs in; `local` needs nothing."""
    program = _SUBMIT.get(scheduler)
    if program and shutil.which(program) is None:
        raise SiteError(
            f"`{program}` isn't found here, and jobs are handed in with it. Submit from a login node of the site; load "
            "the module that brings it, where there is one."
        )


def can_list(scheduler: str) -> bool:
    """Whether a batch system's jobs can be found by their names; `local` has none, and Moab's can't."""
    return scheduler in _LISTS


def jobs(scheduler: str, prefix: str) -> list[Job] | None:
    """This user's jobs in the queue whose names begin with `prefix`; None where the batch system doesn't say."""
    if scheduler not in _LISTS:
        return None
    listing = _LISTS[scheduler]
    answer = _ask([*listing.command, *([user()] if listing.of_user else [])])
    if answer is None:
        return None
    try:
        return [job for job in listing.read(answer) if job.name.startswith(prefix)]
    except (ValueError, KeyError, TypeError, ElementTree.ParseError):
        return None


def fate(scheduler: str, job: str) -> str | None:
    """How a job that isn't in the queue ended, in the batch system's word; "" where it doesn't know the job any more.

    None where the batch system says nothing: a job that it doesn't show may live.
    """
    if scheduler != "slurm":
        return ""
    command = ["scontrol", "-o", "show", "job", job]
    try:
        done = subprocess.run(
            command, env=without_options(), capture_output=True, text=True, timeout=PATIENCE_SECONDS, check=False
        )
    except (OSError, subprocess.TimeoutExpired):
        return None
    if done.returncode:
        return "" if "Invalid job id" in done.stderr else None
    state = re.search(r"\bJobState=(\w+)", done.stdout)
    return state.group(1) if state and state.group(1) in SLURM_ENDED else None


# How batch systems word that there are too many jobs now, or that they are in trouble themselves.
_PASSING = re.compile(
    "|".join(
        (
            r"connect|communicat|time(d |)out|temporarily|try again|not respond|unable to (contact|send)|too many jobs",
            # Slurm
            r"job submit limit|\(inactive or drain\)|i/o error|zero bytes|standby mode",
            # PBS, Torque under Moab, and HTCondor
            r"would exceed (?!MAX_JOBS_PER_SUBMISSION)|can't find address of",
            r"maximum number of jobs|queue is not enabled|shutting down",
            # LSF
            r"threshold reached|reached its job limit|reached its job slot limit|is down|has been closed",
            # SGE and OAR
            r"jobs are allowed|more than \d+ jobs",
        )
    ),
    re.IGNORECASE,
)
# Slurm names the limit that is in the way. Those of what one job may have don't pass, and its next line is the same.
_SLURM_LIMIT = re.compile(r"\b(?:QOS|Assoc)\w*Limit\b")


def is_passing(words: str) -> bool:
    """Whether a batch system that refused a job, in these words, may take it later."""
    if limit := _SLURM_LIMIT.search(words):
        return "Submit" in limit[0]
    return _PASSING.search(words) is not None


# Why Slurm lets a job wait that it won't start unless somebody changes the job or the rules. Not PartitionConfig and
# PartitionNodeLimit, which nodes that are down bring about too.
_FOR_EVER = (
    *("PartitionTimeLimit", "BadConstraints", "AccountNotAllowed", "QOSNotAllowed", "InvalidAccount", "InvalidQOS"),
    *("QOSMaxWallDurationPerJobLimit", "QOSMaxCpuPerJobLimit", "QOSMaxMemoryPerJob", "AssocMaxWallDurationPerJobLimit"),
    "Job's account not",
)


def waits_for_ever(job: Job) -> bool:
    """Whether a job in the queue asks for what it will never get."""
    return job.state == "pending" and job.reason.startswith(_FOR_EVER)


def remove(scheduler: str, ids: Iterable[str]) -> None:
    """Take jobs out of the queue, running or not. SiteError where the batch system refuses or doesn't answer."""
    for job in ids:
        command = [*_REMOVE[scheduler], job]
        try:
            done = subprocess.run(
                command, env=without_options(), capture_output=True, text=True, timeout=PATIENCE_SECONDS, check=False
            )
        except (OSError, subprocess.TimeoutExpired) as error:
            raise SiteError(f"`{' '.join(command)}` failed: {error}. Try again, or remove the job by hand.") from None
        if not done.returncode:
            continue
        # A job that has ended meanwhile is no complaint of ours.
        left = jobs(scheduler, "") if can_list(scheduler) else []
        if left is None or any(j.id == job for j in left):
            raise SiteError(f"`{' '.join(command)}` failed: {done.stderr.strip()}.")


def _called(command: list[str]) -> subprocess.CompletedProcess[str]:
    own = without_options()
    return subprocess.run(command, env=own, capture_output=True, text=True, timeout=PATIENCE_SECONDS, check=False)


def _ask(command: list[str]) -> str | None:
    try:
        done = subprocess.run(
            command, env=without_options(), capture_output=True, text=True, timeout=PATIENCE_SECONDS, check=False
        )
    except (OSError, subprocess.TimeoutExpired):
        return None
    return done.stdout if done.returncode == 0 else None


def _state(word: str, pending: str, ending: str) -> str:
    """`pending` and `ending` are the scheduler's words or letters for these states."""
    return "pending" if word in pending.split() else "ending" if word in ending.split() else "running"


def _slurm(answer: str) -> Iterator[Job]:
    ending = " ".join(("COMPLETING", *SLURM_ENDED))
    pending = "PENDING CONFIGURING REQUEUED REQUEUE_HOLD SPECIAL_EXIT RESV_DEL_HOLD"
    for line in answer.splitlines():
        job, state, reason, name = line.split("|", 3)
        yield Job(job, name, _state(state, pending, ending), "" if reason == "None" else reason)


def _pbs(answer: str) -> Iterator[Job]:
    for job, said in json.loads(answer).get("Jobs", {}).items():
        state = _state(said["job_state"], "Q H W T S U", "E X F")
        yield Job(job, said["Job_Name"], state, said.get("comment", ""))


def _sge(answer: str) -> Iterator[Job]:
    for said in ElementTree.fromstring(answer).iter("job_list"):
        word = said.findtext("state", "")
        state = "ending" if "d" in word else "pending" if "w" in word or "h" in word else "running"
        yield Job(said.findtext("JB_job_number", ""), said.findtext("JB_name", ""), state)


def _lsf(answer: str) -> Iterator[Job]:
    for line in answer.splitlines():
        job, state, name, reason = line.split("|", 3)
        yield Job(job.strip(), name.strip(), _state(state.strip(), "PEND PSUSP WAIT", "DONE EXIT"), reason.strip(" -"))


def _oar(answer: str) -> Iterator[Job]:
    for job, said in json.loads(answer or "{}").items():
        state = _state(said["state"], "Waiting Hold toLaunch toAckReservation Launching", "Terminated Error Finishing")
        yield Job(job, said["name"] or "", state, said.get("message", ""))


def _htcondor(answer: str) -> Iterator[Job]:
    for said in json.loads(answer or "[]"):
        state = {1: "pending", 5: "pending"}.get(said["JobStatus"], "running")
        job = f"{said['ClusterId']}.{said['ProcId']}"
        yield Job(job, said.get("JobBatchName", ""), state, said.get("HoldReason", ""))


@dataclass(frozen=True)
class _List:
    """The command that lists a user's jobs, the user's name last where `of_user`, and how its answer is read."""

    command: tuple[str, ...]
    read: Callable[[str], Iterator[Job]]
    of_user: bool = True


_LISTS = {
    "slurm": _List(("squeue", "-h", "-o", "%A|%T|%r|%j", "-u"), _slurm),
    # Its `-u` can't be had together with JSON: names begin with the run's, and others' jobs can't be removed.
    "pbs": _List(("qstat", "-f", "-F", "json"), _pbs, of_user=False),
    "sge": _List(("qstat", "-xml", "-u"), _sge),
    "lsf": _List(("bjobs", "-noheader", "-o", "jobid stat name pend_reason delimiter='|'", "-u"), _lsf),
    "oar": _List(("oarstat", "-J", "-u"), _oar),
    "htcondor": _List(
        ("condor_q", "-json", "-attributes", "ClusterId,ProcId,JobStatus,JobBatchName,HoldReason"), _htcondor
    ),
}
_SUBMIT = {
    "slurm": "sbatch",
    "pbs": "qsub",
    "sge": "qsub",
    "lsf": "bsub",
    "oar": "oarsub",
    "htcondor": "condor_submit",
    "moab": "msub",
}
_REMOVE = {
    "slurm": ("scancel",),
    "pbs": ("qdel",),
    "sge": ("qdel",),
    "lsf": ("bkill",),
    "oar": ("oardel",),
    "htcondor": ("condor_rm",),
    "moab": ("canceljob",),
}
