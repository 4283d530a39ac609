"""Zarr stores in the cache: arrays that grow while data are read, one file each, made to be memory-mapped.

Each array is a single chunk, uncompressed, followed by its checksum (Zarr v3, codecs `bytes` and `crc32c`): any Zarr
reader opens it, and so do NumPy's memory maps, which all workers of a node share. Texts are Zarr strings.
"""

from __future__ import annotations

import json
import struct
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import IO, Any

import google_crc32c
import numpy as np
from numpy.typing import NDArray

from bigdata.errors import DamagedData
from bigdata.store.arrays import CRC_BYTES

BYTES = "n_bytes"
# Bytes that are copied at a time for a checksum: an array may be larger than the memory that is left.
_BLOCK = 1 << 24


@dataclass
class _Growing:
    """An array under way: its rows so far are in the file."""

    dims: tuple[str, ...]
    units: str
    about: str
    row: tuple[int, ...]
    dtype: np.dtype[Any]
    file: IO[bytes]
    n: int = 0
    crc: int = 0


class FlatWriter:
    """Writes a store; `close` makes it whole. Rows may be appended array by array in any order."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._growing: dict[str, _Growing] = {}
        self._texts: dict[str, tuple[Sequence[str], str, str]] = {}

    def start(
        self, name: str, dtype: str, dims: tuple[str, ...], row: tuple[int, ...] = (), units: str = "1", about: str = ""
    ) -> None:
        """Begin an array whose rows have shape `row` (`()` for numbers); the first of `dims` is the one that grows."""
        if len(dims) != 1 + len(row):
            raise ValueError(f"{name}: rows of shape {row} need {1 + len(row)} dimension names, not {dims}")
        path = self.folder.joinpath(name, "c", *["0"] * len(dims))
        path.parent.mkdir(parents=True)
        self._growing[name] = _Growing(dims, units, about, row, np.dtype(dtype).newbyteorder("<"), path.open("wb"))

    def append(self, name: str, rows: NDArray[Any]) -> None:
        """Add rows; their shape must be (m, *row)."""
        array = self._growing[name]
        if rows.shape[1:] != array.row:
            raise ValueError(f"{name}: rows of shape {rows.shape[1:]}, where {array.row} is wanted")
        data = np.ascontiguousarray(rows, dtype=array.dtype).tobytes()
        array.file.write(data)
        array.crc = google_crc32c.extend(array.crc, data)
        array.n += len(rows)

    def write(self, name: str, values: NDArray[Any], dims: tuple[str, ...], units: str = "1", about: str = "") -> None:
        """Write a whole array at once."""
        self.start(name, str(values.dtype), dims, values.shape[1:], units, about)
        self.append(name, values)

    def texts(self, name: str, values: Sequence[str], dim: str, about: str = "") -> None:
        """An array of texts; written by `close`."""
        self._texts[name] = (values, dim, about)

    def close(self, attributes: Mapping[str, Any]) -> None:
        """Write checksums, texts, metadata, and last the attributes that say that all the rest is there."""
        import zarr
        from zarr.codecs import BytesCodec, Crc32cCodec

        from bigdata.store.writing import write_small

        group = zarr.open_group(self.folder, mode="a", zarr_format=3, use_consolidated=False)
        for name, array in self._growing.items():
            with array.file as file:
                if array.n:
                    file.write(struct.pack("<I", array.crc))
                else:
                    Path(file.name).unlink()
            shape = (array.n, *array.row)
            one_byte = array.dtype.itemsize == 1
            group.create_array(
                name,
                shape=shape,
                chunks=tuple(max(1, n) for n in shape),
                dtype=array.dtype.newbyteorder("="),
                fill_value=np.nan if array.dtype.kind == "f" else 0,
                serializer=BytesCodec(endian=None if one_byte else "little"),
                compressors=[Crc32cCodec()],
                dimension_names=array.dims,
                attributes={"units": array.units, **({"long_name": array.about} if array.about else {})},
            )
        for name, (values, dim, about) in self._texts.items():
            write_small(group, name, np.array(values, dtype=object), (dim,), about=about)
        group.attrs.update({**attributes, BYTES: self._sizes()})

    def abandon(self) -> None:
        """Close the files of a store that won't be finished."""
        for array in self._growing.values():
            array.file.close()

    def _sizes(self) -> dict[str, int]:
        # Not of metadata: these sizes become part of the group's own.
        files = (p for p in self.folder.rglob("*") if p.is_file() and p.name != "zarr.json")
        return {p.relative_to(self.folder).as_posix(): p.stat().st_size for p in sorted(files)}


class FlatStore:
    """A store, open for reading; neither Zarr nor Dask is loaded for its numbers."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    @cached_property
    def attributes(self) -> dict[str, Any]:
        """What `close` was given."""
        attributes: dict[str, Any] = _metadata(self.folder)["attributes"]
        return attributes

    @cached_property
    def names(self) -> tuple[str, ...]:
        return tuple(sorted(p.parent.name for p in self.folder.glob("*/zarr.json")))

    def units(self, name: str) -> str:
        return str(_metadata(self.folder / name)["attributes"].get("units", ""))

    def about(self, name: str) -> str:
        return str(_metadata(self.folder / name)["attributes"].get("long_name", ""))

    def mapped(self, name: str) -> NDArray[Any]:
        """The array as a read-only memory map; its size is checked, its checksum isn't."""
        about = _metadata(self.folder / name)
        shape, dtype = tuple(about["shape"]), np.dtype(about["data_type"]).newbyteorder("<")
        # An array without values has no file (see `FlatWriter.close`).
        if not all(shape):
            return np.empty(shape, dtype)
        path, n_bytes = self._file(name, len(shape)), int(np.prod(shape)) * dtype.itemsize
        if (found := _size(path)) != n_bytes + CRC_BYTES:
            self._damaged(name, "are not there" if found < 0 else f"have {found:,} bytes, not {n_bytes + CRC_BYTES:,}")
        # As a plain array: a slice of a `memmap` makes another one, which takes ten times as long (1 µs for 0.1).
        return np.memmap(path, dtype=dtype, mode="r", shape=shape).view(np.ndarray)

    def read(self, name: str) -> NDArray[Any]:
        """The array in memory, its checksum compared; DamagedData where it isn't whole."""
        values = np.array(self.mapped(name))
        if values.size and self._checksum(values) != self._stored_checksum(name, values):
            self._damaged(name, "are damaged (their checksum disagrees)")
        return values

    def texts(self, name: str) -> list[str]:
        """An array of texts, its checksum compared. Decoded here (codec `vlen-utf8`: a count, then length and bytes of
        each), since `plan` reads names and must not wait for Zarr to load."""
        if not _metadata(self.folder / name)["shape"][0]:
            return []
        data = self._file(name, 1).read_bytes()
        if google_crc32c.value(data[:-CRC_BYTES]) != struct.unpack("<I", data[-CRC_BYTES:])[0]:
            self._damaged(name, "are damaged (their checksum disagrees)")
        (n,), at, values = struct.unpack_from("<I", data), 4, []
        for _ in range(n):
            (length,) = struct.unpack_from("<I", data, at)
            values.append(data[at + 4 : at + 4 + length].decode())
            at += 4 + length
        return values

    def n_bytes(self) -> int:
        return sum(self.attributes[BYTES].values())

    @staticmethod
    def _checksum(values: NDArray[Any]) -> int:
        data, crc = values.reshape(-1).view(np.uint8), 0
        for start in range(0, data.size, _BLOCK):
            crc = google_crc32c.extend(crc, data[start : start + _BLOCK].tobytes())
        return crc

    def _stored_checksum(self, name: str, values: NDArray[Any]) -> int:
        with self._file(name, values.ndim).open("rb") as file:
            file.seek(values.nbytes)
            stored: int = struct.unpack("<I", file.read(CRC_BYTES))[0]
        return stored

    def _file(self, name: str, n_dims: int) -> Path:
        return self.folder.joinpath(name, "c", *["0"] * n_dims)

    def _damaged(self, name: str, what: str) -> None:
        raise DamagedData(str(self.folder / name), (0,), what)


def is_whole(folder: Path) -> bool:
    """Whether the folder holds a store that `close` finished, all files at their size."""
    try:
        sizes = _metadata(folder)["attributes"][BYTES]
        return all((folder / name).stat().st_size == size for name, size in sizes.items())
    except (OSError, ValueError, KeyError):
        return False


def _metadata(folder: Path) -> dict[str, Any]:
    metadata: dict[str, Any] = json.loads((folder / "zarr.json").read_text(encoding="utf-8"))
    return metadata


def _size(path: Path) -> int:
    try:
        return path.stat().st_size
    except OSError:
        return -1
