"""`bigdata results RUN [ARRAY]`: a run's answer and tables, or one of its arrays, as text or JSON."""

from __future__ import annotations

import json
from pathlib import Path
from textwrap import fill
from typing import TYPE_CHECKING, Any

import click

from bigdata.cli.options import json_option, private_option, run_argument
from bigdata.cli.text import table
from bigdata.cli.variants import named_variant
from bigdata.errors import SpecError
from bigdata.store import open_run

if TYPE_CHECKING:
    from bigdata.kind.report import Table
    from bigdata.store.reading import StoredArray, View

SHOWN_ROWS = 20
# As Python's numbers and as text together these take 360 MB (measured, float64).
MOST_IN_JSON = 5_000_000


@click.command()
@run_argument
@click.argument("array", required=False)
@click.option("--variant", type=int, help="Which variant of a sweep, by its number.")
@private_option
@json_option
def command(run: Path, array: str | None, variant: int | None, private: bool, as_json: bool) -> None:
    """Print the answer of RUN, its tables and its arrays, or the values of ARRAY. Of a sweep, list the variants."""
    from bigdata.report.privacy import Privacy

    opened = open_run(run)
    variants, privacy = opened.variants, Privacy(opened, keeps=private)
    if variant is None and len(variants) > 1:
        rows = [(number, privacy.text(view.label)) for number, view in enumerate(variants)]
        click.echo(json.dumps([{"variant": n, "label": label} for n, label in rows]) if as_json else _variants(rows))
        return
    view = named_variant(run, variant)
    if array is not None:
        click.echo(json.dumps(privacy.data(_values(view[array]))) if as_json else _text(view[array]))
    elif as_json:
        click.echo(json.dumps(privacy.data(_all(view))))
    else:
        click.echo(privacy.text(_page(view)))


def _variants(rows: list[tuple[int, str]]) -> str:
    return table(("variant", "label"), rows) + "\n\nName one with --variant."


def _row(a: StoredArray) -> dict[str, Any]:
    return {
        "array": a.name,
        "dims": list(a.dims),
        "shape": list(a.shape),
        "dtype": str(a.dtype),
        "units": a.units,
        "about": a.about,
    }


def _all(view: View) -> dict[str, Any]:
    said, tables = _made(view)
    return {
        "summary": said,
        "arrays": [_row(a) for a in view.values()],
        "tables": [*map(_table, tables)],
        "data": _data(view),
    }


def _made(view: View) -> tuple[list[str], list[Table]]:
    """The summary and the tables that can be made; what is wrong with the others is said on stderr."""
    from bigdata.report.faults import Faults

    faults = Faults(view.run)
    said, tables = faults.answer(view)
    if faults.damage is not None:
        raise faults.damage
    for fault in faults.found:
        click.echo(fault.sentence(view.run.folder), err=True)
    return said, tables


def _table(t: Table) -> dict[str, Any]:
    return {
        "title": t.title,
        "columns": list(t.columns),
        "units": dict(t.units),
        "rows": [list(map(_plain, r)) for r in t.rows],
    }


def _data(view: View) -> list[dict[str, str]]:
    """The study's datasets: title, licence and citation."""
    from dataclasses import asdict

    from bigdata.data.citing import data_sources

    return [asdict(source) for source in data_sources(view.model)]


def _page(view: View) -> str:
    said, tables = _made(view)
    parts = (
        ["\n".join(fill(sentence, 100, break_long_words=False, break_on_hyphens=False) for sentence in said)]
        if said
        else []
    )
    for t in tables:
        heads = [f"{c} [{t.units[c]}]" if t.units.get(c, "1") not in ("1", "") else c for c in t.columns]
        rows = [[_plain(v) for v in row] for row in t.rows[:SHOWN_ROWS]]
        more = f"\n… {len(t.rows) - SHOWN_ROWS} more rows; all with --json" if len(t.rows) > SHOWN_ROWS else ""
        parts.append(f"{t.title}\n\n{table(heads, rows)}{more}")
    arrays = [
        (a.name, " × ".join(a.dims), " × ".join(map(str, a.shape)), str(a.dtype), a.units, a.about)
        for a in view.values()
    ]
    parts.append(table(("array", "dimensions", "shape", "type", "units", "about"), arrays))
    return "\n\n\n".join(parts)


def _values(a: StoredArray) -> dict[str, Any]:
    if a.size > MOST_IN_JSON:
        raise SpecError(
            f"`{a.name}` has {a.size:,} values, too many for JSON. "
            f"In Python, `bigdata.open_run(…)[{a.name!r}]` reads parts of it."
        )
    return {**_row(a), "values": _plain(a[...])}


def _text(a: StoredArray) -> str:
    import numpy as np

    part = a[...] if a.size <= MOST_IN_JSON else a[:SHOWN_ROWS]
    which = "" if part.shape == a.shape else f"\nthe first {SHOWN_ROWS} rows:"
    with np.printoptions(threshold=1000, edgeitems=4, linewidth=110, precision=6):
        return f"{a!r}{which}\n{part}"


def _plain(value: Any) -> Any:
    """Numpy values as JSON knows them; NaN becomes null."""
    if hasattr(value, "tolist"):
        value = value.tolist()
    if isinstance(value, list):
        return [_plain(v) for v in value]
    return None if isinstance(value, float) and value != value else value
