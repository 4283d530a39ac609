"""Errors in the unit that reads best: energies below 1 eV are said in meV."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike


class ErrorUnit(NamedTuple):
    """`factor` makes values in the target's unit values in `name`, which is empty where the target has no unit."""

    factor: float
    name: str

    @property
    def label(self) -> str:
        """As the name of an axis: `MAE (meV/atom)`."""
        return f"MAE ({self.name})" if self.name else "MAE"

    def said(self, value: float) -> str:
        """An error, given in the target's unit: `8.62 meV/atom`."""
        return f"{self.number(value)} {self.name}".strip()

    def number(self, value: float) -> str:
        """An error, given in the target's unit, to three digits and without the unit: `8.62`."""
        return three_digits(value * self.factor)


def three_digits(value: float) -> str:
    """`0.0862`, `8.62`, and whole thousands: with three digits, `g` would write 1,234 as 1.23e+03."""
    return f"{value:,.0f}" if abs(value) >= 999.5 else f"{value:.3g}"


def error_unit(unit: str, *errors: ArrayLike) -> ErrorUnit:
    """meV, meV/atom … where `unit` is one of eV and the least of the finite errors is below 1, otherwise `unit` itself,
    of which "1" is none."""
    values = np.concatenate([np.empty(0), *(np.ravel(e) for e in errors)])
    finite = np.abs(values[np.isfinite(values)])
    if unit.startswith("eV") and finite.size and finite.min() < 1:
        return ErrorUnit(1000.0, f"m{unit}")
    return ErrorUnit(1.0, "" if unit == "1" else unit)
