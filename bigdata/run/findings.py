"""What a run has found and used up so far, also while it goes on: from its journal, and nothing else."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress
from typing import NamedTuple

from bigdata.errors import SpecError
from bigdata.naming import named
from bigdata.planning.budget import Amount, amounts
from bigdata.run.status import Status
from bigdata.store import use
from bigdata.store.reading import Run


class Findings(NamedTuple):
    """Lines of the study's kind, those of variants under their labels; and how the budget stands."""

    lines: tuple[str, ...] = ()
    budget: tuple[Amount, ...] = ()


def findings(status: Status) -> Findings:
    """Of a run. Nothing where its kind isn't installed here, or where it can no longer be read by this version."""
    with suppress(SpecError):
        run = Run(status.folder.path)
        return Findings(tuple(_lines(run)), tuple(_spent(run)))
    return Findings()


def _lines(run: Run) -> Iterator[str]:
    for view in run.variants:
        if view.model.status_at:
            label = f"{view.label}: " if len(run.variants) > 1 else ""
            yield from (f"{label}{line}" for line in named(view.model.status_at)(view))


def _spent(run: Run) -> Iterator[Amount]:
    past = run.history
    if (budget := use.budget(past)) is not None:
        yield from amounts(budget, run.prices, use.used(past), past.wall_seconds)
