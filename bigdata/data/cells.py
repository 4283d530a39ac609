"""What the texts of a table's column stand for: whole numbers, numbers, truth values or texts, told from all of them.

Absent values: an empty cell; in columns of numbers and of truth values also `nan`, `NA`, `None`, `NULL`, `<NA>`, `n/a`,
`#N/A` and their kind, and a dash; in columns of text only those that can be nothing else (`NaN` is sodium nitride, `NA`
and `None` may be words), and a remark names those that are kept. Numbers may have a decimal comma (`5,1`), or commas
between thousands (`1,234.5`), where a column leaves no doubt which; a remark says so. A column with numbers that is
text all the same is remarked on, with its first cell that isn't a number.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable
from typing import Any

from bigdata.data.problem import EntryError, Remark

Convert = Callable[[str], Any]


def _cased(*words: str) -> frozenset[str]:
    return frozenset(case for word in words for case in (word, word.lower(), word.upper(), word.capitalize()))


NO_VALUE = _cased("<NA>", "n/a", "#N/A", "#NA", "#N/A N/A", "null", "<null>", "\\N", "NaT", "-nan") | {"nan", "-NaN"}
"""Words that say that there is no value, whatever the column holds."""
_UNSURE = _cased("NA", "none") | {"NaN", "NAN"}
ABSENT = NO_VALUE | _UNSURE | {"-", "--", "\N{EN DASH}", "\N{EM DASH}", "1.#QNAN", "-1.#IND", "1.#IND", "-1.#QNAN"}
"""Words that say so in a column of numbers or truth values."""
_TRUTH = {"True": True, "False": False, "true": True, "false": False, "TRUE": True, "FALSE": False}

_WHOLE, _NUMBER, _COMMA, _GROUPED, _TRUE_OR_FALSE = 1, 2, 4, 8, 16
_ALL = 31
# Numbers that begin with zeros ("007") are names.
_INT = re.compile(r"[+-]?(0|[1-9]\d*)")
_FLOAT = re.compile(r"[+-]?(0|[1-9]\d*|(?=\.\d))(\.\d*)?([eE][+-]?\d+)?")
_EITHER = re.compile(r"[+-]?[1-9]\d{0,2},\d{3}")
_WITH_COMMA = re.compile(
    r"[+-]?(0|[1-9]\d*|[1-9]\d{0,2}(\.\d{3})+|(?=,)),\d+([eE][+-]?\d+)?|[+-]?[1-9]\d{0,2}(\.\d{3}){2,}"
)
_WITH_GROUPS = re.compile(r"[+-]?[1-9]\d{0,2}((,\d{3})+\.\d*|(,\d{3}){2,})")
_BEGINNINGS = frozenset("+-.,0123456789")


_NO_NUMBERS = frozenset({"nan", "inf", "infinity"})


def number_in(text: str) -> int | float | None:
    """The number that a text stands for, not finite ones among them; None where it isn't one, such as `007`, `1_1`."""
    if _INT.fullmatch(text):
        return int(text)
    is_float = _FLOAT.fullmatch(text) or text.lower().lstrip("+-") in _NO_NUMBERS
    return float(text) if is_float else None


def _readings(text: str) -> tuple[int, int]:
    """How a text can be read, and how it can't but be read if it is a number; as bits."""
    if text[0] not in _BEGINNINGS:
        return (_TRUE_OR_FALSE if text in _TRUTH else 0), 0
    if _INT.fullmatch(text):
        return _WHOLE | _NUMBER | _COMMA | _GROUPED, 0
    if _FLOAT.fullmatch(text):
        return _NUMBER | _GROUPED, 0
    if _EITHER.fullmatch(text):
        return _COMMA | _GROUPED, 0
    reading = _COMMA if _WITH_COMMA.fullmatch(text) else _GROUPED if _WITH_GROUPS.fullmatch(text) else 0
    return reading, reading


class Column:
    """What is understood of a column as its cells are seen, one after the other.

    `separator` is what stands between cells: where that is a comma, `4,4` may as well be two values.
    """

    def __init__(self, name: str, separator: str = ",") -> None:
        self.name = name
        self._may_have_comma = separator != ","
        self._possible, self._certain = _ALL, 0
        self._kept = self._number = self._other = self._marked = ""

    def see(self, text: str, line: int) -> None:
        """Take note of a cell that isn't empty."""
        if text in ABSENT:
            if text in _UNSURE and not self._kept:
                self._kept = f"`{text}` (line {line})"
            return
        # A text among numbers is known; so is all that can be said of the column.
        if self._number and self._other and not self._possible:
            return
        possible, certain = _readings(text)
        self._possible &= possible
        self._certain |= certain
        if possible and not self._number:
            self._number = f"`{text}` (line {line})"
        if not self._possible and not self._other:
            self._other = f"`{text[:40]}` (line {line})"
        if possible and not possible & (_NUMBER | _TRUE_OR_FALSE) and not self._marked:
            self._marked = f"`{text}` (line {line})"

    @property
    def convert(self) -> Convert:
        """What makes values of the column's texts; may raise EntryError."""
        if self._possible == _ALL:
            return _nothing
        return next((convert for bit, convert in _CONVERSIONS.items() if self._fits(bit)), _text)

    @property
    def is_text(self) -> bool:
        return self.convert is _text

    def _fits(self, bit: int) -> bool:
        if not self._possible & bit or (bit == _COMMA and not self._may_have_comma):
            return False
        # Only together with cells that leave no doubt is `1,234` a number.
        return bit not in (_COMMA, _GROUPED) or bool(self._certain & bit)

    def remarks(self) -> list[Remark]:
        """What is to be said of how the column is read."""
        name, convert = f"the column `{self.name}`", self.convert
        said = []
        if convert in (_comma, _grouped):
            how = "a decimal comma" if convert is _comma else "commas between thousands"
            said.append(f"{name} is read as numbers with {how}, such as {self._marked}")
        elif convert is _text and self._possible:
            said.append(f"{name} is text: what the comma in {self._marked} means can't be told; write a decimal point")
        elif convert is _text and self._number:
            said.append(f"{name} is text, since {self._other} doesn't go with {self._number}")
        if convert is _text and self._kept:
            said.append(f"{name} is text, and {self._kept} in it a word: leave cells without a value empty")
        elif convert is _nothing and self._kept:
            said.append(f"{name} holds no value: {self._kept} is read as none")
        return [Remark(what) for what in said]


def _whole(text: str) -> int | None:
    return None if text in ABSENT else int(text)


def _float(text: str) -> float | None:
    if text in ABSENT:
        return None
    value = float(text)
    if math.isinf(value):
        raise EntryError(f"{text} is beyond what a number can hold")
    return value


def _comma(text: str) -> float | None:
    return None if text in ABSENT else _float(text.replace(".", "").replace(",", "."))


def _grouped(text: str) -> float | None:
    return _float(text.replace(",", ""))


def _truth(text: str) -> bool | None:
    return _TRUTH.get(text)


def _text(text: str) -> str | None:
    return None if text in NO_VALUE else text


def _nothing(text: str) -> None:
    return None


_CONVERSIONS: dict[int, Convert] = {
    _TRUE_OR_FALSE: _truth,
    _WHOLE: _whole,
    _NUMBER: _float,
    _COMMA: _comma,
    _GROUPED: _grouped,
}
