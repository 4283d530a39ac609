"""What an array of a run's store will be: shape, type, chunks, shards, and its exact size on disk."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

# Of Zarr v3: a crc32c behind each chunk, and behind a shard's index, which has offset and length of each chunk.
CRC_BYTES = 4
INDEX_ENTRY_BYTES = 16
ITEM_BYTES = {"uint8": 1, "bool": 1, "int32": 4, "int64": 8, "float32": 4, "float64": 8}
ShardIndex = tuple[int, ...]
PLAIN = {bool, int, float, str}


@dataclass(frozen=True, kw_only=True)
class ArraySpec:
    """One array: `shard` is what one task writes and one file holds, `chunk` what a reader must read at least.

    Arrays are stored uncompressed (fingerprints and similarities hardly shrink) and with a checksum (crc32c) for each
    chunk, so their size is known beforehand to the byte.
    """

    name: str
    shape: tuple[int, ...]
    dtype: str
    dims: tuple[str, ...]
    shard: tuple[int, ...]
    chunk: tuple[int, ...]
    units: str = "1"
    about: str = ""
    attributes: Mapping[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        if self.dtype not in ITEM_BYTES:
            raise ValueError(f"{self.name}: there is no type `{self.dtype}`; an array has {', '.join(ITEM_BYTES)}")
        if 0 in (*self.shard, *self.chunk) and 0 not in self.shape:
            raise ValueError(f"{self.name}: a shard of no rows")
        if any(s % c for s, c in zip(self.shard, self.chunk, strict=True)):
            raise ValueError(f"{self.name}: shard {self.shard} is no multiple of chunk {self.chunk}")

    @property
    def grid(self) -> tuple[int, ...]:
        """How many shards lie along each dimension."""
        return tuple(-(-n // s) for n, s in zip(self.shape, self.shard, strict=True))

    @property
    def n_shards(self) -> int:
        return math.prod(self.grid)

    @property
    def shard_bytes(self) -> int:
        """Exact size of a shard's file: chunks (those over the array's edge are stored whole), checksums, index."""
        n_chunks = math.prod(s // c for s, c in zip(self.shard, self.chunk, strict=True))
        chunk_bytes = math.prod(self.chunk) * ITEM_BYTES[self.dtype] + CRC_BYTES
        return n_chunks * (chunk_bytes + INDEX_ENTRY_BYTES) + CRC_BYTES

    @property
    def n_bytes(self) -> int:
        return self.n_shards * self.shard_bytes

    @property
    def n_files(self) -> int:
        """One file a shard, and one of metadata."""
        return self.n_shards + 1

    def shard_at(self, number: int) -> ShardIndex:
        """The shard of that number, counted from 0 in C order; beyond the last one, that of a longer array."""
        shard: list[int] = []
        # The first dimension isn't wrapped: task 17 of another run's twenty is taken over where there are ten.
        for n in reversed(self.grid[1:]):
            number, place = divmod(number, n)
            shard.insert(0, place)
        return (number, *shard)

    def region(self, shard: ShardIndex) -> tuple[slice, ...]:
        """The part of the array that a shard holds."""
        parts = zip(shard, self.shard, self.shape, strict=True)
        return tuple(slice(i * s, min(n, (i + 1) * s)) for i, s, n in parts)

    def shape_of(self, shard: ShardIndex) -> tuple[int, ...]:
        """The shape of what a shard holds: less than a whole one at the array's edge."""
        return tuple(min(s, n - i * s) for i, s, n in zip(shard, self.shard, self.shape, strict=True))


@dataclass(frozen=True, kw_only=True)
class Coordinate:
    """A small array along one dimension whose values are known when the run starts; the controller writes it.

    `values` are all of one kind: text, whole numbers, or floats (NaN where missing).
    """

    name: str
    dim: str
    values: Sequence[Any]
    units: str = "1"
    about: str = ""

    def __post_init__(self) -> None:
        kinds = {type(v) for v in self.values}
        if not kinds <= PLAIN:
            # NumPy's numbers are no Python numbers by their types, and would be stored as text.
            object.__setattr__(self, "values", [_plain(v) for v in self.values])
            kinds = {type(v) for v in self.values}
        if type(None) in kinds or (str in kinds and len(kinds) > 1):
            what = ", ".join(sorted(kind.__name__ for kind in kinds))
            raise ValueError(f"coordinate `{self.name}` has values of several kinds: {what}; NaN stands for no number")

    @property
    def dtype(self) -> str:
        kinds = {type(v) for v in self.values}
        # No values at all fit every type: they are stored as floats.
        if kinds <= {bool}:
            return "bool" if kinds else "float64"
        if kinds <= {int}:
            return "int64"
        return "float64" if kinds <= {int, float} else "string"

    @property
    def n_bytes(self) -> int:
        """Exact size of its one chunk; of texts (Zarr's codec `vlen-utf8`) a count, then length and bytes of each."""
        if self.dtype == "string":
            return 4 + sum(4 + len(str(v).encode()) for v in self.values) + CRC_BYTES
        return len(self.values) * ITEM_BYTES[self.dtype] + CRC_BYTES

    n_files = 2  # its metadata, and its one chunk


def _plain(value: Any) -> Any:
    return value.item() if hasattr(value, "item") else value


def blocks(n: int, at_most: int) -> tuple[int, int]:
    """Split n rows evenly into blocks of at most `at_most`: (rows in a block, number of blocks)."""
    n_blocks = max(1, -(-n // at_most))
    rows = max(1, -(-n // n_blocks))
    return rows, -(-n // rows) if n else 0
