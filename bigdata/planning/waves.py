"""What would fit a site's limits on files and bytes: the tasks in waves, each archived and removed before the next.

A run leaves so much whatever it computes (metadata, figures, the report), and so much for each task (its shards, its
pack, its lines of the journal). With fixed + tasks > allowed, it takes ⌈tasks / (allowed - fixed)⌉ waves.
"""

from __future__ import annotations

import math

from bigdata.planning.extent import Extent
from bigdata.planning.planned import PlannedStage
from bigdata.planning.record_bytes import task_bytes


def files_of_tasks(plan: Extent) -> int:
    """Files that tasks leave: the shards of their arrays, and their packs."""
    return sum(a.n_shards for s in plan.stages for a in s.stage.arrays) + plan.n_packs


def bytes_of_tasks(plan: Extent) -> int:
    """Bytes of these, and of the journal's lines."""
    arrays = sum(a.n_bytes for s in plan.stages for a in s.stage.arrays)
    return arrays + plan.pack_bytes + sum(s.n_tasks * task_bytes(s) for s in plan.stages)


def what_fits(plan: Extent, needed: int, allowed: int, of_tasks: int, noun: str) -> str:
    """How the plan would fit, as the end of a sentence that says that it doesn't."""
    fixed = needed - of_tasks
    largest = max(plan.stages, key=_n_files)
    if fixed >= allowed:
        return f"; {fixed:,} of them are there whatever is computed, so that no number of waves would fit"
    n_waves = math.ceil(of_tasks / (allowed - fixed))
    # A task can't be cut: where one alone is too large, waves are no way out.
    if n_waves > largest.n_tasks:
        return f"; one task of stage `{largest.path}` alone leaves too many {noun}"
    n_tasks = math.ceil(largest.n_tasks / n_waves)
    return (
        f"; {n_waves:,} waves of at most {n_tasks:,} tasks of stage `{largest.path}` would fit, each a study of its "
        f"own that is archived and removed before the next ({fixed:,} {noun} whatever is computed, {of_tasks:,} of "
        "tasks)" + _packed(plan)
    )


def _packed(plan: Extent) -> str:
    """That packs are most of the files, where they are."""
    if plan.n_packs * 2 <= plan.n_files:
        return ""
    return f"; {plan.n_packs:,} of these are packs of raw files, which a study that keeps none of them leaves out"


def _n_files(stage: PlannedStage) -> int:
    return sum(a.n_shards for a in stage.stage.arrays) + (stage.n_tasks if stage.stage.packs else 0)
