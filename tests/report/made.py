"""The parts of a report, made: what tests look at instead of the page."""

from __future__ import annotations

from dataclasses import dataclass

from bigdata.kind.report import Headline, Panel, Table
from bigdata.report.parts import report_parts
from bigdata.store.reading import View, makeable


@dataclass(frozen=True)
class Made:
    """What a kind's report gives for a view, as far as there are data."""

    summary: list[str]
    tables: list[Table]
    panels: list[Panel]
    sources: list[str]
    headline: Headline


def made(view: View) -> Made:
    parts = report_parts(view)
    return Made(
        summary=[said for said in makeable(view.run, parts.summary) if said],
        tables=list(makeable(view.run, parts.tables)),
        panels=list(parts.panels),
        sources=list(parts.sources),
        headline={k: v for some in makeable(view.run, parts.headline) for k, v in some.items()},
    )
