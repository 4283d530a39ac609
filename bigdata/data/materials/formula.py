"""Chemical formulas: read as amounts of elements, and written in one order, so that equal formulas are equal texts."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from fractions import Fraction
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from bigdata.data.materials.elements import NUMBERS, SYMBOLS, rank
from bigdata.data.problem import EntryError

_AMOUNT = r"\d+/\d+|\d+\.?\d*|\.\d+"
_TOKEN = re.compile(rf"([A-Z][a-z]?)|([(\[{{])|([)\]}}])|({_AMOUNT})|(\s+)")
# One way of writing each sign; a half behind a digit, 1½, isn't eleven halves and stays as it is.
_SIGNS = str.maketrans("₀₁₂₃₄₅₆₇₈₉−\N{FRACTION SLASH}", "0123456789-/")
_RAISED = str.maketrans("⁰¹²³⁴⁵⁶⁷⁸⁹⁺⁻", "0123456789+-")
_RAISED_CHARGE = re.compile(r"[⁰¹²³⁴⁵⁶⁷⁸⁹]*[⁺⁻]+$")
_SUBSCRIPT = re.compile(r"\$?_\{?([\d.]+)\}?\$?")
_HALF = re.compile(r"(?<![\d.])½")
# What is added: behind a raised dot or a star, and behind a plain dot that no digit follows; @ is a shell around it.
_ADDED = re.compile(r"[·•⋅∙*@]|(?<!^)\.(?=[A-Z(\[{])")
_CHARGE = re.compile(
    r"(?:\^\{?\d*[+-]+\}?|\^\{?[+-]\d+\}?|(?<=[)\]}\s])\d*[+-]|[+-][1-9]|(?<=\d)(?:\+\++|--+)|(?<=[A-Za-z])[+-]+)$"
)
_ION = re.compile(r"([A-Z][a-z]?)\d*[+-]")
_ELEMENT = re.compile(r"([A-Z][a-z]?)(\d+\.?\d*|\.\d+)?")
_SIMPLE = re.compile(rf"(?:{_ELEMENT.pattern})+")
_FACTOR = re.compile(rf"\s*({_AMOUNT})?(.*)", re.DOTALL)
HYDRATE = re.compile(r"(?<=[A-Za-z)\]}])(?:[2-9]|[1-9]\d+)?\.\d+\(?(?:[HD]2O|NH3)(?!\d)")
"""An amount such as the 4.5 of `CuSO4.5H2O`: a decimal, or the dot of 5 H2O? `O0.5H2O` and `O1.5H2O` are decimals."""
_CLOSING = {"(": ")", "[": "]", "{": "}"}
# Shares such as 1/3, written with four digits or more, are the fraction that was meant.
_DENOMINATOR, _SAME, _MOST = 100, 1e-4, 100_000


def parse(text: str) -> dict[int, float]:
    """Amounts by atomic number, in the order of the text; raises EntryError where it isn't a formula.

    Brackets may be nested, amounts decimals or fractions (`Li1/2CoO2`); a charge (`Li+`, `Fe+3`, `SO4--`, `SO4^2-`,
    `[PF6]-`) is left out; `·` or `*` adds the formula behind it, such as `CaSO4·2H2O`, as `.` does where it isn't part
    of a number. `CuSO4.5H2O`, where either could be meant, is refused. D and T are hydrogen.
    """
    return dict(_parsed(text))


@lru_cache(maxsize=65536)
def _parsed(text: str) -> tuple[tuple[int, float], ...]:
    _refuse_two_meanings(text)
    if _SIMPLE.fullmatch(text):
        return _added([(text, 1.0)], text)
    parts = [_FACTOR.fullmatch(part) for part in _ADDED.split(_without_charge(_plain(text), text))]
    return _added([(part[2], _number_of(part[1], text) if part[1] else 1.0) for part in parts if part], text)


def _refuse_two_meanings(text: str) -> None:
    if found := HYDRATE.search(text):
        dot = found.start() + found[0].index(".")
        added, decimal = f"{text[:dot]}·{text[dot + 1 :]}", re.sub(r"(\.\d+)", r"\1 ", found[0], count=1)
        raise EntryError(
            f"`{text}` has two meanings: write `{added}` for what is added, or "
            f"`{text[: found.start()]}{decimal}{text[found.end() :]}` for the decimal"
        )


def _plain(text: str) -> str:
    """The text with plain digits and signs, and its charge, where that is raised, behind a ^."""
    raised = _RAISED_CHARGE.sub(lambda found: "^" + found[0].translate(_RAISED), text.strip())
    return _HALF.sub("1/2", _SUBSCRIPT.sub(r"\1", raised.translate(_SIGNS)))


def _number_of(amount: str, text: str) -> float:
    above, _, below = amount.partition("/")
    if below and not int(below):
        raise EntryError(f"`{text}` isn't a chemical formula: {amount} divides by 0")
    return float(above) / float(below or 1)


def _added(parts: list[tuple[str, float]], text: str) -> tuple[tuple[int, float], ...]:
    total: dict[int, float] = {}
    for part, factor in parts:
        for number, amount in _amounts(part, text).items():
            total[number] = total.get(number, 0.0) + amount * factor
    if not any(total.values()):
        raise EntryError(f"`{text}` isn't a chemical formula: all its amounts are 0")
    return tuple((number, amount) for number, amount in total.items() if amount)


def _without_charge(plain: str, text: str) -> str:
    if ion := _ION.fullmatch(plain):
        return ion[1]
    rest = _CHARGE.sub("", plain)
    if rest.endswith(("+", "-")):
        raise EntryError(f"the charge in `{text}` can't be told from an amount: write it as `^2-`")
    return rest


def _amounts(part: str, text: str) -> dict[int, float]:
    if _SIMPLE.fullmatch(part):
        return _simple(part, text)
    stack: list[tuple[str, dict[int, float]]] = [("", {})]
    last: dict[int, float] = {}
    position = 0
    while position < len(part):
        token = _TOKEN.match(part, position)
        if token is None:
            raise EntryError(f"`{text}` isn't a chemical formula: `{part[position]}` has no meaning there")
        position = token.end()
        symbol, opening, closing, amount, _ = token.groups()
        if symbol:
            last = _add(stack[-1][1], {_number(symbol, text): 1.0})
        elif opening:
            stack.append((opening, {}))
            last = {}
        elif closing:
            last = _closed(stack, closing, text)
        elif amount:
            if not last:
                raise EntryError(f"`{text}` isn't a chemical formula: {amount} follows no element or bracket")
            # An element or bracket counts once already when its amount is met.
            _add(stack[-1][1], {number: n * (_number_of(amount, text) - 1) for number, n in last.items()})
            last = {}
    if len(stack) > 1 or not stack[0][1]:
        reason = f"`{stack[-1][0]}` isn't closed" if len(stack) > 1 else "it names no element"
        raise EntryError(f"`{text}` isn't a chemical formula: {reason}")
    return stack[0][1]


def _simple(part: str, text: str) -> dict[int, float]:
    total: dict[int, float] = {}
    for symbol, amount in _ELEMENT.findall(part):
        _add(total, {_number(symbol, text): float(amount or 1)})
    return total


def _closed(stack: list[tuple[str, dict[int, float]]], closing: str, text: str) -> dict[int, float]:
    if len(stack) == 1 or _CLOSING[stack[-1][0]] != closing:
        raise EntryError(f"`{text}` isn't a chemical formula: `{closing}` closes nothing")
    _, inside = stack.pop()
    return _add(stack[-1][1], inside)


def _add(to: dict[int, float], what: dict[int, float]) -> dict[int, float]:
    for number, n in what.items():
        to[number] = to.get(number, 0.0) + n
    return what


def _number(symbol: str, text: str) -> int:
    if symbol not in NUMBERS:
        raise EntryError(f"`{text}` isn't a chemical formula: there is no element `{symbol}`")
    return NUMBERS[symbol]


def amounts(numbers: NDArray[np.uint8]) -> dict[int, int]:
    """Atoms of each element, by atomic number, ascending; `numbers` (n,) are those of a cell's atoms."""
    counts = np.bincount(numbers)
    return {int(number): int(counts[number]) for number in np.flatnonzero(counts)}


def full(numbers: NDArray[np.uint8]) -> str:
    """The formula of all the atoms of a cell, such as `Mg2F4`; `numbers` (n,) are their atomic numbers."""
    return written(amounts(numbers))


def reduced(amounts: Mapping[int, float]) -> str:
    """The formula in the smallest whole numbers, such as `MgF2`; `amounts` by atomic number.

    Amounts that aren't whole are made so where they are fractions (`Ag0.5Ge1` gives `AgGe2`), else given as shares of
    the smallest, to four digits.
    """
    fractions = {z: Fraction(x).limit_denominator(_DENOMINATOR) for z, x in amounts.items()}
    common = math.lcm(*(f.denominator for f in fractions.values()))
    if common > _MOST or any(abs(float(f) - amounts[z]) > _SAME * amounts[z] for z, f in fractions.items()):
        smallest = min(amounts.values())
        return written({z: float(f"{x / smallest:.4g}") for z, x in amounts.items()})
    whole = {z: int(f * common) for z, f in fractions.items()}
    divisor = math.gcd(*whole.values())
    return written({z: n // divisor for z, n in whole.items()})


def written(amounts: Mapping[int, float]) -> str:
    """The formula of these amounts as they are, the least electronegative element first, ones left out."""
    ordered = sorted(amounts.items(), key=lambda item: rank(item[0]))
    return "".join(SYMBOLS[z] + ("" if n == 1 else f"{n:.10g}") for z, n in ordered)
