"""Run folders that somebody made to have others' jobs and processes ended, files written over or programs wait."""

from __future__ import annotations

import json
import os
import pwd
import re
import shutil
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path
from typing import Any

import pytest

from bigdata.errors import SiteError
from bigdata.jobs import batch
from bigdata.run.cancelling import cancel
from bigdata.run.controller_process import ControllerProcess, controller_command
from bigdata.run.orders import Orders, read_orders
from bigdata.run.status import status
from bigdata.store import lock
from bigdata.store.folder import RunFolder
from tests.bench import Bench, until
from tests.slurm.cluster import Slurm

POOL = {"cpu": {"queue": "cpu", "cores": 1, "memory": "1 GiB", "walltime": "10 min"}}
STRANGER = "bigdata-stranger"
READING = ("status", "logs", "results", "verify")


@pytest.fixture
def folder(bench: Bench) -> RunFolder:
    """A run that is done."""
    bench.submit(bench.trial(tasks=2))
    return bench.run_folder()


@pytest.fixture
def orders(bench: Bench, folder: RunFolder) -> dict[str, Any]:
    """What a site with jobs would have written for a controller that was launched after that."""
    site = bench.write("far.yaml", {"site": "far", "scheduler": "slurm", "controller": "job", "pools": POOL})
    plan = bench.plan(bench.trial(tasks=2), site=str(site))
    return asdict(Orders.of(plan)) | {"time": time.time() + 1}


def write(folder: RunFolder, orders: dict[str, Any], **changes: Any) -> None:
    folder.launch.write_text(json.dumps(orders | changes))


def in_background(folder: RunFolder, orders: dict[str, Any], process: subprocess.Popen[bytes]) -> None:
    """Launched on this machine, as this process."""
    site = orders["site"] | {"scheduler": "local"}
    write(folder, orders, site=site, controller="detached", process=asdict(ControllerProcess.of(process.pid)))


@pytest.fixture
def victim() -> Iterator[subprocess.Popen[bytes]]:
    """A process of this user that has nothing to do with any run."""
    process = subprocess.Popen(["sleep", "300"])
    yield process
    process.kill()
    process.wait()


@pytest.fixture
def jobs(slurm: Slurm) -> Iterator[list[str]]:
    """Two jobs of this user, one of them by the name of another run."""
    hold = ["sbatch", "--parsable", "-p", "cpu", "--mem=100", "-o", "/dev/null", "--wrap", "sleep 300"]
    numbers = [slurm.command(*hold, "-J", name).strip() for name in ("mine", "bd-t-2a945d45-0000-controller")]
    yield numbers
    slurm.cancel(numbers)
    until(lambda: not slurm.queue())


HOSTILE_JOBS = (
    "--user=root",
    "-u root",
    "--me",
    "1 2",
    "1,2",
    "*",
    "1;true",
    "٣",
    "9" * 30,
    "1\n2",
    "victim",
    "other run",
)


@pytest.mark.parametrize("job", HOSTILE_JOBS)
def test_no_verb_ends_a_job_that_is_not_the_runs(
    job: str, bench: Bench, folder: RunFolder, orders: dict[str, Any], jobs: list[str], slurm: Slurm
) -> None:
    write(folder, orders, job={"victim": jobs[0], "other run": jobs[1]}.get(job, job))
    for verb in ("status", "logs", "cancel"):
        bench.bigdata(verb, folder.path)
    bench.bigdata("submit", bench.trial(tasks=2))
    assert set(jobs) <= slurm.queue().keys()


def test_a_number_that_no_job_has_is_said_and_shown_nowhere_else(
    bench: Bench, folder: RunFolder, orders: dict[str, Any]
) -> None:
    write(folder, orders, job="--user=root")
    done = bench.bigdata("cancel", folder.path)
    assert done.returncode == 4
    assert done.stderr == (
        f"bigdata: {folder.launch} isn't what bigdata writes (`job` is no number of a job in slurm). Remove it and "
        "submit again: what is done stays done.\n"
    )


def test_a_job_of_the_run_is_removed(
    bench: Bench, folder: RunFolder, orders: dict[str, Any], jobs: list[str], slurm: Slurm
) -> None:
    hold = ["sbatch", "--parsable", "-p", "cpu", "--hold", "-o", "/dev/null", "--wrap", "sleep 300"]
    own = slurm.command(*hold, "-J", f"{batch.prefix(folder)}controller").strip()
    write(folder, orders, job=own)
    assert status(folder.path).state == "held"
    assert bench.bigdata("cancel", folder.path).returncode == 0
    assert slurm.queue().keys() == set(jobs)


@pytest.mark.parametrize("scheduler", batch._REMOVE)
def test_options_are_no_numbers_of_jobs(scheduler: str) -> None:
    assert not any(batch.is_job_id(scheduler, text) for text in (*HOSTILE_JOBS, "", "-1", "--", "all", "1 --all"))
    assert batch.is_job_id(scheduler, "7")
    with pytest.raises(SiteError, match="nothing was removed by it"):
        batch.remove(scheduler, ["--user=root"])


def test_no_process_is_ended_that_is_no_controller(
    bench: Bench, folder: RunFolder, orders: dict[str, Any], victim: subprocess.Popen[bytes]
) -> None:
    in_background(folder, orders, victim)
    now = status(folder.path)
    assert now.state == "interrupted"
    done = bench.bigdata("cancel", folder.path)
    assert done.stdout == f"{folder.path} is not running (interrupted)\n"
    assert victim.poll() is None


@pytest.mark.parametrize("number", [0, -1, True, 1.5, "1", 2**80])
def test_a_number_that_no_process_has_is_said(
    number: Any, bench: Bench, folder: RunFolder, orders: dict[str, Any]
) -> None:
    write(folder, orders, process={"host": "here", "pid": number, "started": "then"})
    done = bench.bigdata("cancel", folder.path)
    assert done.returncode == 4
    assert "`process" in done.stderr
    assert "Traceback" not in done.stderr


def test_a_controller_of_another_folder_is_not_ended(
    bench: Bench, folder: RunFolder, orders: dict[str, Any], tmp_path: Path
) -> None:
    """And one of this folder is."""
    other = tmp_path / "other"
    other.mkdir()
    here, there = (_sleeping_controller(path) for path in (folder.path, other))
    try:
        for process, state in ((there, "interrupted"), (here, "starting")):
            in_background(folder, orders, process)
            assert status(folder.path).state == state
            cancel(folder.path)
        assert here.wait(10) != 0
        assert there.poll() is None
    finally:
        for process in (here, there):
            process.kill()
            process.wait()


def _sleeping_controller(folder: Path) -> subprocess.Popen[bytes]:
    """A process with a controller's command that does nothing yet."""
    command = controller_command(RunFolder(folder))
    place = Path(tempfile.mkdtemp(dir=folder.parent.parent))
    (place / "bigdata").mkdir()
    (place / "bigdata/__init__.py").touch()
    (place / "bigdata/__main__.py").write_text("import time; time.sleep(300)")
    environment = {**os.environ, "PYTHONPATH": str(place)}
    process = subprocess.Popen(command, env=environment, stdin=subprocess.DEVNULL)
    until(lambda: b"controller" in Path(f"/proc/{process.pid}/cmdline").read_bytes())
    return process


def test_a_lock_that_names_a_strangers_process_ends_nothing(folder: RunFolder, victim: subprocess.Popen[bytes]) -> None:
    said = {"pid": victim.pid, "started": lock.started(victim.pid)}
    folder.lock.write_text(json.dumps(lock._me() | said))
    with pytest.raises(SiteError) as error:
        cancel(folder.path, wait=1)
    assert "before you end that process by force, look there whether it is a controller of this run" in str(error.value)
    assert victim.poll() is None


@pytest.mark.parametrize(
    "field",
    [
        pytest.param({"user": "\x1b]0;owned\x07"}, id="a user whose name steers the terminal"),
        pytest.param({"pid": 2**80}, id="a process of too large a number"),
        pytest.param({"pid": -1}, id="all processes"),
        pytest.param({"host": ["node1"]}, id="a list for a host"),
        pytest.param({"since": None}, id="no time"),
    ],
)
def test_a_lock_that_no_controller_wrote_is_nobodys(field: dict[str, Any], bench: Bench, folder: RunFolder) -> None:
    folder.lock.write_text(json.dumps(lock._me() | field))
    os.utime(folder.lock, (time.time() - 60,) * 2)
    done = bench.bigdata("status", folder.path)
    assert done.stdout.startswith(f"{folder.path}  done\n")
    assert "\x1b" not in done.stdout


def _pipe(path: Path) -> None:
    path.unlink(missing_ok=True)
    os.mkfifo(path)


def _folder(path: Path) -> None:
    path.unlink(missing_ok=True)
    path.mkdir()


def _deep(path: Path) -> None:
    path.write_text("[" * 200_000)


def _latin(path: Path) -> None:
    path.write_bytes(b'{"name": "\xe9"}\n')


def _shadow(path: Path) -> None:
    path.unlink(missing_ok=True)
    path.symlink_to("/etc/shadow")


def _list(path: Path) -> None:
    path.write_text("[1, 2]\n")


def _number(path: Path) -> None:
    path.write_text("1" * 10_000 + "\n")


FILES = ("lock", "launch", "waiting", "journal", "resolved", "damaged", "keys", "study", "controller_log", "report")
MADE: dict[str, Callable[[Path], None]] = {
    "a pipe": _pipe,
    "a folder": _folder,
    "JSON without an end of brackets": _deep,
    "text that isn't UTF-8": _latin,
    "a link to /etc/shadow": _shadow,
    "a list": _list,
    "a number of 10,000 digits": _number,
}


@pytest.mark.parametrize("made", MADE)
@pytest.mark.parametrize("name", FILES)
def test_no_file_of_a_folder_hangs_a_verb_or_shows_anothers_text(
    name: str, made: str, bench: Bench, folder: RunFolder
) -> None:
    secret = Path("/etc/shadow").read_text().split(":")[1] if os.geteuid() == 0 else "root:"
    path: Path = getattr(folder, name)
    path.parent.mkdir(exist_ok=True)
    MADE[made](path)
    words = [(verb, folder.path) for verb in (*READING, "report", "cancel")]
    words += [("debug", folder.path, "first/0"), ("submit", folder.path, "--site", "process"), ("status",)]
    for asked in words:
        done = bench.bigdata(*asked)
        said = done.stdout + done.stderr
        assert "Traceback" not in said, (asked, said[-1500:])
        assert len(secret) < 4 or secret not in said


@pytest.mark.parametrize("name", ["store", "logs", "figures", "journal", "cancel", "damaged", "packs"])
@pytest.mark.parametrize("verb", ["cancel", "submit", "report", "debug"])
def test_nothing_is_written_through_a_link(name: str, verb: str, bench: Bench, folder: RunFolder) -> None:
    path: Path = getattr(folder, name)
    outside = bench.folder / "outside"
    if path.exists():
        shutil.move(path, outside)
    else:
        outside.write_text("mine\n")
    before = _content(outside)
    path.symlink_to(outside)
    done = bench.bigdata(verb, folder.path, *(["first/0"] if verb == "debug" else []))
    assert done.returncode == 4
    assert f"{path} is a link to `{outside}`, and what a run writes must stay in its folder" in done.stderr
    assert _content(outside) == before


def _content(path: Path) -> dict[str, Any]:
    files = [path, *path.rglob("*")] if path.is_dir() else [path]
    return {str(f): (f.stat().st_mtime_ns, f.read_bytes() if f.is_file() else b"") for f in files}


@pytest.fixture(scope="module")
def stranger() -> Iterator[str]:
    """A second user of this machine."""
    if os.geteuid() != 0 or shutil.which("useradd") is None:
        pytest.skip("only root can make a second user")
    subprocess.run(["useradd", "--no-create-home", "--shell", "/bin/sh", STRANGER], check=True)
    yield STRANGER
    subprocess.run(["userdel", STRANGER], check=True)


def _give(folder: Path, name: str) -> None:
    user = pwd.getpwnam(name)
    for path in (folder, *folder.rglob("*")):
        os.chown(path, user.pw_uid, user.pw_gid, follow_symlinks=False)


@pytest.mark.parametrize("verb", ["cancel", "submit", "report", "debug", "controller"])
def test_a_strangers_run_is_not_written_in(
    verb: str, bench: Bench, folder: RunFolder, orders: dict[str, Any], stranger: str
) -> None:
    write(folder, orders)
    _give(folder.path, stranger)
    before = _content(folder.path)
    done = bench.bigdata(verb, folder.path, *(["first/0"] if verb == "debug" else []))
    assert done.returncode == 4
    assert f"{folder.path} belongs to `{stranger}`. " in done.stderr
    assert _content(folder.path) == before


@pytest.mark.parametrize("verb", READING)
def test_a_strangers_run_is_read(verb: str, bench: Bench, folder: RunFolder, stranger: str) -> None:
    _give(folder.path, stranger)
    before = _content(folder.path)
    assert bench.bigdata(verb, folder.path).returncode == 0
    assert _content(folder.path) == before


def test_a_strangers_run_is_repeated_in_a_folder_of_ones_own(bench: Bench, folder: RunFolder, stranger: str) -> None:
    _give(folder.path, stranger)
    done = bench.bigdata("submit", folder.path, "--runs", bench.folder / "own", "--site", "process")
    assert done.returncode == 0, done.stderr
    assert (bench.folder / "own" / folder.path.name / "report.html").exists()


def test_a_strangers_process_survives(bench: Bench, folder: RunFolder, orders: dict[str, Any], stranger: str) -> None:
    process = subprocess.Popen(["sleep", "300"], user=stranger, group=pwd.getpwnam(stranger).pw_gid, extra_groups=[])
    try:
        in_background(folder, orders, process)
        bench.bigdata("cancel", folder.path)
        assert process.poll() is None
    finally:
        process.kill()
        process.wait()


@contextmanager
def acting_as(name: str) -> Iterator[None]:
    """This process as another user: Python itself may lie where nobody else can start it."""
    user = pwd.getpwnam(name)
    os.setegid(user.pw_gid)
    os.seteuid(user.pw_uid)
    try:
        yield
    finally:
        os.seteuid(0)
        os.setegid(0)


def test_a_second_user_reads_and_cancels_nothing_of_ours(folder: RunFolder, stranger: str) -> None:
    with tempfile.TemporaryDirectory() as place:
        Path(place).chmod(0o755)
        run = Path(place, folder.path.name)
        shutil.copytree(folder.path, run)
        status(run)  # all that it imports is imported now
        with acting_as(stranger):
            assert status(run).state == "done"
            with pytest.raises(SiteError) as error:
                cancel(run)
    assert str(error.value) == f"{run} belongs to `root`. A run is cancelled by who submitted it."


@pytest.mark.parametrize("name", ["journal", "keys"])
@pytest.mark.parametrize("made", MADE)
def test_a_run_beside_ours_stops_no_plan(made: str, name: str, bench: Bench, folder: RunFolder) -> None:
    """It is looked into for what it has done; one that is none of bigdata's has done nothing."""
    beside = RunFolder(folder.path.with_name("beside"))
    shutil.copytree(folder.path, beside.path)
    MADE[made](getattr(beside, name))
    done = bench.bigdata("submit", bench.trial(tasks=2, rows=3), "--site", "process")
    assert done.returncode == 0, done.stderr


def test_one_bad_run_hides_no_other(bench: Bench, folder: RunFolder) -> None:
    bad = RunFolder(folder.path.with_name("bad"))
    shutil.copytree(folder.path, bad.path)
    bad.journal.write_text("[]\n")
    done = bench.bigdata("status")
    assert done.returncode == 0
    assert [line.split()[:2] for line in done.stdout.splitlines()[1:]] == [
        [f"runs/{folder.path.name}", "done"],
        ["runs/bad", "unreadable"],
    ]
    assert "runs/bad/journal.jsonl:1: this is no record of bigdata's (is no record of an event)" in done.stderr
    rows = json.loads(bench.bigdata("status", "--json").stdout)
    assert [row["state"] for row in rows] == ["done", "unreadable"]


@pytest.mark.parametrize("name", ["t\nrm -rf x", "t -p other", "t;true", "t$(true)", "-t", "t\t"])
def test_a_folders_name_is_no_line_of_a_job(name: str, tmp_path: Path) -> None:
    folder = RunFolder(tmp_path / name)
    folder.path.mkdir()
    assert re.fullmatch(r"bd-[A-Za-z0-9._-]+-[0-9a-f]{4}-", batch.prefix(folder))


def test_a_folder_with_a_line_break_is_not_run_in(bench: Bench, folder: RunFolder) -> None:
    renamed = folder.path.rename(folder.path.with_name("t\nrm -rf x"))
    done = bench.bigdata("submit", renamed, "--site", "process")
    assert done.returncode == 4
    assert "holds a line break or the like, which can't stand in a job's script" in done.stderr


def test_orders_are_read_as_they_were_written(folder: RunFolder, orders: dict[str, Any]) -> None:
    write(folder, orders, job="7")
    found = read_orders(folder)
    assert found
    assert asdict(found) == orders | {"job": "7"}
