"""Spectra with their settings: opened from a dataset of a spec, or by a worker from the cache.

The densities of states stay on disk, memory-mapped, and are handed out one by one or in blocks that share
an energy axis.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property, lru_cache
from pathlib import Path
from typing import Any, Literal, NamedTuple

import numpy as np
from numpy.typing import NDArray

from bigdata.data.cache import whole_import
from bigdata.data.columns import Columns
from bigdata.data.model import Condition, NamedDataset
from bigdata.data.problem import BadEntries, BadEntry, DataProblem, none_usable, refuse_older, unreadable
from bigdata.data.progress import logged
from bigdata.data.registry import Field, names, registered
from bigdata.data.remarks import Said
from bigdata.data.selection import Selection, select
from bigdata.data.spectra.formats.entry import SCALES, ZEROS, Floats, Scale
from bigdata.data.spectra.importing import HEADER_BYTES, NEGATIVE_TOLERANCE, READER_VERSION, is_whole
from bigdata.data.spectra.imports import imported
from bigdata.data.spectra.origin import NomadDataset, SpectraFile, SpectraOrigin
from bigdata.spec.whereabouts import located

Policy = Literal["refuse", "skip"]
Rows = Sequence[int] | NDArray[np.int64]
_UNITS = {"_eV": "eV", "_s": "s", "_angstrom": "angstrom", "_Ha": "Ha", "_K": "K", "_GPa": "GPa"}


class Spectrum(NamedTuple):
    """Energies (eV) and density of states (states/eV/cell, spin summed); both float64, 1-D."""

    energies: Floats
    dos: Floats


class Block(NamedTuple):
    """Spectra on one axis: `energies` (n,) eV, `dos` (m, n) states/eV/cell, float64.

    `positions` (m,) says which of the rows asked for they are.
    """

    energies: Floats
    positions: NDArray[np.int64]
    dos: Floats


@dataclass(frozen=True)
class Shifts:
    """`energies` (len(rows),) eV to subtract from those of each of `rows`; `bad` are those left out."""

    rows: list[int]
    energies: Floats
    bad: list[BadEntry]


class SpectraDataset:
    """An import in the cache.

    `digest` is the sha256 of the source files' content and the reader's version, `content` that of the former alone, ""
    in old imports; `reader` the version of the reader that made it; `folder` the import; `n` the entries that can be
    used; `n_all` with the bad ones; `n_dips` the spectra with tiny negative values, taken as they are; `ignored` the
    keys that hold no setting (long lists); `remarks` what the reader said beside.
    """

    def __init__(
        self,
        folder: Path,
        label: str = "",
        on_bad_entry: Policy = "refuse",
    ) -> None:
        about = json.loads((folder / "import.json").read_text(encoding="utf-8"))
        self.folder, self.on_bad_entry = folder, on_bad_entry
        self.label: str = label or about["label"]
        self.digest: str = about["digest"]
        self.content: str = about.get("content", "")
        self.format: str = about["format"]
        self.reader: int = about["reader"]
        self.n: int = about["n"]
        self.n_all: int = about["n"] + about["n_bad"]
        self.n_dips: int = about["n_dips"]
        self.ignored: list[str] = about["ignored"]
        self.remarks = Said(about)
        self.columns = Columns(folder)
        self._files: list[str] = about["files"]
        self._known = registered(self.label).fields if self.label in names() else {}

    @cached_property
    def names(self) -> list[str]:
        names: list[str] = json.loads((self.folder / "names.json").read_text(encoding="utf-8"))
        return names

    @cached_property
    def bad(self) -> list[BadEntry]:
        """The entries that can't be used, in file order."""
        stored = json.loads((self.folder / "bad.json").read_text(encoding="utf-8"))
        return [BadEntry(name, self._shown(file), line, what) for name, file, line, what in stored]

    @property
    def fields(self) -> dict[str, Field]:
        """The columns with unit and meaning; an unregistered unit is told from the name's end (`_eV`)."""
        return {name: self._known.get(name) or Field(name=name, unit=unit_of(name)) for name in self.columns}

    @property
    def units(self) -> dict[str, str]:
        """Each column's unit; "" for none."""
        return {name: field.unit for name, field in self.fields.items()}

    def select(self, where: Mapping[str, Condition]) -> Selection:
        """The rows that meet all conditions, and how many each condition dropped.

        Raises DataProblem for a field that no entry has, a value that no entry has, and where nothing is
        left.
        """
        return select(self.names, self.columns, where, self.n, self.units)

    def spectrum(self, row: int) -> Spectrum:
        """One spectrum; views of the memory-mapped files."""
        axis, start = int(self._entries["axis_of"][row]), int(self._start[row])
        return Spectrum(self.energies(axis), self._dos[start : start + int(self._entries["axis_length"][axis])])

    def limits(self, rows: Rows) -> Floats:
        """(len(rows), 2) the lowest and the highest energy of each row, in eV as stored."""
        axes = self._entries["axis_of"][np.asarray(rows, dtype=np.int64)]
        ends = self._axis_end[axes]
        limits: Floats = self._axes[np.stack([ends - self._entries["axis_length"][axes], ends - 1], axis=1)]
        return limits

    def energies(self, axis: int) -> Floats:
        """The energies (eV) of one of the distinct axes."""
        end = int(self._axis_end[axis])
        return self._axes[end - int(self._entries["axis_length"][axis]) : end]

    def block(self, rows: Rows) -> list[Block]:
        """The spectra of the rows, by energy axis; `dos` is a view where rows follow each other on disk."""
        wanted = np.asarray(rows, dtype=np.int64)
        axes = self._entries["axis_of"][wanted]
        # Stable: rows that follow each other on disk stay so, and needn't be copied.
        order = np.argsort(axes, kind="stable")
        groups = np.split(order, np.flatnonzero(np.diff(axes[order])) + 1) if wanted.size else []
        return [self._on_axis(int(axes[positions[0]]), positions, wanted) for positions in groups]

    def _on_axis(self, axis: int, positions: NDArray[np.int64], wanted: NDArray[np.int64]) -> Block:
        n, starts = int(self._entries["axis_length"][axis]), self._start[wanted[positions]]
        if (np.diff(starts) == n).all():
            dos = self._dos[int(starts[0]) : int(starts[-1]) + n].reshape(-1, n)
        else:
            dos = self._dos[starts[:, None] + np.arange(n)]
        return Block(self.energies(axis), positions, dos)

    def shifts(self, zero: str, rows: Rows | None = None, on_bad_entry: Policy | None = None) -> Shifts:
        """What to subtract from each entry's energies for `zero` (`valence-band-maximum`, `fermi`) to be 0.

        That is 0 where the file's own zero is the one asked for, or where `zero` is `none`; else the
        difference of the two absolute energies. Entries for which it can't be known are refused (SpecError)
        or left out and listed.
        """
        wanted = np.arange(self.n) if rows is None else np.asarray(rows, dtype=np.int64)
        energies = self._shift(zero, wanted)
        unknown = np.flatnonzero(np.isnan(energies))
        bad = [self._no_zero(zero, int(wanted[i])) for i in unknown]
        if bad and (on_bad_entry or self.on_bad_entry) == "refuse":
            raise BadEntries(bad, self.label, wanted.size)
        known = ~np.isnan(energies)
        return Shifts(wanted[known].tolist(), energies[known], bad)

    def _shift(self, zero: str, rows: NDArray[np.int64]) -> Floats:
        if zero == "none":
            return np.zeros(rows.size)
        own = self._entries["zero_of"][rows]
        absolute = np.stack([np.zeros(rows.size), self._entries["vbm"][rows], self._entries["fermi"][rows]])
        target = ZEROS.index(zero)
        shift = absolute[target] - absolute[own, np.arange(rows.size)]
        return np.where(own == target, 0.0, shift)

    def _no_zero(self, zero: str, row: int) -> BadEntry:
        own = ZEROS[self._entries["zero_of"][row]]
        needed = {"valence-band-maximum": "vbm_eV", "fermi": "fermi_eV"}
        missing = [needed[z] for z in (zero, own) if z != "none" and np.isnan(self._absolute(z)[row])]
        name = {"valence-band-maximum": "the valence-band maximum", "fermi": "the Fermi energy"}
        count = f"its energies count from {name[own]}" if own != "none" else "its energies are absolute"
        what = (
            f"{count}, and the way to {name[zero]} isn't known. "
            f"Give `{'` and `'.join(missing)}`, or set `spectrum.zero` to `{own}`"
        )
        return self.bad_entry(row, what)

    def meaning(self, row: int) -> dict[str, Any]:
        """Where a row's energies are 0, how many spin channels were summed, and what its states are counted for."""
        stored = {name: int(self._entries[name][row]) for name in ("zero_of", "channels", "scale_of")}
        zero, scale = ZEROS[stored["zero_of"]], SCALES[stored["scale_of"]]
        return {"zero": zero, "spin_channels": stored["channels"], "scale": scale}

    def scale(self, rows: Rows) -> list[Scale]:
        """What the states of each row are counted for."""
        return [SCALES[code] for code in self._entries["scale_of"][np.asarray(rows, dtype=np.int64)]]

    def negative(self, rows: Rows) -> list[int]:
        """Those of the rows whose DOS goes below zero by more than rounding does."""
        wanted = np.asarray(rows, dtype=np.int64)
        found: list[int] = wanted[self._entries["dip"][wanted] > NEGATIVE_TOLERANCE].tolist()
        return found

    def is_negative(self, row: int) -> BadEntry:
        """What is wrong with a row whose DOS goes below zero."""
        dos = self.spectrum(row).dos
        at = int(dos.argmin())
        what = (
            f"the DOS is negative: {dos[at]:g} states/eV at point {at + 1}, its maximum being {dos.max():g}. Broaden "
            "the spectrum with Gaussian smearing, which keeps it positive, or say `spectrum.negative: clip` or `keep`"
        )
        return self.bad_entry(row, what)

    def line(self, row: int) -> int:
        """The line that a row was read from; 0 where the whole file is the entry."""
        return int(self._entries["line_of"][row])

    def bad_entry(self, row: int, what: str) -> BadEntry:
        """What is wrong with a row, with the place that it was read from."""
        file = self._shown(self._files[self._entries["file_of"][row]])
        return BadEntry(self.names[row], file, self.line(row), what)

    def _absolute(self, zero: str) -> Floats:
        stored: Floats = self._entries["vbm" if zero == "valence-band-maximum" else "fermi"]
        return stored

    def _shown(self, file: str) -> str:
        """A file of the dataset as the user would name it."""
        if not file:
            return self.label
        base = Path(self.label) if self.format.startswith("folder") else Path(self.label).parent
        return str(base / file)

    @cached_property
    def _dos(self) -> Floats:
        return _mapped(self.folder / "dos.npy")

    @cached_property
    def _axes(self) -> Floats:
        return _mapped(self.folder / "axes.npy")

    @cached_property
    def _axis_end(self) -> NDArray[np.int64]:
        return np.asarray(np.cumsum(self._entries["axis_length"]))

    @cached_property
    def _entries(self) -> Mapping[str, NDArray[Any]]:
        with np.load(self.folder / "entries.npz") as arrays:
            return dict(arrays)

    @cached_property
    def _start(self) -> NDArray[np.int64]:
        lengths = self._entries["axis_length"][self._entries["axis_of"]]
        return np.asarray(np.cumsum(lengths) - lengths)


def _mapped(path: Path) -> Floats:
    # An array without elements can't be mapped.
    stored: Floats = np.load(path) if path.stat().st_size <= HEADER_BYTES else np.load(path, mmap_mode="r")
    # Plain arrays, of which slices take a tenth of the time that those of memory maps do.
    return stored.view(np.ndarray)


def open_spectra(dataset: SpectraOrigin, folder: Path) -> SpectraDataset:
    """The spectra of a spec's `dataset:`, its paths relative to `folder`; read into the cache on first use.

    Raises DataProblem where they can't be had, SpecError with every bad entry where those are to be
    refused, SiteError where the cache can't be written.
    """
    if isinstance(dataset, NamedDataset):
        spectra, key = import_named(dataset), "name"
    elif isinstance(dataset, SpectraFile):
        spectra, key = import_file(dataset, folder), dataset.KEY
    else:
        spectra, key = import_answers(dataset), "nomad"
    if spectra.bad and dataset.on_bad_entry == "refuse":
        raise BadEntries(spectra.bad, spectra.label, spectra.n_all)
    return usable(spectra, key)


def usable(spectra: SpectraDataset, key: str) -> SpectraDataset:
    """The same spectra; raises DataProblem, with the first reason, where there is none that can be used."""
    if not spectra.n:
        raise none_usable(spectra.bad, spectra.label, key, "spectrum")
    return spectra


@lru_cache(maxsize=8)
def open_import(folder: Path | str) -> SpectraDataset:
    """An import by its folder in the cache, for workers; the source isn't needed. It stays open."""
    return SpectraDataset(whole_import(Path(folder), is_whole))


def import_named(dataset: NamedDataset) -> SpectraDataset:
    """A registered dataset in the cache, whatever its bad entries."""
    entry = registered(dataset.name)
    return SpectraDataset(imported(entry.path, entry.reader, entry.name), entry.name, dataset.on_bad_entry)


def import_file(dataset: SpectraFile, folder: Path) -> SpectraDataset:
    """A file or folder in the cache, whatever its bad entries; raises DataProblem."""
    path, label = located(folder, dataset.file), str(folder / Path(dataset.file).expanduser())
    try:
        # A run that is repeated may have nothing left of its data but their import.
        stored = path if is_whole(path) else imported(path, dataset.format, label)
        found = SpectraDataset(stored, label, dataset.on_bad_entry)
        refuse_older(found.reader, READER_VERSION, label)
        return found
    except OSError as e:
        raise DataProblem(unreadable(path, e)).of_key(dataset.KEY) from e
    except DataProblem as problem:
        raise problem.of_key(dataset.KEY) from None


def import_answers(dataset: NomadDataset) -> SpectraDataset:
    """The answers to a query in the cache, fetched where they haven't been; raises SiteError, DataProblem."""
    from bigdata.data.remote.queries import answers_of

    label = f"answers of {dataset.nomad.url}"
    path = answers_of(dataset.nomad, logged("NOMAD"))
    return SpectraDataset(imported(path, "nomad", label), label, dataset.on_bad_entry)


def unit_of(name: str) -> str:
    """The unit that a column's name ends with; "" for none."""
    return next((unit for end, unit in _UNITS.items() if name.endswith(end)), "")
