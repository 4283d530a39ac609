"""A group of verbs, each in a module that is imported when the verb is used: `list` must not wait for others' needs."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import click

from bigdata.naming import named


class Group(click.Group):
    """`verbs` are the commands by their names, each as "module:function" inside the package `home`."""

    def __init__(self, *words: Any, home: str, verbs: Mapping[str, str], **more: Any) -> None:
        super().__init__(*words, **more)
        self._home, self._verbs = home, verbs

    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(self._verbs)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in self._verbs:
            return None
        command: click.Command = named(f"{self._home}.{self._verbs[cmd_name]}")
        return command
