"""The accounts of a submission: its forecast from before, what it took, and how forecasts have held on its site."""

from __future__ import annotations

import time
from collections.abc import Iterable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

from bigdata.engine import lanes
from bigdata.engine.books import Outcome
from bigdata.places import ledger_file
from bigdata.planning import ledger
from bigdata.planning.account import CORE_TIME, WALL_TIME, Forecast, account, forecast, held, judgement
from bigdata.planning.budget import of_workers
from bigdata.planning.drawn import NO_POOL
from bigdata.planning.plan import Plan
from bigdata.planning.tally import Tally
from bigdata.run import provenance
from bigdata.store.folder import figure_files
from bigdata.store.use import Use


@dataclass(frozen=True)
class Accounts:
    """Opened before anything runs, since a plan's tasks to do become fewer meanwhile; `started` is by perf_counter."""

    plan: Plan
    expected: Forecast
    started: float

    @classmethod
    def opened(cls, plan: Plan) -> Accounts:
        return cls(plan, forecast(plan), time.perf_counter())

    def settled(self, outcome: Outcome) -> dict[str, Any]:
        """What the journal's last word says of the costs; the ledger learns from it."""
        whole = self._is_whole(outcome)
        said = account(self.plan, self.expected, outcome.used, self._held(outcome), whole)
        core_time = [judgement(self.plan.site, CORE_TIME, *said["core_seconds"])] if "core_seconds" in said else []
        _remember([*provenance.measured(self.plan, outcome.used), *core_time])
        return {**said, "held": held(ledger_file(), self.plan.site)}

    def closed(self, outcome: Outcome, drawing_seconds: float) -> None:
        """The report is drawn too, which took so long: all that was forecast is over."""
        _remember(self._reports(drawing_seconds))
        if self._is_whole(outcome) and outcome.used and not self.expected["is_open"]:
            seconds = round(time.perf_counter() - self.started, 3)
            _remember([judgement(self.plan.site, WALL_TIME, self.expected["seconds"], seconds)])

    def _reports(self, seconds: float) -> Iterator[dict[str, Any]]:
        """What the ledger keeps of the report: of a sweep, each variant has its share of time and bytes."""
        n, report = len(self.plan.variants), self.plan.variants[0].report
        files = [self.plan.folder.report, *(f for stem in self.plan.figures for f in figure_files(stem))]
        n_bytes = sum(file.stat().st_size for file in files if file.exists()) // n
        tally = Tally()
        tally.done({"seconds": seconds / n, "memory": 0}, report.work)
        yield {
            **ledger.row(self.plan.site, report.stage, NO_POOL, tally),
            "bytes": n_bytes,
            "asked_bytes": report.asked,
        }

    def _is_whole(self, outcome: Outcome) -> bool:
        """Whether all that was planned was done."""
        stopped = outcome.cancelled or outcome.relieved or outcome.failed or outcome.unbegun
        return not stopped

    def _held(self, outcome: Outcome) -> Use | None:
        """The hours that jobs' workers were there."""
        site = self.plan.site
        if not site.has_jobs or not outcome.held:
            return None
        of = ((lanes.pool_of(lane), lanes.threads(site, lane), s) for lane, s in outcome.held.items())
        return sum((of_workers(site, *each) for each in of), Use())


def _remember(rows: Iterable[Mapping[str, Any]]) -> None:
    with suppress(OSError):  # a cache that can't be written only makes the next plan's estimate worse
        ledger.remember(ledger_file(), rows)
