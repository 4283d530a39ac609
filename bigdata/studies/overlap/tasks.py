"""What the tasks of an overlap study do: match pairs of entries, name every entry's group, compare, split, count."""

from __future__ import annotations

from typing import TYPE_CHECKING

from bigdata.studies.materials.grouping import write_groups
from bigdata.studies.materials.matches import write_matches
from bigdata.studies.overlap.model import Overlap
from bigdata.studies.overlap.stages import open_entries

if TYPE_CHECKING:
    from bigdata.kind import Context


def match(ctx: Context[Overlap]) -> None:
    """A block of pairs of entries."""
    write_matches(ctx, ctx.model.identity, ctx.opened(open_entries))


def groups(ctx: Context[Overlap]) -> None:
    """All arrays of the study, from the symmetry of the structures and from matches."""
    write_groups(ctx, ctx.model, ctx.opened(open_entries))
