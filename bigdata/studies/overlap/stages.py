"""The stages of an overlap study: symmetry of each dataset's structures by blocks, then the groups of all together.

symmetry_<dataset> ──▶ groups   (one task)
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import numpy as np
from numpy.typing import NDArray

from bigdata.kind import (
    BUILT_IN,
    PROCESS_BYTES,
    ArraySpec,
    Coordinate,
    Finding,
    Findings,
    Input,
    Rate,
    Stage,
    Workload,
    every,
    whole,
)
from bigdata.studies.materials.entries import Entries, entries_by_dataset
from bigdata.studies.materials.stages import kept_of, symmetry_stages
from bigdata.studies.overlap.model import Overlap

N_BINS = 60
GROUPS_RATE = Rate("entry", 2e-5, BUILT_IN)
ENTRY_BYTES = 2_000


def stages(model: Overlap, inputs: Mapping[str, Input]) -> Workload:
    """What one variant of the study computes and stores."""
    entries = open_entries(model, inputs)
    _same_units(entries)
    symmetry = symmetry_stages(model.datasets, model.identity, inputs)
    n = sum(map(len, entries.values()))
    edges = bin_edges(entries)
    groups = Stage(
        name="groups",
        function="bigdata.studies.overlap.tasks:groups",
        fields=model.model_dump(mode="json", include={"identity", "split", "target", "datasets", "without_target"}),
        rate=GROUPS_RATE,
        work=lambda _: float(n),
        memory=PROCESS_BYTES + ENTRY_BYTES * n,
        arrays=tuple(_arrays(model, entries, len(edges) - 1)),
        needs=every(*symmetry),
        inputs=tuple(inputs),
    )
    return Workload(
        stages=(*symmetry, groups),
        coordinates=tuple(_coordinates(model, entries, edges)),
        notes=tuple(note for e in entries.values() for note in e.notes),
        report_bytes=1_000_000,
        sizes={name: len(e) for name, e in entries.items()},
        kept=tuple(kept_of(model.datasets, model.identity, inputs)),
    )


def open_entries(model: Overlap, inputs: Mapping[str, Input]) -> dict[str, Entries]:
    """The entries of every dataset. Raises Findings where none is left or a target can't be had."""
    return entries_by_dataset(model.datasets, inputs, model.target, keep=model.without_target == "keep")


def _same_units(entries: Mapping[str, Entries]) -> None:
    """Targets are drawn over one axis: without `target.units` they must have one unit by themselves."""
    units = {name: e.unit for name, e in entries.items() if e.values.size}
    if len(set(units.values())) > 1:
        said = ", ".join(f"{name} {unit or 'no unit'}" for name, unit in units.items())
        raise Findings(Finding(("datasets",), f"the targets have several units: {said}", "Say `target: {units: …}`"))


def bin_edges(entries: Mapping[str, Entries]) -> NDArray[np.float64]:
    """(N_BINS + 1,) edges of the histograms, the same for all datasets; one alone where no dataset has a target."""
    values = [e.values for e in entries.values() if e.values.size]
    if not values:
        return np.empty(1)
    low, high = min(float(np.nanmin(v)) for v in values), max(float(np.nanmax(v)) for v in values)
    return np.linspace(low, high if high > low else low + 1.0, N_BINS + 1)


def _arrays(model: Overlap, entries: Mapping[str, Entries], n_bins: int) -> Iterator[ArraySpec]:
    n = len(entries)
    one, both = {"dataset": n}, {"dataset": n, "dataset_2": n}
    yield whole("overlap", "int64", both, about="groups that both datasets have")
    yield whole("shared_entries", "int64", both, about="entries of dataset whose group dataset_2 has too")
    yield whole("n_groups", "int64", one, about="groups of the dataset")
    for name, e in entries.items():
        yield from _entry_arrays(model, name, {f"entry_{name}": len(e)})
    if n_bins:
        binned = {"dataset": n, "bin": n_bins}
        yield whole("histogram", "int64", binned, about="entries by target value")
        about = "entries whose group all datasets have, by target value"
        yield whole("histogram_shared", "int64", binned, about=about)


def _entry_arrays(model: Overlap, name: str, one: Mapping[str, int]) -> Iterator[ArraySpec]:
    yield whole(f"group_{name}", "int64", one, about="number of the entry's group, common to all datasets")
    if model.identity.needs_symmetry:
        yield whole(f"spacegroup_{name}", "int32", one, about="number in the International Tables; 0: none found")
        yield whole(f"n_atoms_primitive_{name}", "int32", one, about="atoms of the standardised primitive cell")
        yield whole(f"symmetry_program_{name}", "uint8", one, about="1: moyopy, 2: spglib, 0: none found")
    if model.split is not None:
        about = "number of the fold" if model.split.folds else "0 train, 1 validation, 2 test"
        yield whole(f"split_{name}", "int32", one, about=about)


def _coordinates(model: Overlap, entries: Mapping[str, Entries], edges: NDArray[np.float64]) -> Iterator[Coordinate]:
    names, unit = list(entries), _unit(entries)
    yield Coordinate(name="dataset", dim="dataset", values=names)
    yield Coordinate(name="dataset_2", dim="dataset_2", values=names, about="the same as dataset")
    for name, e in entries.items():
        dim = f"entry_{name}"
        yield Coordinate(name=dim, dim=dim, values=e.ids, about="the entry's name in its database")
        yield Coordinate(name=f"formula_{name}", dim=dim, values=e.formulas, about="as the database writes it")
        yield Coordinate(name=f"row_{name}", dim=dim, values=e.rows.tolist(), about="row of the dataset")
        if e.values.size:
            about = model.datasets[name].target
            yield Coordinate(name=f"target_{name}", dim=dim, values=e.values.tolist(), units=unit or "1", about=about)
    if len(edges) > 1:
        yield Coordinate(name="bin", dim="bin", values=edges[:-1].tolist(), units=unit or "1", about="lower edge")


def _unit(entries: Mapping[str, Entries]) -> str:
    """The unit of all targets."""
    return next((e.unit for e in entries.values() if e.unit), "")
