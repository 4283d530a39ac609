"""What a report tells of the machine and its user: nothing, as it is passed on, unless they want it to."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import cached_property
from pathlib import Path
from typing import Any

from bigdata.report.nodes import Nodes, words
from bigdata.report.paths import Paths
from bigdata.store.lock import user
from bigdata.store.reading import Run

# Names of users that every machine has.
_NOBODY = {"", "root"}


class Privacy:
    """Takes absolute paths, hosts and users out of the texts of a run; one that `keeps` leaves all as it is."""

    def __init__(self, run: Run, *, keeps: bool = False) -> None:
        self.keeps, self._run = keeps, run
        self._paths, self._nodes = Paths(run), Nodes(run)

    def text(self, text: str) -> str:
        """Any text: a word is taken for a host only where nothing else can be meant, and never for a user."""
        return text if self.keeps else self._paths.cut(self._nodes.where_named(text))

    def said(self, text: str) -> str:
        """What programs said, such as an error or a traceback, and what notes say of files and machines."""
        if self.keeps:
            return text
        return words(self._users).sub("…", self._nodes.everywhere(self._paths.cut(text)))

    def data(self, value: Any) -> Any:
        """Data for JSON, with all their texts."""
        if isinstance(value, str):
            return self.text(value)
        if isinstance(value, Mapping):
            return {self.data(key): self.data(one) for key, one in value.items()}
        return [self.data(one) for one in value] if isinstance(value, list | tuple) else value

    @property
    def folder(self) -> str:
        """The run's folder: its name, which verbs know below `runs`."""
        path = self._run.folder.path.absolute()
        return str(path) if self.keeps else path.name

    def facts(self) -> Iterator[tuple[str, str]]:
        """What the record says of the machine."""
        about: Mapping[str, Any] = self._run.attributes.get("platform", {})
        shown = {key: value for key, value in about.items() if self.keeps or key not in ("host", "user")}
        if shown:
            yield "platform", ", ".join(f"{key} {value}" for key, value in shown.items())
        if pools := self._nodes.by_pool:
            yield "ran on", "; ".join(self._pool(pool, hosts) for pool, hosts in pools.items())

    def _pool(self, pool: str, hosts: list[str]) -> str:
        names = f": {', '.join(hosts)}" if self.keeps else ""
        return f"{len(hosts):,} node{'s' * (len(hosts) != 1)} of pool {pool}{names}"

    @cached_property
    def _users(self) -> set[str]:
        known = str(self._run.attributes.get("platform", {}).get("user", ""))
        return {user(), known, Path.home().name} - _NOBODY
