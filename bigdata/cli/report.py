"""`bigdata report RUN`: draw figures and report anew from the store."""

from __future__ import annotations

from functools import partial
from pathlib import Path

import click

from bigdata.cli.options import private_option, run_argument


@click.command()
@run_argument
@private_option
def command(run: Path, private: bool) -> None:
    """Write the figures and the report of RUN; print the report's path.

    What can't be drawn is said, and the page is written without it.
    """
    from bigdata.run.reporting import redraw

    report = redraw(run, partial(click.echo, err=True), private=private)
    click.echo(report.page)
    if report.damage is not None:
        raise report.damage
