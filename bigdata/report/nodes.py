"""Machines in the texts of a run's page, told as nodes of its pools, numbered as they came."""

from __future__ import annotations

import re
import socket
from collections.abc import Iterable, Iterator
from functools import cached_property

from bigdata.store.reading import Run

_ADDRESS = re.compile(r"\b\d{1,3}(?:\.\d{1,3}){3}(?::\d+)?\b")
_DOMAIN = r"(?:\.[A-Za-z][\w-]*)*"
# Every machine has that name.
_NOWHERE = {"", "localhost"}


class Nodes:
    """The hosts of a run, and what they are called where they aren't named."""

    def __init__(self, run: Run) -> None:
        self._run = run

    @property
    def by_pool(self) -> dict[str, list[str]]:
        """The hosts that ran tasks; none of a run that hasn't ended, or of one that an older version ran."""
        found: dict[str, list[str]] = self._run.attributes.get("nodes", {})
        return found

    def where_named(self, text: str) -> str:
        """The text with hosts called nodes where nothing else is meant: `cu` may be a machine, and copper."""
        return self._named.sub(self._called, text) if any(host in text for host in self._names) else text

    def everywhere(self, text: str) -> str:
        """The same for what programs said, in which each such word is a host."""
        return _ADDRESS.sub("an address", words(self._names, _DOMAIN).sub(self._called, text))

    @cached_property
    def _names(self) -> dict[str, str]:
        """What each host is called, by its name with and without its domain."""
        of_pools = {
            host: f"node {n} of pool {pool}"
            for pool, hosts in reversed(self.by_pool.items())
            for n, host in enumerate(hosts, start=1)
        }
        called = dict.fromkeys(self._others(), "a node") | of_pools
        short = {host.partition(".")[0]: name for host, name in called.items()}
        return {host: name for host, name in (short | called).items() if host not in _NOWHERE}

    def _others(self) -> Iterator[str]:
        """Hosts that no pool is known of: the controllers', those where tasks failed, and this one."""
        history = self._run.history
        yield from (str(record.get("host", "")) for record in history.submits)
        yield from (str(record.get("worker", "")).rpartition(":")[0] for record in history.failed.values())
        yield str(self._run.attributes.get("platform", {}).get("host", ""))
        yield socket.gethostname()

    @cached_property
    def _named(self) -> re.Pattern[str]:
        places = r"(?:(?<=\bon )|(?<=\bhost )|(?<=@)|(?<=://)|(?<=\bworker-))"
        return re.compile(rf"{places}(?:{either(self._names)}){_DOMAIN}(?![\w])")

    def _called(self, found: re.Match[str]) -> str:
        name = found[0]
        while name not in self._names:  # its domain, or a part of it, isn't in the name that is known
            name = name.rpartition(".")[0]
        return self._names[name]


def either(names: Iterable[str]) -> str:
    """A pattern of these names, the longest first."""
    return "|".join(re.escape(name) for name in sorted(names, key=len, reverse=True))


def words(names: Iterable[str], more: str = "") -> re.Pattern[str]:
    """A pattern of these names as words of their own, which nothing matches where there are none."""
    return re.compile(rf"(?<![\w.])(?:{either(names) or '(?!)'}){more}(?!\w)")
