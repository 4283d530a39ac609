"""`bigdata sites …`: the machines that studies can run on."""

from __future__ import annotations

import click

from bigdata.cli.group import Group

VERBS = {
    "list": "listing:list_sites",
    "show": "listing:show",
    "check": "check:check",
    "image": "image:image",
}


@click.group(cls=Group, home=__name__, verbs=VERBS)
def command() -> None:
    """The sites that studies can run on: `local` is this machine, others are files of specs/sites/ and
    ~/.config/bigdata/sites/, or named by their path."""
