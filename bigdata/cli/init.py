"""`bigdata init KIND`: write a commented spec to start from."""

from __future__ import annotations

from pathlib import Path

import click

from bigdata.errors import Place, Problem, SpecError


@click.command()
@click.argument("kind")
@click.argument("file", required=False, type=click.Path(path_type=Path))
def command(kind: str, file: Path | None) -> None:
    """Write a commented spec of this KIND into FILE, or KIND.yaml; never over an existing file."""
    from bigdata.spec.starter import starter

    text = starter(kind)
    path = file or Path(f"{kind}.yaml")
    try:
        # `x` fails where there is a file by now, however short the time since anyone looked.
        with path.open("x", encoding="utf-8") as new:
            new.write(text)
    except OSError as error:
        raise SpecError([_unwritable(path, error)]) from error
    click.echo(path)


def _unwritable(path: Path, error: OSError) -> Problem:
    if isinstance(error, FileExistsError):
        return Problem(Place(str(path)), "", "exists already", "Name another file: `bigdata init KIND FILE`")
    return Problem(Place(str(path)), "", f"can't be written ({error.strerror})", "Name a file in a folder of yours")
