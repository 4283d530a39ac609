"""What a space keeps from one screen to the next: whatever doesn't depend on the residuals, as far as it fits."""

from __future__ import annotations

from collections.abc import Callable, Hashable
from typing import Any, TypeVar

T = TypeVar("T")

# One space keeps up to so many bytes; what doesn't fit is made again for each screen.
KEPT_BYTES = 64 * 2**20


class Kept:
    """Things by their name; what came first stays."""

    def __init__(self) -> None:
        self._things: dict[Hashable, Any] = {}
        self._left = KEPT_BYTES

    def get(self, name: Hashable, n_bytes: int, make: Callable[[], T]) -> T:
        """The thing of that name, which takes so many bytes; made now where it isn't kept."""
        if name in self._things:
            found: T = self._things[name]
            return found
        made = make()
        if n_bytes <= self._left:
            self._left -= n_bytes
            self._things[name] = made
        return made
