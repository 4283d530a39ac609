"""The process that watches over one foreign program: runs it, measures it, and leaves nothing of it behind.

`bigdata.programs.program` starts it as `python -I -S guard.py`, with the standard library alone, so that it is there in
30 ms. Its standard input is one line of JSON, the orders; a second line there asks it to end the program, and the end
of the input says that the caller is dead. Its standard output is lines of JSON: what the program says first, and how
all of it went. What the caller isn't there to hear goes to its standard error, which is the worker's log.

It is a "child subreaper" (Linux): whatever the program starts becomes its child when orphaned, however often it forked
and whichever sessions it opened. So all are gone once it has no child left.
"""

from __future__ import annotations

import ctypes
import json
import os
import resource
import select
import signal
import sys
import time
from contextlib import suppress
from typing import Any

PR_SET_PDEATHSIG, PR_SET_CHILD_SUBREAPER = 1, 36
# All that a program says is counted, its first and last bytes are told.
HEAD_BYTES = TAIL_BYTES = 32 * 1024
BLOCK_BYTES = 64 * 1024
# Memory is looked at so often, and less often where so many processes run on the node that looking takes long.
LOOK_SECONDS, LOOK_SHARE = 0.5, 0.02
# A process that hasn't gone so long after SIGKILL waits for a disk that doesn't answer, and is left to the kernel.
KILL_SECONDS = 30.0
END_AT_ONCE = signal.SIGQUIT
PAGE_BYTES = os.sysconf("SC_PAGE_SIZE")

STOPPED, ORPHANED, TIMEOUT, TOO_MUCH, SIGNALLED = "stopped", "orphaned", "timeout", "output", "signal"


def become_subreaper() -> None:
    """Orphans among the descendants of this process become its children (Linux 3.4)."""
    _prctl(PR_SET_CHILD_SUBREAPER, 1)


def _prctl(option: int, value: int) -> None:
    if _libc.prctl(option, ctypes.c_ulong(value), 0, 0, 0):
        raise OSError(ctypes.get_errno(), "prctl")


# Loaded before anything forks: the child between fork and exec should do as little as it can.
_libc = ctypes.CDLL(None, use_errno=True)


def descendants(ancestor: int) -> dict[int, int]:
    """The living descendants of a process and the memory of each, in bytes.

    One whose parent dies while this reads may be missed; it is found the next time.
    """
    children: dict[int, list[int]] = {}
    memory: dict[int, int] = {}
    for name in os.listdir("/proc"):  # noqa: PTH208 - a guard starts without pathlib sooner
        with suppress(OSError, ValueError):
            pid = int(name)
            with open(f"/proc/{name}/stat", "rb") as file:
                # After the name, which may hold anything: state, parent, …, threads (17), …, resident pages (21).
                fields = file.read().rpartition(b")")[2].split()
            # A zombie with threads left is alive: only its first thread has ended.
            if fields[0] not in b"ZX" or int(fields[17]) > 1:
                children.setdefault(int(fields[1]), []).append(pid)
                memory[pid] = int(fields[21]) * PAGE_BYTES
    found: dict[int, int] = {}
    left = list(children.get(ancestor, ()))
    while left:
        pid = left.pop()
        found[pid] = memory[pid]
        left += children.get(pid, ())
    return found


class Output:
    """What the program writes: into a file up to `most` bytes, its head to the caller, its tail kept for the end."""

    def __init__(self, path: str | None, most: int) -> None:
        self.n_bytes, self.tail = 0, bytearray()
        self._most = most
        self._file = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o666) if path else None

    @property
    def is_too_much(self) -> bool:
        return self.n_bytes > self._most

    def take(self, data: bytes) -> None:
        head = data[: max(0, HEAD_BYTES - self.n_bytes)]
        room = max(0, self._most - self.n_bytes)
        self.n_bytes += len(data)
        if head:
            say(head=head.decode("latin-1"))
        self.tail += data[len(head) :]
        if len(self.tail) > 2 * TAIL_BYTES:
            del self.tail[:-TAIL_BYTES]
        if self._file is not None:
            write_all(self._file, data[:room])


class Guard:
    """Runs one program; `orders` are those of `bigdata.programs.program`."""

    def __init__(self, orders: dict[str, Any]) -> None:
        self.orders, self.output = orders, Output(orders["output"], orders["most_output"])
        self.began = time.monotonic()
        self._caller = os.getppid()
        self.status: int | None = None
        self.why, self.error = "", ""
        self.memory, self.n_left = 0, 0
        self._at_once = False
        self._ends_at = float("inf")
        self._looks_at = 0.0
        self._told: set[int] = set()

    def run(self) -> None:
        """From the start of the program until nothing of it is left."""
        wake = _wakes_up_at_signals(self._hear)
        self.pid, pipe, trouble = _start(self.orders)
        say(pid=self.pid)
        poller = select.poll()
        for source in (0, pipe, wake):
            poller.register(source, select.POLLIN)
        while self._has_children() and time.monotonic() < self._ends_at + KILL_SECONDS:
            for source, _ in poller.poll(self._patience()):
                if source == wake:
                    os.read(wake, BLOCK_BYTES)
                elif data := os.read(source, BLOCK_BYTES):
                    self._take(source, data)
                else:
                    poller.unregister(source)
                    self._closed(source)
            self._look()
            self._tend()
        self._drain(pipe)
        self._report(os.read(trouble, BLOCK_BYTES).decode())

    def _hear(self, number: int, _frame: Any) -> None:
        self._at_once = self._at_once or number == END_AT_ONCE
        if number != signal.SIGCHLD:
            self._end(SIGNALLED)

    def _take(self, source: int, data: bytes) -> None:
        if source == 0:
            self._end(STOPPED)
            return
        try:
            self.output.take(data)
        except OSError as error:
            self.error = f"{error.filename or self.orders['output']}: {error.strerror}"
            self._end(TOO_MUCH)
        if self.output.is_too_much:
            self._end(TOO_MUCH)

    def _closed(self, source: int) -> None:
        if source == 0:
            self._end(ORPHANED)

    def _end(self, why: str) -> None:
        """Begin to end all of it; the first reason counts."""
        if self._ends_at == float("inf"):
            self.why = "" if self.status is not None else why
            self._ends_at = time.monotonic() + self.orders["grace"]

    def _has_children(self) -> bool:
        """Reap those that have ended; whether there are others."""
        try:
            while (found := os.waitpid(-1, os.WNOHANG))[0]:
                if found[0] == self.pid:
                    self.status = found[1]
        except ChildProcessError:
            return False
        return True

    def _look(self) -> None:
        """Look at the memory of all, and for the caller, every now and then."""
        now = time.monotonic()
        if now >= self._looks_at:
            # Somebody whom it had forked may still hold its end of our input.
            if os.getppid() != self._caller:
                self._end(ORPHANED)
            self.memory = max(self.memory, sum(descendants(os.getpid()).values()))
            took = time.monotonic() - now
            self._looks_at = now + max(LOOK_SECONDS, took / LOOK_SHARE)

    def _tend(self) -> None:
        """End what has to end now."""
        timeout = self.orders["timeout"]
        if timeout is not None and time.monotonic() - self.began > timeout:
            self._end(TIMEOUT)
        if self.status is not None:  # what it left behind has to go too
            self._end("")
        if self._ends_at == float("inf"):
            return
        living = descendants(os.getpid()) if self._has_children() else {}
        if self.status is not None and not self.why:
            self.n_left = max(self.n_left, len(living))
        if self._at_once or time.monotonic() > self._ends_at:
            _send(living, signal.SIGKILL)
        else:
            new = living.keys() - self._told
            self._told |= new
            # One that is stopped would hear of nothing but SIGKILL.
            _send(new, signal.SIGTERM, signal.SIGCONT)

    def _patience(self) -> int:
        """Milliseconds until something has to be looked at."""
        now = time.monotonic()
        if self._ends_at < float("inf"):
            return 20
        next_at = [self._looks_at]
        if self.orders["timeout"] is not None:
            next_at.append(self.began + self.orders["timeout"])
        return max(1, int(1000 * (min(next_at) - now)) + 1)

    def _drain(self, pipe: int) -> None:
        os.set_blocking(pipe, False)
        with suppress(BlockingIOError):
            while data := os.read(pipe, BLOCK_BYTES):
                self._take(pipe, data)

    def _report(self, trouble: str) -> None:
        used = resource.getrusage(resource.RUSAGE_CHILDREN)
        if self.why == ORPHANED:
            name = self.orders["name"]
            line = f"{time.strftime('%Y-%m-%d %H:%M:%S')} {name} was ended: the worker that had started it is gone\n"
            with suppress(OSError):
                write_all(2, line.encode(errors="replace"))
        say(
            code=os.waitstatus_to_exitcode(self.status) if self.status is not None else None,
            why=self.why,
            error=trouble or self.error,
            seconds=time.monotonic() - self.began,
            cpu_seconds=used.ru_utime + used.ru_stime,
            # The kernel's peak (KiB) is that of one process, without the gaps between two looks.
            memory=max(self.memory, used.ru_maxrss * 1024),
            n_output=self.output.n_bytes,
            tail=bytes(self.output.tail[-TAIL_BYTES:]).decode("latin-1"),
            n_left=self.n_left,
            living=sorted(descendants(os.getpid())),
        )


def _start(orders: dict[str, Any]) -> tuple[int, int, int]:
    """The program's number, and the pipes of what it says and of what kept it from starting."""
    pipe, its_end = os.pipe()
    trouble, its_trouble = os.pipe()
    guard = os.getpid()
    pid = os.fork()
    if pid == 0:
        try:
            # A guard that is killed takes the program along; what that has started is found by its mark.
            _prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
            # It may have died just before.
            if os.getppid() == guard:
                _become(orders, its_end)
        except OSError as error:
            os.write(its_trouble, f"{error.filename or orders['path']}: {error.strerror}".encode())
        finally:
            os._exit(127)
    os.close(its_end)
    os.close(its_trouble)
    return pid, pipe, trouble


def _become(orders: dict[str, Any], its_end: int) -> None:
    """Be the program: in a session of its own, with the signals that any program begins with."""
    os.setsid()  # a signal to its group must not reach the guard
    signal.set_wakeup_fd(-1)
    # Python's own choices, and those of whoever started the worker, would be inherited.
    for number in signal.valid_signals() - {signal.SIGKILL, signal.SIGSTOP}:
        with suppress(OSError, ValueError):
            signal.signal(number, signal.SIG_DFL)
    signal.pthread_sigmask(signal.SIG_SETMASK, ())
    os.dup2(os.open(orders["stdin"] or os.devnull, os.O_RDONLY), 0)
    os.dup2(its_end, 1)
    os.dup2(its_end, 2)
    os.chdir(orders["cwd"])
    os.execve(orders["path"], orders["command"], orders["env"])


def _wakes_up_at_signals(hear: Any) -> int:
    """A pipe that becomes readable at each signal: `poll` would go on waiting."""
    readable, writable = os.pipe()
    for end in (readable, writable):
        os.set_blocking(end, False)
    signal.set_wakeup_fd(writable, warn_on_full_buffer=False)
    for number in (signal.SIGCHLD, signal.SIGTERM, signal.SIGINT, signal.SIGHUP, END_AT_ONCE):
        signal.signal(number, hear)
    return readable


def _send(pids: Any, *numbers: int) -> None:
    for pid in pids:
        for number in numbers:
            with suppress(ProcessLookupError, PermissionError):
                os.kill(pid, number)


def say(**what: Any) -> None:
    """A line to the caller, who may be dead."""
    with suppress(OSError):
        write_all(1, json.dumps(what).encode() + b"\n")


def write_all(handle: int, data: bytes) -> None:
    """As `os.write`, which may write a part."""
    rest = memoryview(data)
    while rest:
        rest = rest[os.write(handle, rest) :]


def _read_orders() -> dict[str, Any]:
    """The first line that comes; where the wish to stop comes with it, there is nothing to do."""
    line = b""
    while b"\n" not in line:
        block = os.read(0, BLOCK_BYTES)
        if not block:
            sys.exit(0)  # the caller died before it had said anything
        line += block
    orders, _, rest = line.partition(b"\n")
    if rest:
        say(code=None, why=STOPPED, error="")
        sys.exit(0)
    read: dict[str, Any] = json.loads(orders)
    return read


def main() -> None:
    orders = _read_orders()
    become_subreaper()
    try:
        guard = Guard(orders)
    except OSError as error:
        say(code=None, why="", error=f"{error.filename}: {error.strerror}")
        return
    guard.run()


if __name__ == "__main__":
    main()
