"""`bigdata verify RUN`: read every stored chunk and compare its checksum."""

from __future__ import annotations

from pathlib import Path

import click

from bigdata.cli.options import run_argument
from bigdata.display import size
from bigdata.errors import DamagedData, VerificationFailed
from bigdata.store import open_run


@click.command()
@run_argument
def command(run: Path) -> None:
    """Read all arrays of RUN. Exit code 7 where one isn't what was written."""
    opened = open_run(run)
    damaged = []
    for view in opened.variants:
        for array in view.values():
            try:
                array.verify()
            except DamagedData as error:
                damaged.append(str(error))
    if damaged:
        raise VerificationFailed("\n".join(damaged))
    click.echo(
        f"{run}: all {sum(map(len, opened.variants))} arrays are whole ({size(opened.folder.n_bytes())} in the run)"
    )
