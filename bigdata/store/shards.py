"""Shards of packs: those of 250 tasks in one tar, so that a run of 270,000 tasks that pack leaves a thousand files.

Tasks 0 to 249 of a stage are in `packs/<stage>/000.tar`, the next in `001.tar`, each as a member such as `17.zip`, in
the order in which they were gathered: any `tar` and `unzip` read them. `index.bin` beside the shards says where a
task's pack begins and how long it is, 16 bytes for each task; it saves reading a shard's headers, and nothing else:
where it is lost, or disagrees with them, these count.

A pack lies in a shard, on the disk itself, before its own file is removed; where there are both, the file is newer, and
of two members of one name the later. Only who holds the run's lock gathers.
"""

from __future__ import annotations

import io
import os
import re
import struct
import tarfile
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO, cast

from bigdata.store.folder import PARTIAL, RunFolder

TASKS_PER_SHARD = 250
COPY_BYTES = 2**20
SLOT = struct.Struct("<QQ")
_NAME = re.compile(r"(\d+)\.zip")


def gathered_bytes(n_tasks: int, n_bytes: int) -> int:
    """Bytes of the shards and the index of so many packs, of `n_bytes` on average: tar puts a block before each, fills
    up its last one by half on average, and fills up the whole to records.
    """
    member = tarfile.BLOCKSIZE + n_bytes + tarfile.BLOCKSIZE // 2
    n_shards = -(-n_tasks // TASKS_PER_SHARD)
    return n_tasks * member + n_shards * (tarfile.RECORDSIZE // 2 + TASKS_PER_SHARD * SLOT.size)


@dataclass(frozen=True)
class Place:
    """Where in a shard a pack's bytes are; tar fills up its last block."""

    begin: int
    size: int

    @property
    def end(self) -> int:
        return self.begin + -(-self.size // tarfile.BLOCKSIZE) * tarfile.BLOCKSIZE


def n_shard_files(n_tasks: int) -> int:
    """Exact number of the files of a stage's packs once they are gathered: shards and their index."""
    return -(-n_tasks // TASKS_PER_SHARD) + 1 if n_tasks else 0


class StageShards:
    """The shards of one stage's packs; `path` is the stage's address in the run."""

    def __init__(self, run: RunFolder, path: str) -> None:
        self._run, self._path = run, path

    def file(self, index: int) -> Path:
        """The shard in which a task's pack is, or will be."""
        return self._run.pack_shard(self._path, index // TASKS_PER_SHARD)

    def open(self, index: int) -> BinaryIO | None:
        """A task's pack as a file to be read; None where it isn't in its shard."""
        try:
            shard = self.file(index).open("rb")
        except FileNotFoundError:
            return None
        place = self._place(shard, index)
        if place is None:
            shard.close()
            return None
        return cast(BinaryIO, io.BufferedReader(_Part(shard, place)))

    def _place(self, shard: BinaryIO, index: int) -> Place | None:
        place = self._slots(index // TASKS_PER_SHARD).get(index)
        # A shard may be written anew between the two reads; and an index may be another's.
        if place is not None and _header_at(shard, place.begin - tarfile.BLOCKSIZE) == (index, place.size):
            return place
        return dict(_members(shard, 0)).get(index)

    def numbers(self) -> list[int]:
        """The shards that are there."""
        folder = self._run.packs / self._path
        return sorted(int(path.stem) for path in folder.glob("*.tar") if path.stem.isdigit())

    def indices(self) -> set[int]:
        """The tasks whose packs are in shards, all of their bytes; checksums aren't compared."""
        return {index for number in self.numbers() for index in self._whole(number)}

    def gather(self, indices: Iterable[int]) -> None:
        """Put the packs of these tasks, where they are files of their own, into their shards."""
        by_shard: dict[int, list[int]] = {}
        for index in indices:
            by_shard.setdefault(index // TASKS_PER_SHARD, []).append(index)
        for number, of in by_shard.items():
            self._gather(number, of)

    def truncate(self, n_tasks: int) -> None:
        """Remove the packs of tasks beyond the first `n_tasks`."""
        for number in self.numbers():
            if any(index >= n_tasks for index in self._whole(number)):
                self._keep(number, lambda index: index < n_tasks)

    def remove(self, index: int) -> None:
        """Remove a task's pack, where it is in its shard."""
        if index in self._whole(number := index // TASKS_PER_SHARD):
            self._keep(number, lambda other: other != index)

    def _keep(self, number: int, wanted: Callable[[int], bool]) -> None:
        """Write a shard anew with the packs that are wanted and nothing else, or remove it where there are none."""
        path = self._run.pack_shard(self._path, number)
        places: dict[int, Place] = {}
        beside = path.with_name(f"{path.name}.{os.getpid()}{PARTIAL}")
        with path.open("rb") as before, beside.open("wb") as after:
            # By its own headers: a wrong index must not decide what is lost.
            for index, place in dict(_members(before, 0)).items():
                if wanted(index):
                    before.seek(place.begin)
                    places[index] = _add(after, index, before, place.size)
            _to_disk(after)
        # An index of the other shard, before or after a kill in between, would be wrong; an empty one never is.
        self._write_slots(number, {})
        if places:
            beside.replace(path)
            self._write_slots(number, places)
        else:
            beside.unlink()
            path.unlink()

    def _gather(self, number: int, indices: Iterable[int]) -> None:
        path, places = self._run.pack_shard(self._path, number), self._whole(number)
        packs = {i: pack for i in indices if (pack := self._run.pack(self._path, i)).exists()}
        if not packs:
            return
        is_new = not path.exists()
        with path.open("xb" if is_new else "r+b") as shard:
            # What a kill left half written comes behind the last whole member.
            shard.seek(shard.truncate(max((p.end for p in places.values()), default=0)))
            for index, pack in packs.items():
                with pack.open("rb") as source:
                    places[index] = _add(shard, index, source, os.fstat(source.fileno()).st_size)
            n_bytes = shard.tell()
            _to_disk(shard)
        if is_new:
            _folder_to_disk(path.parent)
        self._write_slots(number, places)
        for pack in packs.values():
            pack.unlink(missing_ok=True)
        # Packs of tasks that were done anew stay until they are more than what is read.
        if n_bytes > 2 * sum(place.end - place.begin + tarfile.BLOCKSIZE for place in places.values()):
            self._keep(number, lambda _: True)

    def _whole(self, number: int) -> dict[int, Place]:
        """The packs of a shard: as the index has them, and behind these as the shard's own headers say."""
        try:
            with self._run.pack_shard(self._path, number).open("rb") as shard:
                size = shard.seek(0, os.SEEK_END)
                places = {i: place for i, place in self._slots(number).items() if place.begin + place.size <= size}
                known = max((place.end for place in places.values()), default=0)
                return places if known >= size else places | dict(_members(shard, known))
        except FileNotFoundError:
            return {}

    def _slots(self, number: int) -> Mapping[int, Place]:
        """What the index says of a shard."""
        first = number * TASKS_PER_SHARD
        data = b""
        with suppress(FileNotFoundError), self._run.pack_index(self._path).open("rb") as file:
            file.seek(first * SLOT.size)
            data = file.read(TASKS_PER_SHARD * SLOT.size)
        slots = SLOT.iter_unpack(data[: len(data) // SLOT.size * SLOT.size])
        # No pack begins at 0, where its header is.
        return {first + i: Place(begin, size) for i, (begin, size) in enumerate(slots) if begin}

    def _write_slots(self, number: int, places: Mapping[int, Place]) -> None:
        first = number * TASKS_PER_SHARD
        indices = range(first, first + TASKS_PER_SHARD)
        found = (places.get(index, Place(0, 0)) for index in indices)
        path = self._run.pack_index(self._path)
        path.touch()
        with path.open("r+b") as file:
            file.seek(first * SLOT.size)
            file.write(b"".join(SLOT.pack(place.begin, place.size) for place in found))


class _Part(io.RawIOBase):
    """A part of a file as a file of its own; closes the whole with itself."""

    def __init__(self, whole: BinaryIO, place: Place) -> None:
        self._whole, self._place, self._at = whole, place, 0

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def seek(self, offset: int, whence: int = os.SEEK_SET) -> int:
        start = {os.SEEK_SET: 0, os.SEEK_CUR: self._at, os.SEEK_END: self._place.size}[whence]
        if start + offset < 0:  # as of any file; a zip that is cut is looked for its end in this way
            raise OSError(f"a file can't be read before its beginning ({start + offset})")
        self._at = start + offset
        return self._at

    def readinto(self, buffer: memoryview) -> int:  # type: ignore[override]
        n = max(0, min(len(buffer), self._place.size - self._at))
        self._whole.seek(self._place.begin + self._at)
        data = self._whole.read(n)
        buffer[: len(data)] = data
        self._at += len(data)
        return len(data)

    def close(self) -> None:
        self._whole.close()
        super().close()


def _add(shard: BinaryIO, index: int, source: BinaryIO, size: int) -> Place:
    """Write a member at the end of a shard, without times and owners."""
    member = tarfile.TarInfo(f"{index}.zip")
    member.size = size
    # Its sizes go beyond 8 GiB, and its header is always one block for names so short.
    shard.write(member.tobuf(tarfile.GNU_FORMAT))
    place = Place(shard.tell(), size)
    left = size
    while left and (block := source.read(min(left, COPY_BYTES))):
        shard.write(block)
        left -= len(block)
    shard.write(bytes(left + place.end - place.begin - size))
    return place


def _members(shard: BinaryIO, at: int) -> Iterator[tuple[int, Place]]:
    """The members from a place on, the later of one name last; blocks that are no header of ours are passed over."""
    size = shard.seek(0, os.SEEK_END)
    while at + tarfile.BLOCKSIZE <= size:
        header, at = _header_at(shard, at), at + tarfile.BLOCKSIZE
        if header is not None and at + header[1] <= size:
            index, place = header[0], Place(at, header[1])
            yield index, place
            at = place.end


def _header_at(shard: BinaryIO, at: int) -> tuple[int, int] | None:
    """The task and the bytes that a member's header names; None where there is none."""
    if not 0 <= at <= os.fstat(shard.fileno()).st_size:
        return None
    shard.seek(at)
    try:
        member = tarfile.TarInfo.frombuf(shard.read(tarfile.BLOCKSIZE), "ascii", "strict")
    except (tarfile.HeaderError, ValueError):
        return None
    name = _NAME.fullmatch(member.name)
    return (int(name.group(1)), member.size) if name and member.isreg() else None


def _to_disk(file: BinaryIO) -> None:
    file.flush()
    os.fsync(file.fileno())


def _folder_to_disk(folder: Path) -> None:
    """So that a new file's name outlives a loss of power, too."""
    opened = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(opened)
    finally:
        os.close(opened)
