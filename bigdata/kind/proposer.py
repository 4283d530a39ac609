"""Stages that grow: a proposer says which task comes next, from the results of those before.

    class Evolution:
        def __init__(self, model: Search, inputs: Mapping[str, Input]) -> None: …
        def ask(self) -> Sequence[Ask]: …
        def tell(self, number: int, rows: Mapping[str, Any] | None) -> None: …
        def spent(self) -> bool: …

What it asks must follow from the study and from what it was told, with random numbers from a seed of the study's, and
then the whole search does: results are told in the order of the tasks' numbers, never in that of their coming, and
what is known when a task is asked for is fixed by the stage's `lag`. So a search that was killed asks the same again,
gets the known answers at once, and goes on.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol


@dataclass(frozen=True)
class Ask:
    """A task that should be run: its `payload` (JSON data, a few kB), which `ctx.payload` gives to the task function.

    With `after`, the number of an earlier task, it trains on: it waits for that one, and `ctx.checkpoint.load()` finds
    what that one saved last. `work` is its amount of work, where not the stage's own.
    """

    payload: Any
    after: int | None = None
    work: float | None = None


class Proposer(Protocol):
    """Leads a stage that grows. It is made anew, and told all again, whenever the study is planned."""

    def ask(self) -> Sequence[Ask]:
        """The tasks that come next; none while it waits for more results, or at its end.

        Of a stage with a `lag` it is asked for one task at a time, else for a whole generation or rung.
        """

    def tell(self, number: int, rows: Mapping[str, Any] | None) -> None:
        """The rows of a task, in the order of their numbers; None where it failed, or wasn't run."""

    def spent(self) -> bool:
        """Whether it will ask for nothing more, whatever it is told."""
