"""What the page of an architecture search shows."""

from __future__ import annotations

from bigdata.kind import ReportParts, View
from bigdata.studies.architecture_search.results import Results


def report(view: View) -> ReportParts:
    """The best trial."""
    results = view.once(Results)
    return ReportParts(summary=[lambda: f"{results.best}: {results.said(results.best or 0)}"])
