"""The entries of a similarity study: which spectra are compared, their order, their blocks, and their references."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from bigdata.data import registered
from bigdata.data.model import NamedDataset
from bigdata.data.problem import BadEntries, BadEntry, first, placed
from bigdata.kind import Finding, Findings, Input
from bigdata.studies.similarity.kinds import of_one_kind

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from bigdata.data.selection import Selection
    from bigdata.data.spectra.dataset import Shifts, SpectraDataset
    from bigdata.studies.similarity.grid import Grid
    from bigdata.studies.similarity.model import Similarity


# Entries that cover a smaller share of the columns are named.
LITTLE = 0.5


@dataclass(frozen=True)
class Entries:
    """The n entries in the dataset's order: rows of the import, names, settings by field, eV to take off energies.

    `limits` (n, 2) are the lowest and highest energies in eV, from the energy zero; `misses` (n, 2) says whether a
    spectrum begins above the first column of the fingerprint, and ends below the last; `cover` (n, 2) which of them it
    covers, first ≤ i < last. `scale` is what states are counted for.
    """

    rows: Sequence[int]
    names: Sequence[str]
    settings: Mapping[str, list[Any]]
    units: Mapping[str, str]
    shift: NDArray[np.float64]
    limits: NDArray[np.float64]
    misses: NDArray[np.bool_]
    cover: NDArray[np.int64]
    scale: str
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
    with placed("dataset"):
        selection = spectra.select(model.dataset.where)
    rows, below_zero = _positive(spectra, selection.rows, model)
    shifts = spectra.shifts(model.spectrum.zero, rows, model.dataset.on_bad_entry)
    reach = _reach(spectra, shifts, grid, columns, model)
    bad = [*spectra.bad, *below_zero, *shifts.bad, *reach.bad]
    notes = [*_remarked(spectra), *_left_out(spectra, selection, bad)]
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
        cover=reach.cover,
        scale=_scale(spectra, rows),
        n_points=len(spectra.spectrum(rows[0]).energies),
        notes=tuple(notes),
    )


@dataclass(frozen=True)
class _Reach:
    """The rows that cover a column of the fingerprint, with their shift, limits, misses and cover (see Entries)."""

    rows: list[int]
    shift: NDArray[np.float64]
    limits: NDArray[np.float64]
    misses: NDArray[np.bool_]
    cover: NDArray[np.int64]
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
        raise BadEntries(bad, spectra.label, len(rows))
    if not some.any():
        right = "Choose another `spectrum.zero`, `spectrum.window` or grid"
        raise Findings(Finding(("dataset",), "no spectrum that can be used is left", right))
    misses = np.stack([begin > columns.start, end < columns.stop], axis=1)
    cover = np.stack([begin, end], axis=1) - columns.start
    return _Reach(rows[some].tolist(), shifts.energies[some], limits[some], misses[some], cover[some], bad)


def _positive(spectra: SpectraDataset, rows: Sequence[int], model: Similarity) -> tuple[Sequence[int], list[BadEntry]]:
    """The rows whose DOS may be used, and what is wrong with the others; raises SpecError where those are refused."""
    found = spectra.negative(rows)
    if not found or model.spectrum.negative != "refuse":
        return rows, []
    bad = [spectra.is_negative(row) for row in found]
    if model.dataset.on_bad_entry == "refuse":
        raise BadEntries(bad, spectra.label, len(rows))
    out = set(found)
    return [row for row in rows if row not in out], bad


def _left_out(spectra: SpectraDataset, selection: Selection, bad: Sequence[BadEntry]) -> Iterator[str]:
    """What the conditions dropped, and what can't be used."""
    for d in selection.dropped:
        if d.n:
            yield f"where {d.field} is {d.condition}: {d.n} of the entries left out (first {', '.join(d.names)})"
    if bad:
        reasons = "; ".join(f"{b.name} ({b.where}): {b.what}" for b in bad[:3])
        yield f"{len(bad)} of {spectra.n_all} entries skipped because they can't be used: {reasons}"
    if spectra.n_dips:
        yield f"{spectra.n_dips} spectra dip below zero by a rounding error's width; they are taken as they are"


def _remarked(spectra: SpectraDataset) -> Iterator[str]:
    """What the reader said of the files and of entries, and the files that it passed over."""
    yield from spectra.remarks.sentences(spectra.names)
    if files := spectra.remarks.files:
        noun = "file is" if len(files) == 1 else "files are"
        yield f"{len(files):,} {noun} of no known format and passed over ({first(files, 5)})"


def _scale(spectra: SpectraDataset, rows: Sequence[int]) -> str:
    """What the states of all rows are counted for; raises Findings where that differs."""
    scales = spectra.scale(rows)
    counted = {scale: scales.count(scale) for scale in dict.fromkeys(scales)}
    if len(counted) > 1:
        parts = (f"{n} per {scale} (first {spectra.names[rows[scales.index(scale)]]})" for scale, n in counted.items())
        what = f"the states of {len(rows)} entries are counted differently: {' and '.join(parts)}"
        raise Findings(Finding(("dataset",), what, "Bring them to one scale, or leave those of one out with `where:`"))
    return next(iter(counted))


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


def covering_little(entries: Entries, n_columns: int) -> Iterator[str]:
    """Notes on entries that cover less than half of the columns, and on pairs that have none in common."""
    begin, end = entries.cover[:, 0], entries.cover[:, 1]
    share = (end - begin) / n_columns
    little = [i for i, part in enumerate(share.tolist()) if part < LITTLE]
    if little:
        shown = first((f"{entries.names[i]} {share[i]:.0%}" for i in little), 3)
        yield f"{len(little)} of {len(entries)} entries cover less than {LITTLE:.0%} of the columns: {shown}"
    low, high = int(end.argmin()), int(begin.argmax())
    if end[low] <= begin[high]:
        names = f"{entries.names[low]} and {entries.names[high]}"
        yield f"some pairs have no column in common, {names} among them: their similarity is 0 and says nothing"


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
