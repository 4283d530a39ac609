"""`bigdata logs RUN [TASK] [-f]`: what the workers and the controller wrote, of all tasks or of one, as it comes."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import BinaryIO

import click

from bigdata.cli.options import run_argument
from bigdata.errors import SpecError
from bigdata.files import open_plain
from bigdata.run.status import status
from bigdata.store import journal
from bigdata.store.folder import RunFolder
from bigdata.store.lock import holder
from bigdata.store.record import record_of

LOOK_SECONDS = 0.5
# Where the workers' logs are put together.
FOLDED = "tasks.log"


@click.command()
@run_argument
@click.argument("task", required=False)
@click.option("-f", "--follow", is_flag=True, help="Stay, and print what comes, until RUN or TASK ends.")
def command(run: Path, task: str | None, follow: bool) -> None:
    """Print the log of RUN, or only of TASK (STAGE/NUMBER, such as `fit/3`)."""
    folder = RunFolder(run)
    folder.read_resolved()
    if task is not None:
        task_id(task)
    n_printed = 0
    for line in _following(folder, task) if follow else _lines(folder):
        if task is None or f" {task} " in line:
            click.echo(line)
            n_printed += 1
    if task is not None:
        _ending(run, folder, task)
    elif not n_printed:
        click.echo(f"nothing was logged in {run}")


def _lines(folder: RunFolder) -> list[str]:
    return [line for log in sorted(folder.logs.glob("*.log")) for line in Tail(log).lines(whole=False)]


def _following(folder: RunFolder, task: str | None) -> Iterator[str]:
    """Lines as they are written, until nobody works on the run, or the task has ended."""
    tails: dict[Path, Tail] = {}
    has_folded = (folder.logs / FOLDED).exists()
    ended = _task_ends(folder, task) if task else lambda: False
    while True:
        over = ended() or not _is_live(folder)
        for log in sorted(folder.logs.glob("*.log")):
            tails.setdefault(log, Tail(log))
        for log, tail in tails.items():
            # What this log gains when the run ends are the workers' logs, and those have been printed by then.
            if log.name != FOLDED or has_folded:
                yield from tail.lines(whole=not over)
        has_folded = False
        if over:
            return
        time.sleep(LOOK_SECONDS)


def _is_live(folder: RunFolder) -> bool:
    if holder(folder.lock):
        return True
    time.sleep(LOOK_SECONDS)  # between two controllers, or between the orders and the lock
    return status(folder.path).is_live


def _task_ends(folder: RunFolder, task: str) -> Callable[[], bool]:
    """A function that says whether the task's record has come; it reads only what the journal has gained."""
    path, index = task_id(task)
    records, last = Tail(folder.journal), ""

    def ended() -> bool:
        nonlocal last
        for record in map(record_of, map(str.encode, records.lines(whole=True))):
            if (record.get("stage"), record.get("index")) == (path, index):
                last = record["event"]
            elif record["event"] == "submit" and last == "failed":  # what failed before is tried again
                last = ""
        return last in ("done", "failed")

    return ended


class Tail:
    """What a file gains; it may not be there yet, and may be removed while it is read."""

    def __init__(self, path: Path) -> None:
        self.position = 0
        self._path = path
        self._file: BinaryIO | None = None

    def lines(self, *, whole: bool) -> Iterator[str]:
        """The lines that came since the last call; one without its end is left for later where `whole`."""
        if self._file is None:
            with suppress(OSError):  # nor is it anything where it is no plain file
                self._file = open_plain(self._path, links=False)
        if self._file is None:
            return
        self._file.seek(self.position)
        text = self._file.read()
        taken = text.rfind(b"\n") + 1 if whole else len(text)
        self.position += taken
        yield from text[:taken].decode(errors="replace").splitlines()


def _ending(run: Path, folder: RunFolder, task: str) -> None:
    """How the task ended, with its traceback where it failed."""
    path, index = task_id(task)
    past = journal.read_history(folder.journal)
    record = past.failed.get((path, index)) or past.done.get((path, index))
    if record is None:
        raise SpecError(f"{run} has no record of a task `{task}`. `bigdata status {run}` lists its stages.")
    click.echo(f"{task}: {record['event']} after {record.get('seconds', 0)} s on {record.get('worker', '?')}")
    if record["event"] == "failed":
        click.echo(f"{record.get('error', '')}\n{record.get('traceback', '')}")


def task_id(task: str) -> tuple[str, int]:
    """`fit/3` → ("fit", 3)."""
    path, _, index = task.rpartition("/")
    if not path or not index.isdigit():
        raise SpecError(f"`{task}` names no task; write STAGE/NUMBER, for example `fit/3`.")
    return path, int(index)
