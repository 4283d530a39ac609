"""Units of columns and expressions, as exponents of what they are written with: eV/atom is eV^1 atom^-1.

Nothing is converted: eV and meV are two units, and a column in one is not added to a column in the other. Exponents are
integers, in 216ths: square and cube roots of three rungs stay exact.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction

import numpy as np

from bigdata.models.sisso.operators import Ints

PARTS = 216
_FACTOR = re.compile(r"(?P<symbol>[^\W\d]*[^\W\d_][\w%°-]*?|%|°)(?:(?:\^|\*\*)(?P<exponent>-?\d+))?")
_SAME = {"Å": "angstrom", "Angstrom": "angstrom", "Hartree": "Ha", "rad": ""}


def exponents(unit: str) -> dict[str, Fraction]:
    """The exponents of a unit such as `eV/atom`, `angstrom^3` or `1`; "" and "1" are pure numbers.

    A text that isn't made of factors, such as `log10(eV)`, is a unit of its own.
    """
    found: dict[str, Fraction] = {}
    for i, side in enumerate(unit.split("/") if "(" not in unit else [unit]):
        for factor in re.split(r"\*(?!\*)(?<!\*\*)|[·\s]+", side.strip()):
            if factor in ("", "1"):
                continue
            match = _FACTOR.fullmatch(factor)
            if match is None:
                return {unit.strip(): Fraction(1)}
            symbol = _SAME.get(match["symbol"], match["symbol"])
            power = Fraction(match["exponent"] or 1) * (-1 if i else 1)
            found[symbol] = found.get(symbol, Fraction(0)) + power
    return {symbol: power for symbol, power in found.items() if symbol and power}


@dataclass(frozen=True)
class Base:
    """What the units of a table are written with."""

    symbols: tuple[str, ...]

    @classmethod
    def of(cls, units: Sequence[str]) -> Base:
        return cls(tuple(sorted({symbol for unit in units for symbol in exponents(unit)})))

    def vector(self, unit: str) -> Ints:
        """(n_symbols,) exponents in 216ths."""
        found = exponents(unit)
        return np.array([int(found.get(symbol, Fraction(0)) * PARTS) for symbol in self.symbols], np.int32)

    def vectors(self, units: Sequence[str]) -> Ints:
        return np.array([self.vector(unit) for unit in units], np.int32).reshape(len(units), len(self.symbols))

    def text(self, vector: Ints) -> str:
        """The unit with these exponents, as it is written: `eV/atom`; "" for a pure number."""
        return written({s: Fraction(int(e), PARTS) for s, e in zip(self.symbols, vector, strict=True) if e})


def written(powers: Mapping[str, Fraction]) -> str:
    """`eV/atom`; "" for a pure number."""
    above = [_raised(symbol, power) for symbol, power in powers.items() if power > 0]
    below = [_raised(symbol, -power) for symbol, power in powers.items() if power < 0]
    return "/".join(["*".join(above) or "1", *below]) if above or below else ""


def _raised(symbol: str, power: Fraction) -> str:
    if power == 1:
        return symbol
    return f"{symbol}^{power}" if power.denominator == 1 else f"{symbol}^({power})"
