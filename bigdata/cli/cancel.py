"""`bigdata cancel RUN`: stop a run from any terminal, by its folder."""

from __future__ import annotations

from pathlib import Path

import click

from bigdata.cli.options import run_argument
from bigdata.run.cancelling import cancel
from bigdata.run.status import status


@click.command()
@run_argument
def command(run: Path) -> None:
    """Stop RUN and remove its jobs, those of a dead controller too. What is done is kept; submitting again goes on."""
    found = cancel(run)
    now = status(run)
    n = len(found.jobs)
    removed = f"; {n} job{'s' * (n > 1)} removed: {', '.join(found.jobs)}" if n else ""
    if found.was_live:
        done = f"{now.n_done} of {now.n_tasks} tasks done" if now.n_tasks else "before it began"
        click.echo(f"{run}: {now.state}, {done}{removed}")
    else:
        click.echo(f"{run} is not running ({now.state}){removed}")
