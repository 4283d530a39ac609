"""What an unquoted word of a spec means: the core schema of YAML 1.2, with dates told apart."""

from __future__ import annotations

import re

# No `yes`, `no`, `y`, `n`: YAML 1.1 reads nobelium, yttrium and nitrogen (`No`, `Y`, `N`) as truth values.
_WORDS = {
    **dict.fromkeys(("", "~", "null", "Null", "NULL"), None),
    **dict.fromkeys(("true", "True", "TRUE"), True),
    **dict.fromkeys(("false", "False", "FALSE"), False),
    **dict.fromkeys((".nan", ".NaN", ".NAN"), float("nan")),
    **dict.fromkeys((sign + word for sign in ("", "+") for word in (".inf", ".Inf", ".INF")), float("inf")),
    **dict.fromkeys(("-.inf", "-.Inf", "-.INF"), float("-inf")),
}
# Python refuses to read whole numbers of more than 4,300 digits, for the time that it would take.
_INTEGER = re.compile(r"[-+]?[0-9]{1,4000}")
_BASED = re.compile(r"0o[0-7]{1,4000}|0x[0-9a-fA-F]{1,4000}")
_FLOAT = re.compile(r"[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?")
_DATE = re.compile(r"[0-9]{4}-[0-9]{1,2}-[0-9]{1,2}([Tt ].*)?")


def meaning(word: str) -> str | int | float | bool | None:
    """The value of a plain scalar: null, true, false, a number, or else the text itself."""
    if word in _WORDS:
        return _WORDS[word]
    if _INTEGER.fullmatch(word):
        return int(word)
    if _BASED.fullmatch(word):
        return int(word, 0)
    return float(word) if _FLOAT.fullmatch(word) else word


def is_date(word: str) -> bool:
    """Whether other YAML programs would read this word as a date, so that the text is lost."""
    return _DATE.fullmatch(word) is not None
