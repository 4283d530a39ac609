"""`bigdata verify RUN`: read every stored chunk and pack and compare its checksum."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from bigdata.cli.options import run_argument
from bigdata.display import size
from bigdata.errors import VerificationFailed
from bigdata.store import open_run

if TYPE_CHECKING:
    from bigdata.store.reading import Run


@click.command()
@run_argument
def command(run: Path) -> None:
    """Read all arrays and packs of RUN. Exit code 7 where one isn't what was written."""
    opened = open_run(run)
    damaged = [str(error) for view in opened.variants for array in view.values() for error in array.damages()]
    damaged += _damaged_packs(opened)
    if damaged:
        raise VerificationFailed("\n".join(damaged))
    n_packs = sum(len(packs) for view in opened.variants for packs in view.packs.values())
    also = f" and {n_packs:,} packs" if n_packs else ""
    n_arrays = sum(map(len, opened.variants))
    click.echo(f"{run}: all {n_arrays} arrays{also} are whole ({size(opened.folder.n_bytes())} in the run)")


def _damaged_packs(run: Run) -> list[str]:
    """What is wrong with packs: those of tasks that are done, which have to be there, and those of others."""
    done = run.history.done
    return [
        str(error)
        for view in run.variants
        for stage, packs in view.packs.items()
        for error in packs.verify({index for path, index in done if path == view.packs.path(stage)})
    ]
