"""A zip as a stream, made of the packs of tasks: nothing is unpacked, compressed or written to disk on the way.

The compressed bytes of each member are copied as they are, below a folder for each task. Every header has 64-bit sizes,
so that the length of the whole is known from names and sizes alone. Format: PKWARE's APPNOTE.TXT 6.3.10, section 4.3.
"""

from __future__ import annotations

import struct
import zipfile
import zlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from bigdata.errors import VerificationFailed
from bigdata.store.packs import TaskPack

BLOCK_BYTES = 2**20
_LOCAL = struct.Struct("<IHHHHHIIIHH")
_LOCAL_SIZES = struct.Struct("<HHQQ")
_CENTRAL = struct.Struct("<IHHHHHHIIIHHHHHII")
_CENTRAL_SIZES = struct.Struct("<HHQQQ")
_END64 = struct.Struct("<IQHHIIQQQQ")
_LOCATOR = struct.Struct("<IIQI")
_END = struct.Struct("<IHHHHIIH")
# Version 4.5 of the format has 64-bit sizes; bit 11 says that names are UTF-8; 33 is the first of January 1980.
_VERSION, _UTF8, _FIRST_DAY, _ZIP64 = 45, 1 << 11, 33, 1
_ASK_64 = 0xFFFFFFFF
_UNIX_FILE = 0o100644 << 16


@dataclass(frozen=True)
class Member:
    """A file of the zip: its name there, and where its bytes come from (a pack's member, or `text`)."""

    name: str
    size: int
    packed: int
    crc: int
    method: int
    source: str = ""
    text: bytes = b""

    @property
    def n_header_bytes(self) -> int:
        """Of both its headers."""
        return _LOCAL.size + _LOCAL_SIZES.size + _CENTRAL.size + _CENTRAL_SIZES.size + 2 * len(self.name.encode())


@dataclass(frozen=True)
class Folder:
    """The files of one task."""

    name: str
    pack: TaskPack
    members: tuple[Member, ...]

    @property
    def n_bytes(self) -> int:
        """What it takes in the archive: as a part of the zip or unpacked, whichever is more."""
        return max(sum(m.size for m in self.members), sum(m.packed + m.n_header_bytes for m in self.members))


def text_member(name: str, text: str) -> Member:
    """A file of a few lines that isn't in any pack."""
    data = text.encode()
    return Member(name, len(data), len(data), zlib.crc32(data), zipfile.ZIP_STORED, text=data)


def folder_of(name: str, pack: TaskPack) -> Folder:
    """The files of a task's pack, which go below the folder `name`. Raises DamagedData."""
    with pack.opened() as archive:
        members = (
            Member(f"{name}/{i.filename}", i.file_size, i.compress_size, i.CRC, i.compress_type, i.filename)
            for i in archive.infolist()
        )
        return Folder(name, pack, tuple(members))


def n_zip_bytes(members: Sequence[Member]) -> int:
    """Exact length of the zip of these files."""
    return sum(m.packed + m.n_header_bytes for m in members) + _END64.size + _LOCATOR.size + _END.size


def zip_stream(texts: Sequence[Member], folders: Sequence[Folder]) -> Iterator[bytes]:
    """The zip in pieces of at most 1 MiB. Raises DamagedData, and VerificationFailed where a pack has changed."""
    at, central = 0, []
    for member, data in _all(texts, folders):
        central.append((member, at))
        header = _local(member)
        yield header
        n_data = 0
        for block in data:
            n_data += len(block)
            yield block
        if n_data != member.packed:
            raise VerificationFailed(f"the pack of {member.name} has changed while it was sent; start again.")
        at += len(header) + n_data
    begin, headers = at, 0
    for member, offset in central:
        header = _central(member, offset)
        headers += len(header)
        yield header
    yield _end(len(central), headers, begin)


def _all(texts: Sequence[Member], folders: Sequence[Folder]) -> Iterator[tuple[Member, Iterator[bytes]]]:
    yield from ((member, iter((member.text,))) for member in texts)
    for folder in folders:
        with folder.pack.opened() as archive:
            for member in folder.members:
                yield member, _packed_bytes(archive, member)


def _packed_bytes(archive: zipfile.ZipFile, member: Member) -> Iterator[bytes]:
    """A member's compressed bytes, as they are in the pack."""
    entry = archive.NameToInfo.get(member.source)
    file = archive.fp
    if entry is None or file is None or (entry.CRC, entry.compress_size) != (member.crc, member.packed):
        raise VerificationFailed(f"the pack of {member.name} has changed while it was sent; start again.")
    file.seek(entry.header_offset)
    *_, n_name, n_extra = _LOCAL.unpack(file.read(_LOCAL.size))
    file.seek(n_name + n_extra, 1)
    left = member.packed
    while left and (block := file.read(min(left, BLOCK_BYTES))):
        left -= len(block)
        yield block


def _local(m: Member) -> bytes:
    name = m.name.encode()
    fields = _VERSION, _UTF8, m.method, 0, _FIRST_DAY, m.crc, _ASK_64, _ASK_64, len(name), _LOCAL_SIZES.size
    return _LOCAL.pack(0x04034B50, *fields) + name + _LOCAL_SIZES.pack(_ZIP64, 16, m.size, m.packed)


def _central(m: Member, offset: int) -> bytes:
    name = m.name.encode()
    made_by = 3 << 8 | _VERSION
    sizes = m.crc, _ASK_64, _ASK_64, len(name), _CENTRAL_SIZES.size, 0, 0, 0, _UNIX_FILE, _ASK_64
    head = _CENTRAL.pack(0x02014B50, made_by, _VERSION, _UTF8, m.method, 0, _FIRST_DAY, *sizes)
    return head + name + _CENTRAL_SIZES.pack(_ZIP64, 24, m.size, m.packed, offset)


def _end(n: int, n_bytes: int, begin: int) -> bytes:
    made_by = 3 << 8 | _VERSION
    end64 = _END64.pack(0x06064B50, _END64.size - 12, made_by, _VERSION, 0, 0, n, n, n_bytes, begin)
    locator = _LOCATOR.pack(0x07064B50, 0, begin + n_bytes, 1)
    return end64 + locator + _END.pack(0x06054B50, 0, 0, 0xFFFF, 0xFFFF, _ASK_64, _ASK_64, 0)
