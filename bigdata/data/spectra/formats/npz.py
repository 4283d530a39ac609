"""numpy `.npz`: many spectra on one energy axis, the quickest form for 10⁵ spectra and more.

    numpy.savez("spectra.npz", energies_eV=E, dos_states_per_eV_cell=D, name=names, xc=xc, n_kpts=n_kpts)

- `energies_eV` (n,) and `dos_states_per_eV_cell` (N, n), or (N, n_spin, n) with the spin channels to sum:
  numbers.
- `name` (N,): unique text; the row's number where it is absent.
- `energy_zero`: one text or (N,); `vbm_eV`, `fermi_eV`: one number or (N,); as in JSON-lines.
- Any other array (N,) of numbers, truth values or text is a setting; NaN stands for an absent number.

Arrays of Python objects (pickles) are refused. Spectra are read a few at a time, however large the file is.
"""

from __future__ import annotations

import math
import zipfile
import zlib
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import IO, Any

import numpy as np
from numpy.typing import NDArray

from bigdata.data.problem import BadEntry, EntryError, Remark
from bigdata.data.spectra.formats.entry import Entry, Floats, number, summed, zero

NAMED_BY_FILE = False
DOS = "dos_states_per_eV_cell"
_SPECTRUM = {"name", "energies_eV", DOS, "energy_zero"}
_BLOCK_BYTES = 8 << 20


def recognises(name: str, head: bytes) -> bool:
    return name.endswith(".npz")


def sources(path: Path) -> list[Path]:
    return [path]


def read(path: Path, label: str) -> Iterator[Entry | BadEntry | Remark]:
    """The entries of a file, in the order of its rows."""
    try:
        with zipfile.ZipFile(path) as archive:
            yield from _entries(archive, label)
    except (zipfile.BadZipFile, zlib.error, ValueError, EOFError) as e:
        raise EntryError(f"this isn't a whole .npz file: {e}") from e


def _entries(archive: zipfile.ZipFile, label: str) -> Iterator[Entry | BadEntry | Remark]:
    members = {name.removesuffix(".npy"): name for name in archive.namelist()}
    missing = [f"`{key}`" for key in ("energies_eV", DOS) if key not in members]
    if missing:
        raise EntryError(f"there is no array {' and no array '.join(missing)} in this file")
    # Not by numpy.load, which reads an array as a whole: spectra are read a few at a time.
    with archive.open(members[DOS]) as file:
        shape, dtype = _header(file, DOS)
        if len(shape) not in (2, 3) or dtype.kind not in "fiu":
            raise EntryError(f"`{DOS}` has shape {shape}, dtype {dtype}: it should be numbers (entry, energy)")
        given = {key: _array(archive, name, key) for key, name in members.items() if key != DOS}
        yield from _rows(_spectra(file, shape, dtype), given, shape, label)


def _rows(spectra: Iterator[Floats], given: dict[str, Any], shape: tuple[int, ...], label: str) -> Iterator[Any]:
    energies = given["energies_eV"].astype(np.float64)
    if energies.ndim != 1 or energies.size != shape[-1]:
        raise EntryError(f"`energies_eV` has shape {energies.shape}, the spectra {shape[-1]} values")
    columns = {key: _column(array, key, shape[0]) for key, array in given.items() if key != "energies_eV"}
    for row, channels in enumerate(spectra):
        settings = {key: column[row] for key, column in columns.items() if key not in _SPECTRUM}
        name = str(columns["name"][row]) if "name" in columns else str(row)
        try:
            yield _entry(name, label, energies, channels, settings, columns, row)
        except EntryError as e:
            yield BadEntry(name, label, 0, str(e))


def _entry(
    name: str,
    label: str,
    energies: Floats,
    channels: Floats,
    settings: Any,
    columns: Mapping[str, list[Any]],
    row: int,
) -> Entry:
    own = zero(columns["energy_zero"][row] or None) if "energy_zero" in columns else "none"
    vbm, fermi = (_absolute(settings.get(key), key) for key in ("vbm_eV", "fermi_eV"))
    dos, n, notes = summed(list(channels), DOS)
    return Entry(name, label, 0, energies, dos, settings, own, vbm, fermi, n_channels=n, notes=notes)


def _absolute(value: Any, key: str) -> float:
    absent = value is None or (isinstance(value, float) and math.isnan(value))
    return math.nan if absent else number(value, key)


def _column(array: NDArray[Any], key: str, n: int) -> list[Any]:
    if array.ndim == 0:
        return [array.item()] * n
    if array.shape != (n,):
        raise EntryError(f"`{key}` has shape {array.shape}, and there are {n} spectra")
    values: list[Any] = array.tolist()
    return values


def _array(archive: zipfile.ZipFile, member: str, key: str) -> NDArray[Any]:
    with archive.open(member) as file:
        shape, dtype = _header(file, key)
        if dtype.kind not in "fiubU":
            raise EntryError(f"`{key}` has dtype {dtype}: it should be numbers, truth values or text (not bytes)")
        content = file.read()
    return np.frombuffer(content, dtype=dtype, count=math.prod(shape)).reshape(shape)


def _header(file: IO[bytes], key: str) -> tuple[tuple[int, ...], np.dtype[Any]]:
    version = np.lib.format.read_magic(file)
    read = np.lib.format.read_array_header_1_0 if version == (1, 0) else np.lib.format.read_array_header_2_0
    shape, fortran_order, dtype = read(file)
    if dtype.hasobject:
        raise EntryError(f"`{key}` holds Python objects, which are never read; save it as numbers or text")
    if fortran_order and len(shape) > 1:
        raise EntryError(f"`{key}` is in Fortran order; save numpy.ascontiguousarray of it")
    return shape, dtype


def _spectra(file: IO[bytes], shape: tuple[int, ...], dtype: np.dtype[Any]) -> Iterator[Floats]:
    """The spin channels (n_spin, n) of each entry."""
    row_bytes = dtype.itemsize * math.prod(shape[1:])
    n_block = max(1, _BLOCK_BYTES // max(1, row_bytes))
    for start in range(0, shape[0], n_block):
        n = min(n_block, shape[0] - start)
        block = np.frombuffer(file.read(n * row_bytes), dtype=dtype).reshape(n, *shape[1:]).astype(np.float64)
        yield from block[:, None] if block.ndim == 2 else block
