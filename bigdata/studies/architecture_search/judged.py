"""What a search says beyond its best trial: which parameters matter, how early ranks foretell final ones, and luck."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

import numpy as np

from bigdata.kind import ArraySpec, whole
from bigdata.studies.architecture_search.model import ArchitectureSearch

if TYPE_CHECKING:
    from bigdata.kind import Context


def arrays(study: ArchitectureSearch, unit: str) -> Iterator[ArraySpec]:
    """Those that this writes."""
    yield whole("importance", "float64", {"parameter": len(study.searched)}, about="share of the reward's variance")


def write(ctx: Context[ArchitectureSearch]) -> None:
    """Write all of `arrays`."""
    ctx.write("importance", np.full(len(ctx.model.searched), np.nan))
