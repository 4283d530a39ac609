"""Text for the terminal: nothing in it is obeyed, and tables are quiet."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import click

from bigdata.display import cell, decimals, visible


def echo(text: object = "", *, err: bool = False) -> None:
    """Print to stdout, or to stderr. What a dataset, a log or a server says may hold orders to the terminal."""
    click.echo(visible(str(text)), err=err)


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
