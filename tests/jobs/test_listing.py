"""Queues as batch systems show them: states, reasons, and jobs that nobody can read."""

from __future__ import annotations

import json
from typing import Any

import pytest

from bigdata.jobs.batch import waits_for_ever
from bigdata.jobs.listing import LISTINGS, Job, sge_reasons

NAME = "bd-t-1a-cpu"


def sge(*jobs: tuple[str, str]) -> str:
    listed = "".join(
        f"<job_list state='running'>\n<JB_job_number>{job}</JB_job_number>\n<JB_name>{NAME}</JB_name>\n"
        f"<state>{letters}</state></job_list>"
        for job, letters in jobs
    )
    return f"<?xml version='1.0'?><job_info><queue_info>{listed}</queue_info></job_info>"


def condor(status: int, **more: Any) -> str:
    return json.dumps([{"ClusterId": 7, "ProcId": 0, "JobStatus": status, "JobBatchName": NAME, **more}])


def pbs(state: str, **more: Any) -> str:
    return json.dumps({"Jobs": {"7.head": {"Job_Name": NAME, "job_state": state, **more}}})


# Each batch system's words, and ours.
STATES: dict[str, dict[str, tuple[str, str]]] = {
    "slurm": {
        f"7|PENDING|Priority|{NAME}\n": ("pending", "Priority"),
        f"7|PENDING|JobHeldUser|{NAME}\n": ("held", "JobHeldUser"),
        f"7|PENDING|JobHeldAdmin|{NAME}\n": ("held", "JobHeldAdmin"),
        f"7|REQUEUE_HOLD|launch failed requeued held|{NAME}\n": ("held", "launch failed requeued held"),
        f"7|RUNNING|None|{NAME}\n": ("running", ""),
        f"7|SUSPENDED|None|{NAME}\n": ("suspended", ""),
        f"7|COMPLETING|None|{NAME}\n": ("ending", ""),
        f"7|NODE_FAIL|None|{NAME}\n": ("ended", ""),
    },
    "pbs": {
        pbs("Q", comment="Not enough nodes"): ("pending", "Not enough nodes"),
        pbs("H", comment='Held by "admin"'): ("held", 'Held by "admin"'),
        pbs("R"): ("running", ""),
        pbs("S"): ("suspended", ""),
        pbs("U"): ("suspended", ""),
        pbs("E"): ("ending", ""),
        pbs("F"): ("ended", ""),
    },
    "sge": {
        sge(("7", "qw")): ("pending", ""),
        sge(("7", "hqw")): ("held", ""),
        sge(("7", "Eqw")): ("held", ""),
        sge(("7", "t")): ("running", ""),
        sge(("7", "hr")): ("running", ""),
        sge(("7", "Rr")): ("running", ""),
        sge(("7", "S")): ("suspended", ""),
        sge(("7", "T")): ("suspended", ""),
        sge(("7", "dr")): ("ending", ""),
    },
    "lsf": {
        f"7|PEND|{NAME}|Not enough slots\n": ("pending", "Not enough slots"),
        f"7|PSUSP|{NAME}|The job was suspended by the user while pending\n": (
            "held",
            "The job was suspended by the user while pending",
        ),
        f"7|RUN|{NAME}| - \n": ("running", ""),
        f"7|USUSP|{NAME}|-\n": ("suspended", ""),
        f"7|SSUSP|{NAME}|-\n": ("suspended", ""),
        f"7|UNKWN|{NAME}|-\n": ("unknown", ""),
        f"7|EXIT|{NAME}|-\n": ("ended", ""),
    },
    "oar": {
        json.dumps({"7": {"state": state, "name": NAME, "message": "R=1"}}): (ours, "R=1")
        for state, ours in {
            "Waiting": "pending",
            "Hold": "held",
            "Running": "running",
            "Suspended": "suspended",
            "Finishing": "ending",
            "Error": "ended",
        }.items()
    },
    "htcondor": {
        condor(1): ("pending", ""),
        condor(2): ("running", ""),
        condor(3): ("ending", ""),
        condor(5, HoldReason="The job exceeded its memory"): ("held", "The job exceeded its memory"),
        condor(5, HoldReason="Spooling input data files"): ("pending", "Spooling input data files"),
        condor(6): ("running", ""),
        condor(7): ("suspended", ""),
    },
}
NUMBER = {"pbs": "7.head", "htcondor": "7.0"}


@pytest.mark.parametrize(("scheduler", "answer"), [(name, answer) for name, said in STATES.items() for answer in said])
def test_a_job_is_read(scheduler: str, answer: str) -> None:
    state, reason = STATES[scheduler][answer]
    assert list(LISTINGS[scheduler].read(answer)) == [Job(NUMBER.get(scheduler, "7"), NAME, state, reason)]


# One job that can't be read, and one of ours.
UNREADABLE = {
    "slurm": f"6|RUNNING\n7|RUNNING|None|{NAME}\n",
    "pbs": '{"timestamp":1,"Jobs":{"6.head":{"Job_Name":"other","job_state":"R","Variable_List":{"foo":005,'
    '"bar":"C:\\dir\\","x":\x01}},"7.head":{"Job_Name":"' + NAME + '","job_state":"R","Variable_List":{"n":007}}}}',
    "sge": sge(("7", "r")).replace("<queue_info>", "<queue_info><job_list><JB_name>\x01&nope;</JB_name></job_list>"),
    "lsf": f"nonsense\n7|RUN|{NAME}|-\n",
    "oar": json.dumps({"6": {}, "7": {"state": "Running", "name": NAME}}).replace('"6"', '"6\x01"'),
    "htcondor": json.dumps([{"ClusterId": 6}, json.loads(condor(2))[0]]),
}


@pytest.mark.parametrize("scheduler", UNREADABLE)
def test_a_job_that_cannot_be_read_hides_no_other(scheduler: str) -> None:
    listed = list(LISTINGS[scheduler].read(UNREADABLE[scheduler]))
    assert Job(NUMBER.get(scheduler, "7"), NAME, "running") in listed


def test_grid_engine_tells_why_jobs_wait() -> None:
    line = "=" * 62
    answer = (
        f"{line}\njob_number:                 2\njob_name:                   x\n"
        "error reason          1:      11/29/2026 12:16:10 [0:25753]: error: can't chdir to /nowhere\n"
        f"scheduling info:            Job is in error state\n{line}\njob_number:                 4\n"
        'scheduling info:            cannot run in PE "smp" because it only offers 0 slots\n'
    )
    assert sge_reasons(answer) == {
        "2": "error: can't chdir to /nowhere",
        "4": 'cannot run in PE "smp" because it only offers 0 slots',
    }


FOR_EVER = (
    *("PartitionTimeLimit", "BadConstraints", "InvalidQOS", "QOSMaxCpuPerJobLimit", "QOSMaxMemoryPerJob"),
    *("QOSMaxGRESPerNode", "QOSMinCpuNotSatisfied", "AssocMaxWallDurationPerJobLimit", "DependencyNeverSatisfied"),
)
PASSES = (
    *("Priority", "Resources", "QOSMaxCpuPerUserLimit", "QOSGrpCpuLimit", "AssocGrpMemLimit", "PartitionNodeLimit"),
    *("PartitionConfig", "ReqNodeNotAvail, UnavailableNodes:cpu1", "BeginTime", "Licenses"),
)


@pytest.mark.parametrize("reason", [*FOR_EVER, *PASSES])
def test_what_slurm_will_never_start_is_told_from_what_waits(reason: str) -> None:
    assert waits_for_ever(Job("7", NAME, "pending", reason)) == (reason in FOR_EVER)


def test_what_is_held_waits_for_ever_whatever_the_reason() -> None:
    assert waits_for_ever(Job("7", NAME, "held"))
    assert not waits_for_ever(Job("7", NAME, "suspended"))
