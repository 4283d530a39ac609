"""A folder to work in: writes studies, calls the `bigdata` program as a user would, and reads what a run left.

Small studies run in the test's own process, and so does the program: starting a worker takes 2 to 4 CPU s, starting the
program up to 1.5. A test of workers names a site that has them; one of processes calls `program` or `start`.
"""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psutil

from bigdata import load_study, submit
from bigdata.planning import Plan, plan
from bigdata.store.folder import RunFolder
from bigdata.store.reading import Run
from tests import called

ROOT = Path(__file__).parents[1]
PLUGIN = ROOT / "tests/plugin"
PROGRAM = [sys.executable, "-c", "from bigdata.cli.main import main; main()"]
PATIENCE_SECONDS = 60


@dataclass(frozen=True)
class Bench:
    """Paths are relative to `folder`; runs go to its `runs`."""

    folder: Path

    def trial(self, **fields: Any) -> Path:
        """Write a study of the kind `trial` (see tests/plugin)."""
        return self.write("trial.yaml", {"study": "trial", "name": "t", **fields})

    def write(self, name: str, data: Any) -> Path:
        """Write data as a YAML file (JSON is YAML)."""
        path = self.folder / name
        path.write_text(json.dumps(data))
        return path

    def site(self, **pools: dict[str, Any]) -> Path:
        """Write a site of this machine with these pools."""
        return self.write("site.yaml", {"site": "here", "scheduler": "local", "pools": pools})

    def plan(self, spec: Path, **more: Any) -> Plan:
        return plan(load_study(spec), runs=self.folder / "runs", **more)

    def submit(self, spec: Path, **more: Any) -> Run:
        """Run a study in this process, or where a `site` or a `client` is named."""
        where = {} if "client" in more else {"site": "process"}
        return submit(load_study(spec), runs=self.folder / "runs", **(where | more))

    def run_folder(self) -> RunFolder:
        """The folder of the only run."""
        (found,) = (self.folder / "runs").iterdir()
        return RunFolder(found)

    def environment(self, **more: str) -> dict[str, str]:
        return {**os.environ, "NO_COLOR": "1", **more}

    def bigdata(self, *words: object, **more: str) -> subprocess.CompletedProcess[str]:
        """Call the program in this process."""
        return called.call([*map(str, words)], self.folder, self.environment(**more))

    def program(self, *words: object, **more: str) -> subprocess.CompletedProcess[str]:
        """Call the program in a process of its own and wait for it."""
        command = [*PROGRAM, *map(str, words)]
        environment = self.environment(**more)
        return subprocess.run(command, cwd=self.folder, env=environment, capture_output=True, text=True, check=False)

    def start(self, *words: object, **more: str) -> Running:
        """Call the program and go on; what it says goes to files."""
        out, err = (self.folder / f"{time.time_ns()}.{word}" for word in ("out", "err"))
        with out.open("w") as o, err.open("w") as e:
            process = subprocess.Popen(
                [*PROGRAM, *map(str, words)],
                cwd=self.folder,
                env=self.environment(**more),
                stdout=o,
                stderr=e,
                # Where tests run in the background, Ctrl-C is ignored, and the program would inherit that.
                preexec_fn=_hear_interrupts,
                start_new_session=True,
            )
        return Running(process, out, err)


def _hear_interrupts() -> None:
    signal.signal(signal.SIGINT, signal.SIG_DFL)


@dataclass(frozen=True)
class Running:
    """A program that was started."""

    process: subprocess.Popen[bytes]
    out: Path
    err: Path

    def family(self) -> list[psutil.Process]:
        """The process and all that it started."""
        try:
            parent = psutil.Process(self.process.pid)
            return [parent, *parent.children(recursive=True)]
        except psutil.NoSuchProcess:
            return []

    def wait(self) -> int:
        return self.process.wait(PATIENCE_SECONDS)


def until(condition: Callable[[], Any], seconds: float = PATIENCE_SECONDS) -> Any:
    """Wait for something to be so; returns what it was."""
    end = time.monotonic() + seconds
    while not (found := condition()):
        assert time.monotonic() < end, "waited in vain"
        time.sleep(0.02)
    return found


def all_gone(processes: list[psutil.Process]) -> bool:
    """Whether none of these processes runs any more."""
    return not any(map(_is_running, processes))


def _is_running(process: psutil.Process) -> bool:
    try:
        return process.is_running() and process.status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:  # it has ended between the two questions
        return False


def chunks(run: Path) -> dict[str, bytes]:
    """Every stored chunk file of a run, by its path in the store, but for what tasks say of where they are."""
    store = run / "store.zarr"
    files = {str(p.relative_to(store)): p for p in store.rglob("c/**/*") if p.is_file()}
    return {name: p.read_bytes() for name, p in files.items() if not {"told", "surroundings"} & set(name.split("/"))}


def told(record: dict[str, Any]) -> dict[str, Any]:
    """What a task of the kind `trial` says of where it is."""
    said: dict[str, Any] = json.loads(record["rows"].get("told") or record["rows"]["surroundings"])
    return said


def events(run: Path, event: str) -> list[dict[str, Any]]:
    """The records of one kind in a run's journal."""
    path = RunFolder(run).journal
    lines = path.read_bytes().split(b"\n")[:-1] if path.exists() else []
    return [record for record in map(json.loads, lines) if record["event"] == event]
