"""The entries of a similarity study: which spectra are compared, their order, their blocks, and their references."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from bigdata.data import registered
from bigdata.data.model import NamedDataset
from bigdata.data.problem import DataProblem
from bigdata.spec.study import Findings, Input

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from bigdata.studies.similarity.model import Similarity


@dataclass(frozen=True)
class Entries:
    """The entries in the dataset's order: rows of the import, names, settings by field, eV to take off energies."""

    rows: Sequence[int]
    names: Sequence[str]
    settings: Mapping[str, list[Any]]
    units: Mapping[str, str]
    shift: NDArray[np.float64]
    n_points: int
    notes: tuple[str, ...]

    def __len__(self) -> int:
        return len(self.rows)


def open_entries(model: Similarity, data: Input) -> Entries:
    """Apply `where:` and the energy zero; what is left out is counted in the notes.

    Raises Findings (unknown fields or values, nothing left) and SpecError (entries that can't be used, if refused).
    """
    from bigdata.data.spectra import open_import

    spectra = open_import(data.folder)
    try:
        selection = spectra.select(model.dataset.where)
    except DataProblem as problem:
        raise Findings(*(replace(f, path=("dataset", *f.path)) for f in problem.findings)) from None
    shifts = spectra.shifts(model.spectrum.zero, selection.rows, model.dataset.on_bad_entry)
    bad = [*spectra.bad, *shifts.bad]
    notes = [
        f"where {d.field} is {d.condition}: {d.n} of the entries left out (first {', '.join(d.names)})"
        for d in selection.dropped
        if d.n
    ]
    if bad:
        first = "; ".join(f"{b.entry} ({b.where}): {b.what}" for b in bad[:3])
        notes.append(f"{len(bad)} of {spectra.n_all} entries skipped because they can't be used: {first}")
    if spectra.n_dips:
        notes.append(f"{spectra.n_dips} spectra dip below zero by a rounding error's width; they are taken as they are")
    names = spectra.names
    columns = {name: [column[row] for row in shifts.rows] for name, column in spectra.columns.items()}
    points = max(len(spectra.spectrum(row).energies) for row in shifts.rows[:1])
    units = {**spectra.units, **_registered_units(model)}
    return Entries(shifts.rows, [names[r] for r in shifts.rows], columns, units, shifts.energies, points, tuple(notes))


def _registered_units(model: Similarity) -> dict[str, str]:
    known = registered(model.dataset.name).fields if isinstance(model.dataset, NamedDataset) else {}
    return {name: field.unit for name, field in known.items()}


def order(entries: Entries, fields: Sequence[str]) -> list[int]:
    """The entries sorted by these settings, the first field first; equal ones stay in the dataset's order."""
    return sorted(range(len(entries)), key=lambda i: [_rank(entries.settings[f][i]) for f in fields])


def _rank(value: Any) -> tuple[int, Any]:
    """Numbers before text before what is missing."""
    if value is None:
        return 2, 0
    return (1, value) if isinstance(value, str) else (0, value)


def combinations(entries: Entries, fields: Iterable[str], ordered: Sequence[int]) -> tuple[list[int], list[str]]:
    """Number the combinations of settings that occur, in the order given: each entry's number, and the labels."""
    fields = tuple(fields)
    numbers: dict[tuple[Any, ...], int] = {}
    of = [0] * len(entries)
    for i in ordered:
        of[i] = numbers.setdefault(tuple(entries.settings[f][i] for f in fields), len(numbers))
    return of, [
        ", ".join(f"{f} {v}" if isinstance(v, int | float) else str(v) for f, v in zip(fields, k, strict=True))
        for k in numbers
    ]


def references(entries: Entries, within: Sequence[str], ordered: Sequence[int]) -> list[int]:
    """For each entry, the most accurate one of its combination of the settings `within`: the last in the order."""
    of, _ = combinations(entries, within, ordered)
    last = {of[i]: i for i in ordered}
    return [last[number] for number in of]
