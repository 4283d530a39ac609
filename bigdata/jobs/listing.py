"""How each batch system is asked for a user's jobs, or for one of them, and how its answer is read.

One job that can't be read, whoever's it is, doesn't hide the others: it is left out, and asked for by itself where it
is one of ours.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any
from xml.etree import ElementTree

SLURM_ENDED = (
    *("CANCELLED", "FAILED", "TIMEOUT", "NODE_FAIL", "COMPLETED", "OUT_OF_MEMORY", "PREEMPTED", "BOOT_FAIL"),
    *("DEADLINE", "REVOKED"),
)


@dataclass(frozen=True)
class Job:
    """A job, and why it waits, or how it ended.

    `state` is pending, held (nothing but a person will let it start), running, suspended (stopped, and may go on),
    ending, ended or unknown.
    """

    id: str
    name: str
    state: str
    reason: str = ""

    @property
    def is_over(self) -> bool:
        return self.state == "ended"

    @property
    def is_waiting(self) -> bool:
        return self.state in ("pending", "held", "suspended", "unknown")


def _states(**words: str) -> dict[str, str]:
    """Our word for each of a batch system's; what isn't there is running."""
    return {theirs: ours for ours, said in words.items() for theirs in said.split()}


_SLURM = _states(
    pending="PENDING CONFIGURING REQUEUED",
    held="REQUEUE_HOLD SPECIAL_EXIT RESV_DEL_HOLD",
    suspended="SUSPENDED STOPPED",
    ending="COMPLETING",
    ended=" ".join(SLURM_ENDED),
)
_PBS = _states(pending="Q W T", held="H", suspended="S U", ending="E", ended="X F M")
_LSF = _states(
    pending="PEND PROV WAIT", held="PSUSP", suspended="USUSP SSUSP", ending="ZOMBI", ended="DONE EXIT", unknown="UNKWN"
)
_OAR = _states(
    pending="Waiting toLaunch toAckReservation Launching",
    held="Hold",
    suspended="Suspended",
    ending="Finishing toError",
    ended="Terminated Error",
)
# HTCondor's numbers: idle, running, removed, completed, held, transferring output, suspended.
_HTCONDOR = {1: "pending", 3: "ending", 4: "ended", 5: "held", 7: "suspended"}
# What HTCondor holds for a moment, until it has the job's files.
_SPOOLING = "Spooling input data files"


def _slurm(answer: str) -> Iterator[Job]:
    for line in answer.splitlines():
        match line.split("|", 3):
            case [job, word, reason, name]:
                state = "held" if reason.startswith("JobH") else _SLURM.get(word, "running")
                yield Job(job, name, state, "" if reason == "None" else reason)


def _slurm_one(answer: str) -> Iterator[Job]:
    """What `scontrol` says of a job, some minutes after its end too: the reason is then how it ended."""
    number, word = (re.search(rf"\b{field}=(\w+)", answer) for field in ("JobId", "JobState"))
    if number and word:
        state, name = _SLURM.get(word[1], "running"), re.search(r" JobName=(\S*)", answer)
        yield Job(number[1], name[1] if name else "", state, word[1] if state == "ended" else "")


# The answer is read piece by piece: it isn't JSON as soon as any job has a variable such as `n=005`, or a backslash
# (openpbs#1255, openpbs#2541).
_PBS_JOB = re.compile(r'"(\d[^"\s]*)"\s*:\s*\{')


def _pbs(answer: str) -> Iterator[Job]:
    # Before the first number, and then in turn a number and what is said of it.
    _, *parts = _PBS_JOB.split(answer)
    for job, said in zip(parts[::2], parts[1::2], strict=True):
        if (name := _field(said, "Job_Name")) and (state := _field(said, "job_state")):
            yield Job(job, name, _PBS.get(state, "running"), _field(said, "comment"))


def _field(said: str, name: str) -> str:
    """The first text of that name."""
    found = re.search(rf'"{name}"\s*:\s*"((?:[^"\\]|\\.)*)"', said)
    return re.sub(r"\\(.)", r"\1", found[1]) if found else ""


def _sge(answer: str) -> Iterator[Job]:
    for text in re.findall(r"<job_list\b.*?</job_list>", answer, re.DOTALL):
        try:
            said = ElementTree.fromstring(text)
        except ElementTree.ParseError:
            continue
        letters = said.findtext("state", "")
        yield Job(said.findtext("JB_job_number", ""), said.findtext("JB_name", ""), _sge_state(letters))


def _sge_state(letters: str) -> str:
    """Such as `hqw`, `Eqw`, `dr`, or `T` and `S` for a job that a full node or its queue has stopped."""
    if "d" in letters:
        return "ending"
    if "E" in letters or ("h" in letters and "w" in letters):
        return "held"
    return "pending" if "w" in letters else "suspended" if set(letters) & set("sST") else "running"


# The time, and the user's and process's numbers, before an error's words.
_SGE_STAMP = re.compile(r"^[\d/]+ [\d:]+ \[\d+:\d+\]: ")


def sge_reasons(answer: str) -> dict[str, str]:
    """Of jobs that `qstat -j` tells of, the error of each that has one, else what the scheduler says first."""
    reasons = {}
    for said in re.split(r"^=+$", answer, flags=re.MULTILINE):
        number = re.search(r"^job_number: +(\d+)", said, re.MULTILINE)
        why = re.search(r"^error reason.*?: +(.+)$", said, re.MULTILINE) or re.search(
            r"^scheduling info: +(.+)$", said, re.MULTILINE
        )
        if number and why:
            reasons[number[1]] = _SGE_STAMP.sub("", why[1].strip())
    return reasons


def _sge_one(answer: str) -> Iterator[Job]:
    """Grid Engine says what a job has used once it runs."""
    if number := re.search(r"^job_number: +(\d+)", answer, re.MULTILINE):
        name = re.search(r"^job_name: +(\S+)", answer, re.MULTILINE)
        state = "running" if re.search(r"^usage ", answer, re.MULTILINE) else "pending"
        yield Job(number[1], name[1] if name else "", state)


def _lsf(answer: str) -> Iterator[Job]:
    for line in answer.splitlines():
        match line.split("|", 3):
            case [job, word, name, reason]:
                yield Job(job.strip(), name.strip(), _LSF.get(word.strip(), "running"), reason.strip(" -"))


def _oar(answer: str) -> Iterator[Job]:
    for job, said in _loaded(answer or "{}").items():
        if "state" in said:
            state = _OAR.get(said["state"], "running")
            yield Job(job, said.get("name") or "", state, said.get("message") or "")


def _htcondor(answer: str) -> Iterator[Job]:
    for said in _loaded(answer or "[]"):
        if {"ClusterId", "ProcId", "JobStatus"} <= said.keys():
            reason = str(said.get("HoldReason", ""))
            state = _HTCONDOR.get(said["JobStatus"], "running")
            job = f"{said['ClusterId']}.{said['ProcId']}"
            yield Job(job, said.get("JobBatchName", ""), "pending" if reason.startswith(_SPOOLING) else state, reason)


_MOAB = _states(
    pending="Idle Blocked Deferred",
    held="Hold UserHold SystemHold BatchHold",
    suspended="Suspended",
    ended="Completed Removed Vacated",
)


def _moab_one(answer: str) -> Iterator[Job]:
    """What `checkjob` says of a job: its number in the first line, then a field a line."""
    if number := re.search(r"^job (\S+)", answer, re.MULTILINE):
        name, word, why = (_line_of(answer, field) for field in ("AName", "State", "BLOCK MSG"))
        yield Job(number[1], name, _MOAB.get(word, "running"), why)


def _line_of(answer: str, field: str) -> str:
    found = re.search(rf"^{field}: *(.*?) *$", answer, re.MULTILINE)
    return found[1] if found else ""


def _loaded(answer: str) -> Any:
    """JSON that may have bare control characters in it."""
    return json.loads(answer, strict=False)


@dataclass(frozen=True)
class Listing:
    """The `command` that lists jobs, those of a user where the words `of` and a name follow, and how it is `read`.

    `one` is the command that tells of one job, by its number at the end, and how it is read where that is otherwise.
    `own` tells the numbers of a user's jobs, whose name is added, where the first command has to be given those.
    `reasons` tells why some jobs wait, whose numbers are added.
    """

    command: tuple[str, ...]
    read: Callable[[str], Iterator[Job]]
    of: tuple[str, ...] = ("-u",)
    one: tuple[str, ...] = ()
    read_one: Callable[[str], Iterator[Job]] | None = None
    own: tuple[str, ...] = ()
    reasons: tuple[tuple[str, ...], Callable[[str], dict[str, str]]] | None = None


_QSTAT_JSON = ("qstat", "-f", "-F", "json")
_BJOBS = ("bjobs", "-noheader", "-o", "jobid stat name pend_reason delimiter='|'")
# It lists this user's jobs alone, unless it is told otherwise.
_CONDOR_Q = ("condor_q", "-json", "-attributes", "ClusterId,ProcId,JobStatus,JobBatchName,HoldReason")
LISTINGS = {
    "slurm": Listing(
        ("squeue", "-h", "-o", "%A|%T|%r|%j"), _slurm, one=("scontrol", "-o", "show", "job"), read_one=_slurm_one
    ),
    # Its `-u` can't be had together with JSON.
    "pbs": Listing(_QSTAT_JSON, _pbs, of=(), one=_QSTAT_JSON, own=("qselect", "-u")),
    "sge": Listing(
        ("qstat", "-xml"),
        _sge,
        one=("qstat", "-j"),
        read_one=_sge_one,
        reasons=(("qstat", "-j"), sge_reasons),
    ),
    "lsf": Listing(_BJOBS, _lsf, one=_BJOBS),
    "oar": Listing(("oarstat", "-J"), _oar, one=("oarstat", "-J", "-j")),
    "htcondor": Listing(_CONDOR_Q, _htcondor, of=(), one=_CONDOR_Q),
}
# Batch systems whose jobs can be asked for one by one only.
SINGLE = {"moab": Listing((), _moab_one, one=("checkjob",))}
# Of a job's name as these know it.
MOST_LETTERS = {"moab": 15}
