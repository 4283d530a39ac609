"""A controller in the background: the terminal is free at once, and the run goes on without it, by its folder."""

from __future__ import annotations

import json
import os
import pty
import signal
import subprocess
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import psutil
import pytest

from bigdata.errors import SiteError
from bigdata.run.cancelling import cancel
from bigdata.run.launch import launch
from bigdata.run.status import Status, status
from bigdata.spec.site import Site, load_site
from bigdata.store.folder import RunFolder
from tests.bench import PROGRAM, ROOT, Bench, Running, all_gone, chunks, events, until

TASKS, SECONDS = 8, 0.3
SECRET = "hunter2-and-more"
# Where nothing is asked of workers.
DETACHED = ("--controller", "detached", "--site", "process")


@pytest.fixture(scope="module")
def right(tmp_path_factory: pytest.TempPathFactory) -> dict[str, bytes]:
    """What all of these runs must end with."""
    bench = Bench(tmp_path_factory.mktemp("right"))
    bench.submit(bench.trial(tasks=TASKS))
    return chunks(bench.run_folder().path)


@pytest.fixture
def spec(bench: Bench) -> Path:
    return bench.trial(tasks=TASKS, seconds=SECONDS, trace=str(bench.folder / "trace"))


@pytest.fixture(autouse=True)
def nothing_left_behind(bench: Bench) -> Iterator[None]:
    """Controllers are nobody's children: a test that fails must not leave its own running."""
    yield
    for found in bench.folder.glob("runs/*/lock.json"):
        with suppress(OSError, ValueError, psutil.NoSuchProcess):
            controller = psutil.Process(json.loads(found.read_text())["pid"])
            for process in [controller, *controller.children(recursive=True)]:
                process.kill()


def detach(bench: Bench, spec: Path, site: str = "local") -> RunFolder:
    done = bench.program("submit", spec, "--controller", "detached", "--site", site)
    assert done.returncode == 0, done.stderr
    folder = bench.run_folder()
    assert done.stdout.strip() == str(folder.path.relative_to(bench.folder))
    return folder


def detached(site: str | Path = "process") -> Site:
    return load_site(site).model_copy(update={"controller": "detached"})


def controller(folder: RunFolder) -> psutil.Process:
    return psutil.Process(json.loads(folder.lock.read_text())["pid"])


def family(folder: RunFolder) -> list[psutil.Process]:
    found = controller(folder)
    return [found, *found.children(recursive=True)]


def n_done(folder: RunFolder) -> int:
    return len(events(folder.path, "done"))


def ends(folder: RunFolder, state: str = "done") -> bool:
    """Wait for the run's end, and say whether it is the expected one."""
    until(lambda: not status(folder.path).is_live)
    return status(folder.path).state == state


@dataclass(frozen=True)
class Followed:
    """One run in the background, and what was seen of it meanwhile by programs that were started beside it."""

    bench: Bench
    folder: RunFolder
    submitted: subprocess.CompletedProcess[str]
    then: Status
    launched: dict[Path, bytes]
    seen: dict[str, Running]

    def lines(self, name: str) -> list[str]:
        return self.seen[name].out.read_text().splitlines()


@pytest.fixture(scope="module")
def followed(tmp_path_factory: pytest.TempPathFactory) -> Followed:
    bench = Bench(tmp_path_factory.mktemp("followed"))
    spec = bench.trial(tasks=TASKS, seconds=1.0, talk=True)
    submitted = bench.program("submit", spec, "--controller", "detached", MP_API_KEY=SECRET)
    folder = bench.run_folder()
    then = status(folder.path)
    launched = {path: path.read_bytes() for path in folder.path.rglob("*") if path.is_file()}
    words = {
        "watch": ("status", folder.path, "--watch"),
        "data": ("status", folder.path, "--watch", "--json"),
        "interrupted": ("status", folder.path, "--watch"),
        "logs": ("logs", folder.path, "-f"),
        "task": ("logs", folder.path, "first/1", "-f"),
    }
    seen = {name: bench.start(*said) for name, said in words.items()}
    until(lambda: "running" in seen["interrupted"].out.read_text())
    seen["interrupted"].process.send_signal(signal.SIGINT)
    assert seen["task"].wait() == 0
    assert status(folder.path).state == "running", "a task's log is followed no longer than the task runs"
    for running in seen.values():
        running.wait()
    return Followed(bench, folder, submitted, then, launched, seen)


def test_submit_returns_while_the_run_goes_on(followed: Followed) -> None:
    assert followed.submitted.returncode == 0
    assert followed.then.state == "running"
    assert followed.then.n_done < TASKS


def test_what_is_said_is_what_to_type_next(followed: Followed) -> None:
    assert followed.then.owner
    path = followed.folder.path.relative_to(followed.bench.folder)
    assert followed.submitted.stdout == f"{path}\n"
    pid = followed.then.owner["pid"]
    assert followed.submitted.stderr.splitlines()[-4:] == [
        f"the controller runs in the background (process {pid}); you may log out",
        f"    bigdata status {path} --watch",
        f"    bigdata logs {path} -f",
        f"    bigdata cancel {path}",
    ]


def test_it_ends_as_any_other(followed: Followed, right: dict[str, bytes]) -> None:
    folder = followed.folder
    assert status(folder.path).state == "done"
    assert chunks(folder.path) == right
    assert folder.n_files() == followed.bench.plan(followed.bench.folder / "trial.yaml", site=detached("local")).n_files
    assert not folder.launch.exists()
    log = folder.controller_log.read_text()
    assert f"first: {TASKS} of {TASKS} tasks ended" in log
    assert log.rstrip().endswith(" done")


def test_it_is_watched_to_its_end(followed: Followed) -> None:
    first, *_, last = followed.lines("watch")
    assert " running" in first
    assert last.endswith(f" done, {TASKS + 1} of {TASKS + 1} tasks done")
    states = [json.loads(line)["state"] for line in followed.lines("data")]
    assert (states[0], states[-1], set(states)) == ("running", "done", {"running", "done"})
    assert [followed.seen[name].process.returncode for name in ("watch", "data", "logs")] == [0, 0, 0]


def test_ctrl_c_ends_the_watching_only(followed: Followed) -> None:
    watching = followed.seen["interrupted"]
    assert watching.process.returncode == 6
    assert f"no longer watching; {followed.folder.path} goes on" in watching.err.read_text()


def test_logs_are_followed_to_the_end_and_every_line_once(followed: Followed) -> None:
    lines = followed.lines("logs")
    assert [sum(f" first/{i} hello" in line for line in lines) for i in range(TASKS)] == [1] * TASKS
    assert sum(line == "printed by a task" for line in lines) == TASKS
    assert any(line.endswith("writing figures and report") for line in lines)


def test_a_tasks_log_is_followed_to_its_end(followed: Followed) -> None:
    hello, ended = followed.lines("task")
    assert hello.endswith(" first/1 hello")
    assert ended.startswith("first/1: done after ")


def test_no_secret_is_written(followed: Followed) -> None:
    assert followed.folder.launch in followed.launched
    texts = [*followed.launched.values(), *(p.read_bytes() for p in followed.folder.path.rglob("*") if p.is_file())]
    assert not any(SECRET.encode() in text for text in texts)


def test_a_second_is_refused_and_cancel_stops_all(bench: Bench, spec: Path, right: dict[str, bytes]) -> None:
    folder = detach(bench, spec)
    second = bench.bigdata("submit", spec, "--controller", "detached")
    assert second.returncode == 4
    assert "this study is being run already by" in second.stderr
    processes = family(folder)
    done = bench.bigdata("cancel", folder.path)
    assert done.returncode == 0
    assert f"{folder.path}: cancelled, " in done.stdout
    assert until(lambda: all_gone(processes), 10)
    assert status(folder.path).state == "cancelled"
    assert not folder.launch.exists()
    detach(bench, spec, "process")
    assert ends(folder)
    assert chunks(folder.path) == right


def test_the_end_of_the_login_is_not_the_end_of_the_run(bench: Bench, spec: Path, right: dict[str, bytes]) -> None:
    """A shell on a terminal of its own submits, and the terminal is hung up."""
    shell, terminal = pty.fork()
    if shell == 0:
        os.chdir(bench.folder)
        words = [*PROGRAM, "submit", str(spec), "--controller", "detached", "--site", "process"]
        script = f"{subprocess.list2cmdline(words[:1])} -c '{words[2]}' {' '.join(words[3:])}; sleep 100"
        os.execvpe("bash", ["bash", "-c", script], bench.environment())
    until(lambda: list(bench.folder.glob("runs/*/lock.json")))
    folder = bench.run_folder()
    until(lambda: n_done(folder) > 0)
    os.close(terminal)
    os.kill(shell, signal.SIGHUP)
    os.waitpid(shell, 0)
    assert status(folder.path).state == "running"
    assert controller(folder).terminal() is None
    assert ends(folder)
    assert chunks(folder.path) == right


def test_a_dead_controller_is_seen_and_said(bench: Bench, spec: Path, right: dict[str, bytes]) -> None:
    folder = detach(bench, spec)
    until(lambda: n_done(folder) > 0)
    processes = family(folder)
    pid = processes[0].pid
    processes[0].kill()
    assert until(lambda: all_gone(processes), 10), "workers outlive their controller"
    page = bench.bigdata("status", folder.path)
    assert page.stdout.startswith(f"{folder.path}  interrupted\n")
    assert f"its controller (process {pid} on " in page.stdout
    assert "died; it was last heard of " in page.stdout
    assert f"its last words, in {folder.controller_log}:\n    20" in page.stdout
    assert page.stdout.endswith("submit the same study again to go on\n")
    watched = bench.bigdata("status", folder.path, "--watch")
    assert watched.returncode == 4
    assert bench.bigdata("cancel", folder.path).stdout == f"{folder.path} is not running (interrupted)\n"
    detach(bench, spec, "process")
    assert ends(folder)
    assert chunks(folder.path) == right


def test_a_second_is_refused_before_the_first_holds_the_lock(bench: Bench, spec: Path) -> None:
    plan = bench.plan(spec, site=detached())
    launch(plan)
    controller(plan.folder).suspend()
    held = plan.folder.lock.read_bytes()
    plan.folder.lock.unlink()
    with pytest.raises(SiteError, match="was launched already, in the background, and is about to begin"):
        launch(plan)
    plan.folder.lock.write_bytes(held)
    controller(plan.folder).resume()
    cancel(plan.folder.path)


def test_a_controller_that_ends_at_once_says_why(bench: Bench) -> None:
    """Its data vanish between the plan and the launch."""
    data = bench.folder / "data"
    data.write_text("x")
    plan = bench.plan(bench.trial(file="data"), site=detached())
    data.unlink()
    with pytest.raises(SiteError, match=r"the controller ended at once:\n(.*\n)*bigdata: .*data: No such file"):
        launch(plan)
    now = bench.bigdata("status", plan.folder.path).stdout
    assert "its controller (in the background) ended before it began to work" in now
    assert "data: No such file or directory" in now


def test_a_launched_run_is_not_changed_by_edits_of_its_files(bench: Bench, spec: Path) -> None:
    site = bench.site(cpu={"cores": 2, "memory": "2 GiB"})
    plan = bench.plan(spec, site=detached(site))
    spec.write_text("nonsense")
    site.unlink()
    launch(plan)
    assert ends(plan.folder)
    assert json.loads(plan.folder.study.read_text())["tasks"] == TASKS


def test_a_controller_on_its_way_is_stopped_before_it_begins(bench: Bench) -> None:
    """Its data become a pipe that nobody writes to, so it plans for ever."""
    data = bench.folder / "data"
    data.write_text("x")
    plan = bench.plan(bench.trial(file="data"), site=detached())
    data.unlink()
    os.mkfifo(data)
    with ThreadPoolExecutor() as pool:
        launching = pool.submit(launch, plan)
        until(lambda: plan.folder.launch.exists() and json.loads(plan.folder.launch.read_text())["process"])
        assert status(plan.folder.path).state == "starting"
        cancel(plan.folder.path)
        with pytest.raises(SiteError, match="the controller ended at once"):
            launching.result(10)
    assert status(plan.folder.path).state == "cancelled"
    assert not plan.folder.launch.exists()


def test_watching_ends_with_the_runs_exit_code(bench: Bench) -> None:
    done = bench.program("submit", bench.trial(fail=[1], seconds=0.4), *DETACHED, "--watch")
    folder = bench.run_folder()
    assert done.returncode == 5, done.stderr
    assert done.stdout.strip() == str(folder.path.relative_to(bench.folder))
    assert f"bigdata: 1 tasks failed, 1 were skipped. See `bigdata status runs/{folder.path.name}`." in done.stderr
    assert " failed, 3 of 5 tasks done, 1 failed" in done.stderr
    page = bench.bigdata("status", folder.path).stdout
    assert "first/1: ZeroDivisionError: task 1 was told to fail" in page


def test_a_controller_needs_a_batch_system_to_be_a_job(bench: Bench, spec: Path) -> None:
    done = bench.bigdata("submit", spec, "--controller", "job")
    assert (done.returncode, done.stdout) == (2, "")
    assert "the site `local` has no batch system. Use `--controller detached`" in done.stderr


def test_what_is_finished_is_not_launched_again(bench: Bench) -> None:
    bench.submit(spec := bench.trial())
    started = time.monotonic()
    done = bench.bigdata("submit", spec, "--controller", "detached")
    assert done.returncode == 0
    assert "report: " in done.stderr
    assert "the controller runs" not in done.stderr
    assert time.monotonic() - started < 10


def test_the_shipped_study_in_the_background(bench: Bench) -> None:
    """Relative paths in a spec start at its folder, wherever the controller is."""
    spec = bench.write("s.yaml", {"extends": str(ROOT / "specs/similarity.yaml"), "name": "h", "study": "similarity"})
    done = bench.bigdata("submit", spec, *DETACHED, "--watch")
    assert done.returncode == 0, done.stderr
    assert bench.run_folder().report.exists()
