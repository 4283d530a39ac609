"""The entries of a similarity study: which spectra are compared, their order, their blocks, and their references."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from bigdata.data import registered
from bigdata.data.model import NamedDataset
from bigdata.data.problem import BadEntry, DataProblem, first, refuse
from bigdata.kind import Finding, Findings, Input
from bigdata.studies.similarity.kinds import of_one_kind

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from bigdata.data.spectra.dataset import Shifts, SpectraDataset
    from bigdata.studies.similarity.grid import Grid
    from bigdata.studies.similarity.model import Similarity


@dataclass(frozen=True)
class Entries:
    """The n entries in the dataset's order: rows of the import, names, settings by field, eV to take off energies.

    `limits` (n, 2) are the lowest and highest energies in eV, from the energy zero; `misses` (n, 2) says whether a
    spectrum begins above the first column of the fingerprint, and ends below the last.
    """

    rows: Sequence[int]
    names: Sequence[str]
    settings: Mapping[str, list[Any]]
    units: Mapping[str, str]
    shift: NDArray[np.float64]
    limits: NDArray[np.float64]
    misses: NDArray[np.bool_]
    n_points: int
    notes: tuple[str, ...]

    def __len__(self) -> int:
        return len(self.rows)


def open_entries(model: Similarity, data: Input, grid: Grid, columns: slice) -> Entries:
    """Apply `where:`, the energy zero and the grid's kept columns; what is left out is counted in the notes.

    Raises Findings (unknown fields or values, nothing left) and SpecError (entries that can't be used, if refused).
    """
    from bigdata.data.spectra.dataset import open_import

    spectra = open_import(data.folder)
    try:
        selection = spectra.select(model.dataset.where)
    except DataProblem as problem:
        raise Findings(*problem.at("dataset")) from None
    shifts = spectra.shifts(model.spectrum.zero, selection.rows, model.dataset.on_bad_entry)
    reach = _reach(spectra, shifts, grid, columns, model)
    bad = [*spectra.bad, *shifts.bad, *reach.bad]
    notes = [
        f"where {d.field} is {d.condition}: {d.n} of the entries left out (first {', '.join(d.names)})"
        for d in selection.dropped
        if d.n
    ]
    if bad:
        reasons = "; ".join(f"{b.name} ({b.where}): {b.what}" for b in bad[:3])
        notes.append(f"{len(bad)} of {spectra.n_all} entries skipped because they can't be used: {reasons}")
    if spectra.n_dips:
        notes.append(f"{spectra.n_dips} spectra dip below zero by a rounding error's width; they are taken as they are")
    rows, names = reach.rows, [spectra.names[row] for row in reach.rows]
    settings = {name: [column[row] for row in rows] for name, column in spectra.columns.items()}
    for name, values in settings.items():
        settings[name], note = of_one_kind(name, values, names)
        notes += [note] if note else []
    return Entries(
        rows=rows,
        names=names,
        settings=settings,
        units={**spectra.units, **_registered_units(model)},
        shift=reach.shift,
        limits=reach.limits,
        misses=reach.misses,
        n_points=len(spectra.spectrum(rows[0]).energies),
        notes=tuple(notes),
    )


@dataclass(frozen=True)
class _Reach:
    """The rows that cover a column of the fingerprint, with their shift, limits and misses (see Entries)."""

    rows: list[int]
    shift: NDArray[np.float64]
    limits: NDArray[np.float64]
    misses: NDArray[np.bool_]
    bad: list[BadEntry]


def _reach(spectra: SpectraDataset, shifts: Shifts, grid: Grid, columns: slice, model: Similarity) -> _Reach:
    """How far each spectrum reaches over the kept columns.

    Raises SpecError for spectra that cover none of them, where those are to be refused, and Findings where none does.
    """
    import numpy as np

    from bigdata.studies.similarity.fingerprint import covered

    rows = np.array(shifts.rows, np.int64)
    limits = spectra.limits(rows) - shifts.energies[:, None]
    begin, end = covered(limits - grid.e_ref, grid, columns)
    some = begin < end
    low, high = (grid.edges[[columns.start, columns.stop]] + grid.e_ref).tolist()
    what = f"it covers none of the fingerprint's columns, which reach from {low:g} to {high:g} eV"
    bad = [spectra.bad_entry(int(row), what) for row in rows[~some]]
    if bad and model.dataset.on_bad_entry == "refuse":
        raise refuse(bad, spectra.label, len(rows))
    if not some.any():
        right = "Choose another `spectrum.zero`, `spectrum.window` or grid"
        raise Findings(Finding(("dataset",), "no spectrum that can be used is left", right))
    misses = np.stack([begin > columns.start, end < columns.stop], axis=1)
    return _Reach(rows[some].tolist(), shifts.energies[some], limits[some], misses[some], bad)


def short_of_columns(entries: Entries, accurate: Iterable[int]) -> Iterator[str]:
    """A note on the entries that don't cover all columns; `accurate` are the references."""
    short = [i for i, (begin, end) in enumerate(entries.misses.tolist()) if begin or end]
    if short:
        among = [entries.names[i] for i in sorted(set(accurate) & set(short))]
        yield (
            f"{len(short)} of {len(entries)} entries don't reach over all columns (first {entries.names[short[0]]}, "
            f"{_limits(entries, short[0])}); a pair is compared on the columns that both cover"
            + (f". Among them, the most accurate of their kind: {first(among, 5)}" if among else "")
        )


def _limits(entries: Entries, i: int) -> str:
    """Where an entry begins and ends, as far as that is inside the columns."""
    sides = zip(("from", "to"), entries.limits[i], entries.misses[i], strict=True)
    return " ".join(f"{word} {limit:g}" for word, limit, misses in sides if misses) + " eV"


def wider_than_grid(window: tuple[float, float] | None, grid: Grid) -> Iterator[str]:
    """A note where the window goes on beyond the grid."""
    if window is None:
        return
    low, high = window
    if low < grid.e_ref + grid.cut_lo or high > grid.e_ref + grid.cut_hi:
        start, end = (grid.edges[[0, -1]] + grid.e_ref).tolist()
        yield (
            f"the window from {low:g} to {high:g} eV is wider than the fingerprint, whose columns reach "
            f"from {start:g} to {end:g} eV; what lies beyond them isn't compared"
        )


def _registered_units(model: Similarity) -> dict[str, str]:
    known = registered(model.dataset.name).fields if isinstance(model.dataset, NamedDataset) else {}
    return {name: field.unit for name, field in known.items()}
