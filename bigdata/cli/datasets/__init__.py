"""`bigdata datasets …`: the datasets known by name, what they share, and what follows from them."""

from __future__ import annotations

import click

from bigdata.cli.group import Group

VERBS = {
    "list": "listing:list_datasets",
    "show": "show:show",
    "formats": "listing:formats",
    "fetch": "fetch:fetch",
    "overlap": "overlap:overlap",
    "split": "split:split",
    "graphs": "graphs:graphs",
}


@click.group(cls=Group, home=__name__, verbs=VERBS)
def command() -> None:
    """The datasets that a spec can name, what they share, and what follows from them."""
