"""Predictions of other programs, from a table of theirs:

    id,prediction_eV_per_atom
    mp-1,-0.334

- `id` are the identifiers of the entries. The one column whose name begins with `prediction` holds the values, in the
  unit that its name ends with (`prediction_meV/atom`, `prediction (eV/atom)`), or in the one that the spec gives.
- A column `dataset`, with the names that the study gives its datasets, is needed where two of them have one identifier.
- An empty cell, `nan`, `NA`, `None` or the like among the values is an entry without prediction. Other columns are
  passed over.
- Columns are separated by a comma, a semicolon or a tab; the file may be compressed.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from bigdata.data.cells import ABSENT
from bigdata.data.conversion import convert, fitting
from bigdata.data.materials.units import unit_of
from bigdata.data.problem import N_SHOWN, BadEntry, EntryError, first
from bigdata.data.table import Table
from bigdata.data.text import is_number
from bigdata.kind import SpecError

Floats = NDArray[np.float64]

_PREDICTION = re.compile(r"predictions?[\s_]*[(\[]?(?P<unit>.*?)[)\]]?")
_N_NAMED = 5


class _Columns(NamedTuple):
    """The names of the columns that count; `dataset` is "" where there is none. `others` are passed over."""

    prediction: str
    dataset: str
    others: tuple[str, ...]


class _Named(NamedTuple):
    """What a row of the table is about; `dataset` is "" where it doesn't say."""

    dataset: str
    id: str


@dataclass(frozen=True)
class Outside:
    """Predictions in one unit by (dataset, id), NaN where the table has none; `lines` are where they stand in `label`,
    the file as the user named it. `others` are columns that were passed over."""

    label: str
    values: Mapping[_Named, float]
    lines: Mapping[_Named, int]
    others: tuple[str, ...]

    def for_dataset(self, name: str, ids: Sequence[str]) -> Floats:
        """(n,) the predictions for entries of one dataset, by their identifiers; NaN where there is none."""
        rows = (self._value(name, id_) for id_ in ids)
        return np.fromiter(rows, dtype=np.float64, count=len(ids))

    def _value(self, name: str, id_: str) -> float:
        # A table has the column `dataset` or doesn't: of the two, one at most is there.
        return self.values.get(_Named(name, id_), self.values.get(_Named("", id_), np.nan))

    def notes(self, datasets: Mapping[str, Sequence[str]]) -> list[str]:
        """What the table has for whom, and what of it is of no use, in sentences; `datasets` are the identifiers of the
        study's entries, by dataset.

        Raises SpecError, naming file and line, where one identifier is in two datasets and the table doesn't say which
        it means, and where it has no prediction for any entry.
        """
        homes = {name: set(ids) for name, ids in datasets.items()}
        of = {row: [n for n, ids in homes.items() if row.dataset in ("", n) and row.id in ids] for row in self.values}
        if ambiguous := [row for row in of if len(of[row]) > 1]:
            raise _refused([self._ambiguous(row, of[row]) for row in ambiguous], self.label)
        if not any(found and np.isfinite(self.values[row]) for row, found in of.items()):
            raise SpecError([self._useless(datasets).problem()])
        return [*self._counted(datasets), *self._unused([row for row, found in of.items() if not found], homes)]

    def _ambiguous(self, row: _Named, found: list[str]) -> BadEntry:
        what = f"it is in {' and in '.join(found)}. Add a column `dataset` with the name of the one that is meant"
        return BadEntry(row.id, self.label, self.lines[row], what)

    def _useless(self, datasets: Mapping[str, Sequence[str]]) -> BadEntry:
        given = first((f"`{row.id}`" for row in self.values), _N_NAMED) or "none"
        known = "; ".join(f"{name} has {first((f'`{i}`' for i in ids), 2)}" for name, ids in datasets.items())
        what = f"it has no prediction for any entry of the study: its identifiers are {given}, and {known}"
        return BadEntry("", self.label, 0, what)

    def _counted(self, datasets: Mapping[str, Sequence[str]]) -> Iterator[str]:
        for name, ids in datasets.items():
            n = np.count_nonzero(np.isfinite(self.for_dataset(name, ids)))
            yield f"{self.label} has predictions for {n:,} of the {len(ids):,} entries of {name}"
        if empty := [row.id for row, value in self.values.items() if np.isnan(value)]:
            yield f"{self.label} has no value for {first(empty, _N_NAMED)}"

    def _unused(self, rows: list[_Named], datasets: Mapping[str, object]) -> Iterator[str]:
        for name, n in Counter(row.dataset for row in rows if row.dataset and row.dataset not in datasets).items():
            yield f"predictions of {self.label} for {name}, which is no dataset of the study: {n:,}"
        if unknown := [row.id for row in rows if not row.dataset or row.dataset in datasets]:
            yield f"predictions of {self.label} for no entry of the study: {first(unknown, _N_NAMED)}"
        if self.others:
            yield f"columns of {self.label} that aren't used: {first(self.others)}"


def read_outside(path: Path, unit: str, own: str = "", label: str = "") -> Outside:
    """The predictions in the table at `path`, in `unit` ("" where that of the target isn't known).

    `own` is the table's unit where the spec says it, `label` the file as the user named it. Raises SpecError, naming
    file and line, for a table without `id` or prediction, for a unit that isn't said or can't be turned into `unit`,
    and, all at once, for identifiers that are empty or come twice and for values that are no numbers.
    """
    label = label or str(path)
    try:
        table = Table(path)
        columns = _columns(table.columns)
        return _read(table, columns, _factor(columns.prediction, own, unit), label)
    except EntryError as e:
        raise SpecError([BadEntry("", label, e.line, str(e)).problem()]) from None


def _read(table: Table, columns: _Columns, factor: float, label: str) -> Outside:
    values: dict[_Named, float] = {}
    lines: dict[_Named, int] = {}
    bad = []
    for line, cells in table.rows():
        row = dict(zip(table.columns, cells, strict=False))
        named = _Named(row.get(columns.dataset, ""), row.get("id", ""))
        if what := _shape_fault(table, cells) or _fault(named, row, columns, lines):
            bad.append(BadEntry(named.id, label, line, what))
        else:
            values[named] = factor * _number(row[columns.prediction])
            lines[named] = line
    if bad:
        raise _refused(bad, label)
    return Outside(label, values, lines, columns.others)


def _columns(names: list[str]) -> _Columns:
    found = [name for name in names if name.startswith("prediction")]
    if "id" not in names or len(found) != 1:
        missing = "column `id`" if "id" not in names else "column whose name begins with `prediction`"
        more = f"several columns of predictions ({', '.join(found)}), and one is wanted"
        what = more if "id" in names and found else f"no {missing}; its columns are {first(names)}"
        raise EntryError(f"the table has {what}", 1)
    dataset = "dataset" if "dataset" in names else ""
    others = tuple(name for name in names if name and name not in ("id", "dataset", found[0]))
    return _Columns(found[0], dataset, others)


def _factor(column: str, own: str, unit: str) -> float:
    """By what the values of a column are multiplied to be in `unit`; `own` is theirs where the spec says it."""
    named = _unit_named(column)
    if own and named and own != named:
        raise EntryError(f"`{column}` is in {named} by its name, and in {own} by the spec. Correct one of them", 1)
    own = own or named
    if own == unit:
        return 1.0
    if not own:
        name = f"prediction_{unit.replace('/atom', '_per_atom')}"
        right = f"Call it `{name}` if that is its unit, or say `units:` beside `file:`"
        raise EntryError(f"the unit of `{column}` isn't known, so it can't be turned into {unit}. {right}", 1)
    if not unit:
        raise EntryError(f"`{column}` is in {own}, and the study's target has no unit. Say `target: {{units: …}}`", 1)
    try:
        return float(convert(np.ones(1), own, unit)[0])
    except ValueError:
        # Also energies of cells: the atoms by which they would be divided aren't the table's.
        what = f"`{column}` is in {own}, which can't be turned into {unit} here. Give predictions in {unit}"
        raise EntryError(what, 1) from None


def _unit_named(column: str) -> str:
    match = _PREDICTION.fullmatch(column)
    written = match["unit"] if match else ""
    # `eV_per_atom` is an ending of names, `eV/atom` the unit itself.
    return unit_of(f"_{written}") or (written if fitting(written) else "")


def _shape_fault(table: Table, cells: list[str]) -> str:
    try:
        table.check(cells)
    except EntryError as e:
        return str(e)
    return ""


def _fault(named: _Named, row: Mapping[str, str], columns: _Columns, before: Mapping[_Named, int]) -> str:
    """What is wrong with a row; "" for nothing."""
    text = row[columns.prediction]
    if not named.id or (columns.dataset and not named.dataset):
        return f"`{'dataset' if named.id else 'id'}` is empty"
    if named in before:
        return f"the identifier comes twice: line {before[named]} has it already"
    if text and text not in ABSENT and not (is_number(text) and "_" not in text and np.isfinite(float(text))):
        return f"`{text[:40]}` isn't a finite number"
    return ""


def _number(text: str) -> float:
    return float(text) if text and text not in ABSENT else np.nan


def _refused(bad: Sequence[BadEntry], label: str) -> SpecError:
    problems = [entry.problem() for entry in bad[:N_SHOWN]]
    if len(bad) > N_SHOWN:
        what = f"{len(bad):,} rows can't be used, the first {N_SHOWN} of them above"
        problems.append(BadEntry("", label, 0, what).problem())
    return SpecError(problems)
