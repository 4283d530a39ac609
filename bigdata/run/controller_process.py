"""A detached controller as a process of this machine, which says itself whether it is one: a file isn't believed."""

from __future__ import annotations

import os
import socket
import sys
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import psutil

from bigdata.store.folder import RunFolder
from bigdata.store.lock import started

# `-P` keeps the current folder's files out of Python's imports.
_PROGRAM = ["-P", "-m", "bigdata", "controller"]


def controller_command(folder: RunFolder) -> list[str]:
    """The program that runs a launched controller."""
    return [sys.executable, *_PROGRAM, str(folder.path.absolute())]


@dataclass(frozen=True)
class ControllerProcess:
    """The process that was started as a run's controller; `started` tells it from a later one of its number."""

    host: str
    pid: int
    started: str

    @classmethod
    def of(cls, pid: int) -> ControllerProcess:
        """A process of this machine."""
        # The kernel uses a process's number again: with the time when it began, it is this very one.
        return cls(socket.gethostname(), pid, started(pid) or "")

    def is_alive(self, folder: RunFolder) -> bool | None:
        """Whether it runs, and is a controller of this folder that the folder's owner has started, or we.

        None where it is on another machine.
        """
        if self.host != socket.gethostname():
            return None
        return started(self.pid) == self.started and _controls(self.pid, folder)


def _controls(pid: int, folder: RunFolder) -> bool:
    """Whether the command of a process is a controller's of this folder, and its user the folder's owner, or us."""
    with suppress(psutil.Error, OSError):
        process = psutil.Process(pid)
        *command, path = process.cmdline()
        is_ours = process.uids().real in (folder.path.stat().st_uid, os.getuid())
        return is_ours and command[1:] == _PROGRAM and Path(path).samefile(folder.path)
    return False
