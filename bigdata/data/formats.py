"""The file formats of one kind of data, materials or spectra: how a file's is told, and how files are read with it."""

from __future__ import annotations

import codecs
import importlib
import os
from collections.abc import Callable, Iterable, Iterator, Mapping
from pathlib import Path
from typing import Generic, Protocol, TypeVar, cast

from bigdata.data.archive import is_archive, unpacked
from bigdata.data.content import sha256
from bigdata.data.problem import BadEntry, DataProblem, EntryError, Remark, unreadable
from bigdata.data.text import head, plain_name
from bigdata.spec.study import Finding
from bigdata.store.folder import run_in

E = TypeVar("E", covariant=True)
Item = TypeVar("Item")
# The format of a run's folder, which is no folder of files.
RUN = "run"


class Format(Protocol[E]):
    """What a format's module has."""

    NAMED_BY_FILE: bool

    def recognises(self, name: str, head: bytes) -> bool: ...

    def sources(self, path: Path) -> list[Path]: ...

    def read(self, path: Path, label: str) -> Iterator[E | BadEntry | Remark]: ...


class Folder(Generic[E]):
    """The reader of a folder, for files of one format (`only`) or of all: every recognised file below it is read, in
    the order of paths; entries keep the identifiers that the files give them.

    A file that is one entry names it by its path, without the ending: `oxides/mp-1.cif` is `oxides/mp-1`. Files that no
    format fits are passed over, and said: so are those of the formats `LEFT_OUT`, and those that hold the same as
    another beside them (`REPEATED_BY`). Names that begin with a dot are no data.
    """

    NAMED_BY_FILE = True
    LEFT_OUT: tuple[str, ...] = ()
    REPEATED_BY: Mapping[str, str] = {}

    def __init__(self, formats: Formats[E], only: str = "") -> None:
        self.formats = formats
        self.among = (only,) if only else tuple(name for name in formats.modules if name not in self.LEFT_OUT)

    def recognises(self, name: str, head: bytes) -> bool:
        return False

    def sources(self, path: Path) -> list[Path]:
        found = ((file, reader) for file, reader in self.files(path) if reader is not None)
        return list(dict.fromkeys(source for file, reader in found for source in reader.sources(file)))

    def read(self, path: Path, label: str) -> Iterator[E | BadEntry | Remark]:
        passed_over, readers = [], list[Format[E]]()
        for file, reader in self.files(path):
            if reader is not None and reader not in readers:
                readers.append(reader)
                yield Remark(units=getattr(reader, "UNITS", {}))
            relative = file.relative_to(path).as_posix()
            if reader is None:
                passed_over.append(relative)
            else:
                yield from self.read_file(file, relative, reader)
        if passed_over:
            yield Remark(files=tuple(passed_over))

    def read_file(self, file: Path, relative: str, reader: Format[E]) -> Iterator[E | BadEntry | Remark]:
        """What one file of the folder holds."""
        try:
            yield from reader.read(file, relative)
        except EntryError as e:
            yield BadEntry("", relative, e.line, str(e))
        except OSError as e:
            yield BadEntry("", relative, 0, f"the file can't be read: {e.strerror or e}")

    def files(self, path: Path) -> Iterator[tuple[Path, Format[E] | None]]:
        """The files with their readers; None for those that are passed over."""
        for file, beside in walk(path):
            told = None if self._is_repeated(file, beside) else self._told(file)
            yield file, None if told is None else self.formats.named(told)

    def _is_repeated(self, file: Path, beside: list[str]) -> bool:
        other = self.REPEATED_BY.get(plain_name(file.name))
        # Of one format alone, the other may be none that is read.
        return other is not None and any(
            plain_name(name) == other and self._told(file.with_name(name)) is not None for name in beside
        )

    def _told(self, file: Path) -> str | None:
        # A pipe would be waited for, for ever; a link to nothing can't be opened.
        if not file.is_file():
            return None
        try:
            return self.formats.tell(file, self.among)
        except OSError:
            return None


def walk(path: Path) -> Iterator[tuple[Path, list[str]]]:
    """The files below a folder in the order of paths, each with the names in its folder; none hidden."""
    for folder, folders, names in os.walk(path):
        # In place: os.walk goes on into the folders that this list holds afterwards.
        folders[:] = sorted(f for f in folders if not f.startswith("."))
        beside = sorted(name for name in names if not name.startswith("."))
        yield from ((Path(folder) / name, beside) for name in beside)


class Archive(Generic[E]):
    """The reader of an archive, for files of one format (`only`) or of all; see `Folder` for names."""

    NAMED_BY_FILE = True

    def __init__(self, formats: Formats[E], only: str = "") -> None:
        self._folder: Folder[E] = formats.folder(only)

    def recognises(self, name: str, head: bytes) -> bool:
        return False

    def sources(self, path: Path) -> list[Path]:
        return [path]

    def read(self, path: Path, label: str) -> Iterator[E | BadEntry | Remark]:
        with unpacked(path) as (folder, left_out):
            if left_out:
                yield Remark(files=tuple(left_out))
            yield from self._folder.read(folder, label)


class Formats(Generic[E]):
    """The formats by name, in the order in which they are tried: `modules` of `package`; and `folder` for folders."""

    def __init__(self, package: str, modules: Mapping[str, str], folder: type[Folder[E]] = Folder) -> None:
        self.modules = modules
        self._package, self._folder = package, folder

    def named(self, name: str) -> Format[E]:
        """The reader of a format; `folder`, or `folder:FORMAT` for its files of one format."""
        if name.startswith("folder"):
            return self.folder(name.partition(":")[2])
        if name.startswith("archive"):
            return Archive(self, name.partition(":")[2])
        return cast(Format[E], importlib.import_module(f"{self._package}.{self.modules[name]}"))

    def folder(self, only: str = "") -> Folder[E]:
        """The reader of folders, for files of one format (`only`) or of all."""
        return self._folder(self, only)

    def tell(self, path: Path, among: Iterable[str] | None = None) -> str | None:
        """The format of a file by its name and first bytes, of all or those `among`; None where no format fits."""
        # Some editors begin text with a mark of its encoding, which no format counts as its own.
        start = head(path).removeprefix(codecs.BOM_UTF8)
        tried = self.modules if among is None else among
        return next((name for name in tried if self.named(name).recognises(path.name, start)), None)

    def told(self, path: Path, name: str | None) -> str:
        """What `named` takes for a file or folder, of format `name` where that is given.

        Raises DataProblem where the format can't be told, OSError where the file can't be read.
        """
        if name == RUN or (not name and path.is_dir() and run_in(path)):
            return RUN
        if path.is_dir():
            return f"folder:{name}" if name else "folder"
        told = self.tell(path)
        if told is None and is_archive(path):
            return f"archive:{name}" if name else "archive"
        name = name or told
        if name is None:
            what = f"the format of {path} can't be told from its name and content"
            raise DataProblem(Finding(("file",), what, f"say `format:` with one of {', '.join(self.modules)}"))
        return name

    def files(self, path: Path, name: str) -> list[Path]:
        """The files that the data consist of; raises DataProblem where there is none."""
        files = self.named(name).sources(path)
        if not files:
            what = f"{path} holds no file of a known format"
            raise DataProblem(Finding(("file",), what, f"the formats are {', '.join(self.modules)}"))
        return files

    def content(self, path: Path, name: str, files: Iterable[Path]) -> str:
        """A line for each file, for digests: the sha256 of its bytes, and its name where that counts."""
        by_file, base = self.named(name).NAMED_BY_FILE, path if path.is_dir() else path.parent
        return "".join(f"{sha256(file)} {_relative(file, base) if by_file else ''}\n" for file in files)

    def entries(self, path: Path, name: str, label: str = "") -> Iterator[E | BadEntry | Remark]:
        """The entries of a file or folder; raises DataProblem where it can't be read."""
        try:
            yield from self.named(name).read(path, label)
        except EntryError as e:
            yield BadEntry("", label, e.line, str(e))
        except OSError as e:
            raise DataProblem(unreadable(path, e)) from e


def _relative(path: Path, base: Path) -> str:
    return (path.relative_to(base) if path.is_relative_to(base) else path).as_posix()


def stamps(files: Iterable[Path]) -> list[tuple[int, int]]:
    """Size and time of change (ns) of each file."""
    return [(stat.st_size, stat.st_mtime_ns) for stat in map(Path.stat, files)]


def one_entry(name: str, label: str, made: Callable[[], E]) -> Iterator[E | BadEntry | Remark]:
    """The one entry of a file, of this name, or why it can't be used."""
    try:
        yield made()
    except EntryError as e:
        yield BadEntry(name, label, e.line, str(e))


def entries_of(
    items: Iterable[tuple[int, Item]], label: str, entry: Callable[[Item, str, int], E | BadEntry]
) -> Iterator[E | BadEntry | Remark]:
    """The entries that `entry(item, label, line)` makes of a file's (line, item), up to where it can't be read on."""
    try:
        for line, item in items:
            yield entry(item, label, line)
    except EntryError as e:
        yield BadEntry("", label, e.line, str(e))
