"""`bigdata datasets fetch NAME|SPEC…`: bring the data of datasets, or of all that a study names, to this machine."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import click

from bigdata.data.model import NamedDataset
from bigdata.data.progress import logged
from bigdata.data.registry import registered
from bigdata.display import size


@click.command()
@click.argument("wanted", nargs=-1, required=True, metavar="NAME|SPEC…")
@click.option("--again", is_flag=True, help="Ask remote databases again, in place of the answers in the cache.")
def fetch(wanted: tuple[str, ...], again: bool) -> None:
    """Bring datasets, by name, or all that a study's file names, to this machine."""
    for text in wanted:
        for dataset in _datasets(text):
            for line in _fetch(dataset, again):
                click.echo(line)


def _datasets(text: str) -> Iterator[Any]:
    """What a name, or a study's file, stands for; DataProblem where it is neither."""
    from bigdata.planning.again import load_study
    from bigdata.store.folder import run_in

    if Path(text).suffix in (".yaml", ".yml") or run_in(Path(text)):
        for variant in load_study(Path(text)).variants:
            model: Any = variant.model
            yield from model.datasets.values() if hasattr(model, "datasets") else [model.dataset]
    else:
        yield NamedDataset(name=text)


def _fetch(dataset: Any, again: bool) -> Iterator[str]:
    if isinstance(dataset, NamedDataset):
        from bigdata.data.fetch import located

        entry = registered(dataset.name)
        for file in located(entry, logged(entry.name, size)):
            yield f"{entry.name}  {file.path}"
    elif (query := _query(dataset)) is not None:
        from bigdata.data.remote.queries import answers_about, answers_of, forget

        if again:
            forget(query)
        path = answers_of(query, logged("answers"))
        about = answers_about(query)
        yield f"{about['n']:,} entries, retrieved {about['retrieved'][:10]}  {path}"


def _query(dataset: Any) -> Any:
    """The query of a dataset that comes from a remote database; None for others."""
    fields = ("optimade", "aflow", "materials_project", "nomad")
    return next((getattr(dataset, f) for f in fields if hasattr(dataset, f)), None)
