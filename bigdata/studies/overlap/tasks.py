"""What the task of an overlap study does: name every entry's group, compare the datasets, split, count targets."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

import numpy as np

from bigdata.studies.materials.entries import Entries
from bigdata.studies.materials.groups import labelled
from bigdata.studies.materials.overlap import Overlap as Shared
from bigdata.studies.materials.overlap import histograms, overlap
from bigdata.studies.materials.parts import split_of
from bigdata.studies.materials.symmetry import Symmetry
from bigdata.studies.overlap.model import Overlap
from bigdata.studies.overlap.stages import bin_edges, open_entries

if TYPE_CHECKING:
    from bigdata.kind import Context


def groups(ctx: Context[Overlap]) -> None:
    """All arrays of the study, from the symmetry of the structures."""
    model, entries = ctx.model, ctx.opened(open_entries)
    found = {name: labelled(model.identity, e) for name, e in entries.items()}
    for name, one in found.items():
        if one.symmetry is not None:
            _symmetry(ctx, name, one.symmetry)
    labels = {name: one.labels for name, one in found.items()}
    shared = overlap(labels)
    ctx.write("overlap", shared.matrix)
    ctx.write("shared_entries", shared.entries)
    ctx.write("n_groups", np.diag(shared.matrix).copy())
    for name in entries:
        ctx.write(f"group_{name}", shared.codes[name])
    if model.split is not None:
        split = split_of(model.split, model.identity, labels, entries, ctx.inputs)
        for name in entries:
            ctx.write(f"split_{name}", split.codes(labels[name]).astype(np.int32))
    _histograms(ctx, shared, entries)


def _symmetry(ctx: Context[Overlap], name: str, symmetry: Symmetry) -> None:
    ctx.write(f"spacegroup_{name}", symmetry.spacegroup)
    ctx.write(f"n_atoms_primitive_{name}", symmetry.n_primitive)
    ctx.write(f"symmetry_program_{name}", symmetry.program)


def _histograms(ctx: Context[Overlap], shared: Shared, entries: Mapping[str, Entries]) -> None:
    edges = bin_edges(entries)
    if len(edges) < 2:
        return
    values = {name: e.values if e.values.size else np.full(len(e), np.nan) for name, e in entries.items()}
    counted = histograms(shared, values, edges)
    ctx.write("histogram", counted.all)
    ctx.write("histogram_shared", counted.shared)
