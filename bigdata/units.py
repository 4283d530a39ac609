"""Quantities in specs: "10 eV", "4 GiB", "2 h". A spec says units; the models hold numbers in base units."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Context, Decimal
from typing import Annotated, Any

from pydantic import GetCoreSchemaHandler, GetJsonSchemaHandler
from pydantic_core import CoreSchema, core_schema

# Set in the validation context where a resolved study, which holds numbers in base units, is read back.
RESOLVED = "resolved"
_NUMBER = r"[-+]?(?:\d+\.?\d*|\.\d+)(?:[eE][-+]?\d+)?"
_UNSIGNED = _NUMBER.removeprefix("[-+]?")
# What is too large becomes infinite instead of an error.
_DECIMALS = Context(prec=28, traps=[])
_QUANTITY = re.compile(rf"\s*({_NUMBER})\s*(\S.*?)?\s*")


class QuantityError(ValueError):
    """A text that isn't the quantity wanted: `what` is wrong, what would be `right`.

    `given` is a misspelled unit, and `known` are the units that it could have been.
    """

    def __init__(self, what: str, right: str, given: str = "", known: tuple[str, ...] = ()) -> None:
        self.what, self.right, self.given, self.known = what, right, given, known
        super().__init__(f"{what}. {right}.")


def split_quantity(text: str) -> tuple[float, str]:
    """The number and the unit of a text such as `200 eV`, whatever the unit is. Raises QuantityError."""
    match = _QUANTITY.fullmatch(text)
    if match is None or match[2] is None:
        raise QuantityError(f"`{text}` is neither a number nor a number with its unit", 'Write 200, or "200 eV"')
    return float(match[1]), match[2]


@dataclass(frozen=True)
class Dimension:
    """A kind of quantity: its units, each with its size in the first one, the base unit; and examples.

    `whole` rounds to integers; `signed` allows negative values.
    """

    noun: str
    units: Mapping[str, float]
    examples: tuple[str, ...]
    signed: bool = False
    whole: bool = False
    # pydantic wants hashable metadata; a dictionary is compared, not hashed.
    __hash__ = object.__hash__

    @property
    def base(self) -> str:
        """The unit in which models hold this quantity."""
        return next(iter(self.units))

    def parse(self, text: str) -> float | int:
        """The number of base units that `text` says. Raises QuantityError."""
        match = _QUANTITY.fullmatch(text)
        if match is None:
            raise QuantityError(f"`{text}` is not {self.noun}", self._write())
        number, unit = match.groups()
        if unit is None:
            raise QuantityError(f"{number} has no unit", self._write(f"{number} {self.base}"))
        return self._checked(_times(number, self._size(unit, text)), text)

    def _size(self, unit: str, text: str) -> float:
        if unit in self.units:
            return self.units[unit]
        owner = next((d.noun for d in DIMENSIONS if unit in d.units), None)
        right = f"Write it in {_either(self.units)}"
        if owner:
            raise QuantityError(f"`{text.strip()}` is {owner}, not {self.noun}", right)
        raise QuantityError(f"unknown unit `{unit}`", right, unit, tuple(self.units))

    def _checked(self, value: float, text: str) -> float | int:
        if abs(value) == float("inf"):
            raise QuantityError(f"`{text}` is too large for a number", self._write())
        if value < 0 and not self.signed:
            raise QuantityError(f"`{text}` is negative", f"{self.noun.capitalize()} can't be less than 0 {self.base}")
        return round(value) if self.whole else value

    def _write(self, example: str = "") -> str:
        return f'Write {self.noun} with its unit, such as "{example or self.examples[0]}"'

    def _from_spec(self, value: Any, info: core_schema.ValidationInfo) -> float | int:
        number = isinstance(value, int | float) and not isinstance(value, bool)
        if number and info.context and info.context.get(RESOLVED):
            return int(value) if self.whole else float(value)
        if isinstance(value, str):
            return self.parse(value)
        what = f"{value} has no unit" if number else f"{_said(value)} is not {self.noun}"
        raise QuantityError(what, self._write(f"{value} {self.base}" if number else ""))

    def __get_pydantic_core_schema__(self, source: Any, handler: GetCoreSchemaHandler) -> CoreSchema:
        # Around the number's own schema: bounds such as `Field(gt=0)` stand in that, in the base unit.
        return core_schema.with_info_before_validator_function(self._from_spec, handler(source))

    def __get_pydantic_json_schema__(self, schema: CoreSchema, handler: GetJsonSchemaHandler) -> dict[str, Any]:
        units = "|".join(map(re.escape, self.units))
        number = _NUMBER if self.signed else rf"\+?{_UNSIGNED}"
        return {
            "type": "string",
            "pattern": rf"^\s*{number}\s*(?:{units})\s*$",
            "examples": list(self.examples),
            "unit": self.base,
            "description": f"{self.noun.capitalize()} in {_either(self.units)}.",
        }


def _times(number: str, size: float) -> float:
    """A number as it is written, times a unit's size: in decimals, since 10.4 meV are 0.0104 eV, one study and not two,
    and in binary 10.4 × 0.001 isn't 0.0104. Without the sign of a negative zero.
    """
    return float(_DECIMALS.multiply(Decimal(number), Decimal(repr(size)))) + 0.0


def _either(units: Mapping[str, float]) -> str:
    *most, last = units
    return f"{', '.join(most)} or {last}" if most else last


def _said(value: Any) -> str:
    if value is None:
        return "nothing"
    if isinstance(value, bool):
        return str(value).lower()
    return "a list" if isinstance(value, list | tuple) else "a mapping"


# CODATA 2022: the elementary charge is exact; Hartree, Rydberg and Bohr are measured.
ENERGY = Dimension(
    "an energy",
    {"eV": 1.0, "meV": 1e-3, "keV": 1e3, "Ha": 27.211386245981, "Hartree": 27.211386245981,
     "Ry": 13.6056931229905, "J": 1 / 1.602176634e-19},
    ("10 eV", "-0.5 eV", "25 meV"),
    signed=True,
)  # fmt: skip
LENGTH = Dimension(
    "a length",
    {"angstrom": 1.0, "Å": 1.0, "nm": 10.0, "pm": 0.01, "bohr": 0.529177210544},
    ("5 angstrom", "0.5 nm"),
)
ANGLE = Dimension("an angle", {"deg": 1.0, "°": 1.0, "rad": 57.29577951308232}, ("103.8 deg",))
STATES = Dimension("a number of states", {"states": 1.0}, ("0.5 states",))
_DECIMAL = {f"{p}B": 1000.0**i for i, p in enumerate(("", "k", "M", "G", "T", "P"))}
_BINARY = {f"{p}iB": 1024.0**i for i, p in enumerate(("K", "M", "G", "T", "P"), 1)}
BYTES = Dimension("an amount of bytes", _DECIMAL | _BINARY, ("4 GiB", "30 MB"), whole=True)
SECONDS = Dimension("a time", {"s": 1.0, "ms": 1e-3, "min": 60.0, "h": 3600.0, "d": 86400.0}, ("10 min", "2 h", "90 s"))
MONEY = Dimension("an amount of money", {"USD": 1.0}, ("0.02 USD",))
DIMENSIONS = (ENERGY, LENGTH, ANGLE, STATES, BYTES, SECONDS, MONEY)

Energy = Annotated[float, ENERGY]
"""An energy in eV."""
Length = Annotated[float, LENGTH]
"""A length in angstrom."""
Angle = Annotated[float, ANGLE]
"""An angle in degrees."""
States = Annotated[float, STATES]
"""A number of electronic states, such as a density of states integrated over energy."""
Bytes = Annotated[int, BYTES]
"""An amount of bytes."""
Seconds = Annotated[float, SECONDS]
"""A time in seconds."""
Money = Annotated[float, MONEY]
"""An amount of US dollars."""
