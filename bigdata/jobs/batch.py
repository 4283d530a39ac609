"""The jobs of a run as its batch system sees them: found by their names, and removed."""

from __future__ import annotations

import hashlib
import re
import shutil
import subprocess
from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace

from bigdata.errors import SiteError
from bigdata.jobs.listing import LISTINGS, MOST_LETTERS, SINGLE, Job, Listing
from bigdata.jobs.surroundings import without_options
from bigdata.store.folder import RunFolder
from bigdata.store.lock import user

# What the names of all jobs of bigdata begin with.
JOB_NAMES = "bd-"
# A folder may be called anything, and its name stands in job scripts: what is no letter there isn't one of ours.
_NO_NAME = re.compile(r"[^A-Za-z0-9._-]")
# Two folders of runs may hold the same study.
PLACE_LETTERS = 4
PATIENCE_SECONDS = 60


def prefix(folder: RunFolder) -> str:
    """What the names of all jobs of a run begin with: the study's name and key, and a sign of this very folder.

    That is its number in the file system, since its path may be another one on another machine.
    """
    try:
        place = str(folder.path.stat().st_ino)
    except FileNotFoundError:
        place = str(folder.path)
    name = _NO_NAME.sub("_", folder.path.absolute().name)
    return f"{JOB_NAMES}{name}-{hashlib.sha256(place.encode()).hexdigest()[:PLACE_LETTERS]}-"


def require(scheduler: str) -> None:
    """SiteError where this machine can't hand jobs in; `local` needs nothing."""
    program = _SUBMIT.get(scheduler)
    if program and shutil.which(program) is None:
        raise SiteError(
            f"`{program}` isn't found here, and jobs are handed in with it. Submit from a login node of the site; load "
            "the module that brings it, where there is one."
        )


def can_list(scheduler: str) -> bool:
    """Whether a batch system's jobs can be found by their names; `local` has none, and Moab's are asked for singly."""
    return scheduler in LISTINGS


def jobs(scheduler: str, prefix: str) -> list[Job] | None:
    """This user's jobs in the queue whose names begin with `prefix`; None where the batch system doesn't say."""
    if scheduler not in LISTINGS:
        return None
    listing = LISTINGS[scheduler]
    found = _read(listing.read, _list(listing))
    if found is None:
        return None
    return _explained(listing, [job for job in found if job.name.startswith(prefix) and not job.is_over])


def _list(listing: Listing) -> str | None:
    own: list[str] = []
    if listing.own and (told := _ask([*listing.own, user()])) is not None:
        own = re.findall(r"^\d\S*", told, re.MULTILINE)
        if not told.strip():
            return ""
    # Where a batch system doesn't say which jobs are ours, all are looked at.
    return _ask([*listing.command, *([*listing.of, user()] if listing.of else own)])


def _explained(listing: Listing, found: list[Job]) -> list[Job]:
    """Jobs that wait, with the reason that the batch system tells only where it is asked for."""
    ids = [job.id for job in found if job.state in ("pending", "held")]
    if not listing.reasons or not ids:
        return found
    command, read = listing.reasons
    reasons = read(_ask([*command, ",".join(ids)]) or "")
    return [replace(job, reason=reasons.get(job.id, job.reason)) for job in found]


# How batch systems number jobs. What begins with `-` would be an option to their programs.
_NUMBER = r"[0-9]{1,18}"
_IDS = dict.fromkeys(("slurm", "sge", "lsf", "oar"), _NUMBER) | {
    "pbs": rf"{_NUMBER}(\[[0-9]*\])?(\.[A-Za-z0-9][A-Za-z0-9.-]*)?",
    "htcondor": rf"{_NUMBER}(\.{_NUMBER})?",
    "moab": rf"([A-Za-z][A-Za-z0-9_]*\.)?{_NUMBER}(\.[A-Za-z0-9][A-Za-z0-9.-]*)?",
}


def is_job_id(scheduler: str, text: str) -> bool:
    """Whether a text can be a job's number in a batch system; nothing is in one that isn't known."""
    return scheduler in _IDS and re.fullmatch(_IDS[scheduler], text) is not None


def one(scheduler: str, job: str, prefix: str) -> Job | None:
    """A job of ours by its number: ended, and how in the batch system's word where it says so, if it isn't known any
    more, or is known by a name that doesn't begin with `prefix`: then it is none of the run's.

    None where the batch system says nothing: a job that isn't in the queue may live.
    """
    ended = Job(job, "", "ended")
    listing = (LISTINGS | SINGLE).get(scheduler)
    if listing is None or not is_job_id(scheduler, job):
        return ended
    begins = prefix[: MOST_LETTERS.get(scheduler)]
    found = _read(listing.read_one or listing.read, _ask([*listing.one, job]))
    if found is None:
        return None
    return next((said for said in found if said.id == job and said.name.startswith(begins)), ended)


def _read(read: Callable[[str], Iterator[Job]], answer: str | None) -> list[Job] | None:
    """The jobs of an answer; None where there is none, or one that nobody can read."""
    try:
        return None if answer is None else list(read(answer))
    except (ValueError, TypeError, AttributeError):
        return None


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
# PartitionNodeLimit, which nodes that are down bring about too; nor limits of all jobs of a user or account.
_FOR_EVER = re.compile(
    r"PartitionTimeLimit|BadConstraints|AccountNotAllowed|QOSNotAllowed|InvalidAccount|InvalidQOS|Job's account not"
    r"|(QOS|Assoc)(Max\w+Per(Job|Node)|Min)|DependencyNeverSatisfied|ReservationDeleted|DeadLine|JobLaunchFailure"
    r"|launch failed"
)


def waits_for_ever(job: Job) -> bool:
    """Whether a job in the queue is held, or asks for what it will never get."""
    return job.state == "held" or (job.state == "pending" and _FOR_EVER.match(job.reason) is not None)


def remove(scheduler: str, ids: Iterable[str]) -> None:
    """Take jobs out of the queue, running or not, whose numbers the batch system has told us.

    SiteError where it refuses or doesn't answer.
    """
    for job in ids:
        if not is_job_id(scheduler, job):
            raise SiteError(f"{job!r} is no number of a job in {scheduler}, and nothing was removed by it.")
        command = [*_REMOVE[scheduler], job]
        try:
            done = _called(command)
        except (OSError, subprocess.TimeoutExpired) as error:
            raise SiteError(f"`{' '.join(command)}` failed: {error}. Try again, or remove the job by hand.") from None
        if not done.returncode:
            continue
        # A job that has ended meanwhile is no complaint of ours.
        if _is_left(scheduler, job):
            raise SiteError(f"`{' '.join(command)}` failed: {done.stderr.strip()}.")


def _is_left(scheduler: str, job: str) -> bool:
    """Whether a job is still there, or may be."""
    if not can_list(scheduler):
        told = one(scheduler, job, "")
        return told is None or not told.is_over
    left = jobs(scheduler, "")
    return left is None or any(j.id == job for j in left)


def _called(command: list[str]) -> subprocess.CompletedProcess[str]:
    own = without_options()
    # Names of jobs may be in any encoding.
    return subprocess.run(
        command, env=own, capture_output=True, text=True, errors="replace", timeout=PATIENCE_SECONDS, check=False
    )


# How batch systems word, with an exit code, that there is no such job, or none at all: that is an answer.
_NO_SUCH = re.compile(
    r"invalid job id|unknown job ?id|job has finished|do(es)? not exist|no unfinished job|is not found|no matching job"
    r"|invalid job specified|cannot locate job",
    re.IGNORECASE,
)


def _ask(command: list[str]) -> str | None:
    """What a command says; None where it fails, or says nothing for long."""
    try:
        done = _called(command)
    except (OSError, subprocess.TimeoutExpired):
        return None
    return done.stdout if done.returncode == 0 or _NO_SUCH.search(done.stderr) else None


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
    "slurm": ("scancel", "--"),
    "pbs": ("qdel",),
    "sge": ("qdel",),
    "lsf": ("bkill",),
    "oar": ("oardel",),
    "htcondor": ("condor_rm",),
    "moab": ("canceljob",),
}
