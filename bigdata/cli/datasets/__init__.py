"""`bigdata datasets …`: the datasets known by name, what they share, and what follows from them."""

from __future__ import annotations

import importlib

import click

VERBS = {
    "list": "listing:list_datasets",
    "show": "listing:show",
    "formats": "listing:formats",
    "fetch": "fetch:fetch",
    "overlap": "overlap:overlap",
    "split": "split:split",
    "graphs": "graphs:graphs",
}


class DatasetVerbs(click.Group):
    """Imports a verb's module when it is used: `list` must not wait for what `overlap` needs."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(VERBS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in VERBS:
            return None
        module, _, name = VERBS[cmd_name].partition(":")
        command: click.Command = getattr(importlib.import_module(f"{__name__}.{module}"), name)
        return command


@click.group(cls=DatasetVerbs)
def command() -> None:
    """The datasets that a spec can name, what they share, and what follows from them."""
