"""`bigdata report RUN`: draw figures and report anew from the store."""

from __future__ import annotations

from pathlib import Path

import click

from bigdata.cli.options import run_argument
from bigdata.store import open_run


@click.command()
@run_argument
def command(run: Path) -> None:
    """Write the figures and the report of RUN; print the report's path."""
    from bigdata.report.page import write_report

    click.echo(write_report(open_run(run)))
