"""Finding the import of files in the cache, by their content, and making it where there is none."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Mapping, Sequence
from itertools import chain
from pathlib import Path
from typing import NamedTuple

from bigdata.data.cache import cached
from bigdata.data.formats import stamps
from bigdata.data.materials.formats import FORMATS
from bigdata.data.materials.formats.entry import MaterialEntry
from bigdata.data.materials.importing import READER_VERSION, write_import
from bigdata.data.materials.properties import UnitOf
from bigdata.data.materials.units import unit_of
from bigdata.data.problem import BadEntry, DataProblem, Remark
from bigdata.errors import SiteError
from bigdata.spec.study import Finding
from bigdata.store.flat import is_whole


class Source(NamedTuple):
    """A file or folder; the name of its format, "" where that is to be told from name and content; and the columns
    that the dataset calls otherwise (the file's name → the dataset's)."""

    path: Path
    format: str = ""
    names: Mapping[str, str] = {}


def imported(sources: Sequence[Source], label: str, known_units: Mapping[str, str] | None = None) -> Path:
    """The import of files or folders, read one after the other; `known_units` go before what formats and names say.

    Raises DataProblem where the format can't be told, OSError where a file can't be read, SiteError where the cache
    can't be written.
    """
    told = [source._replace(format=_told(source)) for source in sources]
    files = [FORMATS.files(source.path, source.format) for source in told]
    before, known = stamps(chain(*files)), dict(known_units or {})
    contents = [FORMATS.content(s.path, s.format, paths) for s, paths in zip(told, files, strict=True)]
    digest = _digest(told, contents, known)

    def make(folder: Path) -> None:
        about = {"digest": digest, "format": told[0].format, "label": label, "reader": READER_VERSION}
        about["content"] = hashlib.sha256("".join(contents).encode()).hexdigest()
        write_import(_entries(told), folder, about, _units(known))
        # The digest is that of the bytes before: it must not name what was written in the meantime.
        if stamps(chain(*files)) != before:
            raise SiteError(f"{label} changed while it was being read. Submit again when it is complete.")

    return cached("materials", digest, is_whole, make)


def _told(source: Source) -> str:
    path, name, _ = source
    if not name and path.is_file() and not path.stat().st_size and FORMATS.tell(path) is None:
        raise DataProblem(Finding(("file",), f"{path} is empty", "give a file with entries"))
    return FORMATS.told(path, name)


def _digest(told: list[Source], contents: list[str], known: Mapping[str, str]) -> str:
    """sha256 over the reader's version, formats, renamed columns and units, the files' bytes, and their names where
    these count."""
    whole = hashlib.sha256(f"materials {READER_VERSION} {json.dumps(known, sort_keys=True)}\n".encode())
    for source, content in zip(told, contents, strict=True):
        whole.update(f"{source.format} {json.dumps(dict(source.names), sort_keys=True)}\n".encode())
        whole.update(content.encode())
    return whole.hexdigest()


def _units(known: Mapping[str, str]) -> UnitOf:
    def unit(name: str) -> tuple[str, str]:
        said = {"dataset": known.get(name), "name": unit_of(name)}
        return next(((unit, by) for by, unit in said.items() if unit), ("", ""))

    return unit


def _entries(told: list[Source]) -> Iterator[MaterialEntry | BadEntry | Remark]:
    for source in told:
        label = source.path.name if len(told) > 1 else ""
        # A folder's reader says itself what the formats of its files document.
        yield Remark(units=getattr(FORMATS.named(source.format), "UNITS", {}))
        for entry in FORMATS.entries(source.path, source.format, label):
            yield _renamed(entry, source.names) if isinstance(entry, MaterialEntry) and source.names else entry


def _renamed(entry: MaterialEntry, names: Mapping[str, str]) -> MaterialEntry:
    properties = {names.get(key, key): value for key, value in entry.properties.items()}
    entry.name = entry.name or str(properties.pop("id", None) or "")
    entry.formula = entry.formula or str(properties.pop("formula", None) or "")
    entry.properties = properties
    return entry
