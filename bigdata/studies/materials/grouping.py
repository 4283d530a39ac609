"""The stage that names the group of every entry of a study: its arrays, its coordinates, and what its one task does.

symmetry_<dataset>, match ──▶ groups   (one task)
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np
from numpy.typing import NDArray

from bigdata.data.materials.origin import MaterialsOrigin
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
    every,
    whole,
)
from bigdata.kind.far import far
from bigdata.studies.materials import model as asked
from bigdata.studies.materials.entries import Entries
from bigdata.studies.materials.groups import Labelled, labelled
from bigdata.studies.materials.matches import Matched, matched
from bigdata.studies.materials.overlap import Overlap, histograms, overlap
from bigdata.studies.materials.parts import split_of
from bigdata.studies.materials.split import Split
from bigdata.studies.materials.symmetry import Symmetry
from bigdata.studies.materials.twins import twins

if TYPE_CHECKING:
    from bigdata.kind import Context

N_BINS = 60
GROUPS_RATE = Rate("entry", 2e-5, BUILT_IN)
ENTRY_BYTES = 2_000
# What was found of a pair, and whether it is the same.
PAIR_BYTES = 2
NOTHING = Matched({}, {})
# What of a study its entries depend on, and its groups: fields of `GroupedStudy`.
ENTRY_FIELDS = ("datasets", "target")
FIELDS = (*ENTRY_FIELDS, "identity", "split")


class GroupedStudy(Protocol):
    """A study of several datasets that have a target each, and whose entries are grouped; it may split the groups."""

    @property
    def datasets(self) -> Mapping[str, MaterialsOrigin]: ...

    @property
    def target(self) -> asked.Target: ...

    @property
    def identity(self) -> asked.Identity: ...

    @property
    def split(self) -> asked.Split | None: ...


@dataclass(frozen=True)
class Grouped:
    """The groups of all entries: `found` has each dataset's labels and symmetry, `shared` numbers the groups and counts
    what is common, `split` puts them into parts, None where the study makes none."""

    found: Mapping[str, Labelled]
    shared: Overlap
    split: Split | None

    @property
    def labels(self) -> dict[str, list[str]]:
        """The group of each entry by name, by dataset."""
        return {name: one.labels for name, one in self.found.items()}

    @cached_property
    def parts(self) -> dict[str, NDArray[np.int32]]:
        """The number of the split's part that each entry is in, by dataset; empty where there is no split."""
        if self.split is None:
            return {}
        return {name: self.split.codes(of).astype(np.int32) for name, of in self.labels.items()}


def grouped(
    model: GroupedStudy,
    entries: Mapping[str, Entries],
    inputs: Mapping[str, Input],
    numbers: Mapping[str, NDArray[np.int64]] = MappingProxyType({}),
) -> Grouped:
    """The groups of a study's entries; `numbers` are those of matching (see `groups.labelled`), where there is any.
    Raises SpecError where they can't be told, or not be split as asked."""
    found = {name: labelled(model.identity, e, numbers=numbers.get(name)) for name, e in entries.items()}
    labels = {name: one.labels for name, one in found.items()}
    split = None if model.split is None else split_of(model.split, model.identity, labels, entries, inputs)
    return Grouped(found, overlap(labels), split)


def groups_stage(
    model: GroupedStudy,
    entries: Mapping[str, Entries],
    function: str,
    fields: Mapping[str, Any],
    before: Iterable[Stage],
    inputs: Iterable[str],
    more: Iterable[ArraySpec] = (),
) -> Stage:
    """The stage `groups`, whose task at the address `function` calls `write_groups`.

    `fields` are a dump of those that it depends on, FIELDS and what else chooses `entries`; `before` are the stages
    whose results it waits for; `more` are arrays that the task writes besides.
    """
    n, needed = sum(map(len, entries.values())), tuple(before)
    n_pairs = sum(math.prod(array.shape) for stage in needed for array in stage.arrays)
    return Stage(
        name="groups",
        function=function,
        fields=fields,
        rate=GROUPS_RATE,
        work=lambda _: float(n),
        memory=PROCESS_BYTES + ENTRY_BYTES * n + PAIR_BYTES * n_pairs,
        arrays=(*_arrays(model, entries), *more),
        needs=every(*needed),
        inputs=tuple(inputs),
    )


def _arrays(model: GroupedStudy, entries: Mapping[str, Entries]) -> Iterator[ArraySpec]:
    n, n_bins = len(entries), len(bin_edges(entries)) - 1
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


def _entry_arrays(model: GroupedStudy, name: str, one: Mapping[str, int]) -> Iterator[ArraySpec]:
    yield whole(f"group_{name}", "int64", one, about="number of the entry's group, common to all datasets")
    if model.identity.needs_symmetry:
        yield whole(f"spacegroup_{name}", "int32", one, about="number in the International Tables; 0: none found")
        yield whole(f"n_atoms_primitive_{name}", "int32", one, about="atoms of the standardised primitive cell")
        yield whole(f"symmetry_program_{name}", "uint8", one, about="1: moyopy, 2: spglib, 0: none found")
    if model.identity.needs_matches:
        about = "number of the class, among those of its formula, that StructureMatcher puts the entry in"
        yield whole(f"match_{name}", "int64", one, about=about)
    if model.identity.cross_check and model.split is not None:
        yield whole(f"twin_{name}", "bool", one, about="whether a test entry matches one of training")
    if model.split is not None:
        about = "number of the fold" if model.split.folds else "0 train, 1 validation, 2 test"
        yield whole(f"split_{name}", "int32", one, about=about)


def coordinates(model: GroupedStudy, entries: Mapping[str, Entries]) -> Iterator[Coordinate]:
    """The datasets, their entries with formula, row and target, and the bins of the histograms."""
    names, unit, edges = list(entries), unit_of(entries), bin_edges(entries)
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


def refuse_several_units(entries: Mapping[str, Entries]) -> None:
    """Raise Findings where targets, which are compared, have several units: without `target.units` they must have one
    by themselves."""
    units = {name: e.unit for name, e in entries.items() if e.values.size}
    if len(set(units.values())) > 1:
        said = ", ".join(f"{name} {unit or 'no unit'}" for name, unit in units.items())
        raise Findings(Finding(("datasets",), f"the targets have several units: {said}", "Say `target: {units: …}`"))


def unit_of(entries: Mapping[str, Entries]) -> str:
    """The unit of all targets, "" where they have none."""
    return next((e.unit for e in entries.values() if e.unit), "")


def bin_edges(entries: Mapping[str, Entries]) -> NDArray[np.float64]:
    """(N_BINS + 1,) edges of the histograms, the same for all datasets; one alone where no dataset has a target.

    Values far off are outside, which notes of the plan say: one -9999 would put all others into one bin.
    """
    values = [e.values[~far(e.values)] for e in entries.values() if e.values.size]
    if not values:
        return np.zeros(1)
    low, high = min(float(np.nanmin(v)) for v in values), max(float(np.nanmax(v)) for v in values)
    return np.linspace(low, high if high > low else low + 1.0, N_BINS + 1)


def write_groups(ctx: Context[Any], model: GroupedStudy, entries: Mapping[str, Entries]) -> Grouped:
    """Write all arrays of `groups_stage`, and return what they were made of."""
    joined = matched(ctx.read, entries) if model.identity.needs_matches else NOTHING
    found = grouped(model, entries, ctx.inputs, joined.numbers)
    ctx.write("overlap", found.shared.matrix)
    ctx.write("shared_entries", found.shared.entries)
    ctx.write("n_groups", np.diag(found.shared.matrix).copy())
    for name, one in found.found.items():
        ctx.write(f"group_{name}", found.shared.codes[name])
        if one.symmetry is not None:
            _write_symmetry(ctx, name, one.symmetry)
    for name, parts in found.parts.items():
        ctx.write(f"split_{name}", parts)
    for name, numbers in joined.numbers.items():
        ctx.write(f"match_{name}", numbers)
    if model.identity.cross_check and model.split is not None:
        for name, are in twins(joined.classes, found.parts, model.split.parts).items():
            ctx.write(f"twin_{name}", are)
    _write_histograms(ctx, found.shared, entries)
    return found


def _write_symmetry(ctx: Context[Any], name: str, symmetry: Symmetry) -> None:
    ctx.write(f"spacegroup_{name}", symmetry.spacegroup)
    ctx.write(f"n_atoms_primitive_{name}", symmetry.n_primitive)
    ctx.write(f"symmetry_program_{name}", symmetry.program)


def _write_histograms(ctx: Context[Any], shared: Overlap, entries: Mapping[str, Entries]) -> None:
    edges = bin_edges(entries)
    if len(edges) < 2:
        return
    values = {name: e.values if e.values.size else np.full(len(e), np.nan) for name, e in entries.items()}
    counted = histograms(shared, values, edges)
    ctx.write("histogram", counted.all)
    ctx.write("histogram_shared", counted.shared)
