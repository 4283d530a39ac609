"""The DFT codes, known by their entry points: a code's class is imported when a calculation needs it."""

from __future__ import annotations

from functools import cache
from importlib.metadata import EntryPoint, entry_points
from typing import Any

GROUP = "bigdata.calculators"


@cache
def _registered() -> dict[str, EntryPoint]:
    return {point.name: point for point in sorted(entry_points(group=GROUP))}


def codes() -> tuple[str, ...]:
    """The words that may stand after `code:`."""
    return tuple(_registered())


def code_class(name: str) -> Any:
    """The class of a code. KeyError where there is none of that name."""
    return _registered()[name].load()
