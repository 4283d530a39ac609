"""The entries of an overlap study: of each dataset, the rows that its conditions, its target and its range leave."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from bigdata.data import DataProblem
from bigdata.data.materials.dataset import MaterialsDataset, open_import
from bigdata.data.materials.target import target, within
from bigdata.data.problem import first
from bigdata.data.selection import Dropped
from bigdata.spec.study import Finding, Findings, Input
from bigdata.studies.overlap.model import Overlap, at


@dataclass(frozen=True)
class Entries:
    """The n entries of one dataset: rows of the import, and their target values in `unit`; none without a target."""

    name: str
    dataset: MaterialsDataset
    rows: NDArray[np.int64]
    values: NDArray[np.float64]
    unit: str
    notes: tuple[str, ...]

    def __len__(self) -> int:
        return len(self.rows)

    def only(self, places: Sequence[int]) -> Entries:
        """Some of the entries, by their places among these."""
        values = self.values[places] if self.values.size else self.values
        return Entries(self.name, self.dataset, self.rows[places], values, self.unit, ())

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
    notes = (
        [f"{name}: {len(dataset.bad):,} entries of the source can't be used and are left out"] if dataset.bad else []
    )
    try:
        selection = dataset.select(asked.where)
        rows, values, unit = np.asarray(selection.rows, np.int64), np.empty(0), ""
        notes += _said(name, selection.dropped)
        if asked.target:
            own = asked.units.get(asked.target, "")
            found = target(dataset, rows, asked.target, model.target.units, asked.on_bad_entry, own)
            if found.bad:
                without = first((b.name for b in found.bad), 5)
                notes.append(f"{name}: {len(found.bad):,} entries have no {asked.target} ({without}) and are left out")
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
    return Entries(name, dataset, rows, values, unit, tuple(notes))


def _said(name: str, dropped: list[Dropped]) -> Iterator[str]:
    for d in dropped:
        if d.n:
            more = ", …" if d.n > len(d.names) else ""
            yield f"{name}: {d.field} {d.condition} drops {d.n:,} entries ({', '.join(d.names)}{more})"
