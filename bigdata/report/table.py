"""A table on the page: its first rows under its title and caption, numbers under each other."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from bigdata.display import cell, decimals
from bigdata.kind.report import Table
from bigdata.report.html import Markup, element, join, sentence

SHOWN_ROWS = 500


def table_element(table: Table, head: str) -> Markup:
    """The first rows of a table under its title and caption."""
    is_number = [_all_numbers(row[k] for row in table.rows) for k in range(len(table.columns))]
    shown = [decimals(row[k] for row in table.rows) for k in range(len(table.columns))]
    units = [table.units.get(c, "") for c in table.columns]
    heads = (
        element("th", f"{c} ({u})" if u else c, scope="col", class_="number" if n else None)
        for c, u, n in zip(table.columns, units, is_number, strict=True)
    )
    more = len(table.rows) - SHOWN_ROWS
    cut = (
        f" The first {SHOWN_ROWS} of {len(table.rows):,} rows; all of them with bigdata results --json."
        if more > 0
        else ""
    )
    return join(
        element(head, table.title),
        sentence(table.caption + cut, class_="quiet"),
        element(
            "div",
            element(
                "table",
                element("thead", element("tr", *heads)),
                element("tbody", *(_row(row, is_number, shown) for row in table.rows[:SHOWN_ROWS])),
                aria_label=table.title,
            ),
            class_="table",
            tabindex="0",  # a wide table is scrolled, which the keyboard can do only where it can go
        ),
    )


def _row(row: Sequence[Any], is_number: Sequence[bool], shown: Sequence[int]) -> Markup:
    columns = enumerate(zip(row, is_number, shown, strict=True))
    return element("tr", *(_cell(k, value, number, n) for k, (value, number, n) in columns))


def _cell(k: int, value: Any, number: bool, n_decimals: int) -> Markup:
    """The first column heads its row; floats of a column have equally many decimals, so that they stand under each
    other."""
    is_plain = isinstance(value, float) and 10.0**-n_decimals <= abs(value) < 1e4
    text = f"{value:.{n_decimals}f}" if is_plain else cell(value, n_decimals)
    kind = "number" if number else "wide" if len(text) > 40 else None
    return element("td", text, class_=kind) if k else element("th", text, scope="row", class_=kind)


def _all_numbers(values: Iterator[Any]) -> bool:
    return all(value is None or isinstance(value, int | float) for value in values)
