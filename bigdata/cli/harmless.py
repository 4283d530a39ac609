"""Text of files, tasks and servers on a terminal: shown, and never obeyed."""

from __future__ import annotations

import re
import sys
from typing import Any

# Controls, but for the tab and the line break, and what turns the direction of a line: they move the cursor, set the
# window's title, answer as if somebody had typed, or show a line as another.
_STEERING = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u200e\u200f\u202a-\u202e\u2066-\u2069]")


def harmless(text: str) -> str:
    """The text with a mark in place of each character that would steer a terminal."""
    return _STEERING.sub("\N{REPLACEMENT CHARACTER}", text)


class Terminal:
    """A stream to a terminal that shows what is written to it, and obeys none of it."""

    def __init__(self, stream: Any) -> None:
        self.drawn = stream

    def write(self, text: str) -> int:
        self.drawn.write(harmless(text))
        return len(text)

    def writelines(self, lines: Any) -> None:
        for line in lines:
            self.write(line)

    def __getattr__(self, name: str) -> Any:
        if name == "buffer":  # by which bytes would pass unseen
            raise AttributeError(name)
        return getattr(self.drawn, name)


def guard_terminal() -> None:
    """Let nothing that this process prints steer the terminal; what goes into files and pipes stays as it is."""
    for name in ("stdout", "stderr"):
        if getattr(sys, name).isatty():
            setattr(sys, name, Terminal(getattr(sys, name)))


def drawn_on(stream: Any) -> Any:
    """The terminal itself, for what draws on it and is given harmless text."""
    return stream.drawn if isinstance(stream, Terminal) else stream
