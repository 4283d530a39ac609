"""The report of a variant as it is planned: how long its figures and its part of the page take, and how large they are.

In the ledger it is a stage like others, of one task, whose unit of work is a figure.
"""

from __future__ import annotations

from dataclasses import dataclass

from bigdata.kind.stage import Rate, Stage, Workload
from bigdata.planning.interval import Interval
from bigdata.planning.ledger import Ledger
from bigdata.spec.study import StudyModel

# On one core of its own a figure takes half a second, beside other work, or with Matplotlib from a slow disk, several.
REPORT_RATE = Rate("figure", 1.2, "an assumption, until a report was drawn here", factor=4.0)
# What the page has whatever the study: its style, links, costs of stages, and where the numbers come from.
PAGE_BYTES = 12_000
# A report is made where the controller is, whatever the pools.
NO_POOL = ""


@dataclass(frozen=True)
class PlannedReport:
    """`n_figures` and the page; `n_bytes` of both, where its kind `asked` for so many."""

    stage: Stage
    n_figures: int
    rate: Rate
    n_bytes: int
    asked: int

    @property
    def work(self) -> int:
        """Its figures, and the page as one more."""
        return self.n_figures + 1

    @property
    def seconds(self) -> Interval:
        return Interval.within(self.rate.seconds * self.work, self.rate.factor)


def planned_report(ledger: Ledger, model: StudyModel, workload: Workload, n_variants: int) -> PlannedReport:
    """That of one of so many variants, which share the page."""
    stage = Stage(name="report", function=f"report of {model.study}", n_tasks=1, rate=REPORT_RATE)
    asked = workload.report_bytes + PAGE_BYTES // n_variants
    n_bytes = ledger.n_bytes(stage, NO_POOL, asked)
    return PlannedReport(stage, len(model.figures()), ledger.rate(stage, NO_POOL), n_bytes, asked)
