"""`bigdata controller RUN`: what a launched controller runs; `submit` starts it, in the background or in a job."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any

import click

from bigdata.cli.options import run_argument

# A line of progress at most this often for each stage.
SAY_SECONDS = 10.0


@click.command(hidden=True)
@run_argument
def command(run: Path) -> None:
    """Run what `submit` launched in the folder RUN; `submit` calls this, and what it prints goes into a log."""
    from bigdata.run.lead import control

    lines = Lines()
    lines.message(f"the controller of {run} begins")
    if control(run, lines):
        lines.message("done")


class Lines:
    """An observer of a run that writes lines with their time, for a log."""

    def __init__(self) -> None:
        self._counts: dict[str, list[int]] = {}
        self._said: dict[str, float] = {}

    def stage(self, path: str, done: int, total: int) -> None:
        self._counts[path] = [done, total]

    def token(self, token: dict[str, Any]) -> None:
        path, now = token["stage"], time.monotonic()
        if token["event"] == "failed":
            self.message(f"{path}/{token['index']} failed: {token['error']}")
        count = self._counts[path]
        count[0] += 1
        if count[0] == count[1] or now - self._said.setdefault(path, now) > SAY_SECONDS:
            self._said[path] = now
            self.message(f"{path}: {count[0]} of {count[1]} tasks ended")

    def message(self, text: str) -> None:
        click.echo(f"{time.strftime('%Y-%m-%d %H:%M:%S')} {text}", err=True)
