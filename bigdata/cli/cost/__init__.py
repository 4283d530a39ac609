"""`bigdata cost …`: what data take on disk."""

from __future__ import annotations

import click

from bigdata.cli.group import Group

VERBS = {"scan": "scan:scan"}


@click.group(cls=Group, home=__name__, verbs=VERBS)
def command() -> None:
    """What data take on disk."""
