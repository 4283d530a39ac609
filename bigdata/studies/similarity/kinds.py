"""The values of one setting are all numbers or all text: what a file mixes is read as one of the two, and said."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

# What tables write where a number isn't known.
_ABSENT = {"", "na", "n/a", "n.a.", "nan", "none", "null", "nil", "-", "--", "?", "unknown"}
_NUMBER = re.compile(r"\s*[+-]?(\d+(\.\d*)?|\.\d+)([eE][+-]?\d+)?\s*")
# Whole numbers up to here fit into the arrays that they are stored in.
_LARGEST = (1 << 63) - 1


def of_one_kind(name: str, values: Sequence[Any], names: Sequence[str]) -> tuple[list[Any], str]:
    """The values of a setting as numbers or as text, None where there is none; and a note where they were mixed.

    Beside numbers, text that says that there is none (`NA`) stands for None, and text that says a number for it. Whole
    numbers that don't fit into 64 bits, and truth values beside others, become text.
    """
    text = [i for i, v in enumerate(values) if isinstance(v, str)]
    others = any(v is not None and not isinstance(v, str) for v in values)
    read = [_number(v) if isinstance(v, str) else v for v in values]
    absent = [i for i in text if read[i] is None]
    if not text or not (others or absent):
        return _storable(name, values)
    if any(isinstance(v, str) for v in read) or all(v is None for v in read):
        return _words(values), _mixed(name, values, names, text) if others else ""
    shown = absent or text
    what = "that it isn't known" if absent else "a number as text"
    said = f"{name} says {what} in {len(shown)} of {len(values)} entries (first `{values[shown[0]]}` in "
    return read, f"{said}{names[shown[0]]}): it is taken as {'missing' if absent else 'that number'} there"


def _mixed(name: str, values: Sequence[Any], names: Sequence[str], text: Sequence[int]) -> str:
    n = sum(v is not None for v in values)
    return (
        f"{name} is a number in {n - len(text)} of {n} entries and text in {len(text)} "
        f"(first `{values[text[0]]}` in {names[text[0]]}): it is taken as text"
    )


def is_number(text: str) -> bool:
    """Whether text says a number."""
    return _NUMBER.fullmatch(text) is not None


def _number(text: str) -> Any:
    """The number that text says, None where it says that there is none, else the text."""
    if text.strip().lower() in _ABSENT:
        return None
    if not is_number(text):
        return text
    return float(text) if set(text) & set(".eE") else int(text)


def _storable(name: str, values: Sequence[Any]) -> tuple[list[Any], str]:
    """Values that an array of one type holds."""
    given = [v for v in values if v is not None]
    large = [v for v in given if isinstance(v, int) and abs(v) > _LARGEST]
    if large:
        return _words(values), f"{name} has whole numbers of more than 64 bits (first {large[0]}): it is taken as text"
    truths = sum(isinstance(v, bool) for v in given)
    return (_words(values) if 0 < truths < len(values) else list(values)), ""


def _words(values: Sequence[Any]) -> list[Any]:
    return [None if v is None else str(v).lower() if isinstance(v, bool) else str(v) for v in values]
