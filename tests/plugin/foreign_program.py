"""A program for tests: writes files as a DFT code would, or behaves as badly as one can."""

# ruff: noqa: T201
from __future__ import annotations

import os
import signal
import sys
import time
from pathlib import Path


def write() -> None:
    for n in range(3):
        Path(f"part-{n}.out").write_text(f"energy {n}\n" * 100)
    Path("deeper").mkdir()
    Path("deeper/INFO.OUT").write_text("converged\n")
    print("it went well")


def fail() -> None:
    Path("INFO.OUT").write_text("not converged\n")
    print("SCF did not converge")
    sys.exit(3)


def wait() -> None:
    Path("begun").write_text(str(os.getpid()))
    print("begun", flush=True)
    time.sleep(1000)


def be_deaf() -> None:
    """To anything but SIGKILL."""
    for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
        signal.signal(number, signal.SIG_IGN)
    wait()


def have_children() -> None:
    """Who have children, in three generations, all deaf."""
    for _ in range(2):
        os.fork()
    be_deaf()


def leave_daemons() -> None:
    """Fork twice, each time in a new session, as daemons do, and be deaf; the first process ends or stays."""
    for _ in range(2):
        if os.fork() == 0:
            os.setsid()
            if os.fork():
                os._exit(0)
            os.setsid()
            be_deaf()
    time.sleep(0.2)


def leave_daemons_and_wait() -> None:
    leave_daemons()
    be_deaf()


def flood() -> None:
    """A gigabyte."""
    line = "x" * 99 + "\n"
    print("the first line")
    for _ in range(10**7):
        sys.stdout.write(line)


def crash() -> None:
    os.kill(os.getpid(), signal.SIGSEGV)


def be_killed() -> None:
    os.kill(os.getpid(), signal.SIGKILL)


def compute() -> None:
    """A second of CPU in each of two processes, with 100 MiB each."""
    other = os.fork()
    memory = bytearray(b"1") * 100 * 2**20
    while time.process_time() < 1:
        pass
    time.sleep(1)
    del memory
    if other:
        os.wait()


if __name__ == "__main__":
    globals()[sys.argv[1].replace("-", "_")]()
