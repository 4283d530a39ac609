"""Bytes of what a run keeps beside its arrays' data: their metadata, the journal, the study and its record.

Each follows from what is written, as the plan knows it; what it can't know (names of machines, times, what programs
print) are the constants below, as they were measured in runs of all study kinds that the package ships.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

from bigdata.kind.stage import address
from bigdata.store import metadata
from bigdata.store.rows import Row

if TYPE_CHECKING:
    from bigdata.planning.planned import PlannedStage, PlannedVariant
    from bigdata.spec import Study
    from bigdata.store.arrays import Coordinate

# What the root's attributes say of packages, threads, machine and times.
PROVENANCE_BYTES = 1_250
# The journal's words on the submission, its end and its report, without stages.
SUBMISSION_BYTES = 800
# Of a stage: its name five times, its hours, what was predicted and what it took.
STAGE_BYTES, NAMED = 240, 5
# Of a task's record: key, times, memory, and the name of its worker.
TASK_BYTES = 165
# A number as JSON writes it, and a short text.
VALUE_BYTES = {"float64": 19, "float32": 19, "int64": 4, "int32": 4, "bool": 5, "string": 12}
# `keys.bin`: the digest of each key, and one that stands before them.
KEY_BYTES = 16
# resolved.json's words on each variant and its inputs, and on the study's file.
VARIANT_BYTES, SPEC_BYTES = 110, 260


class Planned(Protocol):
    """What of a plan tells these bytes (see `Extent`)."""

    @property
    def study(self) -> Study: ...
    @property
    def variants(self) -> tuple[PlannedVariant, ...]: ...
    @property
    def stages(self) -> tuple[PlannedStage, ...]: ...
    @property
    def notes(self) -> tuple[str, ...]: ...
    @property
    def sweep(self) -> tuple[Coordinate, ...]: ...
    @property
    def figures(self) -> list[Path]: ...
    @property
    def n_tasks(self) -> int: ...


def record_bytes(plan: Planned) -> int:
    """All of it, in bytes."""
    logs = sum(s.n_tasks * s.stage.log_bytes for s in plan.stages)
    keys = KEY_BYTES * (plan.n_tasks + 1)
    return metadata_bytes(plan) + journal_bytes(plan) + study_bytes(plan) + keys + logs


def metadata_bytes(plan: Planned) -> int:
    """What describes the arrays of the store, and its root: all but PROVENANCE_BYTES is known."""
    root = {"study": plan.study.resolved(), "notes": list(plan.notes), "inputs": _digests(plan)}
    of_sweep = sum(metadata.of_coordinate(c.name, c) for c in plan.sweep)
    return metadata.of_root(root) + PROVENANCE_BYTES + of_sweep + sum(map(_of_variant, plan.variants))


def _of_variant(variant: PlannedVariant) -> int:
    coordinates = variant.workload.coordinates
    own = metadata.of_group(variant.group, [c.name for c in coordinates]) if variant.group else 0
    own += sum(metadata.of_coordinate(address(variant.group, c.name), c) for c in coordinates)
    return own + sum(sum(_of_stage(variant.group, stage)) for stage in variant.stages)


def _of_stage(group: str, stage: PlannedStage) -> Iterator[int]:
    for array in stage.stage.arrays:
        yield metadata.of_array(address(group, array.name), array)
    for name, row in stage.stage.row_specs.items():
        yield metadata.of_row(address(group, name), row, stage.stage.name, stage.n_tasks)


def journal_bytes(plan: Planned) -> int:
    """The journal of a run that is done in one submission."""
    figures = sum(2 * (len(figure.name) + len('"",')) for figure in plan.figures)
    return SUBMISSION_BYTES + figures + sum(_stage(s) + s.n_tasks * task_bytes(s) for s in plan.stages)


def _stage(stage: PlannedStage) -> int:
    said = len(json.dumps(stage.ingredients, separators=(",", ":"))) + len(stage.rate.source)
    return said + STAGE_BYTES + NAMED * len(stage.path)


def task_bytes(stage: PlannedStage) -> int:
    """One task's record, with what it returns."""
    rows = sum(len(name) + len('"":,') + _values(row) for name, row in stage.stage.row_specs.items())
    return TASK_BYTES + len(stage.path) + rows


def _values(row: Row) -> int:
    return VALUE_BYTES[row.dtype] * (row.length or 1)


def study_bytes(plan: Planned) -> int:
    """The study as written, and as it was understood."""
    inputs = [vars(i) for v in plan.variants for i in v.inputs.values()]
    understood = {"study": plan.study.resolved(), "inputs": inputs, "notes": list(plan.notes)}
    written = len(plan.study.text.encode()) + len(json.dumps(understood, indent=1))
    return written + SPEC_BYTES + VARIANT_BYTES * len(plan.variants)


def _digests(plan: Planned) -> dict[str, Any]:
    return {address(v.group, name): i.digest for v in plan.variants for name, i in v.inputs.items()}
