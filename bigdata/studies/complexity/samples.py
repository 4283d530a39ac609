"""The samples of a study as its tasks read them from the store, and how these may work."""

from __future__ import annotations

from typing import TYPE_CHECKING

from bigdata.models.tabular.fitted import Effort, Samples
from bigdata.studies.complexity.model import Complexity
from bigdata.studies.complexity.table import open_table

if TYPE_CHECKING:
    from bigdata.kind import Context


def samples_of(ctx: Context[Complexity]) -> Samples:
    """All samples, from the store."""
    data = ctx.opened(open_table)
    # A logarithm is a pure number.
    unit = "" if data.scale.is_logarithmic else data.unit
    features, learned = ctx.read("feature"), ctx.read("learned")
    return Samples(features, learned, data.names, data.units, data.group, data.task, unit, data.labels)


def effort_of(ctx: Context[Complexity]) -> Effort:
    """By the task's seed, cores and log."""
    # Most libraries take seeds of 32 bits.
    return Effort(ctx.seed & 0xFFFFFFFF, ctx.cores, ctx.should_stop, ctx.log)
