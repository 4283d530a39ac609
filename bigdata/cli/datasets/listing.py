"""`bigdata datasets list | formats`: the datasets known by name, and the formats of one's own."""

from __future__ import annotations

import importlib
import json
from typing import Any

import click

from bigdata.cli.options import json_option
from bigdata.cli.text import table
from bigdata.data.fetch import home
from bigdata.data.registry import Registered, names, registered
from bigdata.errors import SpecError


@click.command("list")
@json_option
def list_datasets(as_json: bool) -> None:
    """List the datasets: name, entries, where the data are, what they are."""
    found = [registered(name) for name in names()]
    if as_json:
        click.echo(json.dumps([described(dataset) for dataset in found], indent=2))
        return
    rows = [(dataset.name, dataset.n_entries, home(dataset), dataset.title) for dataset in found]
    click.echo(table(("name", "entries", "data", "title"), rows))


@click.command("formats")
@click.argument("name", required=False)
def formats(name: str | None) -> None:
    """Describe the file formats that `file:` reads, or one of them."""
    rooms = _formats()
    if name is None:
        for room in rooms:
            # What follows there is for whoever writes a reader.
            click.echo((importlib.import_module(room).__doc__ or "").partition("\n\nEach module")[0] + "\n")
        return
    pages = [f"{room}.{modules[name]}" for room, modules in rooms.items() if name in modules]
    if not pages:
        known = ", ".join(sorted({key for modules in rooms.values() for key in modules}))
        raise SpecError(f"there is no format `{name}`; there are {known}.")
    for page in pages:
        click.echo(importlib.import_module(page).__doc__)


def _formats() -> dict[str, dict[str, str]]:
    """The formats' modules by room: those of materials, and those of spectra."""
    rooms = ("bigdata.data.materials.formats", "bigdata.data.spectra.formats")
    return {room: importlib.import_module(room).MODULES for room in rooms}


def described(dataset: Registered) -> dict[str, Any]:
    """What is known of a registered dataset, as plain data."""
    said = dataset.model_dump(mode="json")
    fields = list(said["fields"].values())
    for one in (said, *fields):
        if not any(one["label"].values()):
            del one["label"]
    for field in fields:
        if not field["values"]:
            del field["values"]
    return {**said, "fields": fields}
