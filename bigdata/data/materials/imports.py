"""Finding the import of files in the cache, by their content, and making it where there is none."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

from bigdata.data.cache import cached
from bigdata.data.materials.formats import MODULES, Format, format_named, tell, units
from bigdata.data.materials.formats.entry import MaterialEntry
from bigdata.data.materials.importing import READER_VERSION, write_import
from bigdata.data.materials.units import unit_of
from bigdata.data.problem import BadEntry, DataProblem, EntryError
from bigdata.errors import SiteError
from bigdata.spec.study import Finding
from bigdata.store.flat import is_whole

__all__ = ["Source", "imported", "is_whole", "unreadable"]


class Source(NamedTuple):
    """A file or folder; the name of its format, None where that is to be told from name and content; and the columns
    that the dataset calls otherwise (the file's name → the dataset's)."""

    path: Path
    format: str | None = None
    names: Mapping[str, str] = {}


def imported(sources: Sequence[Source], label: str, known_units: Mapping[str, str] | None = None) -> Path:
    """The import of files or folders, read one after the other; `known_units` go before what formats and names say.

    Raises DataProblem where the format can't be told, OSError where a file can't be read, SiteError where the cache
    can't be written.
    """
    told = [source._replace(format=_told(source)) for source in sources]
    files = [_files(source) for source in told]
    before, known = _stamps(files), dict(known_units or {})
    digest = _digest(told, files, known)

    def make(folder: Path) -> None:
        about = {"digest": digest, "format": told[0].format, "label": label, "reader": READER_VERSION}
        write_import(_entries(told), folder, about, _units(told, known))
        if _stamps(files) != before:
            raise SiteError(f"{label} changed while it was being read. Submit again when it is complete.")

    return cached("materials", digest, is_whole, make)


def unreadable(path: Path, e: OSError) -> Finding:
    """That a file can't be had, with its neighbours' names where it isn't there."""
    if not isinstance(e, FileNotFoundError):
        return Finding(("file",), f"{path} can't be read: {e.strerror or e}", "give a file that you may read")
    beside = tuple(sorted(p.name for p in path.parent.iterdir())) if path.parent.is_dir() else ()
    return Finding(("file",), f"there is no file {path}", "paths start at the spec's folder", path.name, beside)


def _told(source: Source) -> str:
    path, name, _ = source
    if path.is_dir():
        return f"folder:{name}" if name else "folder"
    name = name or tell(path)
    if name is None and not path.stat().st_size:
        raise DataProblem(Finding(("file",), f"{path} is empty", "give a file with entries"))
    if name is None:
        what = f"the format of {path} can't be told from its name and content"
        raise DataProblem(Finding(("file",), what, f"say `format:` with one of {', '.join(MODULES)}"))
    return name


def _reader(source: Source) -> Format:
    return format_named(source.format or "")


def _files(source: Source) -> list[Path]:
    files = _reader(source).sources(source.path)
    if not files:
        what = f"{source.path} holds no file of a known format"
        raise DataProblem(Finding(("file",), what, f"the formats are {', '.join(MODULES)}"))
    return files


def _digest(told: list[Source], files: list[list[Path]], known: Mapping[str, str]) -> str:
    """sha256 over the reader's version, formats, renamed columns and units, the files' bytes, and their names where
    these count."""
    whole = hashlib.sha256(f"materials {READER_VERSION} {json.dumps(known, sort_keys=True)}\n".encode())
    for source, paths in zip(told, files, strict=True):
        whole.update(f"{source.format} {json.dumps(dict(source.names), sort_keys=True)}\n".encode())
        by_file, base = _reader(source).NAMED_BY_FILE, source.path if source.path.is_dir() else source.path.parent
        for path in paths:
            with open(path, "rb") as file:
                content = hashlib.file_digest(file, "sha256").hexdigest()
            whole.update(f"{content} {path.relative_to(base).as_posix() if by_file else ''}\n".encode())
    return whole.hexdigest()


def _stamps(files: list[list[Path]]) -> list[tuple[int, int]]:
    stats = (path.stat() for paths in files for path in paths)
    return [(stat.st_size, stat.st_mtime_ns) for stat in stats]


def _units(told: list[Source], known: Mapping[str, str]) -> Callable[[str], str]:
    documented = {name: unit for source in told for name, unit in units(source.format or "").items()}
    return lambda name: known.get(name) or documented.get(name) or unit_of(name)


def _entries(told: list[Source]) -> Iterator[MaterialEntry | BadEntry]:
    for source in told:
        label = source.path.name if len(told) > 1 else ""
        try:
            for entry in _reader(source).read(source.path, label):
                yield _renamed(entry, source.names) if isinstance(entry, MaterialEntry) and source.names else entry
        except EntryError as e:
            yield BadEntry("", label, e.line, str(e))
        except OSError as e:
            raise DataProblem(unreadable(source.path, e)) from e


def _renamed(entry: MaterialEntry, names: Mapping[str, str]) -> MaterialEntry:
    properties = {names.get(key, key): value for key, value in entry.properties.items()}
    entry.name = entry.name or str(properties.pop("id", None) or "")
    entry.formula = entry.formula or str(properties.pop("formula", None) or "")
    entry.properties = properties
    return entry
