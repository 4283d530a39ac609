"""Finding a file's or folder's import in the cache, by its content, and making it where there is none."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from pathlib import Path

from bigdata.data.cache import cached
from bigdata.data.problem import BadEntry, DataProblem, EntryError
from bigdata.data.spectra.formats import MODULES, format_named, tell
from bigdata.data.spectra.formats.entry import Entry
from bigdata.data.spectra.importing import READER_VERSION, is_whole, write_import
from bigdata.errors import SiteError
from bigdata.spec.study import Finding

__all__ = ["imported", "is_whole", "unreadable"]


def imported(path: Path, name: str | None, label: str) -> Path:
    """The import of a file or folder, read with format `name`, or the one told from its name and content.

    Raises DataProblem where the format can't be told, OSError where the file can't be read, SiteError where
    the cache can't be written.
    """
    name = _told(path, name)
    sources = format_named(name).sources(path)
    if not sources:
        raise DataProblem(
            Finding(("file",), f"{path} holds no file of a known format", f"the formats are {_formats()}")
        )
    before = _stamps(sources)
    digest = _digest(path, name, sources)

    def make(folder: Path) -> None:
        about = {"digest": digest, "format": name, "label": label, "reader": READER_VERSION}
        write_import(_entries(path, name), folder, about)
        if _stamps(sources) != before:
            raise SiteError(f"{path} changed while it was being read. Submit again when it is complete.")

    return cached("spectra", digest, is_whole, make)


def unreadable(path: Path, e: OSError) -> Finding:
    """That a file can't be had, with its neighbours' names where it isn't there."""
    if not isinstance(e, FileNotFoundError):
        return Finding(("file",), f"{path} can't be read: {e.strerror or e}", "give a file that you may read")
    beside = tuple(sorted(p.name for p in path.parent.iterdir())) if path.parent.is_dir() else ()
    return Finding(("file",), f"there is no file {path}", "paths start at the spec's folder", path.name, beside)


def _told(path: Path, name: str | None) -> str:
    if path.is_dir():
        return f"folder:{name}" if name else "folder"
    name = name or tell(path)
    if name is None:
        what = f"the format of {path} can't be told from its name and content"
        raise DataProblem(Finding(("file",), what, f"say `format:` with one of {_formats()}"))
    return name


def _formats() -> str:
    return ", ".join(MODULES)


def _digest(path: Path, name: str, sources: list[Path]) -> str:
    """sha256 over the reader's version, the format, the files' bytes, and their names where these count."""
    by_file, base = format_named(name).NAMED_BY_FILE, path if path.is_dir() else path.parent
    whole = hashlib.sha256(f"spectra {READER_VERSION} {name}\n".encode())
    for source in sources:
        with open(source, "rb") as file:
            content = hashlib.file_digest(file, "sha256").hexdigest()
        shown = _relative(source, base) if by_file else ""
        whole.update(f"{content} {shown}\n".encode())
    return whole.hexdigest()


def _relative(source: Path, base: Path) -> str:
    return source.relative_to(base).as_posix() if source.is_relative_to(base) else source.as_posix()


def _stamps(sources: list[Path]) -> list[tuple[int, int]]:
    return [(stat.st_size, stat.st_mtime_ns) for stat in map(Path.stat, sources)]


def _entries(path: Path, name: str) -> Iterator[Entry | BadEntry]:
    try:
        yield from format_named(name).read(path, "")
    except EntryError as e:
        yield BadEntry("", "", e.line, str(e))
    except OSError as e:
        raise DataProblem(unreadable(path, e)) from e
