"""The stages of an overlap study: symmetry of each dataset's structures by blocks, then the groups of all together.

symmetry_<dataset> ──▶ groups   (one task)
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from bigdata.data.derived import Derivation
from bigdata.kind import ArraySpec, Coordinate, Finding, Findings, Input, Kept, Rate, Stage, Workload
from bigdata.kind import derived as derivation
from bigdata.places import on_disk
from bigdata.studies.materials.entries import Entries
from bigdata.studies.overlap.entries import open_entries
from bigdata.studies.overlap.model import Overlap

N_BINS = 60
BUILT_IN = "measured on two x86-64 cores in November 2026"
SYMMETRY_RATE = Rate("structure", 7e-4, BUILT_IN)
GROUPS_RATE = Rate("entry", 2e-5, BUILT_IN)
PROCESS_BYTES = 350_000_000
ENTRY_BYTES = 2_000


def stages(model: Overlap, inputs: Mapping[str, Input]) -> Workload:
    """What one variant of the study computes and stores."""
    entries = open_entries(model, inputs)
    _same_units(entries)
    symmetry = list(_symmetry(model, inputs)) if model.identity.needs_symmetry else []
    n = sum(map(len, entries.values()))
    edges = bin_edges(entries)
    groups = Stage(
        name="groups",
        version=1,
        function="bigdata.studies.overlap.tasks:groups",
        n_tasks=1,
        fields=model.model_dump(mode="json", include={"identity", "split", "target", "datasets"}),
        rate=GROUPS_RATE,
        work=lambda _: float(n),
        memory=PROCESS_BYTES + ENTRY_BYTES * n,
        arrays=tuple(_arrays(model, entries, len(edges) - 1)),
        shards=lambda _: [(a.name, (0,) * len(a.shape)) for a in groups.arrays],
        needs=lambda _: [task for stage in symmetry for task in derivation.tasks(stage)],
        inputs=tuple(inputs),
    )
    return Workload(
        stages=(*symmetry, groups),
        coordinates=tuple(_coordinates(model, entries, edges)),
        notes=tuple(note for e in entries.values() for note in e.notes),
        report_bytes=1_000_000,
        sizes={name: len(e) for name, e in entries.items()},
        kept=tuple(_kept(model, inputs)),
    )


def _symmetry(model: Overlap, inputs: Mapping[str, Input]) -> Iterator[Stage]:
    for name in model.datasets:
        derived = symmetry_of(model, inputs[name])
        yield derivation.stage(f"symmetry_{name}", derived, name, SYMMETRY_RATE, PROCESS_BYTES)


def _kept(model: Overlap, inputs: Mapping[str, Input]) -> Iterator[Kept]:
    for name in model.datasets:
        yield Kept(f"import of {name}", *on_disk(Path(inputs[name].folder)))
        if model.identity.needs_symmetry:
            yield Kept(
                f"symmetry of {name} within {model.identity.symprec:g} Å", *symmetry_of(model, inputs[name]).size()
            )


def symmetry_of(model: Overlap, source: Input) -> Derivation:
    """The symmetry of all structures of a dataset."""
    return Derivation.of("symmetry", source.folder, {"symprec": model.identity.symprec})


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
    low, high = min(float(v.min()) for v in values), max(float(v.max()) for v in values)
    return np.linspace(low, high if high > low else low + 1.0, N_BINS + 1)


def _arrays(model: Overlap, entries: Mapping[str, Entries], n_bins: int) -> Iterator[ArraySpec]:
    n = len(entries)
    both = ("dataset", "dataset_2")
    yield _whole("overlap", (n, n), "int64", both, about="groups that both datasets have")
    yield _whole("shared_entries", (n, n), "int64", both, about="entries of dataset whose group dataset_2 has too")
    yield _whole("n_groups", (n,), "int64", ("dataset",), about="groups of the dataset")
    for name, e in entries.items():
        yield from _entry_arrays(model, name, len(e))
    if n_bins:
        shape, dims = (n, n_bins), ("dataset", "bin")
        yield _whole("histogram", shape, "int64", dims, about="entries by target value")
        yield _whole(
            "histogram_shared", shape, "int64", dims, about="entries whose group all datasets have, by target value"
        )


def _entry_arrays(model: Overlap, name: str, n: int) -> Iterator[ArraySpec]:
    dims = (f"entry_{name}",)
    yield _whole(f"group_{name}", (n,), "int64", dims, about="number of the entry's group, common to all datasets")
    if model.identity.needs_symmetry:
        yield _whole(
            f"spacegroup_{name}", (n,), "int32", dims, about="number in the International Tables; 0: none found"
        )
        yield _whole(f"n_atoms_primitive_{name}", (n,), "int32", dims, about="atoms of the standardised primitive cell")
        yield _whole(f"symmetry_program_{name}", (n,), "uint8", dims, about="1: moyopy, 2: spglib, 0: none found")
    if model.split is not None:
        yield _whole(f"split_{name}", (n,), "int32", dims, about="0 train, 1 validation, 2 test")


def _whole(name: str, shape: tuple[int, ...], dtype: str, dims: tuple[str, ...], about: str) -> ArraySpec:
    """An array in one chunk."""
    return ArraySpec(name=name, shape=shape, dtype=dtype, dims=dims, shard=shape, chunk=shape, about=about)


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
