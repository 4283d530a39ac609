"""What the task of a cost study does: add up."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from bigdata.studies.cost.model import Cost
from bigdata.studies.cost.sums import QUANTITIES, sums

if TYPE_CHECKING:
    from bigdata.kind import Context


def add(ctx: Context[Cost]) -> None:
    """All sums, and the limits beside them."""
    found = sums(ctx.model)
    for name in QUANTITIES:
        ctx.write(name, found.of[name])
        ctx.write(f"total_{name}", found.total[name])
    limits = ctx.model.limits
    for name, limit in (("files", limits.files), ("bytes", limits.bytes)):
        ctx.write(f"limit_{name}", np.array([np.nan if limit is None else float(limit)]))
