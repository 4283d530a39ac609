"""Quiet tables for the terminal."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from bigdata.display import cell, decimals


def table(columns: Sequence[str], rows: Sequence[Sequence[Any]]) -> str:
    """Columns under their names, two spaces apart; columns of numbers stand right."""
    shown = [decimals(row[k] for row in rows) for k in range(len(columns))]
    cells = [[cell(v, n) for v, n in zip(row, shown, strict=True)] for row in rows]
    widths = [max([len(c), *(len(row[k]) for row in cells)]) for k, c in enumerate(columns)]
    right = [
        bool(rows) and all(isinstance(r[k], int | float) or r[k] is None for r in rows) for k in range(len(columns))
    ]

    def line(values: Sequence[str]) -> str:
        parts = (v.rjust(w) if r else v.ljust(w) for v, w, r in zip(values, widths, right, strict=True))
        return "  ".join(parts).rstrip()

    return "\n".join([line(columns), *map(line, cells)])
