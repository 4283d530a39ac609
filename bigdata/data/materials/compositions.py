"""Compositions of many formulas at once: the elements and their fractions as padded arrays.

Formulas of elements and amounts alone, `Li0.5CoO2`, are read together, by arrays over all their characters; any other,
and any of which something is wrong, is read by `formula.parse`, so that there is one answer to what a formula means.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bigdata.data.materials.elements import NUMBERS
from bigdata.data.materials.formula import HYDRATE, parse
from bigdata.data.problem import EntryError

Ints = NDArray[np.int64]
Flags = NDArray[np.bool_]
# Integers and powers of ten up to these are exact in float64, and so is, rounded once, their quotient.
_MOST_DIGITS = 15
# What rounding may leave of a sum of fractions that is 1.
_OFF = 1e-9
_TENS = np.array([float(f"1e{power}") for power in range(_MOST_DIGITS + 1)])


def _numbers_by_symbol() -> Ints:
    """Atomic numbers at 27 times the capital's place in the alphabet plus the small letter's, 0 for none."""
    table = np.zeros(26 * 27, dtype=np.int64)
    for symbol, number in NUMBERS.items():
        table[27 * (ord(symbol[0]) - ord("A")) + (ord(symbol[1]) - ord("a") + 1 if symbol[1:] else 0)] = number
    return table


_NUMBERS = _numbers_by_symbol()


@dataclass(frozen=True)
class Compositions:
    """n compositions of at most k elements.

    `numbers` (n, k) uint8, atomic numbers in the order in which the formulas first name them, and `fractions` (n, k)
    float64, their shares of the atoms, which sum to 1; both 0 behind the last element. `bad`: why a row has no
    composition, by its place; all of it is 0.

    Raises ValueError where arrays of one's own aren't of this form.
    """

    numbers: NDArray[np.uint8]
    fractions: NDArray[np.float64]
    bad: Mapping[int, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        there = self.numbers > 0
        if self.numbers.shape != self.fractions.shape or (there != (self.fractions > 0)).any():
            raise ValueError("each element has a fraction above 0, and behind the last element both are 0")
        if (there[:, 1:] & ~there[:, :-1]).any():
            raise ValueError("elements stand at the front of a row, without gaps")
        ordered = np.sort(self.numbers, axis=1)
        if ((ordered[:, 1:] == ordered[:, :-1]) & (ordered[:, 1:] > 0)).any():
            raise ValueError("an element comes once in a composition")
        if (np.abs(self.fractions.sum(axis=1) - 1) > _OFF)[there.any(axis=1)].any():
            raise ValueError("the fractions of a composition sum to 1")

    def __len__(self) -> int:
        return len(self.numbers)

    @property
    def n_elements(self) -> Ints:
        """(n,)."""
        counts: Ints = np.count_nonzero(self.numbers, axis=1)
        return counts


def compositions(formulas: Sequence[str]) -> Compositions:
    """What formulas such as `MgF2`, `Li0.5CoO2`, `Ca(OH)2` or `CuSO4·5H2O` consist of; see `formula.parse`.

    A text that isn't a formula is none's error: it is in `bad`.
    """
    tokens = _Tokens.of(formulas)
    simple = tokens.simple_rows()
    others, bad = _parsed(formulas, np.flatnonzero(~simple))
    counts = np.where(simple, tokens.counts, 0)
    counts[list(others)] = [len(amounts) for amounts in others.values()]
    numbers = np.zeros((len(formulas), max(1, counts.max(initial=0))), dtype=np.uint8)
    amounts = np.zeros(numbers.shape)
    tokens.fill(simple, numbers, amounts)
    for row, of in others.items():
        numbers[row, : len(of)], amounts[row, : len(of)] = list(of), list(of.values())
    total = amounts.sum(axis=1, keepdims=True)
    return Compositions(numbers, np.divide(amounts, total, out=amounts, where=total > 0), bad)


def _parsed(formulas: Sequence[str], rows: Ints) -> tuple[dict[int, dict[int, float]], dict[int, str]]:
    """Amounts by atomic number, or why there are none, by row."""
    found: dict[int, dict[int, float]] = {}
    bad: dict[int, str] = {}
    for row in rows.tolist():
        try:
            found[row] = parse(formulas[row])
        except EntryError as e:
            bad[row] = str(e)
    return found, bad


@dataclass(frozen=True)
class _Tokens:
    """The texts cut at their capitals: m tokens, each an element with its amount.

    `row`, `number`, `amount` (m,); `first` and `counts` (n,): the first token of each text and how many it has;
    `strange` (n,): texts in which a character stands where none of its kind belongs.
    """

    row: Ints
    number: Ints
    amount: NDArray[np.float64]
    first: Ints
    counts: Ints
    strange: Flags

    @classmethod
    def of(cls, formulas: Sequence[str]) -> _Tokens:
        whole = "".join(formulas)
        lengths = np.fromiter(map(len, formulas), dtype=np.int64, count=len(formulas))
        ends = np.cumsum(lengths)
        text = np.frombuffer(whole.encode("ascii", "replace"), dtype=np.uint8)
        row = np.repeat(np.arange(len(formulas)), lengths)
        begins = np.zeros(len(text) + 1, dtype=bool)
        begins[ends - lengths] = True
        capital, small, digit, dot = _kinds(text)
        start = np.flatnonzero(capital)
        token = np.cumsum(capital) - 1
        # A text that begins with a number gives it to no token, least of all to the last one of the text before.
        token[np.append(row[start], -1)[token] != row] = -1
        strange = np.bincount(row[_misplaced(capital, small, digit, dot, begins[:-1])], minlength=len(formulas)) > 0
        strange |= lengths == 0
        # A match may reach over the end of a text: then it is read the slow way for nothing.
        places = [found.start() for found in HYDRATE.finditer(whole)]
        strange[row[places]] = True
        amount, unreadable = _amounts(text, token, digit, dot, len(start))
        strange[row[start[unreadable]]] = True
        counts = np.bincount(row[start], minlength=len(formulas))
        # A small letter that begins a text is no part of the symbol that the text before ends with.
        symbols = _elements(text, small & ~begins[:-1], start)
        return cls(row[start], symbols, amount, np.cumsum(counts) - counts, counts, strange)

    def simple_rows(self) -> Flags:
        """(n,) the texts of which all elements are known, come once, and have an amount."""
        simple = ~self.strange
        simple[self.row[(self.number == 0) | (self.amount == 0)]] = False
        # Numbers of one text and one element, side by side where they come twice.
        key = np.sort(self.row * len(_NUMBERS) + self.number)
        simple[key[1:][np.diff(key) == 0] // len(_NUMBERS)] = False
        return simple

    def fill(self, simple: Flags, numbers: NDArray[np.uint8], amounts: NDArray[np.float64]) -> None:
        """Put what the `simple` texts consist of into their rows."""
        kept = simple[self.row]
        row = self.row[kept]
        place = np.flatnonzero(kept) - self.first[row]
        numbers[row, place], amounts[row, place] = self.number[kept], self.amount[kept]


def _kinds(text: NDArray[np.uint8]) -> tuple[Flags, Flags, Flags, Flags]:
    """Where characters are capitals, small letters, digits and dots."""
    a, z, zero, nine = ord("A"), ord("Z"), ord("0"), ord("9")
    return (text >= a) & (text <= z), (text >= a + 32) & (text <= z + 32), (text >= zero) & (text <= nine), text == 46


def _misplaced(capital: Flags, small: Flags, digit: Flags, dot: Flags, begins: Flags) -> Flags:
    """Small letters that follow no capital, dots without a digit behind, and texts that begin with no capital."""
    after_capital = np.zeros_like(capital)
    after_capital[1:] = capital[:-1]
    before_digit = np.zeros_like(digit)
    before_digit[:-1] = (digit & ~begins)[1:]
    known = capital | (small & after_capital) | digit | (dot & before_digit)
    return np.asarray(~known | (begins & ~capital), dtype=bool)


def _elements(text: NDArray[np.uint8], small: Flags, start: Ints) -> Ints:
    letter = np.zeros(len(start), dtype=np.int64)
    two = np.append(small, False)[start + 1]
    letter[two] = text[start[two] + 1].astype(np.int64) - ord("a") + 1
    found: Ints = _NUMBERS[27 * (text[start].astype(np.int64) - ord("A")) + letter]
    return found


def _amounts(text: NDArray[np.uint8], token: Ints, digit: Flags, dot: Flags, m: int) -> tuple[Any, Flags]:
    """(m,) the amounts, 1 where none is written, and which aren't read for their dots or their length."""
    at = np.flatnonzero(digit & (token >= 0))
    of = token[at]
    n_digits = np.bincount(of, minlength=m)
    behind = np.cumsum(n_digits)[of] - np.arange(len(at)) - 1
    whole = np.bincount(of, (text[at] - 48.0) * _TENS[np.minimum(behind, _MOST_DIGITS)], minlength=m)
    dots = np.flatnonzero(dot & (token >= 0))
    n_dots = np.bincount(token[dots], minlength=m)
    last_dot = np.full(m, len(text))
    last_dot[token[dots]] = dots
    decimals = np.bincount(of[at > last_dot[of]], minlength=m)
    amount = whole / _TENS[np.minimum(decimals, _MOST_DIGITS)]
    amount[n_digits == 0] = 1.0
    return amount, (n_dots > 1) | (n_digits > _MOST_DIGITS)
