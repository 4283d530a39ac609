"""Progress in a notebook: one piece of text under the cell, which is replaced as the run goes on."""

from __future__ import annotations

import importlib
import sys
import time
from collections import deque

from bigdata.engine.execute import Token
from bigdata.engine.observer import Observer, Silent

# A notebook keeps up with a few replacements a second.
SECONDS = 0.3
MOST_MESSAGES = 8


def usual_observer() -> Observer:
    """Who is told of a run where nobody was named: the notebook that this process is the kernel of, else nobody."""
    shell = sys.modules["IPython"].get_ipython() if "IPython" in sys.modules else None
    return Notebook() if hasattr(shell, "kernel") else Silent()


class Notebook:
    """An observer of a run. Plain text, since a notebook shows a terminal's control codes as they are."""

    def __init__(self) -> None:
        self._messages: deque[str] = deque(maxlen=MOST_MESSAGES)
        self._counts: dict[str, list[int]] = {}
        self._shown, self._display = 0.0, importlib.import_module("IPython.display").DisplayHandle()
        self._display.display({"text/plain": "preparing"}, raw=True)

    def stage(self, path: str, done: int, total: int) -> None:
        self._counts[path] = [done, total]
        self._show()

    def token(self, token: Token) -> None:
        path = token["stage"]
        if token["event"] == "failed":
            self._messages.append(f"{path}/{token['index']} failed: {token['error']}")
        self._counts[path][0] += 1
        n_ended, total = self._counts[path]
        if n_ended == total or time.monotonic() - self._shown > SECONDS:
            self._show()

    def message(self, text: str) -> None:
        self._messages.append(text)
        self._show()

    def _show(self) -> None:
        counts = [f"{path}: {done:,} of {total:,} tasks ended" for path, (done, total) in self._counts.items()]
        # Of a sweep's many stages, those that are under way and the whole.
        under_way = [
            line for line, (done, total) in zip(counts, self._counts.values(), strict=True) if 0 < done < total
        ]
        lines = counts if len(counts) <= MOST_MESSAGES else [self._whole(), *under_way[:MOST_MESSAGES]]
        self._display.update({"text/plain": "\n".join([*lines, *self._messages])}, raw=True)
        self._shown = time.monotonic()

    def _whole(self) -> str:
        ended, total = (sum(column) for column in zip(*self._counts.values(), strict=True))
        return f"{ended:,} of {total:,} tasks of {len(self._counts):,} stages ended"
