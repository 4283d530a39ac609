"""What a run's study kind shows of it, asked for by the names that its model gives."""

from __future__ import annotations

from bigdata.kind.report import Figure, ReportParts
from bigdata.naming import named
from bigdata.store.reading import View


def report_parts(view: View) -> ReportParts:
    """Call the kind's own `report` function."""
    if not view.model.report_at:
        return ReportParts()
    parts: ReportParts = named(view.model.report_at)(view)
    return parts


def report_figure(view: View, name: str) -> Figure:
    """Call the function that makes this figure of the study model's `figures`."""
    figure: Figure = named(view.model.figures()[name])(view)
    return figure
