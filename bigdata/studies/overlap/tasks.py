"""What the task of an overlap study does: name every entry's group, compare the datasets, split, count targets."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from bigdata.studies.materials.entries import Entries
from bigdata.studies.materials.overlap import Overlap as Shared
from bigdata.studies.materials.overlap import histograms, overlap
from bigdata.studies.materials.split import Split, split_groups
from bigdata.studies.overlap.entries import open_entries
from bigdata.studies.overlap.groups import identity_of, labelled
from bigdata.studies.overlap.model import Overlap
from bigdata.studies.overlap.stages import bin_edges

if TYPE_CHECKING:
    from bigdata.kind import Context


def groups(ctx: Context[Overlap]) -> None:
    """All arrays of the study, from the symmetry of the structures."""
    model = ctx.model
    entries = open_entries(model, ctx.inputs)
    labels = {}
    for name, e in entries.items():
        found = labelled(model, e)
        labels[name] = found.labels
        if found.symmetry is not None:
            ctx.write(f"spacegroup_{name}", found.symmetry.spacegroup)
            ctx.write(f"n_atoms_primitive_{name}", found.symmetry.n_primitive)
            ctx.write(f"symmetry_program_{name}", found.symmetry.program)
    shared = overlap(labels)
    ctx.write("overlap", shared.matrix)
    ctx.write("shared_entries", shared.entries)
    ctx.write("n_groups", np.diag(shared.matrix).copy())
    for name in entries:
        ctx.write(f"group_{name}", shared.codes[name])
    if model.split is not None:
        split = _split(model, shared, ctx)
        for name in entries:
            ctx.write(f"split_{name}", split.codes(labels[name]).astype(np.int32))
    _histograms(ctx, shared, entries)


def _split(model: Overlap, shared: Shared, ctx: Context[Overlap]) -> Split:
    """The split of all groups together: read from its file, or made."""
    assert model.split is not None
    if model.split.file:
        return Split.from_file(Path(ctx.inputs["split file"].folder))
    fractions = {"train": model.split.train, "validation": model.split.validation, "test": model.split.test}
    weights = dict(zip(shared.groups, shared.counts.sum(axis=1).tolist(), strict=True))
    return split_groups(shared.groups, fractions, model.split.seed, weights, identity_of(model).comparable())


def _histograms(ctx: Context[Overlap], shared: Shared, entries: Mapping[str, Entries]) -> None:
    edges = bin_edges(entries)
    if len(edges) < 2:
        return
    values = {name: e.values if e.values.size else np.full(len(e), np.nan) for name, e in entries.items()}
    counted = histograms(shared, values, edges)
    ctx.write("histogram", counted.all)
    ctx.write("histogram_shared", counted.shared)
