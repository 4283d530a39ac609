"""Reading spectra into a folder of flat arrays, each entry checked, none held for longer than that takes.

The folder holds `dos.npy`, all spectra one after the other, and `axes.npy`, the distinct energy axes, both
float64 and made to be memory-mapped; `entries.npz`, per entry its axis, file, line and energy zero; the
names; the settings in `columns.npz`; and the entries that can't be used. `import.json` says what is there;
that it is there, and the sizes in it, say that the rest is whole.
"""

from __future__ import annotations

import hashlib
import json
import math
from array import array
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import IO, Any

import numpy as np

from bigdata.data.columns import ColumnsWriter, is_text, plain_text
from bigdata.data.problem import BadEntry, EntryError, Remark
from bigdata.data.remarks import Remarks
from bigdata.data.spectra.formats.entry import SCALES, ZEROS, Entry, Floats, Uniform

# Counts up where the same file gives another import: it is part of the digest.
READER_VERSION = 4
# Two multiples of 64, to which NumPy pads a header; what follows is aligned for memory maps.
HEADER_BYTES = 128
# Rounding and interpolation leave dips of this share of the maximum in the output of sound calculations. Larger ones
# (Methfessel-Paxton smearing makes some of a few percent) are kept too, and noted: a study says what to do with them.
NEGATIVE_TOLERANCE = 1e-6
# No smearing makes dips of this share.
_MOST_NEGATIVE = 0.2
# A spectrum of a crystal reaches over more, in eV; in Hartree it wouldn't.
NARROW_EV = 3.0


def write_import(entries: Iterable[Entry | BadEntry | Remark], folder: Path, about: dict[str, Any]) -> None:
    """Read all entries into `folder`; `about` goes into import.json."""
    writer = _Writer(folder)
    try:
        for entry in entries:
            writer.take(entry)
    finally:
        writer.dos.close()
        writer.axes.file.close()
    writer.finish(about)


def is_whole(folder: Path) -> bool:
    """Whether the folder holds an import with all its bytes, and with what has been counted since this reader began."""
    try:
        told = json.loads((folder / "import.json").read_text(encoding="utf-8"))
        sizes = told["sizes"]
        return "n_dips" in told and all((folder / name).stat().st_size == size for name, size in sizes.items())
    except (OSError, ValueError, KeyError):
        return False


class _Writer:
    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.dos = FlatFile(folder / "dos.npy")
        self.axes = _Axes(FlatFile(folder / "axes.npy"))
        self.columns = ColumnsWriter()
        self.rows: dict[str, int] = {}
        self.files: dict[str, int] = {}
        self.file_of, self.line_of, self.axis_of, self.zero_of = (
            array("i"),
            array("q"),
            array("i"),
            array("b"),
        )
        self.vbm, self.fermi = array("d"), array("d")
        self.scale_of, self.channels, self.dip = array("b"), array("b"), array("d")
        self.bad: list[tuple[str, str, int, str]] = []
        self.remarks = Remarks()

    def take(self, entry: Entry | BadEntry | Remark) -> None:
        if isinstance(entry, Remark):
            self.remarks.add(entry)
            return
        if isinstance(entry, BadEntry):
            self.bad.append((entry.name, entry.file, entry.line, entry.what))
            return
        try:
            self._check_name(entry)
            axis = self.axes.place(entry.energies, entry.dos.size)
            dip = dip_of(entry.dos)
        except EntryError as e:
            self.bad.append((entry.name, entry.file, e.line or entry.line, str(e)))
            return
        self._keep(entry, axis, dip)

    def _check_name(self, entry: Entry) -> None:
        if not is_text(entry.name):
            entry.name = plain_text(entry.name)
            raise EntryError("`name` holds half a surrogate pair, which no text file can hold")
        row = self.rows.get(entry.name)
        if row is not None:
            file, line = list(self.files)[self.file_of[row]], self.line_of[row]
            where = f"line {line}" if file == entry.file else f"{file}:{line}" if line else file
            raise EntryError(f"the name is taken: {where} has it already")

    def _keep(self, entry: Entry, axis: int, dip: float) -> None:
        row = len(self.rows)
        self.rows[entry.name] = row
        self.file_of.append(self.files.setdefault(entry.file, len(self.files)))
        self.line_of.append(entry.line)
        self.axis_of.append(axis)
        self.zero_of.append(ZEROS.index(entry.zero))
        self.scale_of.append(SCALES.index(entry.scale))
        self.channels.append(entry.n_channels)
        self.vbm.append(entry.vbm)
        self.fermi.append(entry.fermi)
        self.dip.append(dip)
        low, high = self.axes.limits[axis]
        self.remarks.of_entry(row, (*entry.notes, *_doubts(entry, low, high, dip)))
        self.columns.add(entry.settings, row)
        self.dos.append(entry.dos)

    def finish(self, about: dict[str, Any]) -> None:
        n = len(self.rows)
        per_entry = ("file_of", "line_of", "axis_of", "zero_of", "vbm", "fermi", "scale_of", "channels", "dip")
        arrays = {name: np.array(getattr(self, name)) for name in per_entry}
        arrays["axis_length"] = np.array(self.axes.lengths)
        np.savez(self.folder / "entries.npz", allow_pickle=False, **arrays)
        self.columns.save(self.folder, n)
        _write_json(self.folder / "names.json", list(self.rows))
        _write_json(self.folder / "bad.json", self.bad)
        sizes = {path.name: path.stat().st_size for path in self.folder.iterdir()}
        counted = {
            "n": n,
            "n_bad": len(self.bad),
            "n_dips": sum(0 < dip <= NEGATIVE_TOLERANCE for dip in self.dip),
            "ignored": sorted({*self.columns.ignored, *self.remarks.columns}),
            **self.remarks.stored(),
        }
        _write_json(
            self.folder / "import.json",
            {**about, **counted, "files": list(self.files), "sizes": sizes},
        )


class FlatFile:
    """A growing 1-D float64 `.npy` file: values are appended, the header's length is put right at the end."""

    def __init__(self, path: Path) -> None:
        self.n = 0
        self._file: IO[bytes] = open(path, "wb")  # noqa: SIM115
        self._header()

    def _header(self) -> None:
        # numpy pads the header so that a longer shape fits in its place (numpy.lib.format).
        header = {"descr": "<f8", "fortran_order": False, "shape": (self.n,)}
        np.lib.format.write_array_header_1_0(self._file, header)
        assert self._file.tell() == HEADER_BYTES

    def append(self, values: Floats) -> None:
        self._file.write(np.ascontiguousarray(values, dtype="<f8").data)
        self.n += values.size

    def close(self) -> None:
        with self._file:
            self._file.seek(0)
            self._header()


class _Axes:
    """The distinct energy axes."""

    def __init__(self, file: FlatFile) -> None:
        self.file = file
        self.lengths = array("q")
        self.limits: list[tuple[float, float]] = []
        self._uniform: dict[tuple[float, float, int], int] = {}
        self._listed: dict[bytes, int] = {}

    def place(self, energies: Floats | Uniform, n: int) -> int:
        """The number of the axis; raises EntryError where it can't be one for n values."""
        if isinstance(energies, Uniform):
            return self._place_uniform(energies, n)
        if energies.size != n:
            raise EntryError(f"there are {energies.size} energies and {n} values of the DOS")
        # By content: most spectra of a file share few axes, and blocks of one axis are worked on together.
        digest = hashlib.blake2b(np.ascontiguousarray(energies).data, digest_size=16).digest()
        if digest not in self._listed:
            check_energies(energies)
            self._listed[digest] = len(self.lengths)
            self.lengths.append(n)
            self.limits.append((float(energies[0]), float(energies[-1])))
            self.file.append(energies)
        return self._listed[digest]

    def _place_uniform(self, energies: Uniform, n: int) -> int:
        key = (*energies, n)
        if key not in self._uniform:
            if not energies.step > 0:
                raise EntryError(f"the energy step is {energies.step} eV; it must be above 0")
            listed = np.asarray(energies.start + energies.step * np.arange(n), dtype=np.float64)
            self._uniform[key] = self.place(listed, n)
        return self._uniform[key]


def check_energies(energies: Floats) -> None:
    """Raise EntryError unless the energies (eV) are two or more, finite and strictly ascending."""
    if energies.size < 2:
        raise EntryError(
            f"the spectrum has {energies.size} point{'' if energies.size == 1 else 's'}; it needs two or more"
        )
    _check_finite(energies, "energy")
    steps = np.diff(energies)
    if not steps.min() > 0:
        at = int(np.argmin(steps > 0))
        raise EntryError(
            f"the energies don't ascend: {energies[at + 1]:g} eV (point {at + 2}) "
            f"follows {energies[at]:g} eV. "
            "Sort the points by energy, without repeats"
        )


def dip_of(dos: Floats) -> float:
    """How far the DOS goes below zero, as a share of its maximum.

    Raises EntryError where it isn't finite, is zero all over, or goes further below zero than smearing makes it.
    """
    low, high = float(dos.min()), float(dos.max())
    if low == high == 0:
        raise EntryError("all its values are zero")
    # Settles nearly all spectra in two passes; NaN fails either comparison.
    if low >= 0 and high < math.inf:
        return 0.0
    _check_finite(dos, "value of the DOS")
    if high <= 0 or -low > _MOST_NEGATIVE * high:
        at = int(dos.argmin()) + 1
        raise EntryError(f"the DOS is negative: {low:g} states/eV at point {at}, its maximum being {high:g}")
    return -low / high


def _doubts(entry: Entry, low: float, high: float, dip: float) -> Iterator[str]:
    """Notes on what may be wrong with an entry of energies from `low` to `high` (eV)."""
    if dip > NEGATIVE_TOLERANCE:
        yield f"the DOS dips below zero: by {dip:.2%} of its maximum"
    if high - low < NARROW_EV:
        yield f"the energies reach over less than {NARROW_EV:g} eV, and may be in other units: {high - low:.3g} eV"
    for what, absolute, zero in (
        ("valence-band maximum", entry.vbm, "valence-band-maximum"),
        ("Fermi energy", entry.fermi, "fermi"),
    ):
        place = _place(entry, absolute, zero)
        if not math.isnan(place) and not low <= place <= high:
            yield f"the {what} is outside of the energies: {place:g} eV, and they reach from {low:g} to {high:g} eV"


def _place(entry: Entry, absolute: float, zero: str) -> float:
    """Where an absolute energy is on the entry's own axis; NaN where that isn't known."""
    if entry.zero == zero:
        return 0.0
    return absolute - {"none": 0.0, "valence-band-maximum": entry.vbm, "fermi": entry.fermi}[entry.zero]


def _check_finite(values: Floats, what: str) -> None:
    finite = np.isfinite(values)
    if not finite.all():
        at = int(finite.argmin())
        raise EntryError(f"{what} number {at + 1} is {values[at]}")


def _write_json(path: Path, data: Any) -> None:
    with open(path, "w", encoding="utf-8") as file:
        json.dump(data, file, separators=(",", ":"))
