"""Foreign programs: what is said of them, and that nothing of them is left, whatever happens."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import psutil
import pytest

from bigdata.errors import Paused, ProgramFailed, ProgramKilled, ProgramTimedOut
from bigdata.programs import guard
from bigdata.programs.program import Ran, call, orders
from tests.bench import PLUGIN, ROOT, until

PROGRAM = PLUGIN / "foreign_program.py"
NEVER: Callable[[], bool] = lambda: False  # noqa: E731


def processes(mark: str) -> list[psutil.Process]:
    """The living processes that have this word in their command."""
    found = []
    for process in psutil.process_iter(["cmdline", "status"]):
        if mark in (process.info["cmdline"] or ()) and process.info["status"] != psutil.STATUS_ZOMBIE:
            found.append(process)
    return found


@dataclass
class Caller:
    """Calls the foreign program in a folder, and collects what is logged."""

    folder: Path
    said: list[str] = field(default_factory=list)

    @property
    def mark(self) -> str:
        return str(self.folder)

    def __call__(self, *words: str, stop: Callable[[], bool] = NEVER, **more: Any) -> Ran:
        return self.run([sys.executable, PROGRAM, *words, self.mark], stop, **more)

    def run(self, command: list[Any], stop: Callable[[], bool] = NEVER, check: bool = True, **more: Any) -> Ran:
        options = {"env": None, "stdin": None, "output": None, "most_output": 2**20, "timeout": None, "grace": 0.5}
        cwd = more.pop("cwd", self.folder)
        return call(orders("first/3", command, cwd, **{**options, **more}), self.said.append, stop, check=check)

    def left(self) -> list[psutil.Process]:
        return processes(self.mark)

    def guard(self) -> psutil.Process:
        """That of the only call."""
        (found,) = [p for p in psutil.Process().children() if guard.__file__ in p.cmdline()]
        return found


@pytest.fixture
def caller(tmp_path: Path) -> Iterator[Caller]:
    here = Caller(tmp_path)
    yield here
    left = here.left()
    for process in left:
        process.kill()
    assert not left, "processes were left"


def after(seconds: float) -> Callable[[], bool]:
    """True when so many seconds have passed."""
    end = time.monotonic() + seconds
    return lambda: time.monotonic() > end


def test_a_program_is_measured(caller: Caller) -> None:
    ran = caller("compute")
    assert ran.returncode == 0
    assert ran.cpu_seconds == pytest.approx(2, abs=0.5)
    assert ran.seconds > 1
    assert 200 * 2**20 < ran.memory < 300 * 2**20
    assert (ran.n_files, ran.n_bytes) == (0, 0)


def test_what_it_says_and_leaves_is_told(caller: Caller) -> None:
    ran = caller("write")
    assert (ran.n_files, ran.n_bytes) == (4, 3 * 900 + 10)
    *said, end = caller.said
    assert said == ["| it went well"]
    assert end.startswith(f"`{Path(sys.executable).name}` ended with exit code 0 after ")
    assert end.endswith(f" MiB at most; 4 files (2.6 KiB) in {caller.folder}")


def test_it_starts_soon(caller: Caller) -> None:
    """The bar is 40 ms on an idle machine; a loaded one may take longer."""
    began = time.perf_counter()
    caller.run(["true"])
    assert time.perf_counter() - began < 1


def test_no_shell_reads_its_words(caller: Caller) -> None:
    caller.run(["echo", "$HOME; touch here", "*"])
    assert caller.said[0] == "| $HOME; touch here *"
    with pytest.raises(TypeError, match="a program is called by a list of words"):
        caller.run("echo hello")  # type: ignore[arg-type]


def test_it_has_the_environment_and_the_files_that_it_is_given(caller: Caller) -> None:
    (caller.folder / "in").write_text("from a file")
    caller.run(["sh", "-c", "echo $WORD $(cat); pwd"], env={"WORD": "ähem"}, stdin="in", output="out")
    assert (caller.folder / "out").read_text() == f"ähem from a file\n{caller.folder}\n"
    assert caller.said[:2] == ["| ähem from a file", f"| {caller.folder}"]


def test_it_begins_as_any_program_does_whatever_its_caller_ignores(caller: Caller) -> None:
    """Workers can't be interrupted, and Python ignores SIGPIPE: programs would inherit both."""
    signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        caller.run(["grep", "-E", "^Sig(Blk|Ign)", "/proc/self/status"])
    finally:
        signal.pthread_sigmask(signal.SIG_UNBLOCK, {signal.SIGINT})
    assert [line.split()[-1] for line in caller.said[:2]] == ["0" * 16] * 2


NOT_THERE: dict[str, tuple[list[str], str]] = {
    "no such name": (["no-such-code"], "the program `no-such-code` isn't found on .*: no folder of PATH has it"),
    "no such path": (["./code"], "the program .*/code isn't there on "),
    "no program": (["/etc/hostname"], r"(the program /etc/hostname can't be executed|`hostname` couldn't be started)"),
    "broken program": (["./broken"], "`broken` couldn't be started: .*/broken: Exec format error"),
}


@pytest.mark.parametrize("what", NOT_THERE)
def test_a_program_that_is_not_there_is_one_sentence(what: str, caller: Caller) -> None:
    (caller.folder / "broken").write_bytes(b"\0\1")
    (caller.folder / "broken").chmod(0o755)
    words, said = NOT_THERE[what]
    with pytest.raises(ProgramFailed, match=said):
        caller.run(words)


def test_a_folder_that_is_not_there_is_one_sentence(caller: Caller) -> None:
    with pytest.raises(ProgramFailed, match=r"`true` can't run in .*/nowhere: there is no such folder. Make it before"):
        caller.run(["true"], cwd=caller.folder / "nowhere")


def test_an_exit_code_is_an_error_with_the_last_lines(caller: Caller) -> None:
    with pytest.raises(ProgramFailed) as caught:
        caller("fail")
    name = Path(sys.executable).name
    assert str(caught.value) == f"`{name}` ended with exit code 3. Its last lines:\nSCF did not converge"
    assert not isinstance(caught.value, ProgramKilled)


def test_an_exit_code_is_a_number_where_nobody_checks(caller: Caller) -> None:
    assert caller("fail", check=False).returncode == 3
    assert caller("crash", check=False).returncode == -signal.SIGSEGV


def test_signals_are_said_in_words(caller: Caller) -> None:
    with pytest.raises(ProgramFailed, match=r"was ended by signal 11 \(Segmentation fault\)"):
        caller("crash")
    with pytest.raises(ProgramKilled, match=r"was killed \(signal 9\), most likely by the kernel for its memory"):
        caller("be-killed")
    with pytest.raises(ProgramKilled, match="exit code 137: a program that it had started was killed"):
        caller.run(["sh", "-c", "exit 137"])
    with pytest.raises(MemoryError):  # so its task is tried again where there is more
        caller("be-killed")


ENDINGS = ["wait", "be-deaf", "have-children", "leave-daemons-and-wait"]


@pytest.mark.parametrize("how", ENDINGS)
def test_at_its_timeout_nothing_is_left(how: str, caller: Caller) -> None:
    began = time.monotonic()
    with pytest.raises(ProgramTimedOut, match=r"ran longer than its timeout of 0.8 s and was ended"):
        caller(how, timeout=0.8)
    assert time.monotonic() - began < 5
    assert not caller.left()
    assert ", at its timeout of 0.8 s, after " in caller.said[-1]


@pytest.mark.parametrize("how", ENDINGS)
def test_a_task_that_should_stop_pauses_and_nothing_is_left(how: str, caller: Caller) -> None:
    with pytest.raises(Paused):
        caller(how, stop=after(0.8))
    assert not caller.left()
    assert ", since its task should stop, after " in caller.said[-1]


def test_a_task_that_should_stop_before_its_guard_has_begun_pauses(caller: Caller) -> None:
    """Python takes its time to start on a loaded machine."""
    order = {"command": ["true"]}
    asked = f"{json.dumps(order)}\nstop\n"
    done = subprocess.run([sys.executable, guard.__file__], input=asked, capture_output=True, text=True, check=True)
    assert json.loads(done.stdout) == {"code": None, "why": guard.STOPPED, "error": ""}
    with pytest.raises(Paused):
        caller("wait", stop=lambda: True)


def test_what_it_leaves_running_is_ended(caller: Caller) -> None:
    assert caller("leave-daemons").returncode == 0
    assert not caller.left()
    assert caller.said[-1].endswith("left processes behind (2), which were ended")


@pytest.mark.parametrize("how", ENDINGS)
def test_an_exception_in_its_caller_ends_it(how: str, caller: Caller) -> None:
    def interrupted() -> bool:
        if len(caller.left()) > (how in ENDINGS[2:]):
            raise KeyboardInterrupt
        return False

    with pytest.raises(KeyboardInterrupt):
        caller(how, stop=interrupted)
    assert not caller.left()


def test_a_flood_is_ended_and_its_head_and_tail_are_kept(caller: Caller) -> None:
    with pytest.raises(ProgramFailed, match=r"wrote more than 1.0 MiB to its output and was ended. If that is right"):
        caller("flood", output="out")
    assert not caller.left()
    assert (caller.folder / "out").stat().st_size == 2**20
    assert caller.said[0] == "| the first line"
    assert sum(map(len, caller.said)) < 4 * guard.HEAD_BYTES
    assert any("of its output are left out" in line for line in caller.said)
    assert caller.said[-2].startswith("| xxx")


def test_an_output_that_can_not_be_written_ends_it(caller: Caller) -> None:
    with pytest.raises(ProgramFailed, match="was ended since its output can't be written: /dev/full: No space left on"):
        caller("wait", output="/dev/full")


def test_lines_are_logged_while_it_runs(caller: Caller) -> None:
    def has_begun() -> bool:
        return "| begun" in caller.said

    with pytest.raises(Paused):
        caller("wait", stop=has_begun)


def test_a_log_takes_any_bytes(caller: Caller) -> None:
    """No line of a program's can look like another task's, or do something to a terminal."""
    caller.run(["printf", r"a\rb\033[2J\xff\0\nlast, without its end"])
    assert caller.said[:3] == ["| a", "| b\ufffd[2J\ufffd\ufffd", "| last, without its end"]


@pytest.mark.parametrize("how", ENDINGS)
def test_a_killed_guard_leaves_nothing(how: str, caller: Caller) -> None:
    killed: list[psutil.Process] = []

    def kill_once() -> bool:
        if not killed and len(caller.left()) > (how in ENDINGS[2:]):
            killed.append(caller.guard())
            killed[0].kill()
        return False

    with pytest.raises(ProgramFailed, match=r"since the process that watched over it was killed \(signal 9\)"):
        caller(how, stop=kill_once)
    assert not caller.left()


@pytest.mark.parametrize("how", ["wait", "be-deaf"])
def test_a_killed_guard_takes_the_program_with_it_though_its_caller_is_held(how: str, caller: Caller) -> None:
    words = [sys.executable, "-c", CALL.format(root=str(ROOT)), str(caller.folder), how]
    process = subprocess.Popen(words, cwd=ROOT, stderr=subprocess.DEVNULL)
    until((caller.folder / "begun").exists)
    time.sleep(0.2)  # or it would end since nobody listens to what it says next
    process.send_signal(signal.SIGSTOP)
    (watcher,) = psutil.Process(process.pid).children()
    watcher.kill()
    until(lambda: [p.pid for p in caller.left()] == [process.pid], 5)
    process.kill()
    process.wait()


def test_a_guard_that_is_asked_to_end_says_so(caller: Caller) -> None:
    asked: list[psutil.Process] = []

    def ask_once() -> bool:
        if not asked and caller.left():
            asked.append(caller.guard())
            asked[0].terminate()
        return False

    with pytest.raises(ProgramFailed, match="somebody asked the process that watches over it to end"):
        caller("wait", stop=ask_once)


CALL = """
import sys
from pathlib import Path
sys.path.insert(0, {root!r})
from tests.programs.test_program import Caller
Caller(Path(sys.argv[1]))(sys.argv[2])
"""


DEATHS = (signal.SIGKILL, signal.SIGTERM, signal.SIGINT)
# Each program by default once, and each death.
BY_DEFAULT = {("wait", "SIGTERM"), ("be-deaf", "SIGKILL"), ("have-children", "SIGINT"), (ENDINGS[3], "SIGKILL")}


@pytest.mark.parametrize(
    ("how", "number"),
    [
        pytest.param(
            how, death, marks=() if (how, death.name) in BY_DEFAULT else pytest.mark.slow, id=f"{how}-{death.name}"
        )
        for how in ENDINGS
        for death in DEATHS
    ],
)
def test_a_callers_death_ends_it(how: str, number: signal.Signals, caller: Caller) -> None:
    words = [sys.executable, "-c", CALL.format(root=str(ROOT)), str(caller.folder), how]
    with (caller.folder / "err").open("w") as err:
        process = subprocess.Popen(words, cwd=ROOT, stderr=err)
    until(lambda: len(caller.left()) > 1 + (how in ENDINGS[2:]))
    process.send_signal(number)
    process.wait()
    until(lambda: not caller.left(), 5)
    if number != signal.SIGINT:  # an interrupted caller lives on to say it itself
        said = until(lambda: (caller.folder / "err").read_text(), 5)
        assert said.rstrip().endswith("was ended: the worker that had started it is gone")
        assert " first/3 `python" in said


def test_descendants_are_found_with_their_memory() -> None:
    memory = guard.descendants(os.getppid())
    assert memory[os.getpid()] > 2**20
