"""`bigdata cancel RUN`: stop a run from any terminal, by its folder."""

from __future__ import annotations

from pathlib import Path

import click

from bigdata.cli.options import run_argument
from bigdata.run.status import cancel, status


@click.command()
@run_argument
def command(run: Path) -> None:
    """Stop RUN. What is done is kept; submitting again goes on."""
    if not cancel(run):
        click.echo(f"{run} is not running ({status(run).state})")
        return
    now = status(run)
    click.echo(f"{run}: {now.state}, {now.n_done} of {now.n_tasks} tasks done")
