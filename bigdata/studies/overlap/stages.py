"""The stages of an overlap study: symmetry of each dataset's structures by blocks, where asked for matches of pairs of
entries, then the groups of all together.

symmetry_<dataset>, match ──▶ groups   (one task)
"""

from __future__ import annotations

from collections.abc import Mapping

from bigdata.kind import Input, Workload
from bigdata.studies.materials.entries import Entries, entries_by_dataset
from bigdata.studies.materials.far_off import far_off
from bigdata.studies.materials.grouping import ENTRY_FIELDS, FIELDS, coordinates, groups_stage, refuse_several_units
from bigdata.studies.materials.groups import without_structure
from bigdata.studies.materials.matches import match_notes, match_stages
from bigdata.studies.materials.parts import refuse_other_entries
from bigdata.studies.materials.stages import kept_of, symmetry_stages
from bigdata.studies.overlap.model import Overlap
from bigdata.studies.overlap.page_size import report_bytes

TASKS = "bigdata.studies.overlap.tasks"


def stages(model: Overlap, inputs: Mapping[str, Input]) -> Workload:
    """What one variant of the study computes and stores."""
    entries = open_entries(model, inputs)
    refuse_several_units(entries)
    refuse_other_entries(model.split, model.identity, entries, inputs)
    symmetry = symmetry_stages(model.datasets, model.identity, inputs)
    fields = model.model_dump(mode="json", include={*FIELDS, "without_target"})
    chosen = model.model_dump(mode="json", include={*ENTRY_FIELDS, "without_target"})
    match = match_stages(model.identity, entries, f"{TASKS}:match", chosen)
    groups = groups_stage(model, entries, f"{TASKS}:groups", fields, (*symmetry, *match), inputs)
    return Workload(
        stages=(*symmetry, *match, groups),
        coordinates=tuple(coordinates(model, entries)),
        notes=(
            *(note for e in entries.values() for note in e.notes),
            *without_structure(model.identity, entries.values()),
            *far_off(entries.values()),
            *match_notes(match),
        ),
        report_bytes=report_bytes(model),
        sizes={name: len(e) for name, e in entries.items()},
        kept=tuple(kept_of(model.datasets, model.identity, inputs)),
    )


def open_entries(model: Overlap, inputs: Mapping[str, Input]) -> dict[str, Entries]:
    """The entries of every dataset. Raises Findings where none is left or a target can't be had."""
    return entries_by_dataset(model.datasets, inputs, model.target, model.without_target)
