"""Who is told of a run's progress as it happens."""

from __future__ import annotations

from typing import Protocol

from bigdata.engine.execute import Token


class Observer(Protocol):
    """The command line draws bars from it."""

    def stage(self, path: str, done: int, total: int) -> None: ...
    def token(self, token: Token) -> None: ...
    def message(self, text: str) -> None: ...


class Silent:
    """An observer that doesn't look."""

    def stage(self, path: str, done: int, total: int) -> None: ...
    def token(self, token: Token) -> None: ...
    def message(self, text: str) -> None: ...
