"""Batch systems' programs asked for jobs, and their words for refusing one."""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from bigdata.jobs import batch
from bigdata.jobs.asking import Asks
from bigdata.jobs.batch import is_passing
from bigdata.jobs.listing import LISTINGS, Job
from bigdata.jobs.script import JobScript, Refused
from bigdata.store.folder import RunFolder
from bigdata.store.lock import user
from tests.bench import until
from tests.slurm.cluster import NODES, Slurm


@pytest.fixture
def says(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., None]:
    """Puts programs that say such words, with such an exit code, in the place of a batch system's."""
    monkeypatch.setenv("PATH", f"{tmp_path}:{os.environ['PATH']}")

    def put(program: str, words: str, code: int = 0) -> None:
        path = tmp_path / program
        path.write_text(
            f"#!/bin/sh\necho \"$@\" >>{tmp_path}/{program}.asked\ncat <<'END'\n{words}\nEND\nexit {code}\n"
        )
        path.chmod(0o755)

    return put


def test_a_batch_system_that_is_not_there_says_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "/nowhere")
    assert [batch.jobs(name, "bd-") for name in LISTINGS] == [None] * len(LISTINGS)
    assert [batch.one(name, "7", "") for name in LISTINGS] == [None] * len(LISTINGS)


def test_pbs_is_asked_for_this_users_jobs_only(says: Callable[..., None], tmp_path: Path) -> None:
    says("qselect", "7.head\n8.head")
    says(
        "qstat", '{"Jobs":{"7.head":{"Job_Name":"bd-t-cpu","job_state":"R"},"8.head":{"Job_Name":"x","job_state":"R"}}}'
    )
    assert batch.jobs("pbs", "bd-") == [Job("7.head", "bd-t-cpu", "running")]
    assert (tmp_path / "qselect.asked").read_text() == f"-u {user()}\n"
    assert (tmp_path / "qstat.asked").read_text() == "-f -F json 7.head 8.head\n"


def test_a_user_without_jobs_asks_pbs_for_none(says: Callable[..., None], tmp_path: Path) -> None:
    says("qselect", "")
    says("qstat", "", 1)
    assert batch.jobs("pbs", "bd-") == []
    assert not (tmp_path / "qstat.asked").exists()


NO_SUCH = {
    "slurm": ("scontrol", "slurm_load_jobs error: Invalid job id specified"),
    "pbs": ("qstat", "qstat: Unknown Job Id 7"),
    "sge": ("qstat", "Following jobs do not exist: \n7"),
    "lsf": ("bjobs", "Job <7> is not found"),
}


@pytest.mark.parametrize("scheduler", NO_SUCH)
def test_a_job_that_is_not_known_has_ended(scheduler: str, says: Callable[..., None], tmp_path: Path) -> None:
    program, words = NO_SUCH[scheduler]
    says(program, "", 1)
    assert batch.one(scheduler, "7", "") is None
    (tmp_path / program).write_text(f"#!/bin/sh\necho '{words}' >&2\nexit 1\n")
    assert batch.one(scheduler, "7", "") == Job("7", "", "ended")


def test_a_name_in_another_encoding_hides_no_job(says: Callable[..., None], tmp_path: Path) -> None:
    says("squeue", "")
    (tmp_path / "squeue").write_bytes(b"#!/bin/sh\nprintf '6|RUNNING|None|\\351\\n7|RUNNING|None|bd-t-cpu\\n'\n")
    assert batch.jobs("slurm", "bd-") == [Job("7", "bd-t-cpu", "running")]


def test_jobs_are_named_by_the_run(tmp_path: Path) -> None:
    """The same study may be run in two folders, and one folder may have two paths."""
    folders = [tmp_path / place / "t-1a2b3c4d" for place in ("runs", "other")]
    for folder in folders:
        folder.mkdir(parents=True)
    (tmp_path / "link").symlink_to(tmp_path / "runs")
    mine, other, linked = (batch.prefix(RunFolder(f)) for f in (*folders, tmp_path / "link/t-1a2b3c4d"))
    assert re.fullmatch("bd-t-1a2b3c4d-[0-9a-f]{4}-", mine)
    assert mine == linked
    assert mine != other


def refused(folder: Path, **asks: Any) -> str:
    """What Slurm says to a job."""
    has = Asks(asks.pop("cores", 1), asks.pop("memory", 2**27))
    job = JobScript("bd-refused", folder / "log", has, **{"queue": "cpu", "lines": ("true",), **asks})
    with pytest.raises(Refused) as error:
        job.submit("slurm")
    return error.value.words


NEVER: dict[str, tuple[dict[str, Any], str]] = {
    "no such partition": ({"queue": "nope"}, "Invalid partition name specified"),
    "more memory than any node has": ({"memory": 2**40}, "Memory specification can not be satisfied"),
    "a GPU where there is none": ({"directives": ("--gres=gpu:1",)}, "Requested node configuration is not available"),
    "another kind of device": ({"directives": ("--gres=fpga:1",)}, "Invalid generic resource (gres) specification"),
    "an option that Slurm has not": ({"directives": ("--gress=gpu",)}, "unrecognized option"),
    "no such feature": ({"directives": ("--constraint=nope",)}, "Invalid feature specification"),
    "no such reservation": ({"directives": ("--reservation=nope",)}, "Requested reservation is invalid"),
}


@pytest.mark.parametrize("what", NEVER)
def test_what_slurm_will_never_take_does_not_pass(what: str, slurm: Slurm, tmp_path: Path) -> None:
    asks, said = NEVER[what]
    words = refused(tmp_path, **asks)
    assert said in words
    assert not is_passing(words)


@pytest.mark.parametrize("state", ["DRAIN", "INACTIVE"])
def test_a_closed_partition_passes(state: str, slurm: Slurm, tmp_path: Path) -> None:
    slurm.command("scontrol", "update", "partitionname=cpu", f"state={state}")
    try:
        words = refused(tmp_path)
    finally:
        slurm.command("scontrol", "update", "partitionname=cpu", "state=UP")
    assert words.endswith("Required partition not available (inactive or drain)")
    assert is_passing(words)


@pytest.fixture(scope="module")
def strict(slurm: Slurm, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Slurm]:
    """A cluster that refuses what exceeds a partition's limits, and takes two jobs."""
    cluster = Slurm(tmp_path_factory.mktemp("strict"))
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("SLURM_CONF", "set by the cluster")
        try:
            cluster.start()
            cluster.stop_controller()
            with cluster.configuration.open("a") as file:
                file.write("EnforcePartLimits=ALL\nMaxJobCount=3\n")
            cluster.start_controller()
            until(lambda: all(cluster.node(name).startswith("idle") for name in NODES))
            cluster.command("scontrol", "update", "partitionname=cpu", "maxtime=10")
            yield cluster
        finally:
            cluster.stop()


@pytest.mark.parametrize(
    ("asks", "said"),
    [
        ({"walltime": 1200.0}, "Requested time limit is invalid (missing or exceeds some limit)"),
        ({"cores": 100}, "More processors requested than permitted"),
    ],
    ids=["walltime", "cores"],
)
def test_what_is_over_a_partitions_limits_does_not_pass(
    asks: dict[str, Any], said: str, strict: Slurm, tmp_path: Path
) -> None:
    words = refused(tmp_path, **asks)
    assert said in words
    assert not is_passing(words)


def test_a_queue_that_is_full_or_does_not_answer_passes(
    strict: Slurm, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    ask = ["sbatch", "--parsable", "--hold", "-t", "1", "-o", "/dev/null", "--wrap", "true"]
    held = [strict.command(*ask).strip() for _ in range(2)]
    # sbatch goes on trying for two minutes, and then says: Resource temporarily unavailable.
    monkeypatch.setattr("bigdata.jobs.script.PATIENCE_SECONDS", 2.0)
    job = JobScript("bd-full", tmp_path / "log", asks=Asks(1, 2**27), lines=("true",), walltime=60.0)
    with pytest.raises(TimeoutError):
        job.submit("slurm")
    strict.cancel(held)
    strict.stop_controller()
    monkeypatch.undo()
    words = refused(tmp_path, walltime=60.0)
    strict.start_controller()
    assert "Unable to contact slurm controller" in words
    assert is_passing(words)


LIMIT = (
    "Batch job submission failed: Job violates accounting/QOS policy (job submit limit, user's size and/or time limits)"
)
PASSING = {
    "slurm": (
        f"QOSMaxSubmitJobPerUserLimit\n{LIMIT}",
        f"AssocMaxSubmitJobLimit\n{LIMIT}",
        f"AssocGrpSubmitJobsLimit\n{LIMIT}",
        LIMIT,
        "Slurm temporarily unable to accept job, sleeping and retrying",
        "Batch job submission failed: Resource temporarily unavailable",
        "Batch job submission failed: Socket timed out on send/recv operation",
        "Batch job submission failed: Zero Bytes were transmitted or received",
        "Batch job submission failed: I/O error writing script/environment to file",
        "Batch job submission failed: Slurm backup controller in standby mode",
    ),
    "pbs": (
        "qsub: would exceed queue generic's per-user limit of jobs in 'Q' state",
        "qsub: would exceed complex's per-project limit of jobs in 'Q' state",
        "qsub: would exceed user ada's limit on resource ncpus in complex for jobs in 'Q' state",
        "qsub: Maximum number of jobs in 'Q' state for user ada already in queue workq",
        "qsub: Queue is not enabled",
        "Connection refused\nqsub: cannot connect to server head (errno=111)",
        "qsub: Server shutting down",
    ),
    "lsf": (
        "User <ada>: Pending job threshold reached. Retrying in 60 seconds...",
        "The destination queue has reached its job limit. Job not submitted.",
        "normal: Queue has been closed. Job not submitted.",
        "LSF is down. Please wait ...",
        "batch daemon not responding ... still trying",
        "Failed in an LSF library call: Timeout on connect call to server. Job not submitted.",
        "Contacting batch daemon: Communication timeout. Job not submitted.",
    ),
    "sge": (
        "Unable to run job: job rejected: Only 1000 jobs are allowed per user (current job count: 1000).\nExiting.",
        "Unable to run job: job rejected: Only 9 jobs are allowed per cluster.\nExiting.",
        "error: commlib error: got select error (Connection refused)",
        'Unable to run job: unable to send message to qmaster using port 6444 on host "head": got send error.',
    ),
    "oar": (
        "Admission Rule ERROR : [ADMISSION RULE] Error: you cannot have more than 50 jobs waiting in the queue at the "
        "same time.",
    ),
    "htcondor": (
        "ERROR: Failed to create cluster\nNumber of submitted jobs would exceed MAX_JOBS_SUBMITTED",
        "ERROR: Failed to create cluster\nNumber of submitted jobs would exceed MAX_JOBS_PER_OWNER",
        "ERROR: Can't find address of local schedd",
        "ERROR: Failed to connect to local queue manager",
    ),
    "moab": (
        "qsub: Maximum number of jobs already in queue for user MSG=total number of current user's jobs exceeds the "
        "queue limit: user ada@head, queue batch",
        "ERROR:    communication error head:42559 (cannot connect to socket)",
    ),
}
PERMANENT = {
    "slurm": (
        f"QOSMaxCpuPerJobLimit\n{LIMIT}",
        f"QOSMaxWallDurationPerJobLimit\n{LIMIT}",
        f"AssocMaxNodePerJobLimit\n{LIMIT}",
        "Batch job submission failed: Invalid account or account/partition combination specified",
        "Batch job submission failed: Invalid qos specification",
        "Batch job submission failed: User's group not permitted to use this partition",
    ),
    "pbs": (
        "qsub: Unknown queue",
        "qsub: Job violates queue and/or server resource limits",
        "qsub: Illegal attribute or resource value Resource_List.walltime",
        "qsub: Unauthorized Request",
        "qsub: Invalid Account",
    ),
    "lsf": (
        "nope: No such queue. Job not submitted.",
        "RUNLIMIT: Cannot exceed queue's hard limit(s). Job not submitted.",
        "Too many processors requested. Job not submitted.",
        "User cannot use the queue. Job not submitted.",
    ),
    "sge": (
        'Unable to run job: Job was rejected because job requests unknown queue "nope".\nExiting.',
        'Unable to run job: job rejected: the requested parallel environment "smp" does not exist.\nExiting.',
        'Unable to run job: unknown resource "gpus".\nExiting.',
    ),
    "oar": (
        "There are not enough resources for your request\nOAR_JOB_ID=-5",
        "[ADMISSION RULE] Error: Walltime too big for this job, it is limited to 24 hours",
        "ERROR : The queue nope does not exist",
    ),
    "htcondor": (
        "ERROR: Failed to create cluster\nNumber of submitted jobs would exceed MAX_JOBS_PER_SUBMISSION",
        "ERROR: on Line 12 of submit file: unknown command",
    ),
    "moab": ("ERROR:    job violates class configuration 'wclimit too high for class 'batch' (172800 > 86400)'",),
}


@pytest.mark.parametrize("words", [words for said in PASSING.values() for words in said])
def test_limits_and_trouble_pass(words: str) -> None:
    assert is_passing(words)


@pytest.mark.parametrize("words", [words for said in PERMANENT.values() for words in said])
def test_a_wrong_request_does_not_pass(words: str) -> None:
    assert not is_passing(words)
