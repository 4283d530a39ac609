"""The controller as a job of a real Slurm: it queues, works, dies, hands over and is cancelled, seen from the login."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest

from bigdata.jobs import batch
from bigdata.run.status import LONG_SILENCE_SECONDS, status
from bigdata.store.folder import RunFolder
from tests.bench import Bench, chunks, events, until

TASKS, SECONDS = 12, 0.5


@pytest.fixture(scope="module")
def right(tmp_path_factory: pytest.TempPathFactory) -> dict[str, bytes]:
    """What all of these runs must end with."""
    bench = Bench(tmp_path_factory.mktemp("right"))
    bench.submit(bench.trial(tasks=TASKS))
    return chunks(bench.run_folder().path)


@pytest.fixture(autouse=True)
def nothing_left_in_the_queue(slurm: object) -> Iterator[None]:
    yield
    if left := queue():
        subprocess.run(["scancel", *left], check=True)
        until(lambda: not queue())


@pytest.fixture
def site(bench: Bench) -> Path:
    pools = {"cpu": {"queue": "cpu", "cores": 2, "memory": "1 GiB", "walltime": "10 min", "max_jobs": 1}}
    own = {"memory": "1 GiB"}
    data = {"site": "far", "scheduler": "slurm", "controller": "job", "controller_job": own, "pools": pools}
    return bench.write("far.yaml", data)


@pytest.fixture
def spec(bench: Bench) -> Path:
    return bench.trial(tasks=TASKS, seconds=SECONDS, talk=True, trace=str(bench.folder / "trace"))


def queue() -> dict[str, str]:
    """The jobs in the queue and their names."""
    said = subprocess.run(["squeue", "-h", "-o", "%A %j"], capture_output=True, text=True, check=True).stdout
    return dict(line.split() for line in said.splitlines())


def submit(bench: Bench, spec: Path, site: Path) -> RunFolder:
    done = bench.bigdata("submit", spec, "--site", site)
    assert done.returncode == 0, done.stderr
    assert "you may log out" in done.stderr
    return bench.run_folder()


def ends(folder: RunFolder) -> str:
    until(lambda: not status(folder.path).is_live, 120)
    return status(folder.path).state


def n_done(folder: RunFolder) -> int:
    return len(events(folder.path, "done"))


def n_repeated(bench: Bench) -> int:
    runs = Counter(line.split()[0] for line in (bench.folder / "trace").read_text().splitlines())
    assert len(runs) == TASKS
    return sum(runs.values()) - TASKS


@pytest.fixture
def busy(slurm: object) -> Iterator[None]:
    """Every node of the cpu partition is taken."""
    hold = ["sbatch", "--parsable", "-p", "cpu", "-N", "2", "--exclusive", "-o", "/dev/null", "--wrap", "sleep 600"]
    job = subprocess.run(hold, capture_output=True, text=True, check=True).stdout.strip()
    asked = ["squeue", "-h", "-j", job, "-o", "%T"]
    until(lambda: "RUNNING" in subprocess.run(asked, capture_output=True, text=True, check=False).stdout)
    yield
    subprocess.run(["scancel", job], check=True)


def test_a_run_that_queues_is_said_to_queue_and_is_cancelled(bench: Bench, spec: Path, site: Path, busy: None) -> None:
    started = time.monotonic()
    done = bench.bigdata("submit", spec, "--site", site)
    assert time.monotonic() - started < 20
    folder = bench.run_folder()
    now = status(folder.path)
    assert now.state == "queued"
    assert now.job
    assert f"the controller waits in the queue as job {now.job.id} (" in done.stderr
    page = bench.bigdata("status", folder.path).stdout
    assert page.startswith(f"{folder.path}  queued: the controller's job {now.job.id} waits in the queue (")
    second = bench.bigdata("submit", spec, "--site", site)
    assert second.returncode == 4
    assert f"this study was launched already, in job {now.job.id}, and is about to begin" in second.stderr
    cancelled = bench.bigdata("cancel", folder.path)
    assert cancelled.stdout == f"{folder.path}: cancelled, before it began\n"
    assert now.job.id not in queue()
    assert status(folder.path).state == "cancelled"


def test_a_controller_that_is_held_in_the_queue_is_said_to_be_held(
    bench: Bench, spec: Path, site: Path, busy: None
) -> None:
    bench.bigdata("submit", spec, "--site", site)
    folder, (job,) = bench.run_folder(), [j for j, name in queue().items() if name.startswith("bd-")]
    subprocess.run(["scontrol", "hold", job], check=True)
    until(lambda: status(folder.path).state == "held", 20)
    page = bench.bigdata("status", folder.path).stdout
    assert page.startswith(f"{folder.path}  held: the controller's job {job} won't start by itself (JobHeld")
    assert f"release or change it in slurm, or take it away by `bigdata cancel {folder.path}`" in page
    assert json.loads(bench.bigdata("status", folder.path, "--json").stdout)["state"] == "held"
    subprocess.run(["scontrol", "release", job], check=True)
    until(lambda: status(folder.path).state == "queued", 20)
    subprocess.run(["scontrol", "hold", job], check=True)
    assert bench.bigdata("cancel", folder.path).stdout == f"{folder.path}: cancelled, before it began\n"
    assert job not in queue()


def test_a_run_is_followed_from_the_login_by_its_folder(
    bench: Bench, spec: Path, site: Path, right: dict[str, bytes]
) -> None:
    folder = submit(bench, spec, site)
    now = status(folder.path)
    assert now.launch
    assert queue()[now.launch.job] == f"{batch.prefix(folder)}controller"
    logs = bench.start("logs", folder.path, "-f")
    watch = bench.bigdata("status", folder.path, "--watch")
    assert watch.returncode == 0, watch.stderr
    assert logs.wait() == 0
    said = logs.out.read_text()
    assert all(said.count(f" first/{i} hello") == 1 for i in range(TASKS))
    assert chunks(folder.path) == right
    assert until(lambda: not queue(), 30) is not None
    assert not folder.launch.exists()


@pytest.mark.slow
def test_cancel_leaves_no_job_behind(bench: Bench, spec: Path, site: Path, right: dict[str, bytes]) -> None:
    folder = submit(bench, spec, site)
    until(lambda: n_done(folder) > 0)
    done = bench.bigdata("cancel", folder.path)
    assert done.stdout.startswith(f"{folder.path}: cancelled, ")
    assert not queue()
    assert status(folder.path).state == "cancelled"
    submit(bench, spec, site)
    assert ends(folder) == "done"
    assert chunks(folder.path) == right


def test_a_killed_controller_is_seen_and_the_run_goes_on(
    bench: Bench, spec: Path, site: Path, right: dict[str, bytes]
) -> None:
    folder = submit(bench, spec, site)
    until(lambda: n_done(folder) > 0)
    job = status(folder.path).launch.job  # type: ignore[union-attr]
    os.kill(json.loads(folder.lock.read_text())["pid"], signal.SIGKILL)
    until(lambda: not status(folder.path).is_live)
    page = bench.bigdata("status", folder.path).stdout
    assert page.startswith(f"{folder.path}  interrupted")
    assert f"job {job}) died (its job: FAILED)" in page
    submit(bench, spec, site)
    assert ends(folder) == "done"
    assert chunks(folder.path) == right
    assert n_repeated(bench) <= 4
    until(lambda: not queue(), 30)


@pytest.mark.slow
def test_the_death_of_a_controller_on_another_node_is_seen_by_its_job(bench: Bench, spec: Path, site: Path) -> None:
    """Its lock alone would count as held for two minutes."""
    folder = submit(bench, spec, site)
    until(lambda: n_done(folder) > 0)
    held = json.loads(folder.lock.read_text())
    os.kill(held["pid"], signal.SIGKILL)
    until(lambda: not status(folder.path).is_live)
    folder.lock.write_text(json.dumps(held | {"host": "node7"}))
    assert status(folder.path).state == "running"
    os.utime(folder.lock, (time.time() - 2 * LONG_SILENCE_SECONDS,) * 2)
    assert status(folder.path).state == "interrupted"
    assert submit(bench, spec, site).lock.read_text() != json.dumps(held | {"host": "node7"})
    assert ends(folder) == "done"


@pytest.mark.slow
def test_jobs_of_a_dead_controller_are_removed_by_cancel(bench: Bench, spec: Path, site: Path) -> None:
    folder = submit(bench, spec, site)
    until(lambda: n_done(folder) > 0)
    left = ["sbatch", "--parsable", "-J", f"{batch.prefix(folder)}cpu-7", "-o", "/dev/null", "--wrap", "sleep 600"]
    os.kill(json.loads(folder.lock.read_text())["pid"], signal.SIGKILL)
    until(lambda: not status(folder.path).is_live)
    job = subprocess.run(left, capture_output=True, text=True, check=True).stdout.strip()
    done = bench.bigdata("cancel", folder.path)
    assert done.stdout.startswith(f"{folder.path} is not running (interrupted); ")
    assert job in done.stdout.split("removed: ")[1]
    assert not queue()


@pytest.mark.slow
def test_scancel_of_the_controller_ends_the_run_in_order(bench: Bench, spec: Path, site: Path) -> None:
    folder = submit(bench, spec, site)
    until(lambda: n_done(folder) > 0)
    subprocess.run(["scancel", status(folder.path).launch.job], check=True)  # type: ignore[union-attr]
    assert ends(folder) == "cancelled"
    until(lambda: not queue(), 30)


def test_a_controller_that_slurm_refuses_is_refused_with_its_words(bench: Bench, spec: Path, site: Path) -> None:
    far = json.loads(site.read_text())
    far["controller_job"]["queue"] = "nowhere"
    done = bench.bigdata("submit", spec, "--site", bench.write("far.yaml", far))
    assert done.returncode == 4
    assert "slurm didn't take the controller's job:" in done.stderr
    assert "invalid partition specified: nowhere" in done.stderr
    assert "#SBATCH -p nowhere" in done.stderr
    assert status(bench.run_folder().path).state == "interrupted"


def test_a_prologue_that_fails_is_in_the_log(bench: Bench, spec: Path, site: Path) -> None:
    far = json.loads(site.read_text())
    far["prologue"] = ["module_that_is_not_there", "exit 3"]
    done = bench.bigdata("submit", spec, "--site", bench.write("far.yaml", far))
    assert done.returncode == 4
    assert "ended at once:" in done.stderr
    assert "module_that_is_not_there: command not found" in done.stderr


@pytest.mark.slow
def test_a_job_of_one_minute_hands_a_longer_run_on(bench: Bench, site: Path) -> None:
    far = json.loads(site.read_text())
    far["controller_job"]["walltime"] = "1 min"
    spec = bench.trial(tasks=70, seconds=1.0, trace=str(bench.folder / "trace"))
    folder = submit(bench, spec, bench.write("far.yaml", far))
    until(lambda: not status(folder.path).is_live, 240)
    assert status(folder.path).state == "done"
    states = [record["state"] for record in events(folder.path, "end")]
    assert states == ["relieved"] * (len(states) - 1) + ["done"]
    assert len(states) > 1
    ran = Counter(line.split()[0] for line in (bench.folder / "trace").read_text().splitlines())
    assert set(ran.values()) == {1}, "tasks under way at the end of a shift are waited for"
    until(lambda: not queue(), 30)
