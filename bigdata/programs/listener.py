"""What a guard tells of its program, heard as it comes: the program's own lines go to the task's log."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from typing import Any

from bigdata.display import size
from bigdata.programs import guard

# So many last lines are kept for the error, if there is one.
LAST_LINES = 5
# A progress bar that never ends its line would fill the log.
MOST_LINE = 2_000


class Listener:
    """Logs a program's lines; keeps the `last` of them, and in the end the guard's `report` of how all of it went."""

    def __init__(self, log: Callable[[str], None]) -> None:
        self.report: dict[str, Any] | None = None
        self.last: list[str] = []
        self._log = log
        self._unread = b""
        self._head = b""
        self._n_head = 0

    def hear(self, data: bytes) -> None:
        *lines, self._unread = (self._unread + data).split(b"\n")
        for said in map(json.loads, lines):
            # Any bytes as text, one character for each: JSON has no bytes.
            if "head" in said:
                self._take(said["head"].encode("latin-1"))
            elif "code" in said:
                self.report = said
                self._finish(said)

    def _take(self, data: bytes) -> None:
        """Log the whole lines of the program's beginning at once: one wants to see how a long program gets on."""
        self._n_head += len(data)
        whole, newline, rest = (self._head + data).rpartition(b"\n")
        self._head = rest
        self._say(_lines(whole + newline))
        if self._n_head >= guard.HEAD_BYTES:
            self._say(_lines(self._head))
            self._log("| … if it says more, the last of that will follow when it has ended")
            self._head = b""

    def _finish(self, report: dict[str, Any]) -> None:
        tail = report.get("tail", "").encode("latin-1")
        left_out = report.get("n_output", 0) - self._n_head - len(tail)
        if left_out > 0:
            self._log(f"| … {size(left_out)} of its output are left out")
        self._say(_lines(self._head + tail))

    def _say(self, lines: Iterator[str]) -> None:
        for line in lines:
            self._log(f"| {line}")
            if line.strip():
                self.last = [*self.last[1 - LAST_LINES :], line.strip()]


def _lines(data: bytes) -> Iterator[str]:
    """Lines as a log can take them: a program's bytes may be anything, and a terminal obeys some of them."""
    for line in data.decode(errors="replace").splitlines():
        text = line if len(line) <= MOST_LINE else f"{line[:MOST_LINE]}…"
        yield "".join(c if c.isprintable() or c == "\t" else "\N{REPLACEMENT CHARACTER}" for c in text)
