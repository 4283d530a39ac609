"""Many packs as one zip that is streamed: no file of it is unpacked, and its size is known before its first byte.

A pack's files are deflated already; their packed bytes go into the larger zip as they are, below a folder of the pack's
own. All sizes and places are written with 64 bits (zip64), so that a zip of 32 GB is written as one of 32 kB is.

PKWARE's APPNOTE.TXT 6.3.10, sections 4.3.7 (local headers), 4.3.12 (central directory), 4.3.14 to 4.3.16 (its end),
4.5.3 (zip64).
"""

from __future__ import annotations

import struct
import zipfile
import zlib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import BinaryIO, NamedTuple

from bigdata.store.packs import BLOCK_BYTES, TaskPack

LOCAL = struct.Struct("<4s5H3L2H")
LOCAL_64 = struct.Struct("<2H2Q")
CENTRAL = struct.Struct("<4s6H3L5H2L")
CENTRAL_64 = struct.Struct("<2H3Q")
END_64 = struct.Struct("<4sQ2H2L4Q")
LOCATOR = struct.Struct("<4sLQL")
END = struct.Struct("<4s4H2LH")
END_BYTES = END_64.size + LOCATOR.size + END.size
# Zip64 came with version 4.5; names are UTF-8; time begins in 1980, and equal packs give equal zips.
VERSION, UTF8, NO_TIME, FIRST_DAY = 45, 0x800, 0, 0x21
MADE_BY_UNIX = 3 << 8 | VERSION
PLAIN_FILE = 0o100644 << 16
IN_64 = 0xFFFFFFFF
IN_64_SHORT = 0xFFFF


class Member(NamedTuple):
    """A file of a zip; `packed` are its bytes in there, `n_bytes` its own."""

    name: str
    method: int
    crc: int
    packed: int
    n_bytes: int

    @property
    def in_zip(self) -> int:
        """All that it takes of a zip, its line in the list of files included."""
        headers = LOCAL.size + LOCAL_64.size + CENTRAL.size + CENTRAL_64.size
        return headers + 2 * len(self.name.encode()) + self.packed


@dataclass(frozen=True)
class Text:
    """A file that is made for the zip."""

    name: str
    data: bytes

    def members(self) -> list[Member]:
        n = len(self.data)
        return [Member(self.name, zipfile.ZIP_STORED, zlib.crc32(self.data), n, n)]

    def pieces(self) -> Iterator[tuple[Member, Iterable[bytes]]]:
        yield self.members()[0], [self.data]


@dataclass(frozen=True)
class Packed:
    """The files of a pack, below `folder`."""

    folder: str
    pack: TaskPack

    def members(self) -> list[Member]:
        """DamagedData where the pack isn't there or its list is damaged."""
        with self.pack.opened() as archive:
            return [self._member(info) for info in archive.infolist()]

    def pieces(self) -> Iterator[tuple[Member, Iterable[bytes]]]:
        """Each file with its packed bytes; DamagedData, before the first, where the pack is damaged."""
        self.pack.verify()
        with self.pack.opened() as archive:
            for info in archive.infolist():
                yield self._member(info), _raw(archive.fp, info)  # type: ignore[arg-type]

    def _member(self, info: zipfile.ZipInfo) -> Member:
        name = f"{self.folder}/{info.filename}"
        return Member(name, info.compress_type, info.CRC, info.compress_size, info.file_size)


Part = Text | Packed


def n_zip_bytes(members: Iterable[Member]) -> int:
    """Exact size of the zip of these files."""
    return sum(member.in_zip for member in members) + END_BYTES


def zip_stream(parts: Iterable[Part]) -> Iterator[bytes]:
    """The zip, piece by piece; memory holds a piece, and a line for each file."""
    listed, at = [], 0
    for part in parts:
        for member, data in part.pieces():
            listed.append(_central(member, at))
            yield (header := _local(member))
            yield from data
            at += len(header) + member.packed
    yield from listed
    yield _end(len(listed), sum(map(len, listed)), at)


def _raw(file: BinaryIO, info: zipfile.ZipInfo) -> Iterator[bytes]:
    """A file's bytes as they lie in its archive."""
    file.seek(info.header_offset)
    *_, name, extra = LOCAL.unpack(file.read(LOCAL.size))
    file.seek(name + extra, 1)
    left = info.compress_size
    while left and (block := file.read(min(left, BLOCK_BYTES))):
        left -= len(block)
        yield block


def _local(member: Member) -> bytes:
    name = member.name.encode()
    common = VERSION, UTF8, member.method, NO_TIME, FIRST_DAY, member.crc, IN_64, IN_64
    head = LOCAL.pack(b"PK\3\4", *common, len(name), LOCAL_64.size)
    return head + name + LOCAL_64.pack(1, LOCAL_64.size - 4, member.n_bytes, member.packed)


def _central(member: Member, at: int) -> bytes:
    name = member.name.encode()
    common = VERSION, UTF8, member.method, NO_TIME, FIRST_DAY, member.crc, IN_64, IN_64
    rest = len(name), CENTRAL_64.size, 0, 0, 0, PLAIN_FILE, IN_64
    head = CENTRAL.pack(b"PK\1\2", MADE_BY_UNIX, *common, *rest)
    return head + name + CENTRAL_64.pack(1, CENTRAL_64.size - 4, member.n_bytes, member.packed, at)


def _end(n: int, n_bytes: int, at: int) -> bytes:
    """What closes a zip whose list of `n` files begins at `at`."""
    end = END_64.pack(b"PK\6\6", END_64.size - 12, MADE_BY_UNIX, VERSION, 0, 0, n, n, n_bytes, at)
    locator = LOCATOR.pack(b"PK\6\7", 0, at + n_bytes, 1)
    short = END.pack(b"PK\5\6", 0, 0, IN_64_SHORT, IN_64_SHORT, IN_64, IN_64, 0)
    return end + locator + short
