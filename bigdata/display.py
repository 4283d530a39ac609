"""Numbers as people read them, in a terminal and in a report: rounded values, sizes, times."""

from __future__ import annotations

import math
from collections.abc import Iterable
from typing import Any

DECIMALS = 4
MOST_DECIMALS = 8


def decimals(column: Iterable[Any]) -> int:
    """How many decimals show the floats of a column: four, or more where all are small, as energies in eV are."""
    greatest = max((abs(v) for v in column if isinstance(v, float) and math.isfinite(v)), default=0.0)
    if greatest == 0:
        return DECIMALS
    return min(MOST_DECIMALS, max(DECIMALS, DECIMALS - 1 - math.floor(math.log10(greatest))))


def cell(value: Any, n_decimals: int = DECIMALS) -> str:
    """One value as text: so many decimals for a float, a dash for what is missing."""
    if value is None or value == "" or value != value:
        return "-"
    if isinstance(value, float):
        if abs(value) >= 10.0**-n_decimals or value == 0:
            return f"{value:.{n_decimals}f}".rstrip("0").rstrip(".")
        return f"{value:.2e}"
    return str(value)


def size(n_bytes: float) -> str:
    """1536 → `1.5 KiB`."""
    for unit in ("B", "KiB", "MiB", "GiB"):
        if n_bytes < 1024:
            return f"{n_bytes:.0f} {unit}" if unit == "B" else f"{n_bytes:.1f} {unit}"
        n_bytes /= 1024
    return f"{n_bytes:.1f} TiB"


def duration(seconds: float) -> str:
    """75 → `1 min 15 s`."""
    if seconds < 60:
        return f"{seconds:.1f} s"
    if seconds < 3600:
        return f"{seconds // 60:.0f} min {seconds % 60:.0f} s"
    if seconds < 48 * 3600:
        return f"{seconds // 3600:.0f} h {seconds % 3600 // 60:.0f} min"
    return f"{seconds / 86400:.1f} d"


# Units, their seconds, and up to which time they are taken.
TOO_LARGE = 1000.0
"""In the unit of the middle, an end of an interval above this is said in its own."""
_TIMES = (
    ("µs", 1e-6, 5e-4),
    ("ms", 1e-3, 0.5),
    ("s", 1.0, 120.0),
    ("min", 60.0, 7200.0),
    ("h", 3600.0, 172_800.0),
    ("d", 86400.0, math.inf),
)


def span(low: float, middle: float, high: float) -> str:
    """Seconds with the ends of their interval, in one unit where that reads well: 7560 → `2.1 h (1.4–3.2 h)`; else each
    in its own: `0.5 ms (0.2 ms – 1.0 s)`."""
    unit, seconds = _unit(middle or high)
    if high / seconds < TOO_LARGE or _unit(high)[0] == unit:
        return between(low / seconds, middle / seconds, high / seconds, unit)
    return f"{_in_unit(middle)} ({_in_unit(low)} – {_in_unit(high)})"


def _unit(seconds: float) -> tuple[str, float]:
    return next((u, s) for u, s, most in _TIMES if seconds < most)


def _in_unit(seconds: float) -> str:
    unit, factor = _unit(seconds)
    return f"{rounded(seconds / factor)} {unit}"


def small_duration(seconds: float) -> str:
    """2.5e-8 → `0.025 µs`; 0.0007 → `0.7 ms`."""
    unit, of = next((u, s) for u, s, most in _TIMES if seconds < most)
    return f"{rounded(seconds / of)} {unit}"


def between(low: float, middle: float, high: float, unit: str) -> str:
    """A number with the ends of its interval; the number alone where that is known: `3 USD (2–4.5 USD)`."""
    if low == high:
        return f"{rounded(middle)} {unit}"
    return f"{rounded(middle)} {unit} ({rounded(low)}–{rounded(high)} {unit})"


def rounded(value: float) -> str:
    """Two digits, or a whole number: 0.0213 → `0.021`, 2.13 → `2.1`, 1234.5 → `1,234`."""
    if abs(value) >= 10 or value == 0:
        return f"{value:,.0f}"
    digits = 1 - math.floor(math.log10(abs(value)))
    return f"{value:.{min(digits, MOST_DECIMALS)}f}" if digits <= MOST_DECIMALS else f"{value:.1e}"
