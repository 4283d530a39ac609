"""The report of a run: one HTML file that needs no network, beside its figures as PNG and PDF."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import partial
from importlib.resources import files
from pathlib import Path
from typing import Any

from bigdata.display import cell, decimals
from bigdata.report.html import Markup, element, join, json_element
from bigdata.report.parts import Panel, ReportParts, Table, report_parts, whole
from bigdata.report.pictures import picture
from bigdata.report.record import citation, failures, notes, provenance
from bigdata.store.folder import write_whole
from bigdata.store.reading import Run, View

SHOWN_ROWS = 500
# Nothing is loaded from anywhere, whatever a name in the data may look like.
POLICY = "default-src 'none'; style-src 'unsafe-inline'; script-src 'unsafe-inline'; img-src data:"


def write_report(run: Run) -> Path:
    """Draw the figures of a run and write its report.html; returns the page's path.

    Of a run with tasks that failed or aren't done, the page shows what there is and what failed. Raises
    DamagedData where stored data of a finished run can't be read back.
    """
    found = [(view, report_parts(view)) for view in run.variants]
    variants = [_comparison(found), *(_variant(view, parts) for view, parts in found)]
    sources = [source for _, parts in found for source in parts.sources]
    scripts = sorted({panel.script for _, parts in found for panel in parts.panels})
    body = [_header(run), failures(run), *variants, notes(run), provenance(run), citation(run, sources)]
    write_whole(run.folder.report, _document(run.model.name, body, scripts))
    return run.folder.report


def _document(title: str, body: Sequence[Markup], scripts: Sequence[str]) -> str:
    head = element(
        "head",
        element("meta", charset="utf-8"),
        element("meta", http_equiv="Content-Security-Policy", content=POLICY),
        element("meta", name="viewport", content="width=device-width, initial-scale=1"),
        element("title", f"{title} - report"),
        element("link", rel="icon", href="data:,"),
        element("style", _file("page.css")),
    )
    code = [element("script", _file(name)) for name in scripts]
    return f"<!doctype html>\n{element('html', head, element('body', *body, *code), lang='en')}\n"


def _file(name: str) -> Markup:
    return Markup((files("bigdata.report") / name).read_text())


def _header(run: Run) -> Markup:
    model = run.model
    labels = [(f"variant-{i}", view.label) for i, view in enumerate(run.variants)]
    parts = labels if len(labels) > 1 else [("figures", "Figures"), ("tables", "Tables")]
    links = [*parts, ("provenance", "Provenance"), ("cite", "How to cite")]
    return element(
        "header",
        element("p", f"{model.study} study", class_="kind"),
        element("h1", model.name),
        *([element("p", model.description, class_="lead")] if model.description else []),
        element(
            "nav",
            element("ul", *(element("li", element("a", text, href=f"#{to}")) for to, text in links)),
            aria_label="Contents",
        ),
    )


def _comparison(found: Sequence[tuple[View, ReportParts]]) -> Markup:
    """The variants of a sweep side by side; nothing for a single one."""
    if len(found) == 1:
        return Markup("")
    names = list(dict.fromkeys(name for _, parts in found for name in parts.headline))
    rows = [[view.label, *(parts.headline.get(name) for name in names)] for view, parts in found]
    caption = "Each variant of the sweep in a few numbers; more of each in its own part below."
    return element("section", _table(Table("The variants compared", ["variant", *names], rows, caption=caption), "h2"))


def _variant(view: View, parts: ReportParts) -> Markup:
    """Summary, panels, figures and tables of one variant; its heading names it where there are several."""
    number = view.run.variants.index(view)
    several = len(view.run.variants) > 1
    prefix, head, title = (f"variant-{number}-", "h3", "h4") if several else ("", "h2", "h3")
    panels = whole(view.run, [partial(_panel, p, f"{prefix}panel-{i}", head) for i, p in enumerate(parts.panels)])
    tables = [_table(table, title) for table in parts.tables]
    figures = [*whole(view.run, [partial(picture, figure, view.run.folder, prefix) for figure in parts.figures])]
    return element(
        "section",
        *([element("h2", view.label)] if several else []),
        *(element("p", sentence) for sentence in parts.summary),
        *panels,
        *([element(head, "Figures", id=f"{prefix}figures"), *figures] if figures else []),
        *([element(head, "Tables", id=f"{prefix}tables"), *tables] if tables else []),
        id=f"variant-{number}",
    )


def _panel(panel: Panel, name: str, head: str) -> Markup:
    """A place for the panel's script to fill, with its data beside it."""
    return element(
        "section",
        element(head, panel.title),
        element("p", panel.caption),
        element(
            "div",
            element("p", "drawing…", class_="drawing"),
            element("noscript", "This part needs JavaScript."),
            class_="panel",
            id=name,
            data_panel=Path(panel.script).stem,
        ),
        json_element(panel.data(), id=f"{name}-data"),
    )


def _table(table: Table, head: str) -> Markup:
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
        element("p", table.caption + cut, class_="quiet"),
        element(
            "div",
            element(
                "table",
                element("thead", element("tr", *heads)),
                element("tbody", *(_row(row, is_number, shown) for row in table.rows[:SHOWN_ROWS])),
                aria_label=table.title,
            ),
            class_="table",
            tabindex="0",
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
