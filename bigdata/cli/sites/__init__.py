"""`bigdata sites …`: the machines that studies can run on."""

from __future__ import annotations

import importlib

import click

VERBS = {
    "list": "listing:list_sites",
    "show": "listing:show",
    "check": "check:check",
    "image": "image:image",
}


class SiteVerbs(click.Group):
    """Imports a verb's module when it is used: `list` must not wait for what `check` needs."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(VERBS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in VERBS:
            return None
        module, _, name = VERBS[cmd_name].partition(":")
        command: click.Command = getattr(importlib.import_module(f"{__name__}.{module}"), name)
        return command


@click.group(cls=SiteVerbs)
def command() -> None:
    """The sites that studies can run on: `local` is this machine, others are files of specs/sites/ and
    ~/.config/bigdata/sites/, or named by their path."""
