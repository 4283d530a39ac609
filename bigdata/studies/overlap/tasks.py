"""What the task of an overlap study does: name every entry's group, compare the datasets, split, count targets."""

from __future__ import annotations

from typing import TYPE_CHECKING

from bigdata.studies.materials.grouping import write_groups
from bigdata.studies.overlap.model import Overlap
from bigdata.studies.overlap.stages import open_entries

if TYPE_CHECKING:
    from bigdata.kind import Context


def groups(ctx: Context[Overlap]) -> None:
    """All arrays of the study, from the symmetry of the structures."""
    write_groups(ctx, ctx.model, ctx.opened(open_entries))
