"""How long workers are there, with a task or without: what jobs are paid for, from their workers' arrival on."""

from __future__ import annotations

import time
from collections import defaultdict
from collections.abc import Iterable, Mapping

from bigdata.engine.hands import Arrived, Event, Left, Worker


class Presence:
    """Adds up the seconds of workers by lane."""

    def __init__(self) -> None:
        self._here: dict[str, tuple[Worker, float]] = {}
        self._gone: dict[str, float] = defaultdict(float)

    def note(self, events: Iterable[Event]) -> None:
        """Who has come and who has gone."""
        for event in events:
            if isinstance(event, Arrived):
                self._here[event.worker.address] = event.worker, time.monotonic()
            elif isinstance(event, Left) and event.worker.address in self._here:
                worker, since = self._here.pop(event.worker.address)
                self._gone[worker.lane] += time.monotonic() - since

    def seconds(self) -> Mapping[str, float]:
        """By lane, until now; empty where nobody came, as in a process that has no workers."""
        now, found = time.monotonic(), dict(self._gone)
        for worker, since in self._here.values():
            found[worker.lane] = found.get(worker.lane, 0.0) + now - since
        return found
