"""The entries of a study of materials: the rows of a dataset that its conditions, the target and its range leave."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from bigdata.data.conversion import extent
from bigdata.data.materials.dataset import MaterialsDataset, Policy, open_import
from bigdata.data.materials.extent import Per
from bigdata.data.materials.origin import MaterialsFile, MaterialsOrigin, Sample
from bigdata.data.materials.target import Target as Found
from bigdata.data.materials.target import target, within
from bigdata.data.problem import BadEntry, DataProblem, first, placed
from bigdata.data.selection import Dropped
from bigdata.kind import Finding, Findings, Input
from bigdata.studies.materials.model import Target

# What becomes of entries without a value of the target.
Unlabelled = Literal["bad-entries", "keep", "leave-out"]


@dataclass(frozen=True)
class Entries:
    """The n entries of one dataset: rows of the import, and their target values in `unit`; none without a target.

    `left_out` are those that can't be used or have no target, `notes` the sentences about what was dropped.
    """

    name: str
    dataset: MaterialsDataset
    rows: NDArray[np.int64]
    values: NDArray[np.float64]
    unit: str
    left_out: tuple[BadEntry, ...]
    notes: tuple[str, ...]

    def __len__(self) -> int:
        return len(self.rows)

    def only(self, places: Sequence[int]) -> Entries:
        """Some of the entries, by their places among these."""
        values = self.values[places] if self.values.size else self.values
        return replace(self, rows=self.rows[places], values=values)

    @cached_property
    def ids(self) -> list[str]:
        ids = self.dataset.ids
        return [ids[row] for row in self.rows]

    @cached_property
    def formulas(self) -> list[str]:
        """As the database writes them."""
        formulas = self.dataset.formulas
        return [formulas[row] for row in self.rows]


def entries_of(
    asked: MaterialsOrigin,
    source: Input,
    field: str,
    units: str = "",
    range_: tuple[float, float] | None = None,
    name: str = "",
    unlabelled: Unlabelled = "bad-entries",
    per: Per | None = None,
) -> Entries:
    """The entries of one dataset with their values of `field`, of all rows where that is "".

    `name` begins the notes, where a study has several datasets. Entries that have no such value are bad entries, stay
    with NaN, or are left out and counted, as `unlabelled` says. Raises DataProblem where none is left or the target
    can't be had, Findings at `target: {range: …}` where that leaves none.
    """
    dataset = open_import(source.folder)
    if isinstance(asked, MaterialsFile):
        # The import knows the file by the path that it was first read from.
        dataset = MaterialsDataset(dataset.folder, asked.file, asked.on_bad_entry)
    left_out = list(dataset.bad)
    notes = [f"{_named(dataset.bad)} unusable and left out"] if dataset.bad else []
    selection = dataset.select(asked.where)
    rows, values, unit = np.asarray(selection.rows, np.int64), np.empty(0), ""
    notes += remarked(dataset)
    notes += _said(selection.dropped)
    if field:
        own = asked.units.get(field, "")
        keep, policy = unlabelled == "keep", asked.on_bad_entry if unlabelled == "bad-entries" else "skip"
        found = _target(dataset, rows, field, units, policy, own, per)
        notes += _converted(field, own or dataset.units[field], found.unit)
        without = np.setdiff1d(rows, found.rows) if keep else np.empty(0, np.int64)
        left_out += [] if keep else found.bad
        if found.bad and keep:
            notes.append(f"{_named(found.bad)} without a value of {field} and kept")
        elif found.bad:
            notes.append(f"{_named(found.bad)} without a value of {field} and left out")
        if range_ is not None:
            found, dropped = within(found, *range_)
            notes += _said([dropped])
            if not found.rows.size:
                of = f" of {name}" if name else ""
                what = f"no entry{of} has a {field} from {range_[0]:g} to {range_[1]:g}"
                raise Findings(Finding(("target", "range"), what, "Widen the range, or look at the units"))
        rows, unit = np.union1d(found.rows, without), found.unit
        values = np.full(len(rows), np.nan)
        values[np.searchsorted(rows, found.rows)] = found.values
    if asked.sample is not None and asked.sample.entries > len(rows):
        notes.append(f"a sample of {asked.sample.entries:,} was asked for, and there are {len(rows):,} entries")
    elif asked.sample is not None:
        drawn = _drawn(len(rows), asked.sample)
        notes.append(f"{len(drawn):,} of {len(rows):,} entries are taken, drawn at random")
        rows, values = rows[drawn], values[drawn] if values.size else values
    begin = f"{name}: " if name else ""
    return Entries(name, dataset, rows, values, unit, tuple(left_out), tuple(begin + note for note in notes))


def remarked(dataset: MaterialsDataset) -> Iterator[str]:
    """What the reader of the dataset's files said of them and of its entries, and what it passed over."""
    said, files = dataset.remarks, dataset.remarks.files
    yield from said.sentences(dataset.ids) if said.notes or said.said else ()
    if files:
        noun = "file is" if len(files) == 1 else "files are"
        yield f"{len(files):,} {noun} of no known format and passed over ({first(files, 5)})"


def _target(
    dataset: MaterialsDataset,
    rows: NDArray[np.int64],
    field: str,
    units: str,
    policy: Policy,
    own: str,
    per: Per | None,
) -> Found:
    """The values of a field. Raises Findings at `target: {units: …}` where they can't be had in that unit."""
    try:
        return target(dataset, rows, field, units, policy, own, per)
    except DataProblem as problem:
        wrong = [f for f in problem.findings if f.path in (("units",), ("per",)) and f.given in ("", units)]
        if wrong:
            raise Findings(*(replace(finding, path=("target", *finding.path)) for finding in wrong)) from problem
        raise


def entries_by_dataset(
    datasets: Mapping[str, MaterialsOrigin],
    inputs: Mapping[str, Input],
    asked: Target,
    unlabelled: Unlabelled = "bad-entries",
) -> dict[str, Entries]:
    """The entries of each dataset with the values of its own target, in the unit and range of the study's.

    Raises Findings at `datasets: {NAME: …}` where none is left or a target can't be had.
    """
    found = {}
    for name, dataset in datasets.items():
        with placed("datasets", name):
            found[name] = entries_of(
                dataset, inputs[name], dataset.target, asked.units, asked.range, name, unlabelled, Per(asked.per or "")
            )
    return found


def _drawn(n: int, sample: Sample) -> NDArray[np.int64]:
    """Which of n entries are drawn, in order."""
    return np.sort(np.random.default_rng(sample.seed).permutation(n)[: sample.entries])


def _converted(field: str, own: str, unit: str) -> Iterator[str]:
    """What a conversion takes for granted."""
    if extent(own) == "atom" and extent(unit) == "cell":
        yield f"{field} is in {own}, and is multiplied by the cell's atoms"
    elif extent(own) == "cell" and extent(unit) == "atom":
        yield f"{field} is in {own} for each cell, and is divided by the cell's atoms"


def _named(bad: Sequence[BadEntry]) -> str:
    """`1 entry (a) is`, `7 entries (a, b, …) are`."""
    names = ", ".join(b.name or b.where for b in bad[:5]) + (", …" if len(bad) > 5 else "")
    return f"1 entry ({names}) is" if len(bad) == 1 else f"{len(bad):,} entries ({names}) are"


def _said(dropped: Sequence[Dropped]) -> Iterator[str]:
    for d in dropped:
        if d.n:
            more = ", …" if d.n > len(d.names) else ""
            noun = "entry" if d.n == 1 else "entries"
            yield f"{d.field} {d.condition} drops {d.n:,} {noun} ({', '.join(d.names)}{more})"
