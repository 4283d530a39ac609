"""What stands on a site of a lattice: an element or a vacancy, by its number and by its word."""

from __future__ import annotations

from bigdata.data.materials.elements import NUMBERS, SYMBOLS

VACANCY = 0
"""The atomic number that stands for a vacancy."""


def atomic_number(name: str) -> int:
    """The number of an element's symbol, VACANCY for `vacancy`. Raises ValueError for any other word."""
    if name not in NUMBERS and name != "vacancy":
        raise ValueError(f"{name} is no element, nor `vacancy`")
    return NUMBERS.get(name, VACANCY)


def symbol(number: int) -> str:
    """The symbol of an atomic number, `vacancy` for VACANCY."""
    return SYMBOLS[number] or "vacancy"
