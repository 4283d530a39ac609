"""The entries of an overlap study: of each dataset, the rows that its conditions, its target and its range leave."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from bigdata.data import DataProblem
from bigdata.data.materials.dataset import MaterialsDataset, open_import
from bigdata.data.materials.target import target, within
from bigdata.data.model import MaterialsFile
from bigdata.data.problem import BadEntry
from bigdata.data.selection import Dropped
from bigdata.spec.study import Finding, Findings, Input
from bigdata.studies.overlap.model import Overlap, at


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


def open_entries(model: Overlap, inputs: Mapping[str, Input]) -> dict[str, Entries]:
    """The entries of every dataset. Raises Findings where none is left or a target can't be had."""
    return {name: _entries(model, name, inputs[name]) for name in model.datasets}


def _entries(model: Overlap, name: str, source: Input) -> Entries:
    asked = model.datasets[name]
    dataset = open_import(source.folder)
    if isinstance(asked, MaterialsFile):
        # The import knows the file by the path that it was first read from.
        dataset = MaterialsDataset(dataset.folder, asked.file, asked.on_bad_entry)
    left_out = list(dataset.bad)
    notes = [f"{name}: {_named(dataset.bad)} unusable and left out"] if dataset.bad else []
    try:
        selection = dataset.select(asked.where)
        rows, values, unit = np.asarray(selection.rows, np.int64), np.empty(0), ""
        notes += _said(name, selection.dropped)
        if asked.target:
            own = asked.units.get(asked.target, "")
            found = target(dataset, rows, asked.target, model.target.units, asked.on_bad_entry, own)
            notes += _converted(name, asked.target, own or dataset.units[asked.target], found.unit)
            left_out += found.bad
            if found.bad:
                notes.append(f"{name}: {_named(found.bad)} without a value of {asked.target} and left out")
            if model.target.range is not None:
                found, dropped = within(found, *model.target.range)
                notes += _said(name, [dropped])
                if not found.rows.size:
                    low, high = model.target.range
                    what = f"no entry of {name} has a {asked.target} from {low:g} to {high:g}"
                    raise Findings(Finding(("target", "range"), what, "Widen the range, or look at the units"))
            rows, values, unit = found.rows, found.values, found.unit
    except DataProblem as problem:
        raise Findings(*at(problem, "datasets", name)) from problem
    return Entries(name, dataset, rows, values, unit, tuple(left_out), tuple(notes))


def _converted(name: str, field: str, own: str, unit: str) -> Iterator[str]:
    """What a conversion takes for granted."""
    if own in ("kJ/mol", "kcal/mol") and unit != own:
        yield f"{name}: {field} is taken to be in {own} of atoms, not of formula units"
    elif unit.endswith("/atom") and not own.endswith("/atom"):
        yield f"{name}: {field} is in {own} for each cell, and is divided by the cell's atoms"


def _named(bad: Sequence[BadEntry]) -> str:
    """`1 entry (a) is`, `7 entries (a, b, …) are`."""
    names = ", ".join(b.name or b.where for b in bad[:5]) + (", …" if len(bad) > 5 else "")
    return f"1 entry ({names}) is" if len(bad) == 1 else f"{len(bad):,} entries ({names}) are"


def _said(name: str, dropped: list[Dropped]) -> Iterator[str]:
    for d in dropped:
        if d.n:
            more = ", …" if d.n > len(d.names) else ""
            noun = "entry" if d.n == 1 else "entries"
            yield f"{name}: {d.field} {d.condition} drops {d.n:,} {noun} ({', '.join(d.names)}{more})"
