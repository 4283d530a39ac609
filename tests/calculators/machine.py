"""A machine to calculate on: a folder, real programs, and a folder beside for what is kept between two jobs."""

from __future__ import annotations

import json
import os
import shutil
import signal
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest

from bigdata.programs import program


class LocalMachine:
    """`during` is called as the programs run, and may kill them, or set `stops`, which asks the task to stop."""

    def __init__(self, folder: Path, kept: Path) -> None:
        folder.mkdir(parents=True)
        self.folder, self.cores, self.kept = folder, 1, kept
        self.stops = self.may_have_more_memory = False
        self.said: list[str] = []
        self.commands: list[tuple[str, ...]] = []
        self.during: Callable[[], object] = lambda: None

    def call(
        self,
        command: Sequence[str],
        cwd: Path,
        env: Mapping[str, str],
        timeout: float | None,
        meanwhile: Callable[[], None],
        output: str,
    ) -> program.Ran:
        """As a task's context does it."""
        self.commands.append(tuple(command))

        def look() -> bool:
            meanwhile()
            self.during()
            return self.stops

        order = program.orders(
            "test",
            command,
            cwd,
            env=env,
            stdin=None,
            output=output,
            most_output=2**26,
            timeout=timeout,
            grace=2.0,
        )
        return program.call(order, self.log, look, check=False)

    def log(self, text: str) -> None:
        self.said.append(text)

    def save(self, files: Mapping[str, Path], state: Mapping[str, Any]) -> None:
        """Beside first: a kill while saving leaves what was kept before."""
        beside = self.kept.with_suffix(".new")
        shutil.rmtree(beside, ignore_errors=True)
        for name, file in files.items():
            (beside / "files" / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(file, beside / "files" / name)
        beside.mkdir(exist_ok=True)
        (beside / "state.json").write_text(json.dumps(state))
        shutil.rmtree(self.kept, ignore_errors=True)
        beside.rename(self.kept)

    def saved(self, into: Path) -> Mapping[str, Any] | None:
        if not self.kept.exists():
            return None
        if (self.kept / "files").exists():
            shutil.copytree(self.kept / "files", into, dirs_exist_ok=True)
        state: Mapping[str, Any] = json.loads((self.kept / "state.json").read_text())
        return state


def needs(name: str) -> str:
    """The path of a program; without it the test is skipped, unless BIGDATA_SKIP_NOTHING is set."""
    found = shutil.which(name)
    if not found:
        reason = f"{name} isn't installed"
        (pytest.fail if os.environ.get("BIGDATA_SKIP_NOTHING") else pytest.skip)(reason)
    return str(found)


def kill_program_in(folder: Path, word: str = "elk") -> bool:
    """Kill, as the kernel does, the program of this word that works in a folder, not what watches over it."""
    for process in Path("/proc").glob("[0-9]*"):
        with suppress(OSError):
            if (process / "cwd").resolve() == folder and word.encode() in (process / "cmdline").read_bytes():
                os.kill(int(process.name), signal.SIGKILL)
                return True
    return False
