"""Oxidation states that readers leave out: of which elements a file had several, from what its reader said."""

from __future__ import annotations

import re
from collections.abc import Iterable

LEFT_OUT = "oxidation states are left out"
# `Mn3+`, `O2-`, `Fe0+`; and as some write them, `Mn+3`.
_STATE = re.compile(r"\b([A-Z][a-z]?)(\d*(?:\.\d+)?[+-]|[+-]\d+(?:\.\d+)?)(?![\w])")


def several_states(notes: Iterable[str]) -> dict[str, list[str]]:
    """The elements of which notes of a reader name more than one state, with these: {"Mn": ["Mn3+", "Mn4+"]}."""
    found: dict[str, dict[str, None]] = {}
    for note in notes:
        if note.startswith(LEFT_OUT):
            for symbol, state in _STATE.findall(note):
                found.setdefault(symbol, {})[symbol + state] = None
    return {symbol: list(states) for symbol, states in found.items() if len(states) > 1}


def in_words(states: dict[str, list[str]]) -> str:
    """`Mn3+ and Mn4+; Fe2+ and Fe3+`."""
    return "; ".join(" and ".join(of_one) for of_one in states.values())
