"""`bigdata datasets list | show | formats`: the datasets known by name, and the formats of one's own."""

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
        click.echo(json.dumps([_described(dataset) for dataset in found], indent=2))
        return
    rows = [(dataset.name, dataset.n_entries, home(dataset), dataset.title) for dataset in found]
    click.echo(table(("name", "entries", "data", "title"), rows))


@click.command("show")
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
        "holds": dataset.kind
        if dataset.has_structures or dataset.kind == "spectra"
        else "materials without structures",
        "data": home(dataset),
        "format": dataset.reader,
        "licence": dataset.licence,
        "citation": dataset.citation,
        "sha256": dataset.sha256 or "recorded at the first download",
    }
    about |= {"from": ", ".join(source.url for source in dataset.sources)} if dataset.sources else {}
    about |= {"label": dataset.label.text} if dataset.label.text else {}
    lines = [f"{dataset.name}: {dataset.title}", ""]
    lines += [f"{key:<8}  {value}" for key, value in about.items()]
    lines += ["", *dataset.notes, ""]
    click.echo("\n".join(lines) + "\n" + _fields(dataset))


def _fields(dataset: Registered) -> str:
    """The fields as a table; with their labels, where any has one of its own."""
    columns = ("field", "unit", "meaning", "label")
    rows = [(field.name, field.unit, field.meaning, field.label.text) for field in dataset.fields.values()]
    n = 4 if any(row[3] for row in rows) else 3
    return table(columns[:n], [row[:n] for row in rows])


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


def _described(dataset: Registered) -> dict[str, Any]:
    said = dataset.model_dump(mode="json")
    fields = list(said["fields"].values())
    for one in (said, *fields):
        if not any(one["label"].values()):
            del one["label"]
    return {**said, "fields": fields}
