"""Packs: the many small raw files of a task in one archive, so that a run of thousands of them has a file for each.

A pack is a zip with deflate, in the run's folder `packs/<stage>/<index>.zip` until the controller gathers it with
others in a tar (see `bigdata.store.shards`): any `unzip` reads it, and one file is read without unpacking the others.
Equal files give equal bytes: no times, no owners, names in order.
"""

from __future__ import annotations

import os
import shutil
import stat
import zipfile
import zlib
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from functools import cached_property
from pathlib import Path, PurePosixPath
from typing import BinaryIO

import google_crc32c

from bigdata.errors import DamagedData, SpecError
from bigdata.spec.words import each, meant
from bigdata.store.folder import PARTIAL, RunFolder
from bigdata.store.shards import StageShards
from bigdata.store.trailer import DIGITS, LENGTH, Trailer, read_trailer

BLOCK_BYTES = 2**20
LEVEL = 6
# Zip keeps Unix's type and permissions in the upper half of a number, and counts them where its maker was Unix, 3.
PLAIN_FILE = (stat.S_IFREG | 0o644) << 16
UNIX = 3
# Larger files need zip's 64-bit sizes, and room for them is left in front of a file's first byte.
ABOVE_ZIP64 = 2**31 - 1
MANY = 20


class PackWriter:
    """Takes files into the pack of one task; `finish` puts it in place, whole, instead of one that was there."""

    def __init__(self, path: Path, log: Callable[[str], None]) -> None:
        self.path = path
        self.has_files = False
        self._log = log
        self._beside = path.with_name(f"{path.name}.{os.getpid()}{PARTIAL}")
        self._file: BinaryIO | None = None
        self._archive: zipfile.ZipFile | None = None
        self._names: set[str] = set()

    def add(self, source: str | os.PathLike[str], name: str | None = None) -> None:
        """Add a file, or all files below a folder, as they are now.

        A file gets the name `name`, or its own; those of a folder the names that they have in it, below `name` where
        that is given. Links that lead out of the folder, or to folders, and what is no plain file are left out, which
        the log says. ValueError for a name that isn't a relative path, leads upwards, or is there already.
        """
        path = Path(source)
        if not path.is_dir():
            self._add(path, path.name if name is None else name)
            return
        prefix = PurePosixPath(name or "")
        for file in self._files(path):
            self._add(file, str(prefix / file.relative_to(path).as_posix()))
        self.has_files = True  # an empty folder was what there was to keep

    def finish(self) -> int:
        """Put the pack in place; returns its bytes. Where nothing was added, none is left, and it returns 0."""
        if not self.has_files:
            self.path.unlink(missing_ok=True)
            return 0
        archive, file = self._open()
        try:
            start = file.tell()
            # Room for the trailer, whose checksums cover what is written together with it: the list of files.
            archive.comment = bytes(LENGTH)
            archive.close()
            _seal(file, start)
            n_bytes = file.seek(0, os.SEEK_END)
            file.close()
            self._beside.replace(self.path)
        except BaseException:
            self.drop()
            raise
        self._archive = self._file = None
        return n_bytes

    def drop(self) -> None:
        """Forget what was added."""
        if self._file is not None and self._archive is not None:
            with suppress(OSError):  # a full disk; it isn't wanted any more
                self._archive.close()
            self._file.close()
            self._beside.unlink(missing_ok=True)
        self._archive = self._file = None
        self._names.clear()
        self.has_files = False

    def _open(self) -> tuple[zipfile.ZipFile, BinaryIO]:
        if self._archive is None or self._file is None:
            self.path.parent.mkdir(parents=True, exist_ok=True)
            self._file = self._beside.open("w+b")
            self._archive = zipfile.ZipFile(self._file, "w", zipfile.ZIP_DEFLATED, compresslevel=LEVEL)
        return self._archive, self._file

    def _files(self, folder: Path) -> Iterator[Path]:
        """The plain files below a folder, in the order of their names."""
        top = folder.resolve()
        found: list[Path] = []
        left_out: list[Path] = []
        for place, folders, files in os.walk(folder, onerror=_raise):
            links = [Path(place, name) for name in folders if Path(place, name).is_symlink()]
            left_out += links
            for path in (Path(place, name) for name in files):
                (found if _is_inside(path, top) else left_out).append(path)
        if left_out:
            names = sorted(str(path.relative_to(folder)) for path in left_out)
            more = f" and {len(names) - MANY:,} more" if len(names) > MANY else ""
            self._log(f"not packed, as links that lead elsewhere or no plain files: {', '.join(names[:MANY])}{more}")
        return iter(sorted(found, key=lambda path: path.relative_to(folder).as_posix()))

    def _add(self, path: Path, name: str) -> None:
        refuse_name(name)
        if name in self._names:
            raise ValueError(f"the pack {self.path.name} has a file `{name}` already; add this one by another `name`")
        with path.open("rb") as source:
            archive, _ = self._open()
            n_bytes = os.fstat(source.fileno()).st_size
            with archive.open(_entry(name), "w", force_zip64=n_bytes > ABOVE_ZIP64) as member:
                shutil.copyfileobj(source, member, BLOCK_BYTES)
        self._names.add(name)
        self.has_files = True


def refuse_name(name: str) -> None:
    """ValueError for what isn't a plain relative path, with `/` between its parts."""
    parts = name.split("/")
    is_plain = not {"", ".", ".."} & set(parts) and "\\" not in name and name.isprintable()
    if not is_plain:
        raise ValueError(f"`{name!r}` can't be a file's name in a pack: it takes relative paths such as `scf/INFO.OUT`")


def _entry(name: str) -> zipfile.ZipInfo:
    # Of 1980, when zip's time begins: the time of now would make equal packs differ.
    entry = zipfile.ZipInfo(name)
    entry.compress_type, entry.create_system, entry.external_attr = zipfile.ZIP_DEFLATED, UNIX, PLAIN_FILE
    # Since Python 3.13 a ZipInfo has a level of its own, before that under another name.
    for level in ("compress_level", "_compresslevel"):
        if hasattr(entry, level):
            setattr(entry, level, LEVEL)
    return entry


def _is_inside(path: Path, top: Path) -> bool:
    """Whether it is a plain file in the folder, or a link to one: a named pipe would be read for ever."""
    return path.is_file() and (not path.is_symlink() or path.resolve().is_relative_to(top))


def _raise(error: OSError) -> None:
    raise error


def _seal(file: BinaryIO, start: int) -> None:
    """Write the checksums in place of the comment."""
    comment = file.seek(0, os.SEEK_END) - LENGTH
    list_crc = _crc(file, start, comment)
    file.seek(comment)
    file.write(bytes(Trailer(start, list_crc, 0)))
    whole_crc = _crc(file, 0, comment + LENGTH - DIGITS)
    file.seek(comment)
    file.write(bytes(Trailer(start, list_crc, whole_crc)))


def _crc(file: BinaryIO, begin: int, end: int) -> int:
    """The crc32c of a part of a file."""
    crc = 0
    file.seek(begin)
    while begin < end:
        block = file.read(min(BLOCK_BYTES, end - begin))
        crc = google_crc32c.extend(crc, block)
        # A file that has become shorter than it said ends the loop, too.
        begin += len(block) or end
    return crc


class TaskPack(Mapping[str, bytes]):
    """The files that one task left, by name; each is read, and its checksum compared, when asked for.

    Of a task that failed (`run.history.failed`), it holds what was added before. DamagedData where it isn't there or
    isn't what was written.
    """

    def __init__(self, run: RunFolder, stage: str, index: int) -> None:
        self.path, self._run, self._stage, self._index = run.pack(stage, index), run, stage, index
        self._shards = StageShards(run, stage)

    def read(self, name: str) -> bytes:
        """One file's bytes. SpecError where the pack has none of that name."""
        with self.opened() as archive:
            if name not in archive.NameToInfo:
                raise SpecError(self._stranger(name, archive.namelist()))
            try:
                return archive.read(name)
            except (zipfile.BadZipFile, zlib.error, EOFError, ValueError):
                raise self._damaged(f"are damaged (the checksum of `{name}` disagrees)") from None

    __getitem__ = read

    def __iter__(self) -> Iterator[str]:
        return iter(self._names)

    def __len__(self) -> int:
        return len(self._names)

    def __contains__(self, name: object) -> bool:
        return name in self._names

    def __repr__(self) -> str:
        return f"<pack of {self._stage}/{self._index}: {len(self)} files>"

    def _stranger(self, name: str, names: list[str]) -> str:
        more = f" and {len(names) - MANY:,} more" if len(names) > MANY else ""
        sentences = f"{self.path} holds no `{name}`.", meant(name, names), f"It has {each(names[:MANY])}{more}."
        return " ".join(filter(None, sentences))

    def verify(self) -> None:
        """Compare the checksum of the whole file with what is there."""
        with self._file() as file:
            self._trailer(file)
            if not _is_intact(file):
                raise self._damaged("are damaged (their checksum disagrees)")

    def is_intact(self) -> bool:
        """Whether it is as `finish` left it, its checksum compared; nothing is noted anywhere."""
        try:
            with self._found() as file:
                return _is_intact(file)
        except OSError:
            return False

    def copy(self, target: Path) -> None:
        """Write its bytes into a file."""
        with self._found() as file, target.open("wb") as copy:
            shutil.copyfileobj(file, copy, BLOCK_BYTES)

    @cached_property
    def _names(self) -> tuple[str, ...]:
        with self.opened() as archive:
            return tuple(archive.namelist())

    def _file(self) -> BinaryIO:
        try:
            return self._found()
        except FileNotFoundError:
            raise self._damaged("are not there") from None

    def _found(self) -> BinaryIO:
        """The pack's own file, which is the newer one, else its part of the shard; FileNotFoundError without either."""
        try:
            return self.path.open("rb")
        except FileNotFoundError:
            # In this order: one that is gathered between the two looks is in its shard by then.
            if gathered := self._shards.open(self._index):
                return gathered
            raise

    def _trailer(self, file: BinaryIO) -> Trailer:
        if trailer := read_trailer(file):
            return trailer
        raise self._damaged("are cut off, or damaged at their end")

    @contextmanager
    def opened(self) -> Iterator[zipfile.ZipFile]:
        """The archive itself, its list of files compared with its checksum; DamagedData as of the pack."""
        with self._file() as file:
            trailer, size = self._trailer(file), file.seek(0, os.SEEK_END)
            if trailer.start > size or _crc(file, trailer.start, size - LENGTH) != trailer.list_crc:
                raise self._damaged("are damaged (the checksum of their list disagrees)")
            with zipfile.ZipFile(file) as archive:
                yield archive

    def _damaged(self, what: str) -> DamagedData:
        """The error, noted for the next submission where the run's folder can be written."""
        array, shard = address(self._stage), (self._index,)
        self._run.note_damage(array, shard)
        return DamagedData(array, shard, what)


def _is_intact(file: BinaryIO) -> bool:
    trailer, size = read_trailer(file), file.seek(0, os.SEEK_END)
    return trailer is not None and _crc(file, 0, size - DIGITS) == trailer.whole_crc


def address(stage: str) -> str:
    """How damage to packs is noted, beside that to arrays: `packs/dft`."""
    return f"packs/{stage}"


class StagePacks(Mapping[int, TaskPack]):
    """The packs of a stage's tasks, by index: those that are there; asking for another raises DamagedData."""

    def __init__(self, run: RunFolder, stage: str) -> None:
        self._run, self._stage = run, stage

    def __getitem__(self, index: int) -> TaskPack:
        return TaskPack(self._run, self._stage, index)

    def __iter__(self) -> Iterator[int]:
        # In this order: one that is gathered between the two looks is met twice rather than not at all.
        single = _single(self._run.packs / self._stage)
        return iter(sorted(single | StageShards(self._run, self._stage).indices()))

    def __len__(self) -> int:
        return sum(1 for _ in self)

    def verify(self, indices: set[int]) -> Iterator[DamagedData]:
        """What is wrong with the packs of these tasks, which have to be there, and with the others that are."""
        for index in sorted(indices | set(self)):
            try:
                self[index].verify()
            except DamagedData as error:
                yield error


class Packs(Mapping[str, StagePacks]):
    """The packs of one variant of a study, by stage: `run.packs["dft"][17].read("INFO.OUT")`."""

    def __init__(self, run: RunFolder, group: str, stages: list[str]) -> None:
        self._run, self._group, self._stages = run, group, stages

    def __getitem__(self, stage: str) -> StagePacks:
        if stage not in self._stages:
            has = f"those that do: {each(self._stages)}" if self._stages else "none of its stages does"
            raise SpecError(f"no files of a stage `{stage}` are packed in {self._run.path}; {has}.")
        return StagePacks(self._run, self.path(stage))

    def path(self, stage: str) -> str:
        """The stage's address in the run."""
        return f"{self._group}/{stage}".lstrip("/")

    def __iter__(self) -> Iterator[str]:
        return iter(self._stages)

    def __len__(self) -> int:
        return len(self._stages)


def tidy_packs(run: RunFolder, n_tasks: Mapping[str, int]) -> None:
    """Gather what lies about, and remove the packs of tasks that a run no longer has; `n_tasks` of each stage that
    packs, by its address. For who holds the run's lock.
    """
    folders = {run.packs / stage: stage for stage in n_tasks}
    for folder in {path.parent for path in run.packs.rglob("*") if path.is_file()} - set(folders):
        for path in folder.iterdir():
            if path.suffix in (".zip", ".tar") or path.name == run.pack_index("").name:
                path.unlink()
    for folder, stage in folders.items():
        for index in _single(folder):
            if index >= n_tasks[stage]:
                run.pack(stage, index).unlink()
        shards = StageShards(run, stage)
        shards.truncate(n_tasks[stage])
        shards.gather(sorted(_single(folder)))


def _single(folder: Path) -> set[int]:
    """The tasks whose packs are files of their own."""
    return {int(path.stem) for path in folder.glob("*.zip") if path.stem.isdigit()}
