"""A foreign program, such as a DFT code, run for a task: without a shell, bounded, measured, and gone with the task."""

from __future__ import annotations

import json
import os
import secrets
import select
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from bigdata.display import duration, size
from bigdata.errors import Paused, ProgramFailed, ProgramKilled, ProgramTimedOut
from bigdata.programs import guard
from bigdata.programs.listener import Listener

MOST_OUTPUT = 64 * 2**20
# Between SIGTERM and SIGKILL: a code may write its last checkpoint.
GRACE_SECONDS = 5.0
LOOK_SECONDS = 0.25
# What a guard takes beyond the grace time to end what ignores SIGTERM, and to tell.
GUARD_SECONDS = guard.KILL_SECONDS + 5.0
# In the environment of the program and of all that it starts: how they are found when their guard was killed.
MARK = "BIGDATA_CALL"
# An error holds the program's last words, and has to fit into the task's record.
LAST_WORDS = 240
# As shells and MPI launchers pass on that what they ran was killed.
SHELL_SIGNAL = 128


@dataclass(frozen=True)
class Ran:
    """How a program went: its exit code (minus the signal's number where a signal ended it), and what it took.

    CPU seconds are user and system time of the program and of all that it started and waited for. `memory` is the peak,
    in bytes, of what they held together, as seen every half second; pages that they share count once for each. The
    files and bytes are those in its folder when it had ended, with what was there before.
    """

    returncode: int
    seconds: float
    cpu_seconds: float
    memory: int
    n_files: int
    n_bytes: int


@dataclass(frozen=True)
class Orders:
    """What a guard is told: the program's file, its words and surroundings, and its bounds (s, bytes).

    `name` is how the log calls it.
    """

    name: str
    path: str
    command: tuple[str, ...]
    cwd: str
    env: dict[str, str]
    stdin: str | None
    output: str | None
    most_output: int
    timeout: float | None
    grace: float

    @property
    def program(self) -> str:
        return Path(self.command[0]).name


def orders(
    task: str,
    command: Sequence[str | os.PathLike[str]],
    cwd: Path,
    *,
    env: Mapping[str, str] | None,
    stdin: str | os.PathLike[str] | None,
    output: str | os.PathLike[str] | None,
    most_output: int,
    timeout: float | None,
    grace: float,
) -> Orders:
    """Complete the words of a call. ProgramFailed where there is no such program or folder.

    `env` is added to this process's own environment; paths are relative to `cwd`.
    """
    if isinstance(command, str | bytes) or not command:
        raise TypeError(f"a program is called by a list of words, as in ['pw.x', '-in', 'scf.in'], not by {command!r}")
    words = tuple(os.fspath(word) for word in command)
    folder = cwd.absolute()
    if not folder.is_dir():
        raise ProgramFailed(f"`{words[0]}` can't run in {cwd}: there is no such folder. Make it before the call.")
    whole_env = {**os.environ, **(env or {}), MARK: secrets.token_hex(16)}
    return Orders(
        name=f"{task} `{Path(words[0]).name}`",
        path=_found(words[0], folder, whole_env.get("PATH", os.defpath)),
        command=words,
        cwd=str(folder),
        env=whole_env,
        stdin=None if stdin is None else str(folder / stdin),
        output=None if output is None else str(folder / output),
        most_output=most_output,
        timeout=timeout,
        grace=grace,
    )


def _found(word: str, cwd: Path, path: str) -> str:
    """The program's file: a word with a slash is a path, others are looked for in the folders of PATH."""
    found = shutil.which(str(cwd / word)) if "/" in word else shutil.which(word, path=path)
    if found:
        return found
    if "/" in word:
        state = "can't be executed" if (cwd / word).is_file() else "isn't there"
        raise ProgramFailed(f"the program {cwd / word} {state} on {os.uname().nodename}. Check the path in the study.")
    raise ProgramFailed(
        f"the program `{word}` isn't found on {os.uname().nodename}: no folder of PATH has it. Install it, load its "
        f"module before bigdata, or give its whole path. PATH is {path}"
    )


def call(order: Orders, log: Callable[[str], None], should_stop: Callable[[], bool], *, check: bool = True) -> Ran:
    """Run a program to its end, and its descendants with it; what it says goes to `log`, its first and last 32 KiB.

    It is ended (SIGTERM to all of it, SIGKILL after the grace time) when `should_stop` becomes true, which raises
    Paused; at its timeout, which raises ProgramTimedOut, or with more output than it may have, ProgramFailed; when an
    exception, such as Ctrl-C, ends this call; and when this process dies, however that happens. An exit code other than
    0 raises ProgramFailed where `check`; SIGKILL from elsewhere ProgramKilled.
    """
    text = json.dumps(asdict(order)).encode() + b"\n"
    # A pipe that ends tells the guard that we are dead. Linux's "parent death" signal would come when this thread ends,
    # and tasks run in threads of Dask's.
    process = subprocess.Popen(
        [sys.executable, "-I", "-S", guard.__file__],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        bufsize=0,
        # Ctrl-C in a terminal is for the caller, who knows what to do.
        start_new_session=True,
    )
    listener = Listener(log)
    try:
        with suppress(BrokenPipeError):
            assert process.stdin
            guard.write_all(process.stdin.fileno(), text)
        _attend(process, listener, should_stop)
    finally:
        _release(process, order, listener)
    return _judged(order, listener, process.returncode, log, check=check)


def _attend(process: subprocess.Popen[bytes], listener: Listener, should_stop: Callable[[], bool]) -> None:
    """Until the guard has told how it went, or is dead."""
    assert process.stdin
    assert process.stdout
    while True:
        if select.select([process.stdout], [], [], LOOK_SECONDS)[0]:
            data = os.read(process.stdout.fileno(), guard.BLOCK_BYTES)
            if not data:
                return
            listener.hear(data)
        if not process.stdin.closed and should_stop():
            _stop(process)


def _stop(process: subprocess.Popen[bytes]) -> None:
    """Ask the guard to end all; without a word it would take us for dead."""
    assert process.stdin
    with suppress(OSError):
        process.stdin.write(b"stop\n")
    process.stdin.close()


def _release(process: subprocess.Popen[bytes], order: Orders, listener: Listener) -> None:
    """Whatever happened: nothing of the program runs any more."""
    assert process.stdin
    assert process.stdout
    try:
        if not process.stdin.closed:
            _stop(process)
        # It must not wait for somebody to read what it says.
        process.stdout.close()
        with suppress(subprocess.TimeoutExpired):
            process.wait(order.grace + GUARD_SECONDS)
    finally:
        if process.poll() is None:
            process.kill()
            process.wait()
        if listener.report is None:
            _end_marked(order.env[MARK])


def _end_marked(mark: str) -> None:
    """End what a guard left that was killed itself: all that carries the call's mark."""
    end = time.monotonic() + guard.KILL_SECONDS
    # One may fork between the look at it and the signal.
    while (found := list(_marked(mark))) and time.monotonic() < end:
        for pid in found:
            with suppress(ProcessLookupError, PermissionError):
                os.kill(pid, signal.SIGKILL)
        time.sleep(0.02)


def _marked(mark: str) -> Iterator[int]:
    """The living processes with this mark in their environment; zombies have none."""
    for folder in Path("/proc").iterdir():
        with suppress(OSError, ValueError):
            if f"{MARK}={mark}".encode() in (folder / "environ").read_bytes():
                yield int(folder.name)


def _judged(order: Orders, listener: Listener, guard_code: int, log: Callable[[str], None], *, check: bool) -> Ran:
    """What came of it: measured, or the reason why there is nothing to measure."""
    report, name = listener.report, order.program
    if report is None:
        raise ProgramFailed(
            f"`{name}` was ended since the process that watched over it {_words(guard_code)}. "
            "Submit again; if that happens again, ask what kills processes on the node."
        )
    if report["code"] is None and report["why"] == guard.STOPPED:
        raise Paused  # before it had begun
    if report["code"] is None or report["error"]:
        raise ProgramFailed(f"`{name}` {_not_started(report)}.")
    ran = Ran(report["code"], report["seconds"], report["cpu_seconds"], report["memory"], *_contents(Path(order.cwd)))
    how = (
        f"{_how(ran.returncode)}, {because}," if (because := _because(report["why"], order)) else _words(ran.returncode)
    )
    log(f"`{name}` {how} after {_taken(ran)} in {order.cwd}")
    if report["n_left"]:
        log(f"`{name}` left processes behind ({report['n_left']}), which were ended")
    if report["living"]:
        log(f"`{name}` has left processes that can't be ended: {', '.join(map(str, report['living']))}")
    _raise_for(order, report, listener.last, check=check)
    return ran


def _raise_for(order: Orders, report: dict[str, Any], last: list[str], *, check: bool) -> None:
    name, code = order.program, report["code"]
    match report["why"]:
        case guard.STOPPED:
            raise Paused
        case guard.TIMEOUT:
            raise ProgramTimedOut(
                f"`{name}` ran longer than its timeout of {duration(order.timeout or 0)} and was ended.{_said(last)}"
            )
        case guard.TOO_MUCH:
            raise ProgramFailed(
                f"`{name}` wrote more than {size(order.most_output)} to its output and was ended. If that is right for "
                f"it, allow it more by `most_output`.{_said(last)}"
            )
        case guard.SIGNALLED:
            raise ProgramFailed(
                f"`{name}` was ended since somebody asked the process that watches over it to end, as batch systems do "
                f"at the end of a job.{_said(last)}"
            )
    if check and code:
        killed = code in (-signal.SIGKILL, SHELL_SIGNAL + signal.SIGKILL)
        raise (ProgramKilled if killed else ProgramFailed)(f"`{name}` {_words(code)}.{_said(last)}")


def _not_started(report: dict[str, Any]) -> str:
    if report["why"] == guard.TOO_MUCH:
        return f"was ended since its output can't be written: {report['error']}"
    return f"couldn't be started: {report['error']}"


_FOR_MEMORY = "most likely by the kernel for its memory"


def _words(code: int) -> str:
    """How a process ended that nobody of us ended, to follow its name."""
    if code == -signal.SIGKILL:
        return f"{_how(code)}, {_FOR_MEMORY}"
    if code == SHELL_SIGNAL + signal.SIGKILL:
        return f"{_how(code)}: a program that it had started was killed (signal 9), {_FOR_MEMORY}"
    return _how(code)


def _how(code: int) -> str:
    if code == -signal.SIGKILL:
        return "was killed (signal 9)"
    return f"was ended by signal {-code} ({signal.strsignal(-code)})" if code < 0 else f"ended with exit code {code}"


def _because(why: str, order: Orders) -> str:
    return {
        guard.STOPPED: "since its task should stop",
        guard.TIMEOUT: f"at its timeout of {duration(order.timeout or 0)}",
        guard.TOO_MUCH: "since it wrote too much",
        guard.SIGNALLED: "as its guard was asked to end it",
    }.get(why, "")


def _taken(ran: Ran) -> str:
    left = f"{ran.n_files:,} files ({size(ran.n_bytes)})"
    return f"{duration(ran.seconds)}: {duration(ran.cpu_seconds)} of CPU, {size(ran.memory)} at most; {left}"


def record(programs: Sequence[Ran]) -> dict[str, float]:
    """What several took together: seconds, CPU seconds, and the peak memory (bytes) of the largest."""
    return {
        "n": len(programs),
        "seconds": round(sum(ran.seconds for ran in programs), 4),
        "cpu": round(sum(ran.cpu_seconds for ran in programs), 4),
        "memory": max(ran.memory for ran in programs),
    }


def _said(last: list[str]) -> str:
    """The last lines, cut from the front to what an error can hold."""
    text = "\n".join(last)
    cut = text if len(text) <= LAST_WORDS else f"…{text[-LAST_WORDS:]}"
    return f" Its last lines:\n{cut}" if cut else " It said nothing."


def _contents(folder: Path) -> tuple[int, int]:
    """Files below a folder and their bytes; links count as what they are."""
    n_files = n_bytes = 0
    for place, _, files in os.walk(folder):
        for file in files:
            with suppress(OSError):
                n_bytes += Path(place, file).lstat().st_size
                n_files += 1
    return n_files, n_bytes
