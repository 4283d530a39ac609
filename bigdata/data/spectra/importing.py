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
from collections.abc import Iterable
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
# Smearing and interpolation leave dips of this size in the output of sound calculations; larger ones
# (Methfessel-Paxton smearing makes some of a few percent) aren't densities, and the fingerprint's column
# sums would be wrong.
NEGATIVE_TOLERANCE = 1e-6


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
    """Whether the folder holds an import with all its bytes."""
    try:
        sizes = json.loads((folder / "import.json").read_text(encoding="utf-8"))["sizes"]
        return all((folder / name).stat().st_size == size for name, size in sizes.items())
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
        self.scale_of, self.channels = array("b"), array("b")
        self.bad: list[tuple[str, str, int, str]] = []
        self.n_dips = 0
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
            self.n_dips += check_dos(entry.dos)
        except EntryError as e:
            self.bad.append((entry.name, entry.file, e.line or entry.line, str(e)))
            return
        self._keep(entry, axis)

    def _check_name(self, entry: Entry) -> None:
        if not is_text(entry.name):
            entry.name = plain_text(entry.name)
            raise EntryError("`name` holds half a surrogate pair, which no text file can hold")
        row = self.rows.get(entry.name)
        if row is not None:
            file, line = list(self.files)[self.file_of[row]], self.line_of[row]
            where = f"line {line}" if file == entry.file else f"{file}:{line}" if line else file
            raise EntryError(f"the name is taken: {where} has it already")

    def _keep(self, entry: Entry, axis: int) -> None:
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
        self.remarks.of_entry(row, entry.notes)
        self.columns.add(entry.settings, row)
        self.dos.append(entry.dos)

    def finish(self, about: dict[str, Any]) -> None:
        n = len(self.rows)
        per_entry = ("file_of", "line_of", "axis_of", "zero_of", "vbm", "fermi", "scale_of", "channels")
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
            "n_dips": self.n_dips,
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


def check_dos(dos: Floats) -> bool:
    """Raise EntryError unless the DOS is finite, not negative and not 0 all over; True where it has tolerable dips.

    Values down to -1e-6 of the maximum are taken as they are.
    """
    low, high = dos.min(), dos.max()
    if low == high == 0:
        raise EntryError("all its values are zero")
    # Settles nearly all spectra in two passes; NaN fails either comparison.
    if low >= 0 and high < math.inf:
        return False
    _check_finite(dos, "value of the DOS")
    if low < -NEGATIVE_TOLERANCE * high or high <= 0:
        at = int(dos.argmin())
        raise EntryError(
            f"the DOS is negative: {low:g} states/eV at point {at + 1}, its maximum being {high:g}. "
            "Broaden the spectrum with Gaussian smearing, which keeps it positive"
        )
    return True


def _check_finite(values: Floats, what: str) -> None:
    finite = np.isfinite(values)
    if not finite.all():
        at = int(finite.argmin())
        raise EntryError(f"{what} number {at + 1} is {values[at]}")


def _write_json(path: Path, data: Any) -> None:
    with open(path, "w", encoding="utf-8") as file:
        json.dump(data, file, separators=(",", ":"))
