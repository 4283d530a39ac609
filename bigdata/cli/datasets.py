"""`bigdata datasets list | show | fetch | formats`: the datasets known by name, and the formats of one's own."""

from __future__ import annotations

import importlib
import json
from dataclasses import asdict
from typing import Any

import click

from bigdata.cli.options import json_option
from bigdata.cli.text import table
from bigdata.data.registry import Registered, names, registered
from bigdata.errors import SpecError


@click.group()
def command() -> None:
    """The datasets that a spec can name (`dataset: {name: …}`)."""


@command.command("list")
@json_option
def list_datasets(as_json: bool) -> None:
    """List the datasets: name, entries, where the data are, what they are."""
    found = [registered(name) for name in names()]
    if as_json:
        click.echo(json.dumps([_described(dataset) for dataset in found], indent=2))
        return
    rows = [(dataset.name, dataset.n_entries, _home(dataset), dataset.title) for dataset in found]
    click.echo(table(("name", "entries", "data", "title"), rows))


@command.command("show")
@click.argument("name")
@json_option
def show(name: str, as_json: bool) -> None:
    """Show a dataset's origin, terms and fields."""
    dataset = registered(name)
    if as_json:
        click.echo(json.dumps(_described(dataset), indent=2))
        return
    about = {
        "entries": dataset.n_entries,
        "data": _home(dataset),
        "format": dataset.reader,
        "licence": dataset.licence,
        "citation": dataset.citation,
        "sha256": dataset.sha256 or "recorded at the first download",
    }
    lines = [f"{dataset.name}: {dataset.title}", ""]
    lines += [f"{key:<8}  {value}" for key, value in about.items()]
    lines += ["", *dataset.notes, ""]
    fields = [(field.name, field.unit, field.meaning) for field in dataset.fields.values()]
    click.echo("\n".join(lines) + "\n" + table(("field", "unit", "meaning"), fields))


@command.command("fetch")
@click.argument("name")
def fetch(name: str) -> None:
    """Bring a dataset's files to this machine."""
    dataset = registered(name)
    click.echo(f"{dataset.name} is inside the package; nothing needs fetching.")


@command.command("formats")
@click.argument("name", required=False)
def formats(name: str | None) -> None:
    """Describe the file formats that `file:` reads, or one of them."""
    from bigdata.data.spectra.formats import MODULES

    if name is not None and name not in MODULES:
        raise SpecError(f"there is no format `{name}`; there are {', '.join(MODULES)}.")
    module = importlib.import_module(
        f"bigdata.data.spectra.formats.{MODULES[name]}" if name else "bigdata.data.spectra.formats"
    )
    click.echo((module.__doc__ or "").partition("\n\nEach module")[0] if name is None else module.__doc__)


def _home(dataset: Registered) -> str:
    return "shipped" if dataset.shipped else dataset.url


def _described(dataset: Registered) -> dict[str, Any]:
    return {**asdict(dataset), "fields": [asdict(field) for field in dataset.fields.values()]}
