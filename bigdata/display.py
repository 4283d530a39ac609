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
