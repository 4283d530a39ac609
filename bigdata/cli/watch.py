"""Looking at a run again and again until it ends: a page that is drawn anew on a terminal, lines elsewhere."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import click
from rich.console import Console
from rich.live import Live
from rich.text import Text

from bigdata.cli.harmless import drawn_on, harmless
from bigdata.cli.status_page import page
from bigdata.display import duration
from bigdata.errors import Cancelled, DiskFull, SiteError, TasksFailed
from bigdata.run.status import Status, status

LOOK_SECONDS = 1.0
# A controller that dies between two looks at its lock may be followed by another.
SURE_SECONDS = 2.0


def follow(path: Path, *, err: bool = False) -> Status:
    """Show a run until nobody works on it any more; how it stood then. Ctrl-C ends the looking, not the run."""
    console = Console(file=drawn_on(sys.stderr if err else sys.stdout), highlight=False)
    try:
        return _redraw(path, console) if console.is_terminal else _say(path, err)
    except KeyboardInterrupt:
        raise Cancelled(f"no longer watching; {path} goes on. `bigdata cancel {path}` stops it.") from None


def until_ended(now: Status, path: Path) -> None:
    """Raise for a run that didn't end well, so that the exit code says so."""
    if now.state == "failed":
        raise TasksFailed(f"{len(now.failed)} tasks failed, {now.skipped} were skipped. See `bigdata status {path}`.")
    if now.state == "cancelled":
        raise Cancelled(f"{path} was cancelled")
    if now.state == "disk-full":
        raise DiskFull(now.error)
    if now.state == "refused":
        raise SiteError(now.error)
    if now.state != "done":
        raise SiteError(f"{path} is {now.state}. See `bigdata status {path}`.")


def looks(look: Callable[[], Status], every: float = LOOK_SECONDS) -> Iterator[Status]:
    """A run's status, again and again; the last one is that in which it stays."""
    while True:
        now = look()
        if not now.is_live:
            time.sleep(min(every, SURE_SECONDS))
            now = look()
            if not now.is_live:
                yield now
                return
        yield now
        # Before a controller runs, each look may ask the batch system, whose users share it.
        time.sleep(every if now.state == "running" else 2 * every)


def _redraw(path: Path, console: Console) -> Status:
    with Live(console=console, auto_refresh=False) as live:
        for now in looks(lambda: status(path)):
            # As Text: what errors hold in brackets is no markup of Rich's.
            live.update(Text(harmless(page(now))), refresh=True)
    return now


def _say(path: Path, err: bool) -> Status:
    """One line whenever there is something new."""
    said = ""
    for now in looks(lambda: status(path)):
        line = one_line(now)
        if line != said:
            click.echo(f"{time.strftime('%H:%M:%S')} {line}", err=err)
            said = line
    return now


def one_line(now: Status) -> str:
    """`running, 12 of 40 tasks done, 1 failed; waiting: …`."""
    parts = [now.state]
    if now.n_tasks:
        parts.append(f"{now.n_done} of {now.n_tasks} tasks done")
    if now.failed:
        parts.append(f"{len(now.failed)} failed")
    if now.state in ("queued", "held") and now.job:
        parts.append(f"job {now.job.id} waits ({now.job.reason or 'no reason given'})")
    return "; ".join([", ".join(parts), *now.waiting])


def ago(seconds: float) -> str:
    return f"{duration(max(0.0, seconds))} ago"
